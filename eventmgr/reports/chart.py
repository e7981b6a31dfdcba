"""The chart of a plan: meetings held and missing in each hamlet, as an SVG without script.

It is served as a picture of its own; the page puts the same figures into a table beside it.
"""

from collections.abc import Sequence

import pygal
from flask_babel import gettext as _
from flask_babel import ngettext
from lxml import etree
from pygal.style import Style

from eventmgr.reports.values import HamletFigures, PlanFigures

INK, LINES = "#1D2433", "#E3E0D8"
# The missing part is pale, so that it reads as missing in black and white print too.
DONE, MISSING = "#3E7A4F", "#F2D49B"
DARK_STYLES = """
@media (prefers-color-scheme: dark) {
  .axis text, .legends text { fill: #ebe8df; }
  .axis .line, .axis .guides { stroke: #323947; }
}
"""
FONT = "'Be Vietnam Pro', 'Segoe UI', system-ui, 'Liberation Sans', 'DejaVu Sans', sans-serif"
# Narrow, so that the letters stay readable when a phone shrinks the picture.
WIDTH = 430
# Scale and legend take this much; each hamlet needs a bar of its own.
FRAME_HEIGHT, BAR_HEIGHT = 86, 36
BAR_GAP = 0.16

STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground=INK,
    foreground_strong=INK,
    foreground_subtle=LINES,
    guide_stroke_color=LINES,
    major_guide_stroke_color=LINES,
    guide_stroke_dasharray="0",
    major_guide_stroke_dasharray="0",
    opacity="1",
    opacity_hover="1",
    stroke_opacity="1",
    colors=(DONE, MISSING),
    value_colors=("#FFFFFF", INK),
    font_family=FONT,
    label_font_size=15,
    major_label_font_size=15,
    value_font_size=15,
    legend_font_size=15,
    no_data_font_size=18,
)


def chart_title(figures: PlanFigures, hamlets: Sequence[HamletFigures]) -> str:
    """What the chart states, in one sentence: who is behind, or that nobody is."""
    behind = sorted((hamlet for hamlet in hamlets if hamlet.meetings.gap), key=lambda hamlet: -hamlet.meetings.gap)
    if len(behind) == 1:
        gap = behind[0].meetings.gap
        return ngettext(
            "%(hamlet)s: %(gap)s meeting still missing",
            "%(hamlet)s: %(gap)s meetings still missing",
            gap,
            hamlet=behind[0].name,
            gap=gap,
        )
    if behind:
        return _(
            "%(hamlets)s hamlets still miss %(gap)s meetings; %(hamlet)s is farthest behind",
            hamlets=len(behind),
            gap=sum(hamlet.meetings.gap for hamlet in behind),
            hamlet=behind[0].name,
        )
    if any(hamlet.meetings.target for hamlet in hamlets):
        return _("Every hamlet has reached its target of meetings")
    if figures.held:
        return _("Meetings held in each hamlet")
    return _("No meeting is held yet")


def hamlet_chart(figures: PlanFigures, hamlets: Sequence[HamletFigures]) -> bytes:
    """Bars of meetings held and missing, the first hamlet on top."""
    chart = pygal.HorizontalStackedBar(
        style=STYLE,
        width=WIDTH,
        height=FRAME_HEIGHT + BAR_HEIGHT * max(len(hamlets), 1),
        margin=6,
        js=[],
        no_prefix=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
        print_values=True,
        show_y_guides=False,
        truncate_label=-1,
        no_data_text=_("No meeting is held yet"),
    )
    chart._series_margin = BAR_GAP
    bottom_up = list(reversed(hamlets))
    chart.x_labels = [hamlet.name for hamlet in bottom_up]
    chart.y_labels = _scale(hamlets)
    chart.add(_("Done so far"), [_bar(hamlet.meetings.done, _("%(count)s done")) for hamlet in bottom_up])
    chart.add(_("Missing"), [_bar(hamlet.meetings.gap, _("%(count)s missing")) for hamlet in bottom_up])
    return _finished(chart.render(), chart_title(figures, hamlets))


def _scale(hamlets: Sequence[HamletFigures]) -> list[int]:
    """Whole meetings only, at most about eight marks."""
    most = max((hamlet.meetings.done + hamlet.meetings.gap for hamlet in hamlets), default=0)
    return list(range(0, most + 1, max(most // 8, 1)))


def _bar(count: int, words: str) -> dict[str, object]:
    return {"value": count, "formatter": lambda number: words % {"count": f"{number:.0f}"} if number else ""}


def _finished(svg: bytes, title: str) -> bytes:
    """Without the script in which pygal keeps its settings, and with the title that screen readers and tabs show."""
    root = etree.fromstring(svg)
    etree.strip_elements(root, "{*}script", etree.Comment, with_tail=False)
    for element in root.findall("{*}title"):
        root.remove(element)
    heading = etree.Element(etree.QName(root, "title"))
    heading.text = title
    root.insert(0, heading)
    dark = etree.SubElement(root, etree.QName(root, "style"))
    dark.text = DARK_STYLES
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)

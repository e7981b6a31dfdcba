"""Pages of the texts: all of them with their length, and one to write."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from eventmgr.areas.models import Area
from eventmgr.areas.queries import communes_in
from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.clock import now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import NotAllowed, NotFound, RuleBroken
from eventmgr.core.text import to_gsm
from eventmgr.messaging import library
from eventmgr.messaging.forms import LibraryTextForm, VersionForm
from eventmgr.messaging.library import KeptText
from eventmgr.messaging.segments import SegmentCount, count_segments, dear_characters
from eventmgr.messaging.texts import TextPurpose, Wording, language_key, render_text
from eventmgr.messaging.views import bp
from eventmgr.messaging.words import PURPOSES

SAMPLE = {
    "xa": "Bình Trung",
    "ten": "ông Đức và 2 người",
    "thon": "Bản Mẫu Một",
    "gio": "7h30 sáng",
    "ngay": "Thứ 5 15/6",
    "dia_diem": "nhà văn hóa thôn",
    "ma": "7K3Q9-XM2RT",
    "link": "https://hop.example.vn/i/7K3Q9XM2RT",
    "dien_thoai": "0912 345 678",
}
"""What a text is shown and counted with."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One form of a text as a phone shows it."""

    text: str
    count: SegmentCount
    dear: tuple[tuple[str, str], ...]  # as segments.dear_characters gives them


@bp.get("/texts")
@requires(Permission.VIEW_MESSAGES)
def texts() -> str:
    """What residents read, by purpose."""
    area = _commune(Permission.VIEW_MESSAGES)
    versions = library.kept_versions(area.path).values()
    return render_template(
        "messaging/texts.html",
        area=area,
        words=PURPOSES,
        rows=[
            (kept, _shown(kept.wording.plain, plain=True), [texts[purpose] for texts in versions if purpose in texts])
            for purpose, kept in library.kept_texts(area.path).items()
        ],
        may_write=scope(Permission.SEND_MESSAGES).covers(area.path),
    )


@bp.route(f"/texts/<any({', '.join(TextPurpose)}):purpose>", methods=["GET", "POST"])
@requires(Permission.SEND_MESSAGES)
def text(purpose: str) -> str | Response | tuple[str, int]:
    """Write a text in its two forms, see both, and mark it as registered."""
    area, which = _commune(Permission.SEND_MESSAGES), TextPurpose(purpose)
    kept = library.kept_texts(area.path)[which]
    form = LibraryTextForm(marked=kept.wording.marked, plain=kept.wording.plain, registered_on=kept.registered_on)
    return _text_page(area, form, kept)


@bp.route(f"/texts/<any({', '.join(TextPurpose)}):purpose>/version", methods=["GET", "POST"])
@requires(Permission.SEND_MESSAGES)
def version(purpose: str) -> str | Response | tuple[str, int]:
    """Write a text's version in a further language: the one asked for, or a new one."""
    area, which = _commune(Permission.SEND_MESSAGES), TextPurpose(purpose)
    wanted = request.args.get("language", "")
    kept = library.kept_versions(area.path).get(language_key(wanted), {}).get(which)
    if kept is not None:
        form = LibraryTextForm(marked=kept.wording.marked, plain=kept.wording.plain, registered_on=kept.registered_on)
        return _text_page(area, form, kept)
    if wanted:
        raise NotFound
    new = VersionForm()
    new.taken = frozenset(key for key, texts in library.kept_versions(area.path).items() if which in texts)
    return _text_page(area, new, library.kept_texts(area.path)[which])


@bp.post(f"/texts/<any({', '.join(TextPurpose)}):purpose>/version/drop")
@requires(Permission.SEND_MESSAGES)
def drop_version(purpose: str) -> Response:
    """Take a version out."""
    with unit_of_work():
        library.drop_version(
            _commune(Permission.SEND_MESSAGES),
            TextPurpose(purpose),
            request.form.get("language", ""),
            by=current_user,
            now=now(),
        )
    flash(_("The version is taken out. These people get the Vietnamese text."), "success")
    return redirect(url_for(".texts", commune=request.args.get("commune")))


def _text_page(area: Area, form: LibraryTextForm, kept: KeptText) -> str | Response | tuple[str, int]:
    language = (form.language.data or "") if isinstance(form, VersionForm) else kept.language
    if form.validate_on_submit() and "preview" not in request.form:
        wording = Wording(form.marked.data or "", form.plain.data or "")
        try:
            with unit_of_work():
                library.keep_text(
                    area,
                    kept.purpose,
                    wording,
                    language=language,
                    registered_on=form.registered_on.data,
                    by=current_user,
                    now=now(),
                )
        except library.PlainHasMarks as error:
            form.plain.errors = [error.message]
        except RuleBroken as error:
            field = form.marked if error.facts["placeholder"] in wording.marked else form.plain
            field.errors = [error.message]
        else:
            flash(_("The text is saved."), "success")
            return redirect(url_for(".texts", commune=request.args.get("commune")))
    page = render_template(
        "messaging/text.html",
        form=form,
        title=PURPOSES[kept.purpose],
        kept=kept,
        is_new=isinstance(form, VersionForm),
        vietnamese=library.kept_texts(area.path)[kept.purpose].wording,
        marked=_shown(form.marked.data or "", plain=False),
        plain=_shown(form.plain.data or "", plain=True),
        commune=area,
    )
    return page, 422 if form.errors else 200


def _shown(template: str, *, plain: bool) -> Shown | None:
    """A text with the sample's values; None where it cannot be filled in."""
    try:
        filled = render_text(template, SAMPLE)
    except RuleBroken:
        return None
    dear = dear_characters(template)
    filled = to_gsm(filled) if plain and not dear else filled
    return Shown(filled, count_segments(filled), dear)


def _commune(permission: Permission) -> Area:
    """The commune asked for, else the first this person has."""
    communes = communes_in(scope(permission))
    wanted = request.args.get("commune", type=int)
    chosen = [commune for commune in communes if wanted in (None, commune.id)]
    if not chosen:
        raise NotAllowed
    return chosen[0]

"""Parts of pages: labels, hints and errors belong to their fields, states are told by icon, word and colour."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from bs4 import BeautifulSoup
from flask import Flask, render_template_string
from flask_wtf import FlaskForm
from lxml import etree
from wtforms import (
    BooleanField,
    DateField,
    FileField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired

from eventmgr.checkin.values import Answer
from eventmgr.config import TOP
from eventmgr.meetings.values import Channel, ContactResult, MeetingStatus, Rsvp
from eventmgr.messaging.values import BatchState, MessageState
from eventmgr.rooms import NAVIGATION

HAMLETS = [SelectChoice("1", "Bản Mẫu Một"), SelectChoice("2", "Nà Ví Dụ")]
Render = Callable[..., BeautifulSoup]


class SampleForm(FlaskForm):
    """One field of each kind."""

    title = StringField("Tên", [DataRequired()], description="Ngắn gọn.")
    note = TextAreaField("Ghi chú")
    day = DateField("Ngày")
    seats = IntegerField("Số chỗ")
    unit = RadioField("Mời ai", choices=HAMLETS, default="1")
    hamlets = SelectMultipleField("Các thôn", choices=HAMLETS, default=["2"])
    venue = SelectField("Nơi họp", choices=HAMLETS)
    file = FileField("Tệp")
    agreed = BooleanField("Đồng ý", description="Tự nguyện.")
    step = HiddenField(default="2")


@pytest.fixture
def render(in_app: Flask) -> Iterator[Render]:
    """Render a piece of template with the macros at hand."""
    with in_app.test_request_context("/?q=lan&tab=x"):

        def draw(piece: str, **values: object) -> BeautifulSoup:
            source = '{% import "macros/ui.html" as ui %}{% import "macros/fields.html" as fields %}' + piece
            return BeautifulSoup(render_template_string(source, **values), "lxml")

        yield draw


@pytest.mark.parametrize("name", ["title", "note", "day", "seats", "venue", "file", "agreed"])
def test_every_input_has_its_label(render: Render, name: str) -> None:
    page = render("{{ fields.field(form[name]) }}", form=SampleForm(), name=name)

    field = page.find(["input", "textarea", "select"])
    assert page.find("label", attrs={"for": field["id"]}) is not None


@pytest.mark.parametrize(("name", "kind"), [("unit", "radio"), ("hamlets", "checkbox")])
def test_a_group_of_choices_has_a_legend_and_a_label_for_each(render: Render, name: str, kind: str) -> None:
    page = render("{{ fields.field(form[name]) }}", form=SampleForm(), name=name)

    assert page.fieldset is not None
    assert page.fieldset.legend is not None
    inputs = page.find_all("input", type=kind)
    assert [page.find("label", attrs={"for": field["id"]}).text for field in inputs] == ["Bản Mẫu Một", "Nà Ví Dụ"]
    assert [field.has_attr("checked") for field in inputs] == ([True, False] if kind == "radio" else [False, True])


def test_hint_and_error_are_told_with_the_field(render: Render) -> None:
    form = SampleForm()
    form.title.errors = ["Mời nhập tên."]

    page = render("{{ fields.field(form.title) }}", form=form)

    told = [page.find(id=part).get_text(strip=True) for part in page.input["aria-describedby"].split()]
    assert told == ["Ngắn gọn.", "Mời nhập tên."]
    assert page.input["aria-invalid"] == "true"


def test_a_required_field_is_marked_for_eye_and_ear(render: Render) -> None:
    page = render("{{ fields.field(form.title) }}", form=SampleForm())

    assert page.input.has_attr("required")
    assert page.find(class_="field-mark")["aria-hidden"] == "true"


def test_all_errors_stand_on_top_and_lead_to_their_fields(render: Render) -> None:
    form = SampleForm()
    form.title.errors, form.hamlets.errors = ["Mời nhập tên."], ["Mời chọn thôn."]

    page = render(
        "{% call fields.form_for(form, submit='Lưu') %}{% for f in form %}{{ fields.field(f) }}{% endfor %}{% endcall %}",
        form=form,
    )

    summary = page.find(role="alert")
    links = summary.find_all("a")
    assert [link.text for link in links] == ["Tên", "Các thôn"]
    assert all(page.find(id=link["href"].removeprefix("#")) is not None for link in links)


def test_a_form_without_errors_has_no_summary_and_one_filled_button(render: Render) -> None:
    page = render("{% call fields.form_for(form, submit='Lưu', cancel_href='/') %}{% endcall %}", form=SampleForm())

    assert page.find(role="alert") is None
    assert [button.text for button in page.find_all(class_="btn-primary")] == ["Lưu"]
    assert page.find("input", attrs={"name": "step"})["value"] == "2"


def test_what_people_typed_is_never_html(render: Render) -> None:
    form = SampleForm(title='"><script>x</script>')
    form.title.errors = ["<b>x</b>"]

    page = render(
        "{{ fields.field(form.title) }}{{ ui.facts([('<i>', '<i>')]) }}{{ ui.badge('done', '<i>') }}{{ ui.tile('<i>', '<i>') }}",
        form=form,
    )

    assert page.find(["script", "b", "i"]) is None


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (kind, state)
        for kind, states in (
            ("meeting", MeetingStatus),
            ("message", MessageState),
            ("batch", BatchState),
            ("rsvp", Rsvp),
            ("channel", Channel),
            ("contact", ContactResult),
            ("scan", Answer),
        )
        for state in states
    ],
)
def test_every_state_has_an_icon_and_a_word(render: Render, kind: str, state: str) -> None:
    page = render("{{ ui.status(kind, state) }}", kind=kind, state=state)

    assert page.find("use") is not None
    word = page.get_text(strip=True)
    assert word
    assert word != state.value


def test_every_icon_named_in_a_template_is_in_the_sprite() -> None:
    sprite = {symbol.get("id") for symbol in etree.parse(TOP / "static/img/icons.svg").getroot()}
    named = set()
    for path in (TOP / "templates").rglob("*.html"):
        named |= set(re.findall(r"""(?:\bicon\(|icon=)["']([a-z-]+)["']""", path.read_text("utf-8")))

    assert named <= sprite


def test_the_navigation_uses_icons_that_exist() -> None:
    sprite = {symbol.get("id") for symbol in etree.parse(TOP / "static/img/icons.svg").getroot()}

    assert {item.icon for item in NAVIGATION} <= sprite


def test_a_ring_tells_its_share_in_figures_too(render: Render) -> None:
    page = render("{{ ui.ring(52, 62, 'hộ') }}{{ ui.ring(0, 0, 'hộ') }}")

    assert [ring.find("text").text for ring in page.find_all(class_="ring")] == ["83%", "0%"]
    assert "52/62" in page.get_text()


def test_five_steps_name_the_present_one(render: Render) -> None:
    page = render("{{ ui.meeting_steps({'invite': 'done', 'remind': 'current'}) }}")

    assert len(page.find_all("li")) == 5
    assert page.find(attrs={"aria-current": "step"}).find(class_="step-name").text == "Nhắc"


def test_search_keeps_the_other_filters(render: Render) -> None:
    page = render("{% call ui.search(request.args, keep=['tab']) %}{% endcall %}")

    assert {field["name"]: field["value"] for field in page.find_all("input")} == {"tab": "x", "q": "lan"}


def test_search_folds_filters_only_where_there_are_some(render: Render) -> None:
    choices = "[('1', 'Bản A')]"
    with_filters = render(
        "{% call ui.search(request.args) %}{{ ui.filter_select('hamlet', 'Thôn', " + choices + ", request.args) }}"
        "{% endcall %}"
    )

    assert with_filters.select_one("details.filters select[name=hamlet]")
    assert not render("{% call ui.search(request.args) %}{% endcall %}").select("details")


def test_a_dangerous_button_names_what_it_destroys(render: Render) -> None:
    page = render("{{ ui.danger_button('/x', 'Xóa', 'Họp thôn Nà Ví Dụ', '62 giấy mời bị hủy.') }}")

    assert page.form["data-title"] == "Xóa: Họp thôn Nà Ví Dụ"
    assert page.form["data-text"] == "62 giấy mời bị hủy."
    assert page.find("input", attrs={"name": "csrf_token"}) is not None


def test_no_template_has_inline_style_script_or_handler() -> None:
    for path in (TOP / "templates").rglob("*.html"):
        text = path.read_text("utf-8")
        if path.name != "resident_base.html":
            assert "<style" not in text, path
        assert not re.search(r"<[^>{]*\s(style|on[a-z]+)=", text), path
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), path


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 502, 503])
def test_every_error_page_says_what_to_do_next(render: Render, status: int) -> None:
    page = render("{% include 'errors/error.html' %}", status=status, code="x", message="Một câu.")

    assert page.h1.text.strip()
    assert page.find("a", href="/") is not None

"""What a stranger, a neighbour or a hamlet head may not see: every route is asked, also those still to be written.

The demo commune is loaded once; nothing here may change it, so all tests share it.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from bs4.element import Tag
from flask import Flask, Request
from flask.testing import FlaskClient
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import AnyConverter, Rule
from werkzeug.test import TestResponse

from eventmgr import create_app
from eventmgr.accounts.models import User
from eventmgr.areas.models import Area
from eventmgr.areas.values import Level
from eventmgr.checkin.models import Attendance, Device
from eventmgr.core.access import ROLE_PERMISSIONS, Permission, Role, declared_access
from eventmgr.core.access_log import AccessEntry
from eventmgr.core.acts import last_act_id
from eventmgr.core.clock import FixedClock
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.files import keep_file
from eventmgr.core.phone import national_form
from eventmgr.core.text import display_name
from eventmgr.demo.services import load_demo
from eventmgr.demo.values import DemoSize
from eventmgr.meetings.models import Invitation, Meeting, MeetingHamlet, Series
from eventmgr.messaging.models import Approval, Batch, InboundText, Message
from eventmgr.plans.models import Output, Plan, PlanTask
from eventmgr.plans.values import Direction, OutputKind, SectionKind
from eventmgr.residents.models import Consent, Contact, DataRequest, Guest, Household, Resident
from eventmgr.residents.rights import Evidence, Purpose, RequestKind
from eventmgr.residents.services import add_contact
from eventmgr.residents.services.importing import hand_in_list
from eventmgr.residents.values import ContactDetails
from tests.conftest import TODAY, _settings
from tests.factories import hamlet_of, make_commune, make_guest, make_household, make_meeting, make_plan, make_user

pytestmark = pytest.mark.one_database

UNKNOWN = 999_999
HUGE = 10**24
FOUND = (200, 302, 303, 409, 422)
"""How a page that is there answers; 409 and 422 say what stands against it."""


@dataclass(frozen=True)
class Demo:
    """The loaded commune, somebody for each role, and a row for every name an id has in an address."""

    app: Flask
    guarded: Flask
    """The same, with forms protected as in earnest."""
    database: Path
    people: dict[Role, int]
    neighbours: dict[Role, int]
    ids: dict[str, Any]
    other_hamlet: dict[str, int]
    """Rows of a hamlet that the demo's hamlet head does not serve."""
    neighbour_ids: dict[str, int]
    """Rows of the other commune."""


class NotedArguments(ImmutableMultiDict):  # type: ignore[type-arg]
    """The arguments of an address, noting which of them a view asks for."""

    asked: set[str] = set()

    def get(self, key: str, *args: Any, **options: Any) -> Any:
        self.asked.add(key)
        return super().get(key, *args, **options)

    def getlist(self, key: str, *args: Any, **options: Any) -> Any:
        self.asked.add(key)
        return super().getlist(key, *args, **options)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)


class NotingRequest(Request):
    """A request whose arguments note what they are asked for."""

    parameter_storage_class = NotedArguments


@pytest.fixture(scope="module")
def demo(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("access")
    database = folder / "eventmgr.db"
    shutil.copyfile(sqlite_template, database)
    settings = _settings(f"sqlite:///{database}", folder)
    clock = FixedClock(TODAY)
    app = create_app(settings, clock)
    app.request_class = NotingRequest
    guarded = create_app(settings | {"WTF_CSRF_ENABLED": True, "TESTING": False}, clock)
    with app.app_context(), unit_of_work():
        load_demo(DemoSize(households=60, hamlets=3, meetings=10), clock.now())
        neighbour = make_commune("Chi Ví Dụ", "06999")
        neighbour_ids = _give_rows(neighbour)
        people, neighbours, ids, other = _find_rows(neighbour)
    yield Demo(app, guarded, database, people, neighbours, ids, other, neighbour_ids)
    for each in (app, guarded):
        with each.app_context():
            db.session.remove()
            db.engine.dispose()


def _give_rows(neighbour: Area) -> dict[str, int]:
    """What the other commune works on itself."""
    hamlet = hamlet_of(neighbour)
    household = make_household(hamlet)
    plan = make_plan(neighbour)
    meeting = make_meeting(hamlet, plan=plan)
    return {
        "area_id": hamlet.id,
        "guest_id": make_guest(neighbour).id,
        "household_id": household.id,
        "resident_id": household.members[0].id,
        "plan_id": plan.id,
        "meeting_id": meeting.id,
    }


def _find_rows(neighbour: Area) -> tuple[dict[Role, int], dict[Role, int], dict[str, Any], dict[str, int]]:
    first = db.session.scalars
    people = {
        user.grants[0].role: user.id for user in first(sa.select(User)).unique() if user.email.endswith("trung.example")
    }
    neighbours = {role: make_user(role, neighbour).id for role in (Role.OFFICER, Role.ADMINISTRATOR, Role.LEADER)}
    attendance = first(sa.select(Attendance).where(Attendance.household_id.is_not(None)).limit(1)).one()
    meeting = db.session.get_one(Meeting, attendance.meeting_id)
    invitation = first(
        sa.select(Invitation).where(Invitation.meeting_id == meeting.id, Invitation.household_id.is_not(None)).limit(1)
    ).one()
    plan = db.session.get_one(Plan, meeting.plan_id)
    output = Output(
        plan=plan, kind=next(iter(OutputKind)), direction=next(iter(Direction)), quantity=2, done_on=TODAY.date()
    )
    device = Device(
        label="cửa",
        meeting_id=meeting.id,
        created_at=TODAY,
        expires_at=TODAY + timedelta(days=1),
        token_digest="0" * 64,
    )
    db.session.add_all([output, device])
    household_of_consent = attendance.household_id
    consenting = first(sa.select(Resident).where(Resident.household_id == household_of_consent).limit(1)).one()
    consent = Consent(
        resident=consenting,
        purpose=Purpose.PHOTOS,
        evidence=Evidence.PAPER,
        given_on=TODAY.date(),
        file=keep_file(
            b"%PDF-1.4",
            name="bang-chung.pdf",
            type="application/pdf",
            area_id=meeting.area_id,
            by_id=people[Role.OFFICER],
            now=TODAY,
        ),
        recorded_at=TODAY,
    )
    request = DataRequest(
        area_id=meeting.area_id,
        kind=RequestKind.ACCESS,
        requester="Nông Văn Mẫu",
        received_on=TODAY.date(),
        received_by=Evidence.CALL,
        answer_due_on=TODAY.date(),
        due_on=TODAY.date(),
        recorded_at=TODAY,
    )
    db.session.add_all([consent, request])
    handed_in = hand_in_list(
        "STT,Họ và tên,Thôn\n1,Hoàng Văn Mẫu,Nà Ví Dụ\n".encode(), "danh-sach.csv", meeting.area, by=None, now=TODAY
    )
    db.session.flush()
    household = db.session.get_one(Household, invitation.household_id)
    others = sa.select(Household).where(Household.commune_id == household.commune_id, Household.id != household.id)
    other_household = first(others.limit(1)).one()
    ids: dict[str, Any] = {
        "act_id": _act_about(household),
        "approval_id": first(sa.select(Approval.id).limit(1)).one(),
        "area_id": household.hamlet_id,
        "attendance_id": attendance.id,
        "batch_id": first(sa.select(Batch.id).limit(1)).one(),
        "contact_id": first(sa.select(Contact.id).where(Contact.household_id.is_not(None)).limit(1)).one(),
        "consent_id": consent.id,
        "device_id": device.id,
        "guest_id": first(sa.select(Guest.id).where(Guest.area_id == meeting.area_id).limit(1)).one(),
        "hamlet_id": household.hamlet_id,
        "household_id": household.id,
        "inbound_id": first(sa.select(InboundText.id).where(InboundText.to_read).limit(1)).one(),
        "invitation_id": invitation.id,
        "list_id": handed_in.id,
        "meeting_id": meeting.id,
        "message_id": first(sa.select(Message.id).limit(1)).one(),
        "other_household_id": other_household.id,
        "other_resident_id": other_household.members[0].id,
        "output_id": output.id,
        "plan_id": plan.id,
        "request_id": request.id,
        "resident_id": first(sa.select(Resident.id).where(Resident.household_id == household.id).limit(1)).one(),
        "series_id": first(sa.select(Series.id).where(Series.id == meeting.series_id)).one(),
        "task_id": first(sa.select(PlanTask.id).where(PlanTask.plan_id == plan.id).limit(1)).one(),
        "user_id": people[Role.OFFICER],
        # Words in addresses; which one does not matter.
        "code": invitation.code,
        "kind": SectionKind.PURPOSES.value,
        "public_id": "0" * 32,
        "year": 2023,
    }
    return people, neighbours, ids, _of_another_hamlet(people[Role.HAMLET_HEAD], meeting.area_id)


def _act_about(household: Household) -> int:
    """A phone of the household was put right: an act that can be taken back."""
    add_contact(household, ContactDetails("0205 3 999 999"), by=None, now=TODAY)
    act_id = last_act_id()
    assert act_id is not None
    return act_id


def _of_another_hamlet(head_id: int, commune_id: int) -> dict[str, int]:
    first = db.session.scalars
    served = db.session.get_one(User, head_id).grants[0].area_id
    hamlet_id = first(
        sa.select(Area.id).where(Area.parent_id == commune_id, Area.level == Level.HAMLET, Area.id != served).limit(1)
    ).one()
    own_meetings = sa.select(MeetingHamlet.meeting_id).where(MeetingHamlet.hamlet_id == served)
    meeting_ids = sa.select(Attendance.meeting_id).where(Attendance.meeting_id.not_in(own_meetings))
    meeting_id = first(meeting_ids.limit(1)).one()
    household_id = first(
        sa.select(Contact.household_id)
        .join(Household, Household.id == Contact.household_id)
        .where(Household.hamlet_id == hamlet_id)
        .limit(1)
    ).one()
    return {
        "act_id": _act_about(db.session.get_one(Household, household_id)),
        "hamlet_id": hamlet_id,
        "area_id": hamlet_id,
        "household_id": household_id,
        "resident_id": first(sa.select(Resident.id).where(Resident.household_id == household_id).limit(1)).one(),
        "contact_id": first(sa.select(Contact.id).where(Contact.household_id == household_id).limit(1)).one(),
        "meeting_id": meeting_id,
        "invitation_id": first(sa.select(Invitation.id).where(Invitation.meeting_id == meeting_id).limit(1)).one(),
        "attendance_id": first(sa.select(Attendance.id).where(Attendance.meeting_id == meeting_id).limit(1)).one(),
    }


# --- Asking -------------------------------------------------------------------------------------


def _sign_in(app: Flask, user_id: int) -> FlaskClient:
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = str(user_id)
        session["_fresh"] = True
    return client


def _routes(app: Flask, method: str, *, with_ids: bool | None = None) -> list[Rule]:
    """Routes of ours that answer `method`, less those open to everyone and static files."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if method in (rule.methods or ())
        and not rule.endpoint.endswith("static")
        and declared_access(app.view_functions[rule.endpoint]) != "public"
        and (with_ids is None or any(name.endswith("_id") for name in rule.arguments) is with_ids)
    ]


def _address(rule: Rule, ids: dict[str, Any]) -> str:
    words = {
        name: min(converter.items)
        for name, converter in rule._converters.items()
        if isinstance(converter, AnyConverter)
    }
    known = ids | words
    missing = rule.arguments - set(known)
    assert not missing, f"{rule}: say in _find_rows which row {missing} means"
    built = rule.build({name: known[name] for name in rule.arguments})
    assert built is not None, f"{rule}: the words in _find_rows do not fit"
    return built[1]


def _ask(client: FlaskClient, address: str, method: str = "GET", **options: Any) -> tuple[int, TestResponse | None]:
    """The answer and its status; 500 for what a test otherwise sees as an exception."""
    try:
        answer = client.open(address, method=method, **options)
    except Exception as error:  # noqa: BLE001  (whatever it is, somebody would see an error page)
        logging.getLogger(__name__).error("%s %s: %.300r", method, address[:200], error)
        return 500, None
    return answer.status_code, answer


def _body(client: FlaskClient, address: str) -> dict[str, Any]:
    """What a browser would send from the forms of a page."""
    _status, page = _ask(client, address)
    body: dict[str, Any] = {}
    for field in BeautifulSoup(page.data, "lxml").select("main [name]") if page else []:
        options = [str(option.get("value", "")) for option in field.select("option") if option.get("value")]
        value = options[0] if options else field.get("value") or field.text.strip() or "1"
        body.setdefault(str(field["name"]), value)
    return body


def _writes(database: Path) -> Callable[[], str]:
    """What the database holds, in short: asked twice it tells whether anything was changed in between."""

    def digest() -> str:
        with closing(sqlite3.connect(database)) as connection:
            return sha256("".join(connection.iterdump()).encode()).hexdigest()

    return digest


def _holds(role: Role, access: Any) -> bool:
    return not isinstance(access, Permission) or access in ROLE_PERMISSIONS[role]


# --- Strangers ----------------------------------------------------------------------------------


def test_a_stranger_is_asked_to_sign_in(demo: Demo) -> None:
    wrong = {}
    client = demo.app.test_client()
    for method in ("GET", "POST"):
        for rule in _routes(demo.app, method):
            status, answer = _ask(client, _address(rule, demo.ids), method)
            sent_away = answer is not None and answer.headers.get("Location", "").startswith("/sign-in")
            if not (status == 401 or (status == 302 and sent_away)):
                wrong[f"{method} {rule}"] = status
    assert wrong == {}


def test_a_forged_form_changes_nothing_and_is_told_kindly(demo: Demo) -> None:
    written = _writes(demo.database)
    before = written()
    wrong = {}
    client = _sign_in(demo.guarded, demo.people[Role.ADMINISTRATOR])
    for rule in _routes(demo.guarded, "POST"):
        for token in ({}, {"csrf_token": "IjAwMDAi.ZHgA.forged"}):
            status, answer = _ask(client, _address(rule, demo.ids), "POST", data=token)
            told = answer.text if answer else ""
            if status != 400 or ("form_expired" not in told and "hết hạn" not in told):
                wrong[f"{rule}"] = status
    assert wrong == {}
    assert written() == before


# --- Neighbours ---------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.OFFICER, Role.ADMINISTRATOR, Role.LEADER])
def test_another_commune_finds_nothing(demo: Demo, role: Role) -> None:
    """404 as for what does not exist; 403 only where the role opens no such page at all, whatever the commune."""
    written = _writes(demo.database)
    before = written()
    wrong = {}
    client = _sign_in(demo.app, demo.neighbours[role])
    owner = _sign_in(demo.app, demo.people[Role.ADMINISTRATOR])
    for method in ("GET", "POST"):
        for rule in _routes(demo.app, method, with_ids=True):
            address = _address(rule, demo.ids)
            asks: dict[str, Any] = {}
            if method == "POST":
                body = _body(owner, address)
                asks = {"json": {"scans": []}} if address.startswith("/api/") else {"data": body}
                before = written()
            status, _answer = _ask(client, address, method, **asks)
            access = declared_access(demo.app.view_functions[rule.endpoint])
            expected = 404 if _holds(role, access) else 403
            if access == "by_device" and role is Role.LEADER:
                expected = 403
            if status != expected:
                wrong[f"{method} {rule}"] = status
            if written() != before:
                wrong[f"{method} {rule} wrote"] = status
                before = written()
    assert wrong == {}


def test_the_commune_itself_finds_them(demo: Demo) -> None:
    """The refusals above mean something: the same addresses open for those they belong to, if only to say that a
    meeting is over."""
    client = _sign_in(demo.app, demo.people[Role.ADMINISTRATOR])
    wrong = {}
    for rule in _routes(demo.app, "GET", with_ids=True):
        status, _answer = _ask(client, _address(rule, demo.ids))
        if status not in FOUND:
            wrong[str(rule)] = status
    assert wrong == {}


def test_a_hamlet_head_finds_nothing_of_another_hamlet(demo: Demo) -> None:
    written = _writes(demo.database)
    wrong = {}
    client = _sign_in(demo.app, demo.people[Role.HAMLET_HEAD])
    owner = _sign_in(demo.app, demo.people[Role.ADMINISTRATOR])
    ids = demo.ids | demo.other_hamlet
    for method in ("GET", "POST"):
        for rule in _routes(demo.app, method, with_ids=True):
            if not rule.arguments & set(demo.other_hamlet):
                continue
            access = declared_access(demo.app.view_functions[rule.endpoint])
            address = _address(rule, ids)
            asks: dict[str, Any] = {}
            if method == "POST":
                asks = {"json": {"scans": []}} if address.startswith("/api/") else {"data": _body(owner, address)}
            before = written()
            status, _answer = _ask(client, address, method, **asks)
            if status != (404 if _holds(Role.HAMLET_HEAD, access) else 403):
                wrong[f"{method} {rule}"] = status
            if written() != before:
                wrong[f"{method} {rule} wrote"] = status
    assert wrong == {}


TYPED = {"date": "2023-06-20", "time": "08:00", "email": "a@vi-du.example", "password": "a long password", "tel": ""}


def test_a_choice_that_was_not_offered_writes_nothing(demo: Demo) -> None:
    """A form is sent with the ids of another commune in the place of its own, one field at a time."""
    written = _writes(demo.database)
    client = _sign_in(demo.app, demo.neighbours[Role.ADMINISTRATOR])
    strange = {str(demo.ids[name]) for name in ("area_id", "plan_id", "guest_id", "household_id", "resident_id")}
    wrong, took = {}, set()
    for rule in _routes(demo.app, "GET"):
        if any(name.endswith("_id") and name not in demo.neighbour_ids for name in rule.arguments):
            continue
        address = _address(rule, demo.ids | demo.neighbour_ids)
        _status, page = _ask(client, address)
        if page is None or page.mimetype != "text/html":
            continue
        for form in BeautifulSoup(page.data, "lxml").select("main form[method=post i]"):
            target = str(form.get("action") or address)
            body = _typed(form)
            for name, offered in _choices(form).items():
                for value in strange - offered:
                    before = written()
                    status, _answer = _ask(client, target, "POST", data=body | {name: value})
                    if written() != before or status >= 500:
                        wrong[f"{target} {name}={value}"] = status
            before = written()
            status, _answer = _ask(client, target, "POST", data=body)
            if status >= 500:
                wrong[target] = status
            if written() != before:
                took.add(target)
    assert wrong == {}
    assert len(took) >= 5, "unchanged, the forms were good"


def _typed(form: Tag) -> dict[str, Any]:
    """A form filled in as somebody would who is in a hurry."""
    body: dict[str, Any] = {}
    for field in form.select("[name]"):
        name, kind = str(field["name"]), str(field.get("type", ""))
        if field.name == "select":
            chosen = [option for option in field.select("option") if option.get("value")]
            body.setdefault(name, chosen[0]["value"] if chosen else "")
        elif kind in ("checkbox", "radio"):
            body.setdefault(name, field.get("value", "y"))
        elif kind == "file":
            continue
        elif field.name != "button":
            body.setdefault(name, field.get("value") or field.text.strip() or TYPED.get(kind, "Mẫu"))
    return body


def _choices(form: Tag) -> dict[str, set[str]]:
    """The fields in which one chooses among numbers, each with what it offers."""
    offered: dict[str, set[str]] = {}
    for field in form.select("select[name], input[type=checkbox], input[type=radio]"):
        values = [field.get("value")] if field.name == "input" else [o.get("value") for o in field.select("option")]
        offered.setdefault(str(field.get("name")), set()).update(str(value) for value in values if value)
    return {name: values for name, values in offered.items() if values and all(v.isdigit() for v in values)}


# --- Every page ---------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
def test_each_page_opens_or_is_refused_and_runs_only_our_scripts(
    demo: Demo, role: Role, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client = _sign_in(demo.app, demo.people[role])
    wrong: dict[str, Any] = {}
    for rule in _routes(demo.app, "GET"):
        address = _address(rule, demo.ids)
        status, answer = _ask(client, address)
        refused = status in (403, 404) and role is not Role.ADMINISTRATOR
        if status not in (FOUND if rule.arguments else (200, 302, 403)) and not refused:
            wrong[address] = status
        if answer is not None:
            wrong |= {f"{address}: {fault}": True for fault in _faults(answer)}
    assert wrong == {}
    _names_no_one(demo, caplog.text)


KEPT_FRESH = {"checkin.live", "messaging.batch_progress", "messaging.simulator_phones"}
"""Parts of pages that ask for themselves every few seconds: the page they stand on was written down."""


def test_each_page_that_shows_a_person_is_written_down(demo: Demo) -> None:
    with demo.app.app_context():
        names = {display_name(name) for name in db.session.scalars(sa.select(Resident.full_name))}
        names |= {display_name(name) for name in db.session.scalars(sa.select(Guest.full_name))}
        staff = set(db.session.scalars(sa.select(User.full_name)))
    client = _sign_in(demo.app, demo.people[Role.ADMINISTRATOR])
    silent = []
    for rule in _routes(demo.app, "GET"):
        before = _looks(demo)
        _status, answer = _ask(client, _address(rule, demo.ids))
        if answer is None or answer.mimetype not in ("text/html", "application/json") or rule.endpoint in KEPT_FRESH:
            continue
        words = BeautifulSoup(answer.data, "lxml").get_text(" ")
        if any(name in words for name in names - staff) and _looks(demo) == before:
            silent.append(str(rule))
    assert not silent, "\n".join(silent)


def _looks(demo: Demo) -> int:
    with demo.app.app_context():
        return db.session.scalar(sa.select(sa.func.count()).select_from(AccessEntry)) or 0


def _faults(answer: TestResponse) -> Iterator[str]:
    policy = answer.headers.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy or "unsafe" in policy.replace("style-src 'unsafe-inline'", ""):
        yield "policy"
    if answer.headers.get("X-Content-Type-Options") != "nosniff":
        yield "nosniff"
    if answer.mimetype != "text/html":
        return
    page = BeautifulSoup(answer.data, "lxml")
    for tag in page.find_all(True):
        if tag.name == "script" and not tag.get("src") and tag.get("type") != "application/json":
            yield "inline script"
        for name, value in tag.attrs.items():
            if name.startswith("on") or name == "style" or str(value).lower().startswith("javascript:"):
                yield f"inline {name}"
    if page.find("form", method="post") and page.find("style"):
        yield "inline style"


def _names_no_one(demo: Demo, said: str) -> None:
    with demo.app.app_context():
        names = set(db.session.scalars(sa.select(Resident.full_name)))
        phones = set(db.session.scalars(sa.select(Contact.phone)))
    told = {name for name in names if name in said}
    told |= {phone for phone in phones if phone in said or national_form(phone).replace(" ", "") in said}
    assert told == set()


# --- Odd addresses ------------------------------------------------------------------------------

ODD = (
    "-1",
    str(HUGE),
    "\x00",
    "9" * 5000,
    "//evil.example",
    "2023-13-45",
    "0000-00-00",
    "99999-12-31",
    "<script>",
    "%",
)
READ_FOR_ALL = {"lang"}
"""What one place reads for every page: to try it on one of them is enough."""
ALONE = {str(HUGE), "\x00", "2023-13-45"}
"""What is also tried in one argument at a time: some errors hide others."""


@pytest.mark.parametrize("number", [0, UNKNOWN, 2**31, HUGE, -1])
def test_an_id_nobody_has_is_not_found(demo: Demo, number: int) -> None:
    client = _sign_in(demo.app, demo.people[Role.ADMINISTRATOR])
    wrong = {}
    for method in ("GET", "POST"):
        for rule in _routes(demo.app, method, with_ids=True):
            for name in rule.arguments:
                if not name.endswith("_id"):
                    continue
                pattern = _address(rule, demo.ids | {name: 77_777_777})
                address = pattern.replace("77777777", str(number))
                asks = {"json": {"scans": []}} if address.startswith("/api/") and method == "POST" else {}
                status, _answer = _ask(client, address, method, **asks)
                if status != 404:
                    wrong[f"{method} {address}"] = status
    assert wrong == {}


def test_odd_arguments_break_no_page(demo: Demo) -> None:
    """Whatever a page asks its address for, it may get anything."""
    client = _sign_in(demo.app, demo.people[Role.ADMINISTRATOR])
    wrong = {}
    for rule in _routes(demo.app, "GET"):
        address = _address(rule, demo.ids)
        NotedArguments.asked.clear()
        _ask(client, address)
        names = sorted(NotedArguments.asked - READ_FOR_ALL | (READ_FOR_ALL if address == "/" else set()))
        for value in ODD if names else ():
            alone = [{name: value} for name in names] if value in ALONE else []
            for query in [dict.fromkeys(names, value), *alone]:
                status, answer = _ask(client, address, query_string=query)
                if status >= 500:
                    wrong[f"{address} {[*query]}={value[:30]!r}"] = status
                elif answer is not None and answer.headers.get("Location", "").startswith(("//", "http", "/\\")):
                    wrong[f"{address} leads to {answer.headers['Location']}"] = status
    assert wrong == {}


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example"]
    + ["/\n/evil.example", "javascript:alert(1)", " //evil.example", "///evil.example", "/%09/evil.example"],
)
def test_signing_in_leads_to_no_other_site(demo: Demo, target: str) -> None:
    client = _sign_in(demo.app, demo.people[Role.VIEWER])

    for answer in (
        client.get("/sign-in", query_string={"next": target}),
        client.post("/language", data={"language": "vi", "next": target}),
    ):
        assert answer.status_code == 302
        place = answer.headers["Location"]
        assert place.startswith("/")
        assert not place.startswith(("//", "/\\", "/\t", "/\n"))


# --- The resident's page ------------------------------------------------------------------------


def test_a_tampered_code_is_met_kindly_and_tells_nothing(demo: Demo, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    client = demo.app.test_client()
    code = str(demo.ids["code"])
    other = "0" if code[-1] != "0" else "1"
    tampered = [code[:-1] + other, code[:-1], code + "0", code[::-1] + "X", "'", "%00", "..%2f..", "A" * 3000, "🙂"]
    written = _writes(demo.database)
    before = written()
    for wrong in tampered:
        for method, rest in (("GET", ""), ("GET", "/calendar.ics"), ("POST", "/rsvp"), ("POST", "/stop")):
            status, answer = _ask(client, f"/i/{wrong}{rest}", method, data={"answer": "coming"} if rest else None)
            assert status == 404, (wrong, method, rest)
            assert answer is not None
            assert "<h1" in answer.text
    assert written() == before
    assert client.get(f"/i/{code}").status_code == 200
    _names_no_one(demo, caplog.text)
    assert code not in caplog.text

"""What the office decides for itself, and who may do what."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from eventmgr.accounts.models import User
from eventmgr.accounts.queries import get_user_in, users_visible_to
from eventmgr.accounts.services import change_role, create_user, grant_role, set_password, switch_person
from eventmgr.areas.models import Area
from eventmgr.areas.queries import areas_in, communes_in, get_area_in
from eventmgr.checkin.queries import OPENS_HOURS_BEFORE
from eventmgr.core import settings as known
from eventmgr.core.access import Permission, Role, requires, scope
from eventmgr.core.clock import local_day, now
from eventmgr.core.db import unit_of_work
from eventmgr.core.errors import EventmgrError, NotFound
from eventmgr.core.phone import national_form, parse_phone
from eventmgr.home.forms import ContactForm, DoorForm, PapersForm, PersonForm, PricesForm, RoleForm, SendingForm
from eventmgr.home.services import decide_for_office, set_prices
from eventmgr.home.views import bp
from eventmgr.messaging.queries import prices_on

__all__ = ["bp"]  # the room's routes, these among them

SECTIONS: dict[str, type[FlaskForm]] = {
    "contact": ContactForm,
    "papers": PapersForm,
    "sending": SendingForm,
    "door": DoorForm,
    "prices": PricesForm,
}


@bp.get("/settings")
@requires(Permission.EDIT_AREAS)
def settings() -> str:
    """What the office decides for itself."""
    return _settings_page(_commune(Permission.EDIT_AREAS), None)


@bp.post("/settings/<any(contact, papers, sending, door, prices):section>")
@requires(Permission.MANAGE_SETTINGS)
def decide(section: str) -> Response | tuple[str, int]:
    """Keep one section of the settings."""
    form = SECTIONS[section]()
    if not form.validate_on_submit():
        return _settings_page(_commune(Permission.MANAGE_SETTINGS), form), 422
    with unit_of_work():
        commune = _commune(Permission.MANAGE_SETTINGS)
        if isinstance(form, PricesForm):
            set_prices(commune, _prices_said(form), by=current_user, now=now())
        else:
            decide_for_office(commune, _said(form), by=current_user, now=now())
    flash(_("Saved. It holds from today on."), "success")
    return redirect(url_for("home.settings", commune=request.args.get("commune"), _anchor=section))


def _commune(permission: Permission) -> Area:
    """The commune in question: the one asked for, else the only one most people have."""
    communes = communes_in(scope(permission))
    wanted = request.args.get("commune", type=int)
    for commune in communes:
        if wanted in (None, commune.id):
            return commune
    raise NotFound


def _settings_page(commune: Area, wrong: FlaskForm | None) -> str:
    held = _held(commune)
    forms = {name: wrong if isinstance(wrong, form) else form(data=held) for name, form in SECTIONS.items()}
    return render_template(
        "home/settings.html",
        commune=commune,
        communes=communes_in(scope(Permission.EDIT_AREAS)),
        forms=forms,
        held=held,
        may_decide=scope(Permission.MANAGE_SETTINGS).covers(commune.path),
    )


def _held(commune: Area) -> dict[str, Any]:
    """What holds today, in the words of the forms."""
    today = local_day(now())

    def of(key: known.SettingKey) -> Any:
        return known.setting(commune.path, key, today)

    phone = of(known.CONTACT_PHONE)
    return {
        "contact_name": of(known.CONTACT_NAME),
        "contact_phone": national_form(phone) if phone else "",
        "signer": "\n".join(of(known.PAPER_SIGNER)),
        "recipients": "\n".join(of(known.PAPER_RECIPIENTS)),
        "no_send_hours": of(known.NO_SEND_HOURS),
        "approval_needed": of(known.APPROVAL_NEEDED),
        "registered_only": of(known.REGISTERED_TEXTS_ONLY),
        "daily_cap": of(known.DAILY_SMS_CAP),
        "daily_cost": of(known.DAILY_SMS_COST),
        "opens_hours_before": of(OPENS_HOURS_BEFORE),
        **prices_on(today),
    }


def _said(form: FlaskForm) -> dict[known.SettingKey, Any]:
    """What a form says, as it is kept."""
    if isinstance(form, ContactForm):
        phone = (form.contact_phone.data or "").strip()
        return {
            known.CONTACT_NAME: (form.contact_name.data or "").strip(),
            known.CONTACT_PHONE: parse_phone(phone).e164 if phone else "",
        }
    if isinstance(form, PapersForm):
        return {
            known.PAPER_SIGNER: _lines(form.signer.data),
            known.PAPER_RECIPIENTS: _lines(form.recipients.data),
        }
    if isinstance(form, SendingForm):
        return {
            known.NO_SEND_HOURS: (form.no_send_hours.data or "").strip(),
            known.APPROVAL_NEEDED: bool(form.approval_needed.data),
            known.REGISTERED_TEXTS_ONLY: bool(form.registered_only.data),
            known.DAILY_SMS_CAP: form.daily_cap.data or 0,
            known.DAILY_SMS_COST: form.daily_cost.data or 0,
        }
    if isinstance(form, DoorForm):
        return {OPENS_HOURS_BEFORE: form.opens_hours_before.data}
    abort(404)


def _prices_said(form: PricesForm) -> dict[str, int | None]:
    return {name: form[name].data for name in ("viettel", "vinaphone", "mobifone", "other")}


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


# --- People and roles ---------------------------------------------------------------------------


@bp.route("/settings/people", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
def people() -> str | Response | tuple[str, int]:
    """Who signs in and as what, and a form for one more."""
    mine = scope(Permission.MANAGE_USERS)
    form = PersonForm().offer(_areas_to_offer())
    if form.validate_on_submit():
        try:
            with unit_of_work():
                user = create_user(
                    email=form.email.data or "",
                    full_name=form.full_name.data or "",
                    password=form.password.data or "",
                    now=now(),
                    by=current_user,
                )
                grant_role(user, get_area_in(mine, form.area.data), Role(form.role.data), by=current_user, now=now())
        except EventmgrError as error:
            form.email.errors = [error.message]
        else:
            flash(_("%(name)s can sign in now.", name=user.full_name), "success")
            return redirect(url_for("home.people"))
    page = render_template("home/people.html", form=form, people=users_visible_to(mine))
    return (page, 422) if form.errors else page


@bp.route("/settings/people/<int:user_id>", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
def person(user_id: int) -> str | Response | tuple[str, int]:
    """Change what a person is, or give them another password."""
    user = _person(user_id)
    grant = user.chief_grant
    form = RoleForm(role=grant.role.value if grant else None, area=grant.area_id if grant else None)
    form.offer(_areas_to_offer())
    if form.validate_on_submit():
        try:
            with unit_of_work():
                user = _person(user_id)
                area = get_area_in(scope(Permission.MANAGE_USERS), form.area.data)
                if user.chief_grant is None or not _is_same(user, area, Role(form.role.data)):
                    change_role(user, area, Role(form.role.data), by=current_user, now=now())
                if form.password.data:
                    set_password(user, form.password.data, by=current_user, now=now())
        except EventmgrError as error:
            form.role.errors = [error.message]
        else:
            flash(_("Saved."), "success")
            return redirect(url_for("home.people"))
    page = render_template("home/person.html", form=form, person=user)
    return (page, 422) if form.errors else page


@bp.post("/settings/people/<int:user_id>/<any(on, off):switch>")
@requires(Permission.MANAGE_USERS)
def switch(user_id: int, switch: str) -> Response:
    """Let somebody sign in again, or no more."""
    try:
        with unit_of_work():
            switch_person(_person(user_id), active=switch == "on", by=current_user, now=now())
    except NotFound:
        raise
    except EventmgrError as error:
        flash(error.message, "danger")
    else:
        flash(_("Saved."), "success")
    return redirect(url_for("home.people"))


def _person(user_id: int) -> User:
    return get_user_in(scope(Permission.MANAGE_USERS), user_id)


def _is_same(user: User, area: Area, role: Role) -> bool:
    return [(grant.area_id, grant.role) for grant in user.grants] == [(area.id, role)]


def _areas_to_offer() -> list[tuple[int, str]]:
    return [(area.id, area.full_name) for area in areas_in(scope(Permission.MANAGE_USERS))]

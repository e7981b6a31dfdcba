"""Setting up an empty installation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _

from eventmgr.accounts.models import User
from eventmgr.accounts.queries import has_users
from eventmgr.accounts.services import create_user, grant_role
from eventmgr.areas.models import Area
from eventmgr.areas.services import add_area
from eventmgr.areas.values import AreaDetails, Level
from eventmgr.core.access import Role
from eventmgr.core.audit import record_audit
from eventmgr.core.clock import local_day
from eventmgr.core.errors import NotFound
from eventmgr.core.settings import CONTACT_PHONE, SettingKey, decide, setting
from eventmgr.messaging.services import set_tariff


class AlreadySetUp(NotFound):
    """The set-up page is gone once somebody can sign in."""

    code = "already_set_up"
    sentence = _("eventmgr has been set up already. Please sign in.")


@dataclass(frozen=True, slots=True)
class FirstOffice:
    """What the set-up page asks for."""

    commune: str
    commune_code: str
    province: str
    hamlets: tuple[str, ...]
    full_name: str
    email: str
    password: str
    contact_phone: str = ""  # E.164, or empty while nobody is to be called


def decide_for_office(commune: Area, decisions: Mapping[SettingKey, Any], *, by: Any, now: datetime) -> None:
    """From today on these decisions hold in the commune; what changes is written down."""
    today = local_day(now)
    before, after = {}, {}
    for key, value in decisions.items():
        held = setting(commune.path, key, today)
        if held != value:
            decide(commune.id, key, value, today)
            before[key.name], after[key.name] = held, value
    if after:
        record_audit(
            "decide_settings", f"area:{commune.id}", by=by, now=now, area_id=commune.id, before=before, after=after
        )


def set_prices(commune: Area, prices: Mapping[str, int | None], *, by: Any, now: datetime) -> None:
    """From today on a billed part of a text costs so much on each network; a network left empty keeps its price."""
    named = {network: price for network, price in prices.items() if price is not None}
    for network, price in named.items():
        set_tariff(network, price, local_day(now))
    record_audit("set_prices", f"area:{commune.id}", by=by, now=now, area_id=commune.id, after=named)


def set_up(office: FirstOffice, *, now: datetime) -> User:
    """Make the first administrator and the commune with its hamlets and the phone to ask.

    Raises AlreadySetUp, and what `create_user` and `add_area` raise.
    """
    if has_users():
        raise AlreadySetUp
    user = create_user(email=office.email, full_name=office.full_name, password=office.password, now=now)
    province = (
        add_area(AreaDetails(Level.PROVINCE, office.province), None, by=user, now=now)
        if office.province.strip()
        else None
    )
    commune = add_area(
        AreaDetails(Level.COMMUNE, office.commune, office.commune_code or None), province, by=user, now=now
    )
    for name in office.hamlets:
        add_area(AreaDetails(Level.HAMLET, name), commune, by=user, now=now)
    grant_role(user, commune, Role.ADMINISTRATOR, by=user, now=now)
    if office.contact_phone:
        decide_for_office(commune, {CONTACT_PHONE: office.contact_phone}, by=user, now=now)
    return user

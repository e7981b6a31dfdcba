"""The invented commune's office: areas, people who sign in, what the office has decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from eventmgr.accounts.models import User
from eventmgr.accounts.services import create_user, grant_role
from eventmgr.areas.models import Area
from eventmgr.areas.services import add_area, add_hamlets
from eventmgr.areas.values import AreaDetails, Level
from eventmgr.core import settings
from eventmgr.core.access import Role
from eventmgr.core.clock import local_day
from eventmgr.demo.invented import hamlet_names
from eventmgr.demo.values import DemoUser, Place
from eventmgr.messaging.services import set_tariff

PASSWORD = "binh-trung-demo"
COMMUNE_CODE = "06217"
CONTACT_PHONE = "+842053809999"
# Đồng a segment, invented but of the usual size.
PRICES = {"viettel": 750, "vinaphone": 800, "mobifone": 800, "other": 850}


@dataclass(frozen=True, slots=True)
class Office:
    """The commune and those who work for it."""

    commune: Area
    hamlets: tuple[Place, ...]
    officer: User
    leader: User
    hamlet_head: User
    users: tuple[DemoUser, ...]


def open_office(number_of_hamlets: int, now: datetime) -> Office:
    """Make the commune with its hamlets, one person of each role, and the office's decisions."""
    since = now - timedelta(days=120)
    administrator = _user("quan-tri", "Lộc Thị Mẫu", since)
    province = add_area(AreaDetails(Level.PROVINCE, "Lạng Sơn"), None, by=administrator, now=since)
    commune = add_area(AreaDetails(Level.COMMUNE, "Bình Trung", COMMUNE_CODE), province, by=administrator, now=since)
    hamlets = add_hamlets(commune, hamlet_names(number_of_hamlets), by=administrator, now=since)
    roles = [
        (administrator, Role.ADMINISTRATOR, commune),
        (_user("can-bo", "Nông Thị Ví Dụ", since), Role.OFFICER, commune),
        (_user("lanh-dao", "Hoàng Văn Mẫu", since), Role.LEADER, commune),
        (_user("truong-thon", "Lương Văn Ví Dụ", since), Role.HAMLET_HEAD, hamlets[0]),
        (_user("nguoi-xem", "Vi Thị Mẫu", since), Role.VIEWER, province),
    ]
    for user, role, area in roles:
        grant_role(user, area, role, by=administrator, now=since)
    _decide(commune, since)
    return Office(
        commune=commune,
        hamlets=tuple(Place(hamlet.id, hamlet.name) for hamlet in hamlets),
        officer=roles[1][0],
        leader=roles[2][0],
        hamlet_head=roles[3][0],
        users=tuple(DemoUser(user.email, PASSWORD, role.value) for user, role, _ in roles),
    )


def _user(name: str, full_name: str, since: datetime) -> User:
    return create_user(email=f"{name}@binhtrung.example", full_name=full_name, password=PASSWORD, now=since)


def _decide(commune: Area, since: datetime) -> None:
    day = local_day(since)
    for key, value in (
        (settings.DEMO, True),
        (settings.CONTACT_NAME, "Nông Thị Ví Dụ"),
        (settings.CONTACT_PHONE, CONTACT_PHONE),
        (settings.APPROVAL_NEEDED, True),
        (settings.PAPER_RECIPIENTS, ["CT, PCT UBND xã", "Lưu: VT"]),
    ):
        settings.decide(commune.id, key, value, day)
    for network, price in PRICES.items():
        set_tariff(network, price, day)

"""The invented commune's households, their people and phones, and guests."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from eventmgr.core.clock import local_day
from eventmgr.core.text import person_sort_key, search_key
from eventmgr.demo.invented import ETHNIC_GROUPS, GUESTS, PhoneBook, person_name
from eventmgr.demo.services.bulk import insert_keyed, insert_rows
from eventmgr.demo.services.office import COMMUNE_CODE, Office
from eventmgr.demo.values import Home, Line, Person, Visitor
from eventmgr.residents.finding import index_commune
from eventmgr.residents.models import Contact, Guest, Household, PhoneState, PovertyStatus, Resident
from eventmgr.residents.values import Gender, PhoneOwner, PovertyClass

CLASSES = {
    PovertyClass.POOR: 22,
    PovertyClass.NEAR_POOR: 24,
    PovertyClass.NEWLY_ESCAPED: 12,
    PovertyClass.NEWLY_ESCAPED_NEAR_POOR: 6,
    PovertyClass.OTHER: 36,
}
DEAD = ("97", "98")
REFUSES = "96"
SWITCHED_OFF = "99"
LISTS_MADE = timedelta(days=110)
"""How long ago households and guests were entered."""
ODD_PHONES_LEARNT = timedelta(days=20)
"""How long ago the first texts showed which numbers are dead or refuse."""


def settle_people(office: Office, number: int, chance: Random, now: datetime) -> tuple[Home, ...]:
    """Make the households of all hamlets, with members, classes of two years, and phones of every kind."""
    since = now - LISTS_MADE
    year = local_day(now).year
    classes = chance.choices(list(CLASSES), weights=list(CLASSES.values()), k=number)
    places = [office.hamlets[place % len(office.hamlets)] for place in range(number)]
    groups = [chance.choice(ETHNIC_GROUPS) for _ in range(number)]
    household_ids = insert_rows(
        Household,
        [
            {
                "commune_id": office.commune.id,
                "hamlet_id": place.id,
                "code": f"{COMMUNE_CODE}-{order:04d}",
                "ethnic_group": group,
                "poverty_class": poverty_class,
                "list_order": order,
                "created_at": since,
            }
            for order, (place, group, poverty_class) in enumerate(zip(places, groups, classes, strict=True), 1)
        ],
    )
    insert_rows(PovertyStatus, list(_statuses(household_ids, classes, year)))
    families = [_family(chance, group, year) for group in groups]
    rows = [
        member | {"household_id": household_id, "created_at": since}
        for household_id, family in zip(household_ids, families, strict=True)
        for member in family
    ]
    ids = iter(insert_rows(Resident, rows))
    people = [tuple(_person(next(ids), member, year) for member in family) for family in families]
    lines = _phones(chance, household_ids, people, office)
    insert_keyed(PhoneState, _phone_states(lines, now))
    index_commune(office.commune.id)
    return tuple(
        Home(
            household_id,
            place.id,
            poverty_class,
            group != "Kinh",
            family,
            line,
        )
        for household_id, place, poverty_class, group, family, line in zip(
            household_ids, places, classes, groups, people, lines, strict=True
        )
    )


def add_guests(office: Office, chance: Random, now: datetime) -> tuple[Visitor, ...]:
    """Make cadres, speakers and people of standing."""
    book, since = PhoneBook(), now - LISTS_MADE
    rows: list[dict[str, Any]] = []
    for place, (title, organisation, on_payroll) in enumerate(GUESTS):
        gender = Gender.FEMALE if place % 2 else Gender.MALE
        name = person_name(chance, gender)
        rows.append(
            {
                "area_id": office.commune.id,
                "full_name": name,
                **_name_keys(name),
                "title": title,
                "organisation": organisation,
                "phone": book.odd_mobile("01"),
                "gender": gender,
                "ethnic_group": chance.choice(ETHNIC_GROUPS),
                "on_state_payroll": on_payroll,
                "created_at": since,
            }
        )
    ids = insert_rows(Guest, rows)
    return tuple(
        Visitor(guest_id, row["on_state_payroll"], row["gender"]) for guest_id, row in zip(ids, rows, strict=True)
    )


def _statuses(household_ids: list[int], classes: list[PovertyClass], year: int) -> list[dict[str, Any]]:
    """This year's decision, and last year's: who newly escaped was poor then."""
    before = {
        PovertyClass.NEWLY_ESCAPED: PovertyClass.POOR,
        PovertyClass.NEWLY_ESCAPED_NEAR_POOR: PovertyClass.NEAR_POOR,
    }
    return [
        {
            "household_id": household_id,
            "decision": f"Danh sách rà soát năm {of_year}",
            "year": of_year,
            "poverty_class": then,
        }
        for household_id, poverty_class in zip(household_ids, classes, strict=True)
        for of_year, then in ((year - 1, before.get(poverty_class, poverty_class)), (year, poverty_class))
    ]


def _name_keys(full_name: str) -> dict[str, str]:
    return {"name_search": search_key(full_name), "name_sort": person_sort_key(full_name)}


def _family(chance: Random, group: str, year: int) -> list[dict[str, Any]]:
    """A head, most often a husband or wife, and children or an elder."""
    head_gender = Gender.MALE if chance.random() < 0.72 else Gender.FEMALE
    head_name = person_name(chance, head_gender)
    born = year - chance.randint(28, 76)
    members = [(head_name, head_gender, "Chủ hộ", born)]
    if chance.random() < 0.8:
        gender = Gender.FEMALE if head_gender is Gender.MALE else Gender.MALE
        relation = "Vợ" if gender is Gender.FEMALE else "Chồng"
        members.append((person_name(chance, gender), gender, relation, born + chance.randint(-5, 5)))
    for _ in range(chance.choice((0, 1, 1, 2, 2, 3))):
        gender = chance.choice((Gender.MALE, Gender.FEMALE))
        age_of_parent = chance.randint(19, 34)
        members.append(
            (person_name(chance, gender, head_name.split()[0]), gender, "Con", min(born + age_of_parent, year - 1))
        )
    return [
        {
            "full_name": name,
            **_name_keys(name),
            "is_head": place == 0,
            "relation": relation,
            "birth_year": birth_year,
            "gender": gender,
            "ethnic_group": group,
            "on_state_payroll": relation == "Con" and birth_year < year - 25 and chance.random() < 0.1,
        }
        for place, (name, gender, relation, birth_year) in enumerate(members)
    ]


def _person(resident_id: int, member: dict[str, Any], year: int) -> Person:
    return Person(
        resident_id, member["full_name"], member["gender"], member["birth_year"] <= year - 18, member["relation"]
    )


def _phones(
    chance: Random, household_ids: list[int], people: list[tuple[Person, ...]], office: Office
) -> list[Line | None]:
    """A phone for most: their own, a relative's, one that three houses share, a landline, one that is dead or
    refuses our texts; none for one in eight. The first households get one of each kind."""
    book = PhoneBook()
    shared = book.mobile()
    kinds = ["member", "relative", "none", "dead", "shared", "landline", "refuses", "shared", "off", "shared", "none"]
    often = ["member"] * 62 + ["relative"] * 14 + ["none"] * 13 + ["landline"] * 3 + ["dead"] * 3 + ["off"] * 2
    often += ["refuses"] * 2
    lines: list[Line | None] = []
    rows: list[dict[str, Any]] = []
    for place, (household_id, family) in enumerate(zip(household_ids, people, strict=True)):
        kind = kinds[place // 2] if place % 2 and place // 2 < len(kinds) else chance.choice(often)
        line = _line(kind, book, shared, chance)
        lines.append(line)
        if line is not None:
            rows.append(
                {
                    "household_id": household_id,
                    "resident_id": family[0].id if line.owner is PhoneOwner.MEMBER else None,
                    "phone": line.phone,
                    "takes_sms": line.takes_sms,
                    "owner": line.owner,
                    "owner_note": {"relative": "con trai", "shared": "trưởng thôn"}.get(kind, ""),
                }
            )
    insert_rows(Contact, rows)
    return lines


def _line(kind: str, book: PhoneBook, shared: str, chance: Random) -> Line | None:
    match kind:
        case "member":
            return Line(book.mobile(), PhoneOwner.MEMBER, True)
        case "relative":
            return Line(book.mobile(), PhoneOwner.RELATIVE, True)
        case "shared":
            return Line(shared, PhoneOwner.HAMLET_HEAD, True)
        case "landline":
            return Line(book.landline(), PhoneOwner.MEMBER, False)
        case "dead":
            return Line(book.odd_mobile(chance.choice(DEAD)), PhoneOwner.MEMBER, True)
        case "refuses":
            return Line(book.odd_mobile(REFUSES), PhoneOwner.MEMBER, True)
        case "off":
            return Line(book.odd_mobile(SWITCHED_OFF), PhoneOwner.MEMBER, True)
    return None


def _phone_states(lines: list[Line | None], now: datetime) -> list[dict[str, Any]]:
    """What became known of the odd numbers three weeks ago."""
    learnt = now - ODD_PHONES_LEARNT
    states = {}
    for line in lines:
        ending = line.phone[-2:] if line else ""
        if line and line.takes_sms and ending in (*DEAD, REFUSES):
            refuses = ending == REFUSES
            states[line.phone] = {
                "phone": line.phone,
                "opted_out_at": learnt if refuses else None,
                "opted_out_how": "page" if refuses else "",
                "dead_at": None if refuses else learnt,
                "last_outcome": "refused",
                "last_outcome_at": learnt,
            }
    return list(states.values())

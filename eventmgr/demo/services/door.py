"""Who came to the meetings that are over: every event at the door and the attendance it made."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from eventmgr.checkin.models import Attendance, Device, Scan
from eventmgr.checkin.values import Answer, Method
from eventmgr.core.db import db
from eventmgr.demo.invented import person_name
from eventmgr.demo.services.bulk import insert_rows
from eventmgr.demo.services.office import Office
from eventmgr.demo.values import Gathering, Invited, Person
from eventmgr.meetings.values import InviteUnit
from eventmgr.residents.values import Gender, PovertyClass

METHODS = (Method.LIST,) * 9 + (Method.CAMERA,) * 7 + (Method.TYPED,) * 2 + (Method.SEARCH,) * 2
RELATIONS = ("con trai", "con gái", "con dâu", "em trai")


class Door:
    """Lets the invented people in."""

    def __init__(self, office: Office, chance: Random) -> None:
        self._office = office
        self._chance = chance
        self._undone = False

    def let_in(self, gathering: Gathering, invited: list[Invited]) -> None:
        """All that happened at the door of one meeting."""
        starts_at = gathering.slot.starts_at
        assert starts_at is not None
        device_id = self._pair_phone(gathering, starts_at)
        parties: list[tuple[Invited | None, dict[str, Any]]] = []
        for invitation in invited:
            if self._comes(invitation):
                parties += [(invitation, person) for person in self._people(gathering, invitation)]
        parties += [(None, self._walk_in(gathering, place)) for place in range(self._chance.randint(1, 3))]
        scans, rows = [], []
        for place, (party, person) in enumerate(parties):
            method = Method.WALK_IN if party is None else self._chance.choice(METHODS)
            at = starts_at + timedelta(seconds=self._chance.randint(-1500, 1200))
            code = party.code if party and method in (Method.CAMERA, Method.TYPED) else ""
            scans.append(self._scan(gathering, device_id, place, method, Answer.OK, at, code, person["name"]))
            rows.append(self._attendance(gathering, device_id, party, person, method, at))
        ids = insert_rows(Scan, scans)
        if rows and not self._undone:
            self._undo_first(rows, starts_at)
        insert_rows(Attendance, [row | {"scan_id": scan_id} for row, scan_id in zip(rows, ids, strict=True)])
        self._refuse_some(gathering, device_id, starts_at, scans)

    def _comes(self, invitation: Invited) -> bool:
        if invitation.is_coming:
            return self._chance.random() < 0.88
        if invitation.by_proxy:
            return self._chance.random() < 0.85
        return self._chance.random() < (0.04 if invitation.said_no else 0.42)

    def _people(self, gathering: Gathering, invitation: Invited) -> list[dict[str, Any]]:
        """Who of a household comes: one for all, somebody instead, or those named."""
        if invitation.visitor is not None:
            guest = invitation.visitor
            return [
                {
                    "name": "",
                    "guest_id": guest.id,
                    "gender": guest.gender,
                    "on_state_payroll": guest.on_state_payroll,
                    "is_minority": None,
                    "hamlet_id": None,
                }
            ]
        home = invitation.home
        assert home is not None
        snapshot = {
            "household_id": home.id,
            "hamlet_id": home.hamlet_id,
            "poverty_class": home.poverty_class,
            "is_minority": home.is_minority,
        }
        if invitation.by_proxy and gathering.slot.unit is InviteUnit.HOUSEHOLD:
            gender = self._chance.choice((Gender.FEMALE, Gender.MALE))
            name = person_name(self._chance, gender, home.head.full_name.split()[0])
            relation = self._chance.choice(RELATIONS)
            return [snapshot | {"name": name, "proxy_name": name, "relation": relation, "gender": gender}]
        adults: list[Person] = [home.head, *(person for person in home.people[1:] if person.is_adult)]
        if gathering.slot.unit is InviteUnit.PERSONS:
            chosen = adults[: self._chance.randint(1, 2)]
        else:
            chosen = [self._chance.choice((home.head, self._chance.choice(adults)))]
        return [
            snapshot | {"name": person.full_name, "resident_id": person.id, "gender": person.gender}
            for person in chosen
        ]

    def _walk_in(self, gathering: Gathering, place: int) -> dict[str, Any]:
        gender = self._chance.choice((Gender.FEMALE, Gender.MALE))
        name = person_name(self._chance, gender)
        return {
            "name": name,
            "walk_in_name": name,
            "gender": gender,
            "hamlet_id": gathering.slot.hamlets[0].id if place else None,
            "is_minority": None,
        }

    def _pair_phone(self, gathering: Gathering, starts_at: datetime) -> int:
        """The hamlet head's phone, paired the evening before; its time is over."""
        device = Device(
            label=f"Điện thoại {self._office.hamlet_head.full_name}",
            meeting_id=gathering.id,
            created_by_id=self._office.officer.id,
            created_at=starts_at - timedelta(hours=14),
            paired_at=starts_at - timedelta(hours=13),
            expires_at=starts_at + timedelta(hours=12),
            last_seen_at=starts_at + timedelta(hours=2),
        )
        db.session.add(device)
        db.session.flush()
        return device.id

    def _scan(
        self,
        gathering: Gathering,
        device_id: int,
        place: int,
        method: Method,
        answer: Answer,
        at: datetime,
        code: str,
        name: str,
    ) -> dict[str, Any]:
        offline = place % 7 == 3
        return {
            "meeting_id": gathering.id,
            "source": f"device:{device_id}",
            "event_id": f"{self._chance.getrandbits(128):032x}",
            "code": code,
            "method": method,
            "answer": answer,
            "people": [{"name": name, "status": answer.value, "first_scanned_at": at.isoformat()}] if name else [],
            "scanned_at": at,
            "received_at": at + (timedelta(hours=1) if offline else timedelta(seconds=1)),
            "offline": offline,
        }

    def _attendance(
        self,
        gathering: Gathering,
        device_id: int,
        invitation: Invited | None,
        person: dict[str, Any],
        method: Method,
        at: datetime,
    ) -> dict[str, Any]:
        return {
            "meeting_id": gathering.id,
            "invitation_id": invitation.id if invitation else None,
            "household_id": person.get("household_id"),
            "resident_id": person.get("resident_id"),
            "guest_id": person.get("guest_id"),
            "walk_in_name": person.get("walk_in_name", ""),
            "proxy_name": person.get("proxy_name", ""),
            "relation": person.get("relation", ""),
            "method": method,
            "attended_at": at,
            "operator_id": self._office.hamlet_head.id,
            "device_id": device_id,
            "undone_at": None,
            "undone_by_id": None,
            "undo_reason": "",
            "hamlet_id": person["hamlet_id"],
            "poverty_class": person.get("poverty_class", PovertyClass.OTHER),
            "gender": person["gender"],
            "is_minority": person["is_minority"],
            "on_state_payroll": person.get("on_state_payroll", False),
        }

    def _undo_first(self, rows: list[dict[str, Any]], starts_at: datetime) -> None:
        """One tick was a mistake."""
        self._undone = True
        rows[0] |= {
            "undone_at": starts_at + timedelta(minutes=25),
            "undone_by_id": self._office.officer.id,
            "undo_reason": "Tích nhầm hộ bên cạnh",
        }

    def _refuse_some(
        self, gathering: Gathering, device_id: int, starts_at: datetime, scans: list[dict[str, Any]]
    ) -> None:
        """A code read twice, and one that nobody knows."""
        at = starts_at + timedelta(minutes=21)
        again = next((scan for scan in scans if scan["code"]), None)
        rows = [self._scan(gathering, device_id, 0, Method.TYPED, Answer.UNKNOWN, at, "0000000000", "")]
        if again:
            rows.append(
                self._scan(gathering, device_id, 1, Method.CAMERA, Answer.ALREADY, at, again["code"], "")
                | {"people": again["people"]}
            )
        insert_rows(Scan, rows)

"""What went out to the invented phones, what came back, and whom somebody told in person."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

import sqlalchemy as sa

from eventmgr.core.audit import record_audit
from eventmgr.core.clock import local, local_day
from eventmgr.core.codes import spell_code
from eventmgr.core.db import db
from eventmgr.core.phone import national_form
from eventmgr.core.text import given_name, short_honorific, to_gsm
from eventmgr.demo.services.bulk import insert_keyed, insert_rows
from eventmgr.demo.services.office import CONTACT_PHONE, Office
from eventmgr.demo.services.people import DEAD, REFUSES, SWITCHED_OFF
from eventmgr.demo.values import Gathering, Invited
from eventmgr.meetings.models import ContactOutcome
from eventmgr.meetings.values import Channel, ContactResult, MeetingStatus
from eventmgr.messaging.models import Approval, Batch, DeliveryEvent, InboundText, Message
from eventmgr.messaging.queries import Prices
from eventmgr.messaging.segments import count_segments
from eventmgr.messaging.services import approve, ask_for_approval
from eventmgr.messaging.texts import DEFAULT_WORDINGS, TextPurpose, render_text
from eventmgr.messaging.values import FINAL, BatchKind, BatchState, MessageState, Wish

WEEKDAYS = ("Thứ 2", "Thứ 3", "Thứ 4", "Thứ 5", "Thứ 6", "Thứ 7", "CN")
PARTS_OF_DAY = ((11, "sáng"), (13, "trưa"), (18, "chiều"), (24, "tối"))
LEAD = timedelta(days=4)
GATEWAY = "simulator"


WROTE_BACK = (
    # Hours ago, what came, and whether a person has to read it.
    (30, "1", Wish.COMING, False),
    (26, "Khong", Wish.NOT_COMING, False),
    (20, "TU CHOI", Wish.STOP, False),
    (5, "Em xin phep den muon mot chut duoc khong a?", Wish.OTHER, True),
    (2, "Hop co phat qua khong can bo?", Wish.OTHER, True),
)
"""What some of the invented phones answered."""


class Post:
    """Sends the demo's texts, so to speak: every row as the worker and the networks would have left it."""

    def __init__(self, office: Office, chance: Random, now: datetime) -> None:
        self._office = office
        self._chance = chance
        self._now = now
        self._prices = Prices(local_day(now))
        self._unknown_left = 2

    def send_invitations(self, gathering: Gathering, invited: list[Invited]) -> None:
        """The invitations of a meeting: approved by the leader and gone, long before or a few days ago."""
        slot = gathering.slot
        assert slot.starts_at is not None
        asked_at = min(self._now, slot.starts_at) - LEAD
        approval = ask_for_approval(self._office.commune, by=self._office.officer, now=asked_at - timedelta(hours=20))
        batch = self._batch(gathering, BatchKind.INVITE, approval, asked_at, BatchState.AWAITING_APPROVAL)
        approve(approval, by=self._office.leader, now=asked_at - timedelta(hours=2))
        batch.state = BatchState.DONE
        is_next = slot.status is MeetingStatus.SCHEDULED
        messages = self._messages(gathering, batch, invited, sent_at=asked_at, is_recent=is_next)
        self._tell(gathering, invited, messages, asked_at)
        if slot.status is MeetingStatus.CANCELLED:
            day_before = slot.starts_at - timedelta(days=1)
            cancelling = self._batch(gathering, BatchKind.CANCEL, None, day_before, BatchState.DONE)
            self._messages(gathering, cancelling, invited, sent_at=day_before, is_recent=False)
        elif slot.status is MeetingStatus.CLOSED:
            day_before = slot.starts_at - timedelta(days=1)
            reminding = self._batch(gathering, BatchKind.REMIND, approval, day_before, BatchState.DONE)
            coming = [invitation for invitation in invited if not invitation.said_no]
            self._messages(gathering, reminding, coming, sent_at=day_before, is_recent=False)

    def take_answers(self) -> None:
        """What came in from some of the phones that were written to last."""
        arrived = sa.select(Message.phone).where(Message.state == MessageState.DELIVERED).order_by(Message.id.desc())
        phones = db.session.scalars(arrived.limit(len(WROTE_BACK)))
        insert_rows(
            InboundText,
            [
                {
                    "area_id": self._office.commune.id,
                    "gateway_id": f"demo:{place}",
                    "sender": phone,
                    "text": text,
                    "wish": wish,
                    "to_read": to_read,
                    "received_at": self._now - timedelta(hours=hours),
                    "handled_at": None,
                    "handled_by_id": None,
                }
                for place, (phone, (hours, text, wish, to_read)) in enumerate(zip(phones, WROTE_BACK, strict=False))
            ],
        )

    def ask_for_series(self, meetings: list[tuple[Gathering, list[Invited]]]) -> None:
        """Texts for several meetings that wait for the leader's one yes."""
        if not meetings:
            return
        asked_at = self._now - timedelta(hours=3)
        approval = ask_for_approval(
            self._office.commune, by=self._office.officer, now=asked_at, note="Đợt 2: mỗi thôn một hội nghị"
        )
        for gathering, invited in meetings:
            batch = self._batch(gathering, BatchKind.INVITE, approval, asked_at, BatchState.AWAITING_APPROVAL)
            self._messages(gathering, batch, invited, sent_at=None, is_recent=True)

    def _batch(
        self, gathering: Gathering, kind: BatchKind, approval: Approval | None, at: datetime, state: BatchState
    ) -> Batch:
        wordings = {"invite": TextPurpose.INVITE, "remind": TextPurpose.REMIND, "cancel": TextPurpose.CANCEL}
        texts = {kind.value: DEFAULT_WORDINGS[wordings[kind.value]].plain}
        if kind is BatchKind.INVITE:
            texts["relay"] = DEFAULT_WORDINGS[TextPurpose.RELAY].plain
        batch = Batch(
            area_id=self._office.commune.id,
            subject=f"meeting:{gathering.id}",
            title=gathering.title,
            kind=kind,
            texts=texts,
            send_at=at,
            state=state,
            approval=approval,
            created_by_id=self._office.officer.id,
            created_at=at,
        )
        db.session.add(batch)
        db.session.flush()
        record_audit(
            "queue_batch", f"batch:{batch.id}", by=self._office.officer, now=at, area_id=self._office.commune.id
        )
        return batch

    def _messages(
        self, gathering: Gathering, batch: Batch, invited: list[Invited], *, sent_at: datetime | None, is_recent: bool
    ) -> dict[int, MessageState]:
        """One text for each invitation that travels by SMS; returns how each ended."""
        texted = [i for i in invited if i.home and i.home.line and i.channel in (Channel.SMS, Channel.RELAY)]
        rows: list[dict[str, Any]] = []
        for invitation in texted:
            assert invitation.home
            assert invitation.home.line
            phone, key = invitation.home.line.phone, f"invitation:{invitation.id}"
            text = self._text(gathering, batch, invitation)
            count = count_segments(text)
            state = self._ending(phone, is_recent) if sent_at else MessageState.QUEUED
            at = sent_at or batch.created_at
            rows.append(
                {
                    "public_id": f"{self._chance.getrandbits(128):032x}",
                    "batch_id": batch.id,
                    "subject": batch.subject,
                    "kind": batch.kind,
                    "revision": 1,
                    "once_key": f"{batch.subject}|{batch.kind.value}|1|{phone}|{key}",
                    "phone": phone,
                    "recipient_key": key,
                    "text": text,
                    "encoding": count.encoding,
                    "segments": count.segments,
                    "price": count.segments * self._prices.of_segment(phone),
                    "state": state,
                    "attempts": 1 if sent_at else 0,
                    "next_attempt_at": None if sent_at else at,
                    "claimed_at": sent_at,
                    "expires_at": gathering.slot.starts_at,
                    "gateway": GATEWAY if sent_at else "",
                    "gateway_id": self._gateway_id(state, sent_at),
                    "error": _error(phone, state),
                    "queued_at": at,
                    "settled_at": at + timedelta(minutes=1)
                    if state in FINAL or state is MessageState.UNKNOWN
                    else None,
                }
            )
        ids = insert_rows(Message, rows)
        insert_keyed(
            DeliveryEvent,
            [
                event
                for message_id, row in zip(ids, rows, strict=True)
                if sent_at
                for event in _events(message_id, row, sent_at)
            ],
        )
        return {invitation.id: row["state"] for invitation, row in zip(texted, rows, strict=True)}

    def _gateway_id(self, state: MessageState, sent_at: datetime | None) -> str | None:
        if sent_at is None or state in (MessageState.REFUSED, MessageState.UNKNOWN):
            return None
        return f"demo-{self._chance.getrandbits(96):024x}"

    def _ending(self, phone: str, is_recent: bool) -> MessageState:
        match phone[-2:]:
            case ending if ending in (DEAD[0], REFUSES):
                return MessageState.REFUSED
            case ending if ending in (DEAD[1], SWITCHED_OFF):
                return MessageState.FAILED
        if is_recent and self._unknown_left and self._chance.random() < 0.3:
            self._unknown_left -= 1
            return MessageState.UNKNOWN
        if is_recent and self._chance.random() < 0.06:
            return self._chance.choice((MessageState.SENT, MessageState.ACCEPTED))
        return MessageState.DELIVERED

    def _text(self, gathering: Gathering, batch: Batch, invitation: Invited) -> str:
        assert invitation.home
        assert gathering.slot.starts_at
        start = local(gathering.slot.starts_at)
        relayed = batch.kind is BatchKind.INVITE and invitation.channel is Channel.RELAY
        head = invitation.home.head
        values = {
            "xa": self._office.commune.name,
            "ten": f"{short_honorific(head.gender.value)} {given_name(head.full_name)}",
            "thon": gathering.slot.hamlets[0].name,
            "gio": f"{start.hour}h{start.minute:02d}".removesuffix("00")
            + " "
            + next(word for end, word in PARTS_OF_DAY if start.hour < end),
            "ngay": f"{WEEKDAYS[start.weekday()]} {start.day}/{start.month}",
            "dia_diem": gathering.venue,
            "ma": spell_code(invitation.code),
            "link": "",
            "dien_thoai": national_form(CONTACT_PHONE),
        }
        return to_gsm(render_text(batch.texts["relay" if relayed else batch.kind.value], values))

    def _tell(
        self, gathering: Gathering, invited: list[Invited], messages: dict[int, MessageState], asked_at: datetime
    ) -> None:
        """Who was reached: by the network's report, or by the hamlet head and the officer."""
        rows: list[dict[str, Any]] = []
        for invitation in invited:
            state = messages.get(invitation.id)
            if state is MessageState.DELIVERED:
                rows.append(_outcome(invitation, ContactResult.SMS_DELIVERED, None, asked_at + timedelta(minutes=1)))
                continue
            results = {
                Channel.CALL: (ContactResult.CALLED, ContactResult.TOLD_FAMILY, ContactResult.NOT_REACHED),
                Channel.PAPER: (ContactResult.PAPER_HANDED, ContactResult.TOLD_IN_PERSON, ContactResult.TOLD_FAMILY),
            }.get(invitation.channel, (ContactResult.CALLED, ContactResult.TOLD_IN_PERSON, ContactResult.NOT_REACHED))
            # Who has answered was told by somebody.
            answered = invitation.is_coming or invitation.by_proxy or invitation.said_no
            done = answered or self._chance.random() < (
                0.5 if gathering.slot.status is MeetingStatus.SCHEDULED else 0.9
            )
            if done:
                result = self._chance.choices(results, weights=(6, 3, 0 if answered else 1))[0]
                told_at = asked_at + timedelta(hours=self._chance.randint(5, 60))
                rows.append(_outcome(invitation, result, self._office.hamlet_head.id, told_at))
        insert_rows(ContactOutcome, rows)


def _outcome(invitation: Invited, result: ContactResult, by_id: int | None, at: datetime) -> dict[str, Any]:
    return {
        "invitation_id": invitation.id,
        "channel": invitation.channel,
        "result": result,
        "by_id": by_id,
        "at": at,
    }


def _error(phone: str, state: MessageState) -> str:
    if state is MessageState.UNKNOWN:
        return "no_answer"
    if state not in (MessageState.REFUSED, MessageState.FAILED):
        return ""
    words = {REFUSES: "opted_out", DEAD[0]: "takes_no_sms", DEAD[1]: "no_such_number"}
    return words.get(phone[-2:], "switched_off")


def _events(message_id: int, row: dict[str, Any], sent_at: datetime) -> list[dict[str, Any]]:
    """What the gateway said at once, and what the network said later."""
    state: MessageState = row["state"]
    first = {MessageState.UNKNOWN: "outcome_unknown", MessageState.REFUSED: "refused"}.get(state, "accepted")
    words = [("attempt", first)]
    if state in (MessageState.SENT, MessageState.DELIVERED, MessageState.FAILED):
        words.append((GATEWAY, state.value))
    return [
        {
            "message_id": message_id,
            "at": sent_at + timedelta(seconds=4 * place),
            "source": source,
            "outcome": outcome,
            "code": row["error"] if place == len(words) - 1 else "",
            "raw": {},
        }
        for place, (source, outcome) in enumerate(words)
    ]

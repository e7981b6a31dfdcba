"""What codes mean, in whole sentences for officers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _

from eventmgr.core.clock import local_day
from eventmgr.core.language import say_clock_time, say_moment
from eventmgr.messaging.gateways import android, twilio
from eventmgr.messaging.gateways.base import Trouble
from eventmgr.messaging.models import DeliveryEvent, Message
from eventmgr.messaging.queries import Leaving
from eventmgr.messaging.texts import TextPurpose
from eventmgr.messaging.values import BatchKind, LeftOutReason, MessageState, Wish

KINDS: dict[BatchKind, Any] = {
    BatchKind.INVITE: _("Invitation"),
    BatchKind.REMIND: _("Reminder"),
    BatchKind.RESCHEDULE: _("Notice of a new time"),
    BatchKind.POSTPONE: _("Notice of a postponement"),
    BatchKind.CANCEL: _("Notice that the meeting is not held"),
    BatchKind.THANK: _("Thanks"),
    BatchKind.CUSTOM: _("Own text"),
}

PURPOSES: dict[TextPurpose, Any] = {
    TextPurpose.INVITE: _("Invitation"),
    TextPurpose.INVITE_WITH_LINK: _("Invitation with a link"),
    TextPurpose.RELAY: _("Invitation through another's phone"),
    TextPurpose.REMIND: _("Reminder"),
    TextPurpose.REMIND_RELAY: _("Reminder through another's phone"),
    TextPurpose.RESCHEDULE: _("Notice of a new time"),
    TextPurpose.POSTPONE: _("Notice of a postponement"),
    TextPurpose.CANCEL: _("Notice that the meeting is not held"),
}

STATES: dict[MessageState, Any] = {
    MessageState.QUEUED: _("Waiting to be sent"),
    MessageState.SENDING: _("Being sent"),
    MessageState.ACCEPTED: _("Gateway has it"),
    MessageState.SENT: _("Passed to the network"),
    MessageState.DELIVERED: _("Network reports it arrived"),
    MessageState.FAILED: _("Could not be sent"),
    MessageState.REFUSED: _("Number cannot receive messages"),
    MessageState.UNKNOWN: _("Outcome unknown"),
    MessageState.EXPIRED: _("Too late, not sent"),
    MessageState.WITHDRAWN: _("Withdrawn"),
}

LEFT_OUT: dict[LeftOutReason, Any] = {
    LeftOutReason.OPTED_OUT: _("does not want text messages"),
    LeftOutReason.DEAD: _("the number takes no text messages"),
    LeftOutReason.ALREADY: _("has this message already"),
}

TROUBLES: dict[Trouble, Any] = {
    Trouble.CREDENTIALS: _(
        "The gateway does not accept our account name and password. Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, "
        "then go on with this batch."
    ),
    Trouble.COUNTRY: _(
        "Our account may not send to Vietnam yet. Allow it at the gateway (messaging geographic permissions), then go "
        "on with this batch."
    ),
    Trouble.TRIAL: _(
        "Our account is on trial and may only write to numbers confirmed there. Confirm them or upgrade the account, "
        "then go on with this batch."
    ),
    Trouble.SENDER: _(
        "The gateway cannot send from our number or sender name. Check TWILIO_FROM and TWILIO_MESSAGING_SERVICE_SID, "
        "then go on with this batch."
    ),
    Trouble.SUSPENDED: _("The gateway has suspended our account. Ask the gateway why, then go on with this batch."),
    Trouble.BALANCE: _("The account at the gateway has no money left. Top it up, then go on with this batch."),
    Trouble.CALLBACK: _(
        "The gateway cannot use our public address for its reports. Check PUBLIC_URL, then go on with this batch."
    ),
}

OF_A_PHONE: dict[Trouble, Any] = {
    Trouble.CREDENTIALS: _(
        "The phone that sends does not accept our user name and password. Check ANDROID_GATEWAY_USER and "
        "ANDROID_GATEWAY_PASSWORD against its screen, then go on with this batch."
    ),
}
"""The same where texts leave by a phone with a SIM: it has an address and a password, and no account."""

WISHES_DONE: dict[Wish, Any] = {
    Wish.STOP: _("Wants no more texts: noted, none are sent."),
    Wish.START: _("Wants texts again: noted."),
    Wish.COMING: _("Coming: noted as the answer to the invitation."),
    Wish.NOT_COMING: _("Cannot come: noted as the answer to the invitation."),
    Wish.OTHER: _("Read by an officer."),
}
"""What was done about a text that came in."""

ERRORS: dict[str, Any] = {
    "opted_out": _("The owner of the phone does not want text messages."),
    "takes_no_sms": _("This number takes no text messages."),
    "no_such_number": _("This number does not exist."),
    "switched_off": _("The phone was switched off or without signal."),
    "gave_up": _("The gateway could not take it for many hours."),
    "no_connection": _("The gateway could not be reached."),
    "no_answer": _("The gateway was asked but did not answer. It is being asked whether the message arrived."),
    "worker_lost": _("The sender stopped in the middle. The gateway is being asked whether the message arrived."),
    # Source: Twilio error and warning dictionary, https://www.twilio.com/docs/api/errors
    "21211": _("This is not a number that can be written to."),
    "21610": _("The owner of the phone does not want text messages."),
    "21611": _("Too many messages are waiting at the gateway."),
    "21614": _("This number takes no text messages."),
    "21635": _("This number takes no text messages."),
    "20429": _("Too many messages at once; the gateway asked us to wait."),
    "30001": _("Too many messages are waiting at the gateway."),
    "30003": _("The phone was switched off or without signal."),
    "30005": _("This number does not exist any more."),
    "30006": _("This number takes no text messages."),
    "30007": _("The network blocked the text. The wording or the sender name may have to be registered."),
    "30008": _("The network did not say why."),
    "android_failed": _("The phone that sends could not send it."),
    "android_400": _("The phone that sends does not take this number or text."),
    "android_422": _("The phone that sends does not take this number or text."),
    "queue_full": _("Too many messages are waiting at the gateway."),
}


def describe_error(code: str) -> Any:
    """A code as a sentence; one that is not known here is shown as such."""
    if not code:
        return ""
    if code.startswith("android: "):
        return _("The phone that sends says: %(why)s.", why=code.removeprefix("android: "))
    return ERRORS.get(code) or _("A code of the gateway that we do not know: %(code)s.", code=code)


_TRIED: dict[str, Any] = {
    "refused": _("The gateway refused it."),
    "rejected": _("The gateway did not take it."),
    "unavailable": _("The gateway could not take it at that moment."),
    "account_problem": _("The gateway refused our account."),
    "outcome_unknown": _("Whether the gateway took it was not known."),
    "taken before": _("The gateway had it already."),
}
"""What came of handing a text over, by the word kept with the attempt; any other is the gateway's word for yes."""
_WORDS: Mapping[str, MessageState] = {**twilio.STATES, **android.STATES, **android.EVENTS}
"""The words in which gateways report, whichever gateway's they are; the simulator speaks as Twilio does."""
_REPORTED: dict[MessageState, Any] = {
    MessageState.ACCEPTED: _("The gateway has it."),
    MessageState.SENT: _("It was passed to the network."),
    MessageState.DELIVERED: _("The network reports that it arrived."),
    MessageState.FAILED: _("The network reports that it did not arrive."),
}


def describe_event(event: DeliveryEvent) -> str:
    """One step of a text in plain words, with what its code means."""
    if event.outcome == "outcome_unknown":
        return str(_TRIED[event.outcome])  # its code says how the answer was lost, which helps nobody
    if event.source == "attempt":
        told = _TRIED.get(event.outcome) or _("Handed to the gateway.")
    elif event.outcome in _WORDS:
        told = _REPORTED[_WORDS[event.outcome]]
    else:
        told = _("The gateway reports a word we do not know: %(word)s.", word=event.outcome)
    return " ".join(filter(None, (str(told), str(describe_error(event.code)))))


def describe_remark(message: Message) -> Any:
    """What an officer should know of one message beside its state."""
    if message.state is MessageState.UNKNOWN and message.settled_at is not None:
        return _("The gateway could not say whether this message arrived. Better call.")
    if message.state is MessageState.QUEUED and message.retries and message.next_attempt_at:
        return _(
            "%(why)s It will be sent again at %(moment)s.",
            why=describe_error(message.error),
            moment=say_moment(message.next_attempt_at),
        )
    return describe_error(message.error)


def describe_pause(reason: str, gateway: str) -> Any:
    """Why a batch paused by itself, and what to do about it at the gateway in use; empty where an officer paused it."""
    if reason not in set(Trouble):
        return ""
    own = OF_A_PHONE if gateway == "android" else {}
    return own.get(Trouble(reason)) or TROUBLES[Trouble(reason)]


def describe_leaving(leaving: Leaving, now: datetime) -> Any:
    """When texts really leave that were asked for in the no-send hours; empty where those do not matter."""
    if not leaving.is_moved:
        return ""
    if leaving.asked > now:
        return _(
            "At %(asked)s no text leaves: these leave at %(moment)s.",
            asked=say_clock_time(leaving.asked),
            moment=say_moment(leaving.at),
        )
    hours = {"time": say_clock_time(now), "hour": say_clock_time(leaving.at)}
    if local_day(leaving.at) == local_day(now):
        return _("It is %(time)s: texts leave today at %(hour)s.", **hours)
    return _("It is %(time)s: texts leave tomorrow at %(hour)s.", **hours)

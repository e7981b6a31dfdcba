"""The simulator: every text is taken and seems to arrive, without any account or network.

It stores nothing: the message row is all there is, and the page of simulated phones reads it.
What becomes of a text follows from the last two digits of the number, so that officers can see
every outcome, and the same one each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from eventmgr.messaging.gateways.base import DeliveryReceipt, OutgoingSms, Refused, SendReceipt
from eventmgr.messaging.values import MessageState

DELIVERY_TIME = timedelta(seconds=4)


@dataclass(frozen=True, slots=True)
class Ending:
    """What the simulator does to numbers that end in certain two digits."""

    code: str
    refused: bool  # at once, else reported after a while
    number_dead: bool = False
    opted_out: bool = False


ENDINGS: dict[str, Ending] = {
    "96": Ending("opted_out", refused=True, opted_out=True),
    "97": Ending("takes_no_sms", refused=True, number_dead=True),
    "98": Ending("no_such_number", refused=False, number_dead=True),
    "99": Ending("switched_off", refused=False),
}


class SimulatorGateway:
    """Takes every text at once and reports on it when asked."""

    name = "simulator"
    repeat_is_safe = True  # the row is the phone's message: there is nothing to double
    check_after: Sequence[timedelta] = (DELIVERY_TIME,)

    def send(self, sms: OutgoingSms) -> SendReceipt:
        ending = ENDINGS.get(sms.to[-2:])
        if ending and ending.refused:
            raise Refused(ending.code, number_dead=ending.number_dead, opted_out=ending.opted_out)
        return SendReceipt(_id_for(sms), outcome="accepted")

    def find(self, sms: OutgoingSms, since: datetime) -> list[DeliveryReceipt]:
        return []

    def check(self, gateway_id: str, to: str) -> DeliveryReceipt:
        ending = ENDINGS.get(to[-2:])
        if ending is None:
            return DeliveryReceipt(gateway_id, "delivered", MessageState.DELIVERED)
        return DeliveryReceipt(
            gateway_id,
            "failed",
            MessageState.FAILED,
            code=ending.code,
            number_dead=ending.number_dead,
        )


def _id_for(sms: OutgoingSms) -> str:
    return f"sim-{sms.public_id}"

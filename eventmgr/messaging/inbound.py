"""Texts that people send to us, where a gateway takes them."""

from __future__ import annotations

import logging
import re
from datetime import datetime
from enum import StrEnum

from eventmgr.core.phone import find_phone
from eventmgr.core.text import search_key
from eventmgr.messaging.gateways.base import InboundSms
from eventmgr.residents import phones

logger = logging.getLogger(__name__)


class Wish(StrEnum):
    """What somebody asks for by a text."""

    STOP = "stop"
    START = "start"
    OTHER = "other"


STOP_WORDS = frozenset({"stop", "tu choi", "huy", "dung", "dung nhan", "khong nhan", "thoi"})
START_WORDS = frozenset({"start", "dong y", "nhan lai", "nhan tin"})
_NOT_LETTERS = re.compile(r"[^a-z0-9]+")


def read_wish(text: str) -> Wish:
    """What a text asks for: whole texts only, whatever their marks, case and punctuation.

    "Huy" is a name as well, so a sentence that begins with it is left to a person.
    """
    words = _NOT_LETTERS.sub(" ", search_key(text)).strip()
    if words in STOP_WORDS:
        return Wish.STOP
    if words in START_WORDS:
        return Wish.START
    return Wish.OTHER


def take_inbound(sms: InboundSms, *, now: datetime) -> Wish:
    """Do what a text from outside asks for, if it is one of the known words."""
    phone = find_phone(sms.sender)
    wish = read_wish(sms.text)
    if phone is None:
        logger.info("A text came from no phone we could write to.", extra={"gateway_id": sms.gateway_id})
        return Wish.OTHER
    if wish is Wish.STOP:
        phones.opt_out(phone.e164, "sms", now)
    elif wish is Wish.START:
        phones.opt_in(phone.e164)
    return wish

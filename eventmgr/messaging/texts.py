"""The texts residents get: default wordings and the filling of their placeholders.

Pure functions from names to values. Which name, hour or venue stands for a placeholder is known
to the room that writes the invitation, not here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from flask_babel import lazy_gettext as _

from eventmgr.core.errors import RuleBroken
from eventmgr.core.text import search_key

PLACEHOLDERS = ("xa", "ten", "thon", "gio", "ngay", "dia_diem", "ma", "link", "dien_thoai")
"""What a text may name: commune, people, hamlet, hour, day, venue, code, link, phone to ask."""

_BRACES = re.compile(r"\{([^{}]*)\}|[{}]")


class TextPurpose(StrEnum):
    """What a text is for."""

    INVITE = "invite"
    INVITE_WITH_LINK = "invite_with_link"
    RELAY = "relay"
    REMIND = "remind"
    REMIND_RELAY = "remind_relay"
    RESCHEDULE = "reschedule"
    POSTPONE = "postpone"
    CANCEL = "cancel"


NOTICES = frozenset({TextPurpose.RESCHEDULE, TextPurpose.POSTPONE, TextPurpose.CANCEL})
"""Texts that are the same for everybody."""
NOTICE_PLACEHOLDERS = frozenset({"xa", "thon", "gio", "ngay", "dia_diem", "dien_thoai"})
"""What such a text may name: nobody and no code."""


def language_key(name: str) -> str:
    """What makes two names of a language one, however they are written; empty for Vietnamese."""
    key = search_key(name)
    return "" if key in _VIETNAMESE else key


_VIETNAMESE = frozenset({"tieng viet", "viet", "tieng pho thong", "pho thong", "kinh", "tieng kinh", "vietnamese"})


@dataclass(frozen=True, slots=True)
class Wording:
    """One text in its two forms: as written, and without the marks (a third of the price).

    They are two texts and not one made from the other: some words mislead once their marks are
    gone and are better put differently.
    """

    marked: str
    plain: str


DEFAULT_WORDINGS: dict[TextPurpose, Wording] = {
    TextPurpose.INVITE: Wording(
        "UBND xã {xa} kính mời {ten} dự họp thôn {gio} {ngay} tại {dia_diem}. Số giấy mời {ma}. Hỏi: {dien_thoai}",
        "UBND xa {xa} kinh moi {ten} du hop thon {gio} {ngay} tai {dia_diem}. So giay moi {ma}. Hoi: {dien_thoai}",
    ),
    TextPurpose.INVITE_WITH_LINK: Wording(
        "UBND xã {xa} kính mời {ten} dự họp thôn {gio} {ngay} tại {dia_diem}. Xem: {link} Hỏi: {dien_thoai}",
        "UBND xa {xa} kinh moi {ten} du hop thon {gio} {ngay} tai {dia_diem}. Xem: {link} Hoi: {dien_thoai}",
    ),
    TextPurpose.RELAY: Wording(
        "UBND xã {xa} nhờ báo giúp {ten}: mời dự họp thôn {gio} {ngay} tại {dia_diem}. Hỏi: {dien_thoai}",
        "UBND xa {xa} nho bao giup {ten}: moi du hop thon {gio} {ngay} tai {dia_diem}. Hoi: {dien_thoai}",
    ),
    TextPurpose.REMIND: Wording(
        "UBND xã {xa} nhắc lại: mời {ten} dự họp thôn {gio} {ngay} tại {dia_diem}. Hỏi: {dien_thoai}",
        "UBND xa {xa} nhac lai: moi {ten} du hop thon {gio} {ngay} tai {dia_diem}. Hoi: {dien_thoai}",
    ),
    TextPurpose.REMIND_RELAY: Wording(
        "UBND xã {xa} nhờ nhắc giúp {ten}: mời dự họp thôn {gio} {ngay} tại {dia_diem}. Hỏi: {dien_thoai}",
        "UBND xa {xa} nho nhac giup {ten}: moi du hop thon {gio} {ngay} tai {dia_diem}. Hoi: {dien_thoai}",
    ),
    TextPurpose.RESCHEDULE: Wording(
        "UBND xã {xa} xin báo: họp thôn chuyển đến {gio} {ngay}, tại {dia_diem}."
        " Giấy mời cũ vẫn còn giá trị. Hỏi: {dien_thoai}",
        "UBND xa {xa} xin bao: hop thon chuyen den {gio} {ngay}, tai {dia_diem}."
        " Giay moi cu van con gia tri. Hoi: {dien_thoai}",
    ),
    TextPurpose.POSTPONE: Wording(
        "UBND xã {xa} xin báo: họp thôn {ngay} tạm hoãn, sẽ mời lại sau. Mong bà con thông cảm. Hỏi: {dien_thoai}",
        "UBND xa {xa} xin bao: hop thon {ngay} tam hoan, se moi lai sau. Mong ba con thong cam. Hoi: {dien_thoai}",
    ),
    TextPurpose.CANCEL: Wording(
        "UBND xã {xa} xin báo: KHÔNG tổ chức họp thôn {gio} {ngay} nữa."
        " Bà con không phải đến. Mong thông cảm. Hỏi: {dien_thoai}",
        "UBND xa {xa} xin bao: KHONG to chuc hop thon {gio} {ngay} nua."
        " Ba con khong phai den. Mong thong cam. Hoi: {dien_thoai}",
    ),
}
"""The wordings every commune starts with. With real values the plain form fits one segment."""


class UnknownPlaceholder(RuleBroken):
    """The text names something that cannot be filled in. Fact: `placeholder`, as written."""

    code = "unknown_placeholder"
    sentence = _("The text contains %(placeholder)s, which stands for nothing. Please check its spelling.")


class EmptyValue(RuleBroken):
    """A placeholder of the text has no value for this recipient. Fact: `placeholder`."""

    code = "empty_value"
    sentence = _("Nothing is known to put in the place of %(placeholder)s.")


def placeholders_in(template: str) -> tuple[str, ...]:
    """The placeholders a text uses, each once, in the order they appear.

    Raises UnknownPlaceholder for a name that is none, and for a brace without its partner.
    """
    names: dict[str, None] = {}
    for match in _BRACES.finditer(template):
        name = match[1]
        if name not in PLACEHOLDERS:
            raise UnknownPlaceholder(placeholder=match[0])
        names[name] = None
    return tuple(names)


def render_text(template: str, values: Mapping[str, str]) -> str:
    """The text with every placeholder filled from `values`. What a value contains is not read again.

    Raises UnknownPlaceholder, or EmptyValue where a value is missing or blank.
    """
    for name in placeholders_in(template):
        if not values.get(name, "").strip():
            raise EmptyValue(placeholder=f"{{{name}}}")
    return _BRACES.sub(lambda match: values[match[1]], template)

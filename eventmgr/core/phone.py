"""Phone numbers as people write them, and as we keep them.

E.164 is stored, the national form is shown. What cannot be read is refused with a reason, never guessed.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from flask_babel import lazy_gettext as _

from eventmgr.core.errors import RuleBroken
from eventmgr.core.text import clean_text, search_key

COUNTRY_CODE = "84"


class PhoneKind(StrEnum):
    """Whether a text message can reach the number."""

    MOBILE = "mobile"
    LANDLINE = "landline"


class Network(StrEnum):
    """The network a prefix was given to. Numbers may move between networks since 2018: a guess, good for costs only."""

    VIETTEL = "viettel"
    VINAPHONE = "vinaphone"
    MOBIFONE = "mobifone"
    VIETNAMOBILE = "vietnamobile"
    GMOBILE = "gmobile"
    ITEL = "itel"
    WINTEL = "wintel"


class PhoneReason(StrEnum):
    """Why something is not a phone number we can use."""

    NOT_A_NUMBER = "not_a_number"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    LOST_DIGITS = "lost_digits"
    OLD_PREFIX_UNKNOWN = "old_prefix_unknown"
    UNKNOWN_PREFIX = "unknown_prefix"
    FOREIGN = "foreign"


REASON_TEXTS = {
    PhoneReason.NOT_A_NUMBER: _("This is not a phone number."),
    PhoneReason.TOO_SHORT: _("The phone number has too few digits."),
    PhoneReason.TOO_LONG: _("The phone number has too many digits."),
    PhoneReason.LOST_DIGITS: _("The spreadsheet has rounded this phone number and its last digits are lost."),
    PhoneReason.OLD_PREFIX_UNKNOWN: _("No 11-digit mobile number ever began like this."),
    PhoneReason.UNKNOWN_PREFIX: _("No phone number begins like this."),
    PhoneReason.FOREIGN: _("This is a phone number of another country."),
}


class InvalidPhone(RuleBroken):
    """What was written is not a phone number we can use; `reason` says why."""

    code = "invalid_phone"

    def __init__(self, reason: PhoneReason) -> None:
        super().__init__(reason=reason)
        self.reason = reason

    @property
    def message(self) -> str:
        """The reason in the reader's language."""
        return str(REASON_TEXTS[self.reason])


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """One number: `e164` to keep, `national` to show (0912 345 678), the network guessed from its prefix."""

    e164: str
    national: str
    kind: PhoneKind
    network: Network | None

    @property
    def takes_sms(self) -> bool:
        """Whether a text can be sent to it at all."""
        return self.kind is PhoneKind.MOBILE


@dataclass(frozen=True, slots=True)
class WrittenPhone:
    """A number found in a cell, and what was written beside it (`con trai`), or an empty string."""

    phone: PhoneNumber
    remark: str


@dataclass(frozen=True, slots=True)
class PhoneProblem:
    """A piece of a cell that was meant as a number and is none."""

    raw: str
    reason: PhoneReason


@dataclass(frozen=True, slots=True)
class ParsedPhones:
    """All that one cell says about phones."""

    phones: tuple[WrittenPhone, ...]
    problems: tuple[PhoneProblem, ...]


# The 11-digit mobile prefixes of before 15/9/2018 and what replaced them; the last seven digits stayed.
# Source: http://kynguyenso.plo.vn/ky-nguyen-so/tuyet-chieu/2-cach-chuyen-so-dien-thoai-11-so-ve-10-so-773007.html
PREFIXES_OF_2018 = {
    "0120": "070", "0121": "079", "0122": "077", "0126": "076", "0128": "078",
    "0123": "083", "0124": "084", "0125": "085", "0127": "081", "0129": "082",
    "0162": "032", "0163": "033", "0164": "034", "0165": "035", "0166": "036",
    "0167": "037", "0168": "038", "0169": "039",
    "0186": "056", "0188": "058", "0199": "059",
}  # fmt: skip

# Landlines of Lạng Sơn were 025 3xx xxxx until 2017 and are 0205 3xx xxxx since; no area has the code 0253. Common
# knowledge, not from one text.
_OLD_LANG_SON = "253"

# Common knowledge, not from one text; used only to estimate costs.
_PREFIXES_BY_NETWORK = {
    Network.VIETTEL: "032 033 034 035 036 037 038 039 086 096 097 098",
    Network.VINAPHONE: "081 082 083 084 085 088 091 094",
    Network.MOBIFONE: "070 076 077 078 079 089 090 093",
    Network.VIETNAMOBILE: "052 056 058 092",
    Network.GMOBILE: "059 099",
    Network.ITEL: "087",
    Network.WINTEL: "055",
}
_NETWORK_BY_PREFIX = {prefix: network for network, listed in _PREFIXES_BY_NETWORK.items() for prefix in listed.split()}

# What stands in a phone cell when there is none, folded.
_NO_PHONE = frozenset(
    ["", "khong", "khong co", "khong co dt", "khong co so", "khong dung", "ko", "ko co", "k", "kg", "kh", "k co"]
    + [
        "x",
        "0",
        "-",
        "--",
        "chua co",
        "chua",
        "none",
        "no",
        "null",
        "n/a",
        "na",
        "nan",
        "?",
        "'",
        '"',
        "''",
        ".",
        "...",
    ]
)

# Words that only say that a number follows, folded.
_LABELS = frozenset(["dt", "sdt", "dtdd", "dd", "tel", "phone", "mobile", "so dt", "dien thoai", "so dien thoai", "so"])

_PLAIN = re.compile(r"0?[35789][0-9]{8}")
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?\s*e\s*\+?\d{1,2}", re.IGNORECASE)
_WRITTEN_AS_DECIMAL = re.compile(r"(\d{7,})[.,]0+")
_SIGNS_IN_NUMBERS = re.compile(r"[\s().,\-\u2010-\u2015·_'’]+")
_BETWEEN_NUMBERS = re.compile(r"[/;|\n\r&]|\bhoặc\b|\bhoac\b|\bvà\b|\bor\b", re.IGNORECASE)
_NUMBER_RUN = re.compile(r"(?:\(\s*)?\+?\(?\+?\d(?:[\d\s().,\-\u2010-\u2015·_]*\d)?")
_LETTER_O = re.compile(r"(?<![^\W\d_])[oO](?=[\s.\-]?\d)|(?<=\d)[oO](?![^\W\d_])|(?<=[0Oo])[oO](?=\d)")


def parse_phone(raw: str | int | float) -> PhoneNumber:
    """The one phone number that was written, in whatever way. Raises InvalidPhone."""
    written = _as_text(raw)
    if _ROUNDED.fullmatch(written):
        raise InvalidPhone(PhoneReason.LOST_DIGITS)
    compact = _SIGNS_IN_NUMBERS.sub("", _LETTER_O.sub("0", written))
    if not re.fullmatch(r"\+{0,2}[0-9]+", compact):
        raise InvalidPhone(PhoneReason.NOT_A_NUMBER)
    return _number(_national_digits(compact.lstrip("+"), international=compact.startswith("+")))


def find_phone(raw: str | int | float) -> PhoneNumber | None:
    """The phone number, or None when it is none."""
    try:
        return parse_phone(raw)
    except InvalidPhone:
        return None


def parse_phone_cell(raw: str | int | float | None) -> ParsedPhones:
    """All numbers of a spreadsheet cell with their remarks; `không`, `x` and the like mean there is none."""
    if raw is None:
        return ParsedPhones((), ())
    if not isinstance(raw, str):
        raw = _as_text(raw)
    if _PLAIN.fullmatch(raw):
        found = find_phone(raw)
        if found:
            return ParsedPhones((WrittenPhone(found, ""),), ())
    if _says_none(raw):
        return ParsedPhones((), ())
    phones: list[WrittenPhone] = []
    problems: list[PhoneProblem] = []
    for piece in _BETWEEN_NUMBERS.split(unicodedata.normalize("NFKC", raw)):
        _read_piece(clean_text(piece), phones, problems)
    return ParsedPhones(tuple(phones), tuple(problems))


def network_of(e164: str) -> Network | None:
    """The network the number's prefix belonged to, None for landlines and foreign numbers."""
    if not e164.startswith("+" + COUNTRY_CODE):
        return None
    return _NETWORK_BY_PREFIX.get("0" + e164[3:5])


def national_form(e164: str) -> str:
    """A stored number as it is written here: 0912 345 678."""
    if not e164.startswith("+" + COUNTRY_CODE):
        return e164
    digits = "0" + e164[3:]
    return f"{digits[:4]} {digits[4:7]} {digits[7:]}"


def masked_form(e164: str) -> str:
    """A stored number with the middle hidden, for those who may know only that there is one: 0912 ••• 678."""
    shown = national_form(e164)
    return f"{shown[:4]} ••• {shown[-3:]}"


def _as_text(raw: str | int | float) -> str:
    """A cell's value as the text that was typed into it."""
    if isinstance(raw, float):
        raw = str(int(raw)) if raw.is_integer() else repr(raw)
    written = clean_text(unicodedata.normalize("NFKC", str(raw))).strip("'\"")
    decimal = _WRITTEN_AS_DECIMAL.fullmatch(written)
    return decimal[1] if decimal else written


def _national_digits(digits: str, *, international: bool) -> str:
    """The digits after the country code and the leading 0. Raises InvalidPhone for another country."""
    if digits.startswith("00") and not international:
        digits, international = digits[2:], True
    if international and not digits.startswith(COUNTRY_CODE):
        raise InvalidPhone(PhoneReason.FOREIGN)
    # Without a plus, 84 is the country only if a whole number follows: 842 123 456 is 0842 123 456.
    if international or (digits.startswith(COUNTRY_CODE) and len(digits.removeprefix(COUNTRY_CODE).lstrip("0")) >= 9):
        digits = digits.removeprefix(COUNTRY_CODE)
    return digits.removeprefix("0")


def _number(national: str) -> PhoneNumber:
    if len(national) == 10 and national.startswith("1"):
        replaced = PREFIXES_OF_2018.get("0" + national[:3])
        if replaced is None:
            raise InvalidPhone(PhoneReason.OLD_PREFIX_UNKNOWN)
        national = replaced[1:] + national[3:]
    if len(national) == 9 and national.startswith(_OLD_LANG_SON):
        national = "205" + national[2:]
    expected_length = 10 if national.startswith("2") else 9
    if len(national) < expected_length:
        raise InvalidPhone(PhoneReason.TOO_SHORT)
    if len(national) > expected_length:
        raise InvalidPhone(PhoneReason.TOO_LONG)
    e164 = f"+{COUNTRY_CODE}{national}"
    # The library lists the blocks given out when it was made; networks get new ones within their prefixes.
    is_known = network_of(e164) is not None or phonenumbers.is_valid_number(phonenumbers.parse(e164))
    if national[0] not in "235789" or not is_known:
        raise InvalidPhone(PhoneReason.UNKNOWN_PREFIX)
    kind = PhoneKind.LANDLINE if national.startswith("2") else PhoneKind.MOBILE
    return PhoneNumber(e164, national_form(e164), kind, network_of(e164) if kind is PhoneKind.MOBILE else None)


def _says_none(words: str) -> bool:
    return search_key(words).strip(" .!") in _NO_PHONE


def _read_piece(piece: str, phones: list[WrittenPhone], problems: list[PhoneProblem]) -> None:
    """Read what stands between two separators: usually one number, with or without a remark."""
    if _says_none(piece):
        return
    if _ROUNDED.fullmatch(piece):
        problems.append(PhoneProblem(piece, PhoneReason.LOST_DIGITS))
        return
    piece = _LETTER_O.sub("0", piece)
    runs = [run for run in _NUMBER_RUN.finditer(piece) if sum(map(str.isdigit, run[0])) >= 4]
    if not runs:
        _add_loose_words(piece, _remark(piece), phones, problems)
        return
    for position, run in enumerate(runs):
        remark = _remark_beside(piece, runs, position)
        for number in _numbers_in(run[0]):
            try:
                found = WrittenPhone(parse_phone(number), remark)
            except InvalidPhone as invalid:
                problems.append(PhoneProblem(number.strip(), invalid.reason))
            else:
                if all(known.phone.e164 != found.phone.e164 for known in phones):
                    phones.append(found)


def _remark_beside(piece: str, runs: list[re.Match[str]], position: int) -> str:
    """The words that belong to a number: those after it, or before it where the piece ends with a number."""
    starts, ends = [run.start() for run in runs], [run.end() for run in runs]
    before = [_remark(piece[end:start]) for end, start in zip([0, *ends], starts, strict=False)]
    after = [_remark(piece[end:start]) for end, start in zip(ends, [*starts[1:], len(piece)], strict=True)]
    if not after[-1]:
        return before[position]
    return ", ".join(filter(None, (before[0] if position == 0 else "", after[position])))


def _add_loose_words(piece: str, remark: str, phones: list[WrittenPhone], problems: list[PhoneProblem]) -> None:
    """Words without a number belong to the number before them; alone they are a problem to show."""
    if phones and not any(map(str.isdigit, piece)):
        last = phones[-1]
        phones[-1] = WrittenPhone(last.phone, ", ".join(filter(None, [last.remark, remark])))
    else:
        too_short = any(map(str.isdigit, piece)) and not remark
        problems.append(PhoneProblem(piece, PhoneReason.TOO_SHORT if too_short else PhoneReason.NOT_A_NUMBER))


def _numbers_in(run: str) -> list[str]:
    """One run of digits and signs, parted where whole numbers stand side by side (`0912 345 678 0987 654 321`)."""
    run = run.strip()
    for separator in (r"\s*,\s*", r"\s+-\s+", r"\s*-\s*", r"\s+", r"[\s.,\-]+(?=0)"):
        parts = re.split(separator, run)
        if len(parts) > 1 and all(find_phone(part) for part in parts):
            return parts
    return [run]


def _remark(words: str) -> str:
    said = clean_text(re.sub(r"[()\[\]:+]", " ", words)).strip(" ,.-:'\"’‘`")
    return "" if search_key(said) in _LABELS else said

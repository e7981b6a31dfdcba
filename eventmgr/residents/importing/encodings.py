"""Vietnamese text of before Unicode, and text that was read with the wrong table: known, shown, converted when told.

Files of those days hold one or two Latin-1 characters for a letter, and a font drew them as Vietnamese.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import product

from eventmgr.core.text import clean_text
from eventmgr.residents.importing.reading import SHOWN_BYTES, Cell, RawSheet

SEARCHED_ROWS = 300
SHOWN_SAMPLES = 5


class Encoding(StrEnum):
    """How the letters of a file are to be understood."""

    UNICODE = "unicode"  # as they stand
    TCVN3 = "tcvn3"  # fonts .VnTime, .VnArial: one character a letter
    VNI = "vni"  # fonts VNI-Times: a letter, then its marks
    CP1258 = "cp1258"  # Windows 1258 read as Windows 1252
    LATIN1 = "latin1"  # UTF-8 read as Latin-1 or Windows 1252


@dataclass(frozen=True, slots=True)
class Conversion:
    """A conversion we propose, and what it would make of some cells of the file: (before, after)."""

    encoding: Encoding
    samples: tuple[tuple[str, str], ...]


# How the names of the old fonts begin. Nothing else in a workbook says which table its letters follow.
FONTS = {Encoding.TCVN3: ".Vn", Encoding.VNI: "VNI-"}

# Source: TCVN 5712:1993, table VN3 (ABC fonts). It has no capital of a letter with a tone mark.
_TCVN3 = str.maketrans(
    "¡¢£¤¥¦§" "µ¶·¸¹" "¨»¼½¾Æ" "©ÇÈÉÊË" "®" "ÌÎÏÐÑ" "ªÒÓÔÕÖ" "×ØÜÝÞ" "ßáâãä" "«åæçèé" "¬êëìíî" "ïñòóô" "\u00adõö÷øù" "úûüýþ",
    "ĂÂÊÔƠƯĐ" "àảãáạ" "ăằẳẵắặ" "âầẩẫấậ" "đ" "èẻẽéẹ" "êềểễếệ" "ìỉĩíị" "òỏõóọ" "ôồổỗốộ" "ơờởỡớợ" "ùủũúụ" "ưừửữứự" "ỳỷỹýỵ",
)  # fmt: skip

# Source: the letters and marks of the VNI fonts for Windows as typed by their keyboards; the pairs are computed.
_GRAVE, _ACUTE, _HOOK, _TILDE, _DOT = "\u0300", "\u0301", "\u0309", "\u0303", "\u0323"
_CIRCUMFLEX, _BREVE = "\u0302", "\u0306"
_VNI_MARKS = {
    "ø": _GRAVE, "ù": _ACUTE, "û": _HOOK, "õ": _TILDE, "ï": _DOT,
    "â": _CIRCUMFLEX, "à": _CIRCUMFLEX + _GRAVE, "á": _CIRCUMFLEX + _ACUTE, "å": _CIRCUMFLEX + _HOOK,
    "ã": _CIRCUMFLEX + _TILDE, "ä": _CIRCUMFLEX + _DOT,
    "ê": _BREVE, "è": _BREVE + _GRAVE, "é": _BREVE + _ACUTE, "ú": _BREVE + _HOOK, "ü": _BREVE + _TILDE,
    "ë": _BREVE + _DOT,
}  # fmt: skip
_VNI_LETTERS = {"ô": "ơ", "ö": "ư", "í": "í", "ì": "ì", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ", "ñ": "đ"}


def _vni_table() -> dict[str, str]:
    table = dict(_VNI_LETTERS)
    for base, mark in product("aeouyôö", _VNI_MARKS):
        letter = unicodedata.normalize("NFC", _VNI_LETTERS.get(base, base) + _VNI_MARKS[mark])
        if len(letter) == 1:
            table[base + mark] = letter
    capitals = {
        written: letter.upper()
        for lower, letter in table.items()
        for written in {lower.upper(), lower[0].upper() + lower[1:]}
    }
    return table | capitals


_VNI = _vni_table()
_VNI_PIECE = re.compile("|".join(sorted(map(re.escape, _VNI), key=len, reverse=True)))

_BYTES = {character: byte for byte, character in enumerate(SHOWN_BYTES)} | {chr(byte): byte for byte in range(128, 160)}


def _as_bytes(text: str) -> bytes | None:
    """The bytes the text was before it was shown, None when it holds letters no such text can hold."""
    found = [_BYTES.get(character) for character in text]
    return None if None in found else bytes(byte for byte in found if byte is not None)


def _from_tcvn3(text: str) -> str:
    converted = text.translate(_TCVN3)
    typed = [letter for letter in text if letter.isascii() and letter.isalpha()]
    if len(typed) >= 4 and all(letter.isupper() for letter in typed):
        return converted.upper()
    words = converted.split(" ")
    others = [word for word in words if word[:1].isascii() or word[:1].isupper()]
    if len(words) > 1 and len(others) > 0 and all(word[:1].isupper() for word in others):
        # `N«ng V¨n ¸nh`: every word has the capital it could have, so ánh is Ánh.
        return " ".join(word[:1].upper() + word[1:] for word in words)
    return converted


def _from_vni(text: str) -> str:
    return _VNI_PIECE.sub(lambda piece: _VNI[piece[0]], text)


def _from_cp1258(text: str) -> str:
    content = _as_bytes(text) or b""
    try:
        return unicodedata.normalize("NFC", content.decode("cp1258"))
    except UnicodeDecodeError:
        return text


# A letter of UTF-8 in two or three bytes, each shown as a Latin-1 character. The second byte of à is a no-break
# space, which is often lost or has become a plain one.
_UTF8_LETTER = re.compile("[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|\xc3(?= |$)")


def _from_latin1(text: str) -> str:
    shown = (_as_bytes(text) or b"").decode("latin-1")

    def letter(found: re.Match[str]) -> str:
        return found[0].ljust(2, "\xa0").encode("latin-1").decode("utf-8", "replace")

    if not _UTF8_LETTER.sub("", shown).isascii():
        return text
    return unicodedata.normalize("NFC", _UTF8_LETTER.sub(letter, shown))


_CONVERTERS: dict[Encoding, Callable[[str], str]] = {
    Encoding.TCVN3: _from_tcvn3,
    Encoding.VNI: _from_vni,
    Encoding.CP1258: _from_cp1258,
    Encoding.LATIN1: _from_latin1,
}


@lru_cache(maxsize=8192)
def converted_text(text: str, encoding: Encoding) -> str:
    """The text in Unicode. A text that cannot be of that encoding, as it reads better as it is, stays."""
    if encoding is Encoding.UNICODE or text.isascii() or _as_bytes(text) is None:
        return text
    converted = _CONVERTERS[encoding](text)
    return text if _syllables(text) > _syllables(converted) else converted


def converted_sheet(sheet: RawSheet, encoding: Encoding) -> RawSheet:
    """The sheet with all its texts in Unicode; its name stays, as the spreadsheet itself shows it so."""
    if encoding is Encoding.UNICODE:
        return sheet

    def cell(value: Cell) -> Cell:
        return converted_text(value, encoding) if isinstance(value, str) else value

    return RawSheet(sheet.name, tuple(tuple(map(cell, row)) for row in sheet.rows), sheet.fonts, sheet.merged)


def find_conversion(sheet: RawSheet) -> Conversion | None:
    """The conversion this sheet seems to need, or None: told by its fonts and by how many words become Vietnamese."""
    texts = _marked_texts(sheet)
    words = {word for text in texts for word in _words(text)}
    if not words:
        return None
    as_it_is = sum(map(is_syllable, words))
    if as_it_is >= 0.9 * len(words):
        return None
    for encoding, gained in _by_gain(texts, as_it_is):
        hinted = any(font.startswith(FONTS.get(encoding, "\0")) for font in sheet.fonts)
        if gained >= (1 if hinted else max(2, 0.2 * len(words))):
            return Conversion(encoding, _samples(texts, encoding))
    return None


def samples_of(sheet: RawSheet, encoding: Encoding) -> tuple[tuple[str, str], ...]:
    """Some cells of the sheet before and after a conversion, none for Unicode."""
    return () if encoding is Encoding.UNICODE else _samples(_marked_texts(sheet), encoding)


def _by_gain(texts: Sequence[str], as_it_is: int) -> list[tuple[Encoding, int]]:
    """Each conversion with how many words more are Vietnamese after it, the best first."""

    def gain(encoding: Encoding) -> int:
        words = {word for text in texts for word in _words(converted_text(text, encoding))}
        return sum(map(is_syllable, words)) - as_it_is

    return sorted(((encoding, gain(encoding)) for encoding in _CONVERTERS), key=lambda found: -found[1])


def _marked_texts(sheet: RawSheet) -> list[str]:
    """The sheet's different texts with more than plain letters, from its top."""
    cells = (cell for row in sheet.rows[:SEARCHED_ROWS] for cell in row)
    return list(dict.fromkeys(cell for cell in cells if isinstance(cell, str) and not cell.isascii()))


def _samples(texts: Iterable[str], encoding: Encoding) -> tuple[tuple[str, str], ...]:
    pairs = ((clean_text(text), clean_text(converted_text(text, encoding))) for text in texts)
    changed = [(before, after) for before, after in pairs if before != after and len(after) <= 60]
    # Titles come first in a list, names after them; a few of both tell more than five titles.
    return tuple(changed[:2] + changed[2:][-(SHOWN_SAMPLES - 2) :])


_BETWEEN_WORDS = re.compile(r"[\s!-/:-@\[-`{-~0-9–—•“”‘’]+", re.ASCII)


def _words(text: str) -> list[str]:
    """The words with a letter beyond ASCII. Only plain signs part them: in old texts `»` and `¸` are letters."""
    return [word for word in _BETWEEN_WORDS.split(text) if not word.isascii()]


def _syllables(text: str) -> int:
    return sum(map(is_syllable, _words(text)))


# The syllable of written Vietnamese: an initial, a rhyme's vowels, a final. Source: the spelling of the language as
# its primers teach it.
_SYLLABLE = re.compile(
    "(?:ngh|ng|nh|n|gh|gi|g|ch|c|kh|k|ph|p|qu|th|tr|t|b|d|đ|h|l|m|r|s|v|x)?"
    "(?:uyê|uya|uyu|ươi|ươu|uôi|iêu|yêu|oai|oay|oao|oeo|uây|ai|ao|au|ay|âu|ây|eo|êu|ia|iê|iu|yê|oa|oă|oe|oi|ôi|ơi|ua|uâ"
    "|uê|ui|uô|uơ|uy|ưa|ưi|ươ|ưu|[aăâeêioôơuưy])"
    "(?:ch|c|m|ng|nh|n|p|t)?"
)
_TONES = re.compile(f"[{_GRAVE}{_ACUTE}{_HOOK}{_TILDE}{_DOT}]")


@lru_cache(maxsize=8192)
def is_syllable(word: str) -> bool:
    """Whether a word is spelt as a Vietnamese one is, with at most one tone."""
    decomposed = unicodedata.normalize("NFD", word.lower())
    plain, tones = _TONES.subn("", decomposed)
    return tones <= 1 and bool(_SYLLABLE.fullmatch(unicodedata.normalize("NFC", plain)))

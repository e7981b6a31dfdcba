"""Vietnamese text: cleaning on the way in, keys for search, matching and order, names as they are said.

Nothing here knows a feature or the database. Names are never rewritten: the keys stand beside them.
"""

import re
import unicodedata
from functools import lru_cache

MOST_WORDS = 8192
"""Words whose forms are remembered."""

# Letters that look like nothing and come with pasted text. The soft hyphen U+00AD is not among them: in
# the old TCVN3 files it is the letter ư, and dropping it would destroy names.
_INVISIBLE = dict.fromkeys(
    map(ord, "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff")
)
# Control characters that are no blanks either: neither PostgreSQL nor a paper takes all of them.
_INVISIBLE |= dict.fromkeys([*range(0x09), *range(0x0E, 0x1C), 0x7F])

# đ has no decomposition, so it is mapped by hand.
_STROKE = str.maketrans("đĐ", "dD")

_BREVE, _CIRCUMFLEX, _HORN = "\u0306", "\u0302", "\u031b"

# The order of the tones: none, huyền, hỏi, ngã, sắc, nặng. Source: ICU collation for vi.
_TONES = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}

# What follows a letter in a sort key so that a < ă < â, d < đ, e < ê, o < ô < ơ, u < ư. "{" and "|" sort
# after "z", so a marked letter comes after every word that begins with the plain one.
_LETTER_WEIGHTS = {
    ("a", _BREVE): "{",
    ("a", _CIRCUMFLEX): "|",
    ("e", _CIRCUMFLEX): "{",
    ("o", _CIRCUMFLEX): "{",
    ("o", _HORN): "|",
    ("u", _HORN): "{",
}

# Open syllables on which the two ways of placing the tone mark differ (hòa, hoà; thúy, thuý), decomposed.
_TONE_ON_FIRST = re.compile("([ou])([\u0300\u0301\u0303\u0309\u0323])([aey])(?![\\w\u0300-\u036f])", re.IGNORECASE)
_TONE_ON_SECOND = re.compile("([ou])([aey])([\u0300\u0301\u0303\u0309\u0323])(?![\\w\u0300-\u036f])", re.IGNORECASE)

_LEVEL_END = " "
_WORD_END = "!"

# Initials after which i and y are two spellings of one sound when nothing follows (Lý, Lí; Quý, Quí). No
# others: Vi (a family name) and Vy, Thi and Thy, Mai and May are different names.
_I_OR_Y = re.compile(r"\b(h|k|l|m|s|t|qu|)y\b")
_QUY_INSIDE = re.compile(r"\bquy(?=[nt])")

# Characters outside the GSM 03.38 alphabet that pasted text is full of, and what says the same.
_PLAIN_SIGNS = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "‛": "'", "`": "'", "´": "'", "′": "'",
        "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "«": '"', "»": '"',
        "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "•": "-", "·": "-",
        "…": "...", "₫": "d", "×": "x", "÷": "/", "⁄": "/", "½": "1/2", "→": "->", "\t": " ",
    }
)  # fmt: skip

# Source: 3GPP TS 23.038 (GSM 03.38), 6.2.1 and 6.2.1.1, the default alphabet and its extension table.
_GSM_CHARACTERS = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
    "^{}\\[~]|€\f"
)


def clean_text(text: str) -> str:
    """One line of text as we keep it: NFC, no invisible characters, single spaces, trimmed."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    if _is_clean(text):
        return text
    return " ".join(unicodedata.normalize("NFC", text).translate(_INVISIBLE).split())


def _is_clean(text: str) -> bool:
    """Whether a text surely is as we keep it; most are. Of all blanks and invisible signs only the space is printable."""
    return (
        text.isprintable()
        and "  " not in text
        and text[:1] != " "
        and text[-1:] != " "
        and unicodedata.is_normalized("NFC", text)
    )


def clean_paragraphs(text: str) -> str:
    """Text of several lines: every line cleaned, at most one empty line between two, none at the ends."""
    lines = "\n".join(clean_text(line) for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")


def without_marks(text: str) -> str:
    """The text with every mark removed and đ as d; case and spaces are kept."""
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).translate(_STROKE)


@lru_cache(maxsize=16_384)
def search_key(text: str) -> str:
    """What search columns hold and what a query is turned into: no marks, lower case, đ as d.

    Old and new placing of the tone mark (hoà, hòa) fall together; i and y do not, see `search_variants`.
    """
    return clean_text(" ".join(map(_folded, clean_text(text).split(" "))))


# Lists of people are made of a few thousand words: each is folded, matched and weighed once.
@lru_cache(maxsize=MOST_WORDS)
def _folded(word: str) -> str:
    return without_marks(word).lower()


def search_variants(word: str) -> tuple[str, ...]:
    """The folded spellings a searched word may have in the lists: itself, and with i and y exchanged."""
    folded = search_key(word)
    if folded.endswith("y"):
        other = folded[:-1] + "i"
    elif folded.endswith("i"):
        other = folded[:-1] + "y"
    else:
        return (folded,)
    return (folded, other) if _i_for_y(folded) == _i_for_y(other) else (folded,)


def tone_spellings(text: str) -> set[str]:
    """The text with its tone marks placed in the old and in the new way: `hoà` and `hòa`."""
    decomposed = unicodedata.normalize("NFD", text)
    old = _TONE_ON_FIRST.sub(r"\1\3\2", decomposed)
    new = _TONE_ON_SECOND.sub(r"\1\3\2", decomposed)
    return {unicodedata.normalize("NFC", spelling) for spelling in (text, old, new)}


def match_key(text: str) -> str:
    """What two lists must share for a name to count as the same name: `Hoà` is `Hòa`, `Lý` is `Lí`, `SƠN` is `Sơn`.

    The marks still count, as Hoa and Hoà are two people: each word is its letters, then its tone as a digit.
    """
    return " ".join(filter(None, map(_match_word, clean_text(text).split(" "))))


@lru_cache(maxsize=MOST_WORDS)
def _match_word(written: str) -> str:
    return " ".join(_i_for_y(letters) + tone for letters, tone in _weighed(written))


def loose_match_key(text: str) -> str:
    """As `match_key` with all marks forgotten: for lists that were written without any."""
    return " ".join(filter(None, map(_loose_word, clean_text(text).split(" "))))


@lru_cache(maxsize=MOST_WORDS)
def _loose_word(written: str) -> str:
    return _i_for_y(" ".join(without_marks(word) for word in _words(written)))


def has_marks(text: str) -> bool:
    """Whether the text was written with Vietnamese marks at all."""
    return without_marks(text) != unicodedata.normalize("NFC", text)


def person_sort_key(full_name: str) -> str:
    """A string that puts people in Vietnamese order: given name, then family and middle name.

    Within each, letters count first and tones only when all letters tie. It sorts by plain code points
    (SQLite BINARY, PostgreSQL "C").
    """
    family_and_middle, given = split_name(full_name)
    return _collation_key(given) + _LEVEL_END + _collation_key(family_and_middle)


def place_sort_key(name: str) -> str:
    """A string that puts places in Vietnamese order, with `Thôn 2` before `Thôn 10`."""
    return _collation_key(re.sub(r"\d+", lambda number: number[0].lstrip("0").rjust(6, "0"), name))


def split_name(full_name: str) -> tuple[str, str]:
    """Family and middle name, and the given name, of a cleaned full name; remarks in brackets are left out.

    A letter told apart two of the same name (`Hoàng Văn Hùng B`) stays with the given name.
    """
    cleaned = clean_text(full_name)
    words = (re.sub(r"\([^)]*\)", " ", cleaned) if "(" in cleaned else cleaned).split()
    if not words:
        return "", ""
    first_of_given = len(words) - 1
    if len(words) >= 4 and words[-1].upper() in {"A", "B", "C", "D"}:
        first_of_given -= 1
    return " ".join(words[:first_of_given]), " ".join(words[first_of_given:])


def given_name(full_name: str) -> str:
    """The name a person is called by: `Nguyễn Thị Minh Nguyệt` is `Nguyệt`."""
    return display_name(split_name(full_name)[1])


def display_name(name: str) -> str:
    """A name for reading: words all in capitals, or without one, get a single capital. For display only."""
    return " ".join(_capitalised(word) for word in clean_text(name).split(" "))


def short_honorific(gender: str | None, *, on_paper: bool = False) -> str:
    """How an elder is addressed: `ông`, `bà`, or both when the gender (male, female) is not known.

    Never guessed from Thị or Văn. On paper it has a capital, and both are written `Ông (Bà)`.
    """
    if gender == "male":
        return "Ông" if on_paper else "ông"
    if gender == "female":
        return "Bà" if on_paper else "bà"
    return "Ông (Bà)" if on_paper else "ông/bà"


def to_gsm(text: str) -> str:
    """The text without diacritics, in characters of the GSM 7-bit alphabet only; what has no likeness becomes `?`."""
    plain = without_marks(text.translate(_INVISIBLE)).translate(_PLAIN_SIGNS)
    return "".join(_gsm_character(character) for character in plain)


def _gsm_character(character: str) -> str:
    if character in _GSM_CHARACTERS:
        return character
    if character.isspace():
        return " "
    likeness = unicodedata.normalize("NFKD", character)
    if likeness != character and all(part in _GSM_CHARACTERS for part in likeness):
        return likeness
    return "?"


def _words(text: str) -> list[str]:
    """The words of a name, in lower case and decomposed; signs between letters part words, an apostrophe does not."""
    lowered = unicodedata.normalize("NFD", clean_text(text).lower())
    lowered = re.sub(r"['’`]", "", lowered)
    return re.findall(r"(?:[^\W_]|[\u0300-\u036f])+", lowered)


@lru_cache(maxsize=4096)
def _letters_and_tone(word: str) -> tuple[str, str]:
    """A decomposed lower-case word as weighted letters, and its tone as a digit."""
    letters: list[str] = []
    base, tone = "", "0"
    for character in word:
        if character in _TONES:
            tone = _TONES[character]
        elif unicodedata.combining(character):
            letters.append(_LETTER_WEIGHTS.get((base, character), ""))
        elif character == "đ":
            letters.append("d{")
        else:
            base = character
            letters.append(character)
    return "".join(letters), tone


@lru_cache(maxsize=MOST_WORDS)
def _weighed(written: str) -> tuple[tuple[str, str], ...]:
    """What stands between two spaces, as the words it is made of."""
    return tuple(_letters_and_tone(word) for word in _words(written))


@lru_cache(maxsize=MOST_WORDS)
def _collation_key(text: str) -> str:
    parts = [part for written in clean_text(text).split(" ") for part in _weighed(written)]
    letters = _WORD_END.join(letters for letters, _ in parts)
    tones = "".join(tone for _, tone in parts)
    return letters + _LEVEL_END + tones


def _i_for_y(letters: str) -> str:
    return _QUY_INSIDE.sub("qui", _I_OR_Y.sub(r"\1i", letters))


def _capitalised(word: str) -> str:
    parts = re.split(r"(['’\-])", word)
    return "".join(_one_capital(part) for part in parts)


def _one_capital(part: str) -> str:
    if len(part) > 1 and part.isupper() and part not in {"II", "III", "IV"}:
        part = part.lower()
    return part[:1].upper() + part[1:]

"""Finding people by what was typed: words that begin words of a name, a household's code, how a phone ends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from eventmgr.areas.models import Area
from eventmgr.core.access import Scope
from eventmgr.core.db import db, place_of
from eventmgr.core.text import clean_text, display_name, search_key, search_variants, tone_spellings
from eventmgr.residents.models import TAIL, Contact, Household, HouseholdTerm, Resident
from eventmgr.residents.queries.territory import Territory

_RARE = 2000
"""Terms that are read without a second thought. Up to here they are counted, to begin with the rarest word of several;
beyond it, terms are looked up by two words at once."""
_AFTER_SPACE = "!"
"""The character after the space: texts that begin with a whole word lie before the word and this."""


def found_by(query: str, phones: Scope, where: Territory) -> sa.CompoundSelect[Any]:
    """The ids of the households in a territory's communes that what was typed finds, some perhaps several times.

    All words must be of one member's name, or begin the code. `phones` is where the reader may see numbers.
    """
    ways = [_with_terms(condition, rest, where) for condition, rest in _beginnings(query, where)]
    digits = phone_digits(query)
    if digits:
        ways.append(
            sa.select(Contact.household_id)
            .join(Contact.household)
            .join(Household.hamlet)
            .where(_ends_in(digits), where.reaches(Household.commune_id), phones.within(Area.path))
        )
    return sa.union_all(*ways)


def is_found_by(query: str, phones: Scope) -> sa.ColumnElement[bool]:
    """The condition that a household is one that `found_by` gives, for looking at few households one by one."""
    ways = [
        Household.members.any(sa.and_(Resident.left_on.is_(None), names_like(query, Resident.name_search))),
        Household.code.istartswith(clean_text(query), autoescape=True),
    ]
    digits = phone_digits(query)
    if digits:
        within = sa.exists(sa.select(Area.id).where(Area.id == Household.hamlet_id, phones.within(Area.path)))
        ways.append(sa.and_(within, Household.contacts.any(_ends_in(digits))))
    return sa.or_(*ways)


def phone_digits(query: str) -> str:
    """The digits of a phone, or of its end, that were typed; nothing if those are no four digits or more."""
    digits = re.sub(r"[\s.\-()]", "", query).removeprefix("+84").lstrip("0")
    return digits if re.fullmatch(rf"[0-9]{{{TAIL},}}", digits) else ""


def names_like(query: str, folded: Any) -> Any:
    """The condition that every word typed begins a word of a folded name; i and y are one where they sound one."""
    words = search_key(query).split()
    return sa.and_(sa.true(), *(_word_in(word, folded) for word in words))


def written_as(words: str) -> Any:
    """The condition that a name holds the words with these very marks, however they are capitalised."""
    placed = tone_spellings(words)
    spellings = placed | {change(spelling) for spelling in placed for change in (str.upper, str.lower, display_name)}
    return sa.or_(*(_whole_words(spelling, Resident.full_name) for spelling in sorted(spellings)))


def _with_terms(condition: sa.ColumnElement[bool], rest: Sequence[str], where: Territory) -> sa.Select[int]:
    others = (_word_in(word, HouseholdTerm.term) for word in rest)
    return sa.select(HouseholdTerm.household_id).where(where.reaches(HouseholdTerm.commune_id), condition, *others)


def _beginnings(query: str, where: Territory) -> list[tuple[sa.ColumnElement[bool], list[str]]]:
    """The ranges of terms to read, each with the words that the terms must hold besides."""
    words = list(dict.fromkeys(search_key(query).split()))
    if len(words) == 1:
        return [(condition, []) for condition in _ranges(words[0])]
    number = dict(zip(words, _count_terms([_ranges(word)[0] for word in words], where), strict=True))
    # Among common words the last first: given names stand last, and there are more of them.
    first, second, *others = sorted(reversed(words), key=number.__getitem__)
    if number[first] >= _RARE and not _may_be_one(first, second):
        longer = [_longer_than(word) for word in (first, second)]
        numbers = _count_terms(longer, where)
        if max(numbers) < _RARE:
            rests = ([second, *others], [first, *others])
            pairs = [*_pair_ranges(first, second), *_pair_ranges(second, first)]
            return [
                *((condition, others) for condition in pairs),
                *((longer[place], rests[place]) for place in (0, 1) if numbers[place]),
            ]
    return [(condition, [second, *others]) for condition in _ranges(first)]


def _count_terms(ranges: Sequence[sa.ColumnElement[bool]], where: Territory) -> list[int]:
    """How many terms lie in each range, up to `_RARE`."""
    counts = []
    for condition in ranges:
        terms = sa.select(sa.literal(1)).where(where.reaches(HouseholdTerm.commune_id), condition)
        counts.append(sa.select(sa.func.count()).select_from(terms.limit(_RARE).subquery()).scalar_subquery())
    return list(db.session.execute(sa.select(*counts)).one())


def _ranges(word: str) -> list[sa.ColumnElement[bool]]:
    """The conditions, one range of the index each, that a term begins with the word."""
    typed, *others = search_variants(word)
    # Another spelling must be the whole word: "ly" is no beginning of "linh".
    return [_begins_with(typed), *(_begins_with_whole(other) for other in others)]


def _pair_ranges(whole: str, word: str) -> list[sa.ColumnElement[bool]]:
    """The ranges of the terms that begin with a whole word, followed by another word as far as it is typed."""
    typed, *others = search_variants(word)
    return [
        condition
        for spelling in search_variants(whole)
        for condition in (
            _begins_with(f"{spelling} {typed}"),
            *(_begins_with_whole(f"{spelling} {other}") for other in others),
        )
    ]


def _longer_than(word: str) -> sa.ColumnElement[bool]:
    """The range of the terms whose first word begins with what was typed, and goes on."""
    typed = search_variants(word)[0]
    return sa.and_(HouseholdTerm.term >= typed + _AFTER_SPACE, HouseholdTerm.term < _following(typed))


def _may_be_one(first: str, second: str) -> bool:
    """Whether two words typed may be spellings of one: then they need not stand side by side."""
    return not set(search_variants(first)).isdisjoint(search_variants(second))


def _begins_with(start: str) -> sa.ColumnElement[bool]:
    return sa.and_(HouseholdTerm.term >= start, HouseholdTerm.term < _following(start))


def _begins_with_whole(words: str) -> sa.ColumnElement[bool]:
    return sa.and_(HouseholdTerm.term >= words, HouseholdTerm.term < words + _AFTER_SPACE)


def _following(start: str) -> str:
    """What follows, by code point, all texts that begin so."""
    return start[:-1] + chr(ord(start[-1]) + 1)


def _ends_in(digits: str) -> sa.ColumnElement[bool]:
    return sa.and_(Contact.tail == digits[-TAIL:], Contact.phone.endswith(digits, autoescape=True))


def _word_in(word: str, folded: Any) -> Any:
    typed, *others = search_variants(word)
    # Plain places in a text, not LIKE: that has to mind capitals, and takes several times as long.
    begins = place_of(f" {typed}", " " + folded) > 0
    return sa.or_(begins, *(_whole_words(other, folded) for other in others))


def _whole_words(words: str, column: Any) -> Any:
    """The condition that a column holds the words, with nothing but spaces around them."""
    return place_of(f" {words} ", " " + column + " ") > 0

"""Finding names by what was typed: folded for the beginning of words, or with their very marks."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from eventmgr.core.text import display_name, search_key, search_variants, tone_spellings
from eventmgr.residents.models import Resident


def names_like(query: str, folded: Any) -> Any:
    """The condition that every word typed begins a word of a folded name; i and y are one where they sound one."""
    words = search_key(query).split()
    return sa.and_(sa.true(), *(_word_in(word, folded) for word in words))


def _word_in(word: str, folded: Any) -> Any:
    typed, *others = search_variants(word)
    ways = [folded.startswith(typed, autoescape=True), folded.contains(" " + typed, autoescape=True)]
    # Another spelling must be the whole word: "ly" is no beginning of "linh".
    return sa.or_(*ways, *(_whole_words(other, folded) for other in others))


def written_as(words: str) -> Any:
    """The condition that a name holds the words with these very marks, however they are capitalised."""
    placed = tone_spellings(words)
    spellings = placed | {change(spelling) for spelling in placed for change in (str.upper, str.lower, display_name)}
    return sa.or_(*(_whole_words(spelling, Resident.full_name) for spelling in sorted(spellings)))


def _whole_words(words: str, column: Any) -> Any:
    """The condition that a column holds the words, with nothing but spaces around them."""
    return sa.or_(
        column == words,
        column.startswith(words + " ", autoescape=True),
        column.endswith(" " + words, autoescape=True),
        column.contains(f" {words} ", autoescape=True),
    )

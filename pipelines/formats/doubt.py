"""Facts that rest on words which recognition was not sure of.

A number, a date or a negation that was misread turns a case round. A fact is marked where such a word stands
in its quote or rules it from within its sentence; the criteria then take it as not settled.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace

from nlp.facts import Evidence, Fact
from pipelines.formats.document import Extracted

_NUMBER_WORD = re.compile(
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|once|twice|january|february|march|april|may|june|"
    r"july|august|september|october|november|december)\W*",
    re.IGNORECASE,
)
#: The least share of digits in a number with its unit ("6wk", "L4-5"); "musc1es" is none.
_DIGITS = 0.34
#: Boxes of a form, one of which decides yes or no.
_BOX = re.compile(r"\W{0,2}(?:[\[({][ xX]{0,2}[\])}]|[xX]{1,2})\W{0,2}")
#: Negations, and what recognition makes of them.
_NEGATION = re.compile(
    r"\W*(?:n[o0eaqc][torn]?|neo|den[il1]e[sd]|w/o|without|negative|absent|none|never|nor)\W*", re.IGNORECASE
)
_STOP = re.compile(r"[.;?!]\s|\n")
_REACH = 160
#: What a fact says by a number or a date.
_MEASURED = frozenset(
    "grade onset duration_days duration_days_min duration_days_max severity_0_10 start end visits per_week date value "
    "size_mm distance_from_anus_mm treatment_end".split()
)


def mark_uncertain(facts: Sequence[Fact], sources: Mapping[str, Extracted]) -> tuple[Fact, ...]:
    """Mark the facts that rest on words read with low confidence. Evidence offsets are those of the extracted
    text."""
    if not any(source.unsure for source in sources.values()):
        return tuple(facts)
    for source in sources.values():
        source.unsure.sort()
    return tuple(replace(fact, uncertain=True) if _is_uncertain(fact, sources) else fact for fact in facts)


def _is_uncertain(fact: Fact, sources: Mapping[str, Extracted]) -> bool:
    doubts = [_doubt(fact, quote, sources.get(quote.document_id)) for quote in fact.evidence]
    # Numbers of all mentions end up in one fact; a negation is settled by any mention that is read well.
    return any(number for number, _ in doubts) or (bool(doubts) and all(negation for _, negation in doubts))


def _doubt(fact: Fact, quote: Evidence, source: Extracted | None) -> tuple[bool, bool]:
    """Is a number, is a negation doubtful that this mention of a fact rests on?"""
    if source is None or not source.unsure:
        return False, False
    first, last = _sentence(source, quote.start, quote.end)
    is_measured = bool(_MEASURED & set(fact.attributes))
    number = negation = False
    for start, end in source.unsure[bisect_left(source.unsure, (first, 0)) :]:
        if start >= last:
            break
        word = source.text[start:end]
        is_quoted = quote.start <= start < quote.end
        number = number or (_is_number(word) and (is_quoted or is_measured))
        is_box = bool(_BOX.fullmatch(word)) and "\n" not in source.text[quote.end : start]
        negation = negation or is_box or bool(_NEGATION.fullmatch(word))
    return number, negation


def _is_number(word: str) -> bool:
    signs = [c for c in word if c.isalnum()]
    return bool(_NUMBER_WORD.fullmatch(word)) or sum(c.isdigit() for c in signs) > _DIGITS * len(signs)


def _sentence(source: Extracted, start: int, end: int) -> tuple[int, int]:
    """The sentence around a quote, or as much of it as stands on lines that belong together."""
    text = source.text
    first, last = max(0, start - _REACH), min(len(text), end + _REACH)
    for stop in _STOP.finditer(text, first, start):
        if not _is_wrap(source, stop):
            first = stop.end()
    for stop in _STOP.finditer(text, end, last):
        if not _is_wrap(source, stop):
            return first, stop.start()
    return first, last


def _is_wrap(source: Extracted, stop: re.Match[str]) -> bool:
    """Is a line end one that only the width of the page made?"""
    place = bisect_left(source.wrapped, stop.start())
    return place < len(source.wrapped) and source.wrapped[place] == stop.start() and stop[0] == "\n"

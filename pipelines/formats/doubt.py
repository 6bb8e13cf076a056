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

_NUMBER = re.compile(
    r"\d|^(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|once|twice|january|february|march|april|may|"
    r"june|july|august|september|october|november|december)$",
    re.IGNORECASE,
)
#: Negations, and what recognition makes of them.
_NEGATION = re.compile(
    r"\W*(?:n[o0eaqc][torn]?|neo|den[il1]e[sd]|w/o|without|negative|absent|none|never|nor)\W*", re.IGNORECASE
)
_STOP = re.compile(r"[.;?!]\s|\n\s*\n|\n\s*[-*\u2022]")
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
    first, last = _sentence(source.text, quote.start, quote.end)
    is_measured = bool(_MEASURED & set(fact.attributes))
    number = negation = False
    for start, end in source.unsure[bisect_left(source.unsure, (first, 0)) :]:
        if start >= last:
            break
        word = source.text[start:end]
        is_quoted = quote.start <= start < quote.end
        number = number or (bool(_NUMBER.search(word)) and (is_quoted or is_measured))
        negation = negation or bool(_NEGATION.fullmatch(word))
    return number, negation


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    before = text[max(0, start - _REACH) : start]
    stops = list(_STOP.finditer(before))
    first = start - len(before) + (stops[-1].end() if stops else 0)
    stop = _STOP.search(text, end, end + _REACH)
    return first, stop.start() if stop else min(len(text), end + _REACH)

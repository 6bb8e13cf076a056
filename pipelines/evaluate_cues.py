"""Which words decided how a found fact stands: the reader's assertion rules, asked again quote by quote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nlp.assertions import Assertion, assess
from pipelines.models import Evidence

_KIND_OF = {
    "absent": "negated",
    "possible": "possible",
    "hypothetical": "hypothetical",
    "historical": "historical",
    "family": "family",
}
_WORD = re.compile(r"[^\W_]+")
#: Words of a long quote that are asked about one by one.
_MOST_WORDS = 40


@dataclass(frozen=True)
class Cue:
    """A word or phrase that bears on a fact: offsets in its document, and what it says (`negated`, …)."""

    start: int
    end: int
    text: str
    kind: str


@dataclass(frozen=True)
class Decision:
    """What decided the assertion of a quote, in words, with the cues (none where no word did)."""

    words: str
    cues: tuple[Cue, ...] = ()


def decisions(text: str, quotes: Sequence[tuple[Evidence, str]]) -> list[Decision]:
    """Say for each quote of `text`, with its fact's assertion, what decided that assertion.

    The rules are asked about the whole quote, then about its words one by one, since a quote may hold its own
    cue. Where they come to another assertion than the fact has, its reader read it from the wording ("normal
    strength").
    """
    spans = [_spans(text, quote) for quote, _ in quotes]
    return [
        _decide(text, assertion, found)
        for (_, assertion), found in zip(quotes, _ask(text, spans), strict=True)
    ]


def _ask(text: str, spans: Sequence[Sequence[tuple[int, int]]]) -> list[Sequence[Assertion]]:
    """The assertions of each group of spans; none for a group in which a span holds no word."""
    try:
        found = iter(assess(text, [span for group in spans for span in group]))
        return [[next(found) for _ in group] for group in spans]
    except ValueError:
        return [_ask(text, [group])[0] for group in spans] if len(spans) > 1 else [[]]


def _spans(text: str, quote: Evidence) -> list[tuple[int, int]]:
    if text[quote.start : quote.end] != quote.text:
        return []
    inside = [(match.start(), match.end()) for match in _WORD.finditer(text, quote.start, quote.end)]
    if not inside:
        return []
    return [(quote.start, quote.end), *(inside[:_MOST_WORDS] if len(inside) > 1 else ())]


def _decide(text: str, assertion: str, found: Sequence[Assertion]) -> Decision:
    if not found:
        return Decision("what cannot be told: the quote does not stand at its place, or holds no word")
    kind = _KIND_OF.get(assertion)
    whole = found[0]
    if kind is None:
        if whole.label == assertion:
            return Decision("no cue: it is stated plainly", _cues(text, whole))
        return Decision(
            f"the wording itself; by its cues alone it would be {whole.label}", _cues(text, whole)
        )
    for candidate in found:
        cues = _cues(text, candidate, kind)
        if candidate.label == assertion and cues:
            return Decision("the cue" if len(cues) == 1 else "the cues", cues)
    if whole.label == assertion:
        return Decision("its place: the part of the note, a box or a sign; no cue word")
    return Decision(f"the wording itself; by its cues alone it would be {whole.label}", _cues(text, whole))


def _cues(text: str, assertion: Assertion, kind: str | None = None) -> tuple[Cue, ...]:
    chosen = {cue for cue in assertion.cues if kind in (None, cue[2])}
    return tuple(Cue(start, end, text[start:end], name) for start, end, name in sorted(chosen))

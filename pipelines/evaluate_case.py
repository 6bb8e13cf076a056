"""One compared case made ready for the page and for misses.jsonl: rows, quotes with places, cues, marks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.evaluate_compare import Comparison, FactRow
from pipelines.evaluate_cues import Cue, Decision, decisions
from pipelines.evaluate_gold import AttributeValue, FoundFact, GoldFact
from pipelines.evaluate_marks import Mark, Piece, pieces
from pipelines.models import Evidence

Json = dict[str, Any]


@dataclass(frozen=True)
class Quote:
    """Words of a document, where they stand, and what decided their assertion (None for gold)."""

    document_id: str
    start: int | None
    end: int | None
    text: str
    decision: Decision | None = None


@dataclass(frozen=True)
class Fact:
    """One fact of a row. `differing` are the attributes of which the other side says something else."""

    assertion: str
    attributes: tuple[tuple[str, AttributeValue], ...]
    differing: frozenset[str]
    date: str | None
    quotes: tuple[Quote, ...]


@dataclass(frozen=True)
class Row:
    """A fact row with its number in the case."""

    number: int
    kind: str
    type: str
    gold: tuple[Fact, ...]
    found: tuple[Fact, ...]


@dataclass(frozen=True)
class Document:
    document_id: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Shown:
    """A case as the page shows it. `marked` are the numbers of the rows that have a mark in a text."""

    case: Comparison
    rows: tuple[Row, ...]
    documents: tuple[Document, ...]
    marked: frozenset[int]


def shown(case: Comparison) -> Shown:
    """Find the places of a case's quotes, the cues of its findings, and the marks of its documents."""
    deciding = _Deciding(case)
    rows = tuple(_row(number, row, case, deciding) for number, row in enumerate(case.rows, start=1))
    seen: set[int] = set()
    documents = tuple(
        Document(name, tuple(pieces(text, _marks(rows, name), seen)))
        for name, text in case.labelled.texts.items()
    )
    return Shown(case, rows, documents, frozenset(seen))


class _Deciding:
    """What decided the assertion of every found quote: each document is read once."""

    def __init__(self, case: Comparison) -> None:
        asked: dict[str, list[tuple[Evidence, str]]] = {}
        for row in case.rows:
            for fact in row.found:
                for quote in fact.evidence:
                    asked.setdefault(quote.document_id, []).append((quote, fact.assertion))
        texts = case.labelled.texts
        self._known: dict[tuple[str, int, int, str], Decision] = {}
        for name, quotes in asked.items():
            for (quote, assertion), decision in zip(
                quotes, decisions(texts.get(name, ""), quotes), strict=True
            ):
                self._known[name, quote.start, quote.end, assertion] = decision

    def of(self, quote: Evidence, assertion: str) -> Decision:
        return self._known[quote.document_id, quote.start, quote.end, assertion]


def _row(number: int, row: FactRow, case: Comparison, deciding: _Deciding) -> Row:
    gold_values, found_values = _values(row.gold), _values(row.found)
    differing = frozenset(
        key
        for key in gold_values.keys() & found_values.keys()
        if gold_values[key].isdisjoint(found_values[key])
    )
    near = [quote for fact in row.found for quote in fact.evidence]
    gold = tuple(
        Fact(fact.assertion, _attributes(fact), differing, None, _gold_quotes(fact, case, near))
        for fact in row.gold
    )
    found = tuple(
        Fact(
            fact.assertion,
            _attributes(fact),
            differing,
            fact.date,
            tuple(
                Quote(
                    quote.document_id,
                    quote.start,
                    quote.end,
                    quote.text,
                    deciding.of(quote, fact.assertion),
                )
                for quote in fact.evidence
            ),
        )
        for fact in row.found
    )
    return Row(number, row.kind, row.type, gold, found)


def _attributes(fact: GoldFact | FoundFact) -> tuple[tuple[str, AttributeValue], ...]:
    return tuple(sorted(fact.attributes.items()))


def _values(facts: Iterable[GoldFact | FoundFact]) -> dict[str, set[str]]:
    """Every value that the facts give an attribute, as text: 4 and "4" are one."""
    values: dict[str, set[str]] = {}
    for fact in facts:
        for key, value in fact.attributes.items():
            values.setdefault(key, set()).add(str(value).lower())
    return values


def _gold_quotes(fact: GoldFact, case: Comparison, near: Sequence[Evidence]) -> tuple[Quote, ...]:
    """Place a label's quote: where it overlaps a finding of its row, else where it stands first."""
    if not fact.quote:
        return ()
    name = fact.document_id or ""
    places = _places(case.labelled.texts.get(name, ""), fact.quote)
    spans = [(quote.start, quote.end) for quote in near if quote.document_id == name]
    chosen = next(
        (at for at in places if any(at < end and at + len(fact.quote) > start for start, end in spans)),
        places[0] if places else None,
    )
    end = None if chosen is None else chosen + len(fact.quote)
    return (Quote(name, chosen, end, fact.quote),)


def _places(text: str, quote: str) -> list[int]:
    found, at = [], text.find(quote)
    while at >= 0:
        found.append(at)
        at = text.find(quote, at + 1)
    return found


def _marks(rows: Iterable[Row], name: str) -> Iterable[Mark]:
    for row in rows:
        for source, facts in (("gold", row.gold), ("found", row.found)):
            for quote in (quote for fact in facts for quote in fact.quotes):
                if quote.document_id != name or quote.start is None or quote.end is None:
                    continue
                yield Mark(quote.start, quote.end, source, row.kind, row.number)
                # The cues of what both agree on would cover the text with marks; their row tells them.
                if quote.decision and row.kind != "agree":
                    for cue in quote.decision.cues:
                        yield Mark(cue.start, cue.end, "cue", row.kind, row.number)


# --- misses.jsonl ----------------------------------------------------------------------------------


def miss_json(shown_case: Shown) -> Json:
    """What differs in a case, for programs."""
    case = shown_case.case
    gold, found = case.labelled.gold, case.found
    return {
        "case_id": case.case_id,
        "number": case.number,
        "kinds": list(case.kinds),
        "determination": {"gold": gold.determination, "also": gold.also, "found": case.got},
        "gate": {"gold": gold.gate, "found": found.gate.overlap if found and found.gate else None},
        "indications": [
            {
                "id": pair.id,
                "gold": pair.gold.model_dump() if pair.gold else None,
                "found": pair.found.model_dump(include={"status", "missing", "contradicted"})
                if pair.found
                else None,
            }
            for pair in case.indications
            if not pair.is_right or pair.differs_in_requirements
        ],
        "facts": [
            {
                "kind": row.kind,
                "type": row.type,
                "gold": [_fact_json(fact) for fact in row.gold],
                "found": [_fact_json(fact) for fact in row.found],
            }
            for row in shown_case.rows
            if row.kind != "agree"
        ],
        "why": gold.why,
        "error": found.error.model_dump() if found and found.error else None,
    }


def _fact_json(fact: Fact) -> Json:
    return {
        "assertion": fact.assertion,
        "attributes": dict(fact.attributes),
        "date": fact.date,
        "evidence": [_quote_json(quote) for quote in fact.quotes],
    }


def _quote_json(quote: Quote) -> Json:
    place: Json = {
        "document_id": quote.document_id,
        "start": quote.start,
        "end": quote.end,
        "text": quote.text,
    }
    if quote.decision is None:
        return place
    return {
        **place,
        "decided_by": quote.decision.words,
        "cues": [_cue_json(cue) for cue in quote.decision.cues],
    }


def _cue_json(cue: Cue) -> Json:
    return {"start": cue.start, "end": cue.end, "text": cue.text, "kind": cue.kind}

"""One case: what its labels say beside what was found, difference by difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TypeVar

from nlp.facts import FACT_TYPES
from pipelines.evaluate_gold import Found, FoundFact, FoundIndication, GoldFact, GoldIndication, Labelled

_Fact = TypeVar("_Fact", GoldFact, FoundFact)

MEETS = "meets_criteria"
NOT_RAISED = "not_raised"

#: The kinds of differences that make a case a miss, worst first, with their words for people.
KINDS: Mapping[str, str] = {
    "no_result": "no result",
    "false_meets": "false meets",
    "determination": "wrong determination",
    "indications": "wrong status of an indication",
    "requirements": "other requirements missing or contradicted",
    "gate": "wrong overlap gate",
    "facts": "facts missed, added or asserted otherwise",
    "evidence": "a quote that its offsets do not give",
}

#: How a fact of the labels and one of the result go together, differences first.
ROW_KINDS = ("assertion", "missed", "extra", "agree")


@dataclass(frozen=True)
class IndicationPair:
    """An indication in the labels and in the result; None where one of them does not raise it."""

    id: str
    gold: GoldIndication | None
    found: FoundIndication | None

    @property
    def statuses(self) -> tuple[str, str]:
        """Gold status, found status."""
        return (
            self.gold.status if self.gold else NOT_RAISED,
            self.found.status if self.found else NOT_RAISED,
        )

    @property
    def is_right(self) -> bool:
        gold, found = self.statuses
        return gold == found

    @property
    def differs_in_requirements(self) -> bool:
        """The same status for other reasons."""
        if not self.is_right or self.gold is None or self.found is None:
            return False
        if self.gold.status == "incomplete":
            return set(self.gold.missing) != set(self.found.missing)
        return self.gold.status == "not_met" and set(self.gold.contradicted) != set(self.found.contradicted)


@dataclass(frozen=True)
class FactRow:
    """The facts of one type and assertion in the labels beside those of the result.

    kind: `agree`; `missed` (only gold), `extra` (only found), `assertion` (both name the type, each with
    another assertion).
    """

    kind: str
    type: str
    gold_assertion: str | None
    found_assertion: str | None
    gold: tuple[GoldFact, ...]
    found: tuple[FoundFact, ...]


@dataclass(frozen=True)
class Comparison:
    """One case compared. `number` counts the usable cases of the gold file from 1."""

    number: int
    labelled: Labelled
    found: Found | None
    wanted: str
    got: str | None
    indications: tuple[IndicationPair, ...]
    rows: tuple[FactRow, ...]
    exact: int
    quotes: int
    kinds: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def case_id(self) -> str:
        return self.labelled.case_id

    @property
    def is_miss(self) -> bool:
        return bool(self.kinds)


def compare(number: int, labelled: Labelled, found: Found | None) -> Comparison:
    """Compare a case's labels with its result; a result with an error counts as none."""
    gold = labelled.gold
    answered = found if found is not None and found.determination is not None else None
    got = answered.determination if answered else None
    wanted = got if got is not None and got in gold.also else gold.determination
    indications = _pairs(gold.indications, answered.indications if answered else ())
    rows = _rows(gold.facts, answered.facts if answered else ())
    exact, quotes = _evidence(answered, labelled.texts)
    wrong = {
        "no_result": answered is None,
        "false_meets": got == MEETS != wanted,
        "determination": answered is not None and got != wanted and got != MEETS,
        "indications": any(not pair.is_right for pair in indications),
        "requirements": any(pair.differs_in_requirements for pair in indications),
        "gate": bool(answered and answered.gate and gold.gate and answered.gate.overlap != gold.gate),
        "facts": any(row.kind != "agree" for row in rows),
        "evidence": exact != quotes,
    }
    return Comparison(
        number,
        labelled,
        found,
        wanted,
        got,
        indications,
        rows,
        exact,
        quotes,
        tuple(kind for kind in KINDS if wrong[kind]),
        tuple(_label_remarks(labelled)),
    )


def _pairs(
    gold: Mapping[str, GoldIndication] | None, found: Sequence[FoundIndication]
) -> tuple[IndicationPair, ...]:
    if gold is None:
        return ()
    raised = {item.id: item for item in found if item.status != NOT_RAISED}
    names = [*gold, *(name for name in raised if name not in gold)]
    return tuple(IndicationPair(name, gold.get(name), raised.get(name)) for name in names)


def _rows(gold: Sequence[GoldFact] | None, found: Sequence[FoundFact]) -> tuple[FactRow, ...]:
    """Pair facts by type and assertion; what is left of a type is paired as another assertion of it."""
    if gold is None:
        return ()
    wanted, got = _by_pair(gold), _by_pair(found)
    rows = [
        FactRow("agree", type_, assertion, assertion, tuple(facts), tuple(got[type_, assertion]))
        for (type_, assertion), facts in wanted.items()
        if (type_, assertion) in got
    ]
    for type_ in dict.fromkeys([*(name for name, _ in wanted), *(name for name, _ in got)]):
        missed = [pair for pair in wanted if pair[0] == type_ and pair not in got]
        extra = [pair for pair in got if pair[0] == type_ and pair not in wanted]
        for one, other in zip_longest(missed, extra):
            kind = "assertion" if one and other else "missed" if one else "extra"
            rows.append(
                FactRow(
                    kind,
                    type_,
                    one and one[1],
                    other and other[1],
                    tuple(wanted[one]) if one else (),
                    tuple(got[other]) if other else (),
                )
            )
    return tuple(sorted(rows, key=lambda row: ROW_KINDS.index(row.kind)))


def _by_pair(facts: Iterable[_Fact]) -> dict[tuple[str, str], list[_Fact]]:
    pairs: dict[tuple[str, str], list[_Fact]] = {}
    for fact in facts:
        pairs.setdefault((fact.type, fact.assertion), []).append(fact)
    return pairs


def _evidence(found: Found | None, texts: Mapping[str, str]) -> tuple[int, int]:
    """How many quotes are what stands at their offsets, and how many there are."""
    if found is None:
        return 0, 0
    items: list[FoundFact | FoundIndication] = [*found.facts, *found.indications]
    quotes = [quote for item in items for quote in item.evidence]
    exact = sum(
        bool(quote.text) and texts.get(quote.document_id, "")[quote.start : quote.end] == quote.text
        for quote in quotes
    )
    return exact, len(quotes)


def _label_remarks(labelled: Labelled) -> Iterable[str]:
    """What looks like a slip in the labels: it counts as a miss of the reader, so a person should look."""
    known = _known_criteria()
    gold = labelled.gold
    for name in gold.indications or ():
        if name not in known:
            yield f"The labels name an indication that the criteria do not have: {name}."
    for number, fact in enumerate(gold.facts or (), start=1):
        if fact.type not in FACT_TYPES:
            yield f"Fact {number} of the labels has an unknown type: {fact.type}."
        if fact.quote and fact.quote not in labelled.texts.get(fact.document_id or "", ""):
            yield f"The quote of fact {number} of the labels ({fact.type}) does not stand in its document."


def _known_criteria() -> frozenset[str]:
    from criteria.texts import texts

    return frozenset(texts().criteria)

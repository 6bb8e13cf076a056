"""The figures of an evaluation: counts first, shares and their intervals from them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.evaluate_compare import KINDS, MEETS, NOT_RAISED, Comparison, FactRow

Json = dict[str, Any]

_DIGITS = 4
#: The standard normal quantile of a two-sided interval of 95 %.
_Z = 1.959963984540054

DETERMINATIONS = (
    MEETS,
    "insufficient_documentation",
    "does_not_meet",
    "clinical_review",
    "out_of_scope",
)
STATUSES = ("met", "incomplete", "not_met", NOT_RAISED)
NO_RESULT = "no_result"


def wilson(hits: int, of: int) -> tuple[float, float] | None:
    """Return Wilson's 95 % score interval of a share; None of nothing.

    >>> wilson(9, 10)
    (0.5958, 0.9821)
    """
    if of == 0:
        return None
    share, weight = hits / of, _Z * _Z / of
    middle = (share + weight / 2) / (1 + weight)
    reach = _Z / (1 + weight) * math.sqrt(share * (1 - share) / of + weight / (4 * of))
    return round(max(0.0, middle - reach), _DIGITS), round(min(1.0, middle + reach), _DIGITS)


@dataclass
class Share:
    """So many of so many."""

    hits: int = 0
    of: int = 0

    def add(self, hits: int, of: int = 1) -> None:
        self.hits += hits
        self.of += of

    def value(self, empty: float) -> float:
        """The share, `empty` where there was nothing to count."""
        return self.hits / self.of if self.of else empty

    def as_json(self) -> Json:
        share = round(self.hits / self.of, _DIGITS) if self.of else None
        interval = wilson(self.hits, self.of)
        return {"share": share, "hits": self.hits, "of": self.of, "interval_95": interval and list(interval)}


@dataclass
class Tally:
    """Found and right, found but wrong, not found."""

    right: int = 0
    extra: int = 0
    missed: int = 0

    def add(self, right: int, extra: int, missed: int) -> None:
        self.right += right
        self.extra += extra
        self.missed += missed

    def compare(self, gold: set[Any], found: set[Any]) -> None:
        self.add(len(gold & found), len(found - gold), len(gold - found))

    @property
    def precision(self) -> Share:
        return Share(self.right, self.right + self.extra)

    @property
    def recall(self) -> Share:
        return Share(self.right, self.right + self.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, each taken as 1 where there was nothing to find."""
        precision, recall = self.precision.value(1.0), self.recall.value(1.0)
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    def figures(self) -> Json:
        return {
            "precision": round(self.precision.value(1.0), _DIGITS),
            "recall": round(self.recall.value(1.0), _DIGITS),
            "f1": round(self.f1, _DIGITS),
            "gold": self.right + self.missed,
        }

    def as_json(self) -> Json:
        return {
            "f1": round(self.f1, _DIGITS),
            "right": self.right,
            "extra": self.extra,
            "missed": self.missed,
            "precision": self.precision.as_json(),
            "recall": self.recall.as_json(),
        }


@dataclass
class FactTally(Tally):
    """A fact type's tally, and the cases of its misses (their numbers)."""

    missed_in: list[int] = field(default_factory=list)
    extra_in: list[int] = field(default_factory=list)


@dataclass
class RequirementTally:
    """How often a requirement that is missing was asked for, and how often one that is not."""

    recall: Share = field(default_factory=Share)
    needless: int = 0
    missed_in: list[int] = field(default_factory=list)
    needless_in: list[int] = field(default_factory=list)


@dataclass
class Scores:
    """What all cases come to. Cases are added one by one and not kept."""

    cases: int = 0
    without_result: int = 0
    misses: int = 0
    determination: Share = field(default_factory=Share)
    false_meets: Share = field(default_factory=Share)
    meets: Tally = field(default_factory=Tally)
    met: Tally = field(default_factory=Tally)
    raised: Tally = field(default_factory=Tally)
    status: Share = field(default_factory=Share)
    missing: Share = field(default_factory=Share)
    facts: Tally = field(default_factory=Tally)
    evidence: Share = field(default_factory=Share)
    by_kind: dict[str, list[int]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    determinations: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    statuses: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    by_indication: dict[str, dict[tuple[str, str], list[int]]] = field(default_factory=dict)
    by_type: dict[str, FactTally] = field(default_factory=dict)
    assertions: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    by_requirement: dict[str, RequirementTally] = field(default_factory=dict)
    software: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, case: Comparison) -> None:
        """Count one case."""
        self.cases += 1
        self.misses += case.is_miss
        self.without_result += case.got is None
        for kind in case.kinds:
            self.by_kind[kind].append(case.number)
        if case.found is not None and case.found.software:
            software = case.found.software
            self.software[software.get("version", ""), software.get("rules_digest", "")] += 1
        self.evidence.add(case.exact, case.quotes)
        self._add_determination(case)
        if case.labelled.gold.indications is not None:
            self._add_indications(case)
        if case.labelled.gold.facts is not None:
            self._add_facts(case)

    def _add_determination(self, case: Comparison) -> None:
        wanted, got = case.wanted, case.got
        self.determination.add(wanted == got)
        self.meets.add(wanted == got == MEETS, wanted != MEETS == got, wanted == MEETS != got)
        if wanted != MEETS:
            self.false_meets.add(got == MEETS)
        self.determinations.setdefault((wanted, got or NO_RESULT), []).append(case.number)

    def _add_indications(self, case: Comparison) -> None:
        pairs = case.indications
        for status, tally in (("met", self.met), (None, self.raised)):
            gold = {pair.id for pair in pairs if pair.gold and status in (None, pair.gold.status)}
            found = {pair.id for pair in pairs if pair.found and status in (None, pair.found.status)}
            tally.compare(gold, found)
        for pair in pairs:
            self.statuses.setdefault(pair.statuses, []).append(case.number)
            self.by_indication.setdefault(pair.id, {}).setdefault(pair.statuses, []).append(case.number)
            if pair.gold is None:
                continue
            self.status.add(pair.is_right)
            if pair.gold.status == "incomplete":
                asked = set(pair.found.missing) if pair.found else set()
                self._add_requirements(case.number, set(pair.gold.missing), asked)

    def _add_requirements(self, number: int, wanted: set[str], asked: set[str]) -> None:
        self.missing.add(len(wanted & asked), len(wanted))
        for name in sorted(wanted | asked):
            tally = self.by_requirement.setdefault(name, RequirementTally())
            if name not in wanted:
                tally.needless += 1
                tally.needless_in.append(number)
                continue
            tally.recall.add(name in asked)
            if name not in asked:
                tally.missed_in.append(number)

    def _add_facts(self, case: Comparison) -> None:
        for row in case.rows:
            right, extra, missed = _counts(row)
            self.facts.add(right, extra, missed)
            tally = self.by_type.setdefault(row.type, FactTally())
            tally.add(right, extra, missed)
            if missed:
                tally.missed_in.append(case.number)
            if extra:
                tally.extra_in.append(case.number)
            if row.kind == "assertion":
                pair = (row.gold_assertion or "", row.found_assertion or "")
                self.assertions.setdefault(pair, []).append(case.number)

    def figures(self) -> Json:
        """The headline figures, flat; a share of nothing is given as the field's scorers do."""
        return {
            "cases": self.cases,
            "without_result": self.without_result,
            "determination_accuracy": round(self.determination.value(0.0), _DIGITS),
            "meets_precision": round(self.meets.precision.value(1.0), _DIGITS),
            "meets_recall": round(self.meets.recall.value(1.0), _DIGITS),
            "false_meets": self.meets.extra,
            "met_indications": self.met.figures(),
            "raised_indications": self.raised.figures(),
            "status_accuracy": round(self.status.value(0.0), _DIGITS),
            "missing_recall": round(self.missing.value(0.0), _DIGITS),
            "facts": self.facts.figures(),
            "evidence_exact": round(self.evidence.value(0.0), _DIGITS) if self.evidence.of else None,
        }

    def as_json(self) -> Json:
        """All figures with their counts, in an order that does not depend on the cases' order."""
        return {
            "figures": self.figures(),
            "counts": {
                "misses": self.misses,
                "by_kind": {kind: len(cases) for kind, cases in self.by_kind.items()},
                "determination": self.determination.as_json(),
                "false_meets": self.false_meets.as_json(),
                "meets": self.meets.as_json(),
                "met_indications": self.met.as_json(),
                "raised_indications": self.raised.as_json(),
                "status": self.status.as_json(),
                "missing": self.missing.as_json(),
                "facts": self.facts.as_json(),
                "evidence": self.evidence.as_json(),
            },
            "determinations": _cells(self.determinations),
            "indication_statuses": _cells(self.statuses),
            "indications": {name: _cells(cells) for name, cells in sorted(self.by_indication.items())},
            "fact_types": {name: tally.as_json() for name, tally in sorted(self.by_type.items())},
            "assertions": _cells(self.assertions),
            "requirements": {
                name: {"recall": tally.recall.as_json(), "needless": tally.needless}
                for name, tally in sorted(self.by_requirement.items())
            },
            "software": [
                {"version": version, "rules_digest": digest, "cases": count}
                for (version, digest), count in sorted(self.software.items())
            ],
        }


def _counts(row: FactRow) -> tuple[int, int, int]:
    """Right, extra and missed pairs of type and assertion in a row."""
    if row.kind == "agree":
        return 1, 0, 0
    return 0, row.found_assertion is not None, row.gold_assertion is not None


def _cells(cells: Mapping[tuple[str, str], Iterable[int]]) -> list[Json]:
    return [
        {"gold": gold, "found": found, "count": len(list(numbers))}
        for (gold, found), numbers in sorted(cells.items())
    ]

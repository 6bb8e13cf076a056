"""From the facts of a case to its determination (criteria.md section 1)."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from typing import TYPE_CHECKING

from criteria.chart import Chart
from criteria.logic import (
    CONFLICT_NAME,
    LOW_CONFIDENCE_NAME,
    NOT_RAISED,
    Assessment,
    as_far_as_legible,
    minimal,
)
from criteria.lumbar_mri import combination, overlap
from criteria.lumbar_mri.editions import (
    EDITIONS,
    POLICY_ID,
    Edition,
    Entry,
    contents_of,
    has_overlap_gate,
)
from criteria.lumbar_mri.remarks import remarks_of
from criteria.texts import numbers_on, words_on
from nlp.facts import CaseFacts, Evidence, Fact, Remark

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


class NoEditionError(ValueError):
    """The service date lies before the first known edition of the guideline."""


@dataclass(frozen=True)
class Policy:
    """The edition that decided."""

    id: str
    version: str
    effective_from: date


@dataclass(frozen=True)
class IndicationResult:
    """What one raised indication came to, and the quotes behind it."""

    id: str
    status: str
    missing: tuple[str, ...]
    contradicted: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gate:
    """The overlap gate: open, or closed for lack of a reason."""

    overlap: str
    missing: tuple[str, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Determination:
    """The answer to one request. Never a denial: `does_not_meet` goes to a clinician."""

    determination: str
    policy: Policy
    indications: tuple[IndicationResult, ...]
    gate: Gate
    to_meet: tuple[tuple[str, ...], ...]
    remarks: tuple[Remark, ...]


def policy_for(service_date: date) -> Edition:
    """Return the newest edition in force on a service date.

    Raises NoEditionError before the first known one.
    """
    for edition in reversed(EDITIONS):
        if edition.effective_from <= service_date:
            return edition
    first = EDITIONS[0]
    raise NoEditionError(
        f"No edition of {POLICY_ID} is known for the service date {service_date.isoformat()}: the first one "
        f"held here is in force from {first.effective_from.isoformat()}. Check the service date of the case; "
        "if it is right, judge the case by the guideline of its time."
    )


@functools.cache
def _policy(edition: Edition) -> Policy:
    return Policy(POLICY_ID, edition.version, edition.effective_from)


@functools.cache
def _contents(edition: Edition) -> tuple[Entry, ...]:
    return contents_of(edition)


def determine(case: CaseFacts) -> Determination:
    """Decide a case.

    Raises NoEditionError where no edition was in force on its service date.
    """
    edition = policy_for(case.service_date)
    chart, gate = _assess(case, edition)
    gate_lacks = OVERLAP_REASON
    if any(fact.uncertain for fact in case.facts):
        sure = replace(case, facts=tuple(fact for fact in case.facts if not fact.uncertain))
        legible, legible_gate = _assess(sure, edition)
        for name, result in chart.results.items():
            chart.results[name] = as_far_as_legible(result, legible.results[name])
        if gate.is_open and not legible_gate.is_open:
            gate, gate_lacks = legible_gate, LOW_CONFIDENCE_NAME
    raised = {name: result for name, result in chart.results.items() if result is not NOT_RAISED}
    quotes = _Quotes(case.facts)
    return Determination(
        determination=_decide(chart, raised, gate.is_open),
        policy=_policy(edition),
        indications=tuple(
            IndicationResult(
                name,
                result.status,
                result.missing,
                result.contradicted,
                quotes.of(result.facts),
                result.notes,
            )
            for name, result in raised.items()
        ),
        gate=Gate(
            "open" if gate.is_open else "closed",
            () if gate.is_open else (gate_lacks,),
            quotes.of(gate.facts),
        ),
        to_meet=_to_meet(chart, raised, () if gate.is_open else (gate_lacks,)),
        remarks=remarks_of(chart),
    )


def _assess(case: CaseFacts, edition: Edition) -> tuple[Chart, overlap.Overlap]:
    """Ask every question of an edition, in its order."""
    chart = Chart(case, numbers_on(edition.effective_from), words_on(edition.effective_from))
    for entry in _contents(edition):
        chart.results[entry.id] = entry.question(chart)
    return chart, overlap.gate(chart) if has_overlap_gate(edition) else overlap.OPEN


OVERLAP_REASON = "overlap_reason"


def is_out_of_scope(chart: Chart) -> bool:
    """Codes were given and none of them is a lumbar MRI (the add-on alone is none)."""
    codes = chart.case.cpt_codes
    return bool(codes) and not any(code in chart.words["overlap.lumbar_mri_codes"] for code in codes)


def _decide(chart: Chart, raised: dict[str, Assessment], is_gate_open: bool) -> str:
    """The order of criteria.md section 1."""
    if is_out_of_scope(chart):
        return "out_of_scope"
    if not raised:
        return "clinical_review" if chart.case.clinical_content else "insufficient_documentation"
    statuses = {result.status for result in raised.values()}
    if "met" in statuses:
        return "meets_criteria" if is_gate_open else "insufficient_documentation"
    # A conflict decides where settling it one way would meet the criteria.
    if is_gate_open and any(result.missing == (CONFLICT_NAME,) for result in raised.values()):
        return "clinical_review"
    return "insufficient_documentation" if "incomplete" in statuses else "does_not_meet"


# --- what would make it meet ----------------------------------------------------------------------


def _to_meet(
    chart: Chart, raised: dict[str, Assessment], gate_lacks: tuple[str, ...]
) -> tuple[tuple[str, ...], ...]:
    """Return the smallest sets of requirements that would make the case meet, once documented.

    Only what is missing can be supplied: what the documents contradict no further paper undoes, so an
    indication that is not met opens no way. A combination item that is met opens the overlap gate by itself
    (section 4).
    """
    if is_out_of_scope(chart):
        return ()
    if not gate_lacks and any(result.is_met for result in raised.values()):
        return ()
    ways = {
        way if name in combination.ALL else way.union(gate_lacks)
        for name, result in raised.items()
        for way in (result.ways if not result.is_met else (frozenset[str](),))
    }
    return tuple(tuple(sorted(names)) for names in minimal(ways))


def would_meet(to_meet: Iterable[Sequence[str]], supplied: Iterable[str]) -> bool:
    """Say whether documenting `supplied` would make a case with these `to_meet` sets meet the criteria."""
    given = frozenset(supplied)
    return any(given.issuperset(names) for names in to_meet)


# --- evidence -------------------------------------------------------------------------------------


class _Quotes:
    """The quotes of facts, each once, in the order of the case's facts."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self._facts = facts
        self._order: dict[int, int] = {}

    def of(self, facts: Sequence[Fact]) -> tuple[Evidence, ...]:
        if not facts:
            return ()
        if not self._order:
            self._order = {id(fact): place for place, fact in enumerate(self._facts)}
        places = sorted({self._order[id(fact)]: fact for fact in facts}.items())
        return tuple(dict.fromkeys(quote for _, fact in places for quote in fact.evidence))


# --- the rules themselves -------------------------------------------------------------------------


@functools.cache
def rules_digest() -> str:
    """Return a digest of the rules and their TOML: equal digests mean equal rules, on whatever machine."""
    digest = hashlib.sha256()
    for name, content in sorted(_sources(files("criteria"), "criteria")):
        # Line ends differ between checkouts; the rules do not.
        digest.update(name.encode() + b"\0" + content.replace(b"\r\n", b"\n") + b"\0")
    return f"sha256:{digest.hexdigest()}"


def _sources(folder: Traversable, path: str) -> Iterable[tuple[str, bytes]]:
    for item in folder.iterdir():
        name = f"{path}/{item.name}"
        if item.is_dir():
            yield from _sources(item, name)
        elif item.name.endswith((".py", ".toml")):
            yield name, item.read_bytes()

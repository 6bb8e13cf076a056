"""Three-valued logic: what a requirement can be, and how requirements make an indication.

Silence is not "no": a requirement that nobody wrote about is MISSING, one that the documents deny is
CONTRADICTED (criteria.md section 1).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from nlp.facts import Fact

Status = Literal["met", "not_met", "incomplete", "not_raised"]

#: How a conflict between documents is named among the missing requirements (criteria.md section 1).
CONFLICT_NAME = "conflict"
#: How a requirement is named that rests on words which a scan shows too badly to rely on.
LOW_CONFIDENCE_NAME = "low_confidence_text"


class Standing(enum.Enum):
    """How the documents stand to one requirement."""

    DOCUMENTED = "documented"
    CONTRADICTED = "contradicted"
    MISSING = "missing"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class Requirement:
    """One thing that an indication asks for, where the documents stand on it, and the facts that show it."""

    name: str
    standing: Standing
    facts: tuple[Fact, ...] = ()

    @property
    def is_documented(self) -> bool:
        return self.standing is Standing.DOCUMENTED

    @property
    def is_contradicted(self) -> bool:
        return self.standing is Standing.CONTRADICTED


@dataclass(frozen=True)
class Assessment:
    """What a criterion says of a case.

    `ways` are the sets of requirement names that would each, once documented, make it met; none where
    something is contradicted (paper cannot undo what the record says).
    """

    status: Status
    missing: tuple[str, ...] = ()
    contradicted: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    ways: tuple[frozenset[str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_met(self) -> bool:
        return self.status == "met"

    @property
    def is_raised(self) -> bool:
        return self.status != "not_raised"


NOT_RAISED = Assessment("not_raised")


def documented(name: str, facts: Iterable[Fact] = ()) -> Requirement:
    return Requirement(name, Standing.DOCUMENTED, tuple(facts))


def contradicted(name: str, facts: Iterable[Fact] = ()) -> Requirement:
    return Requirement(name, Standing.CONTRADICTED, tuple(facts))


def missing(name: str, facts: Iterable[Fact] = ()) -> Requirement:
    return Requirement(name, Standing.MISSING, tuple(facts))


def shown_by(
    name: str, proof: Sequence[Fact], denial: Sequence[Fact] = (), open_: Sequence[Fact] = ()
) -> Requirement:
    """Return the requirement that `proof` documents and, without proof, `denial` contradicts.

    Proof that an equally specific statement contradicts is a conflict, not a proof (criteria.md G6).
    `open_` facts are kept as evidence of a requirement that stays missing.
    """
    sound = [fact for fact in proof if not fact.conflict]
    if sound:
        return Requirement(name, Standing.DOCUMENTED, tuple(sound))
    if proof:
        return Requirement(name, Standing.CONFLICT, tuple(proof))
    if denial:
        return Requirement(name, Standing.CONTRADICTED, tuple(denial))
    return Requirement(name, Standing.MISSING, tuple(open_))


def any_of(name: str, choices: Sequence[Requirement]) -> Requirement:
    """Return the requirement that one choice documents, and that only all of them contradict."""
    for standing in (Standing.DOCUMENTED, Standing.CONFLICT, Standing.MISSING, Standing.CONTRADICTED):
        standing_so = [choice for choice in choices if choice.standing is standing]
        if standing_so:
            return Requirement(name, standing, _facts_of(standing_so))
    raise ValueError(f"requirement {name!r} has no choices: give any_of at least one")


def _facts_of(requirements: Iterable[Requirement]) -> tuple[Fact, ...]:
    return tuple(fact for requirement in requirements for fact in requirement.facts)


def judge(
    requirements: Sequence[Requirement],
    raised_by: Sequence[Fact] = (),
    ways: tuple[frozenset[str], ...] | None = None,
    notes: tuple[str, ...] = (),
) -> Assessment:
    """Return the status of a raised indication that needs every one of `requirements`.

    `ways` is given only where documenting the missing names is not the one way to meet it.
    """
    facts = (*raised_by, *_facts_of(requirements))
    denied = [requirement.name for requirement in requirements if requirement.is_contradicted]
    if denied:
        return Assessment("not_met", contradicted=tuple(dict.fromkeys(denied)), facts=facts, notes=notes)
    lacking = tuple(
        dict.fromkeys(
            CONFLICT_NAME if requirement.standing is Standing.CONFLICT else requirement.name
            for requirement in requirements
            if not requirement.is_documented
        )
    )
    if lacking:
        return Assessment("incomplete", lacking, (), facts, ways or (frozenset(lacking),), notes)
    return Assessment("met", facts=facts, notes=notes)


def best_of(assessments: Sequence[Assessment]) -> Assessment:
    """Return the reading of several findings of one kind that says most for the patient.

    A met one decides. Otherwise an incomplete one does (its gap may be filled); only where every finding is
    contradicted is the whole contradicted. Independent of the order of `assessments`.
    """
    if not assessments:
        return NOT_RAISED
    met = [a for a in assessments if a.status == "met"]
    if met:
        return Assessment("met", facts=_all_facts(met), notes=_all_notes(met))
    incomplete = [a for a in assessments if a.status == "incomplete"]
    if incomplete:
        least = min((len(a.missing), a.missing) for a in incomplete)[1]
        ways = minimal({way for a in incomplete for way in a.ways})
        return Assessment("incomplete", least, (), _all_facts(incomplete), ways, _all_notes(incomplete))
    names = sorted({name for a in assessments for name in a.contradicted}, key=_position)
    return Assessment("not_met", (), tuple(names), _all_facts(assessments), (), _all_notes(assessments))


def _all_facts(assessments: Iterable[Assessment]) -> tuple[Fact, ...]:
    return tuple(fact for assessment in assessments for fact in assessment.facts)


def _all_notes(assessments: Iterable[Assessment]) -> tuple[str, ...]:
    return tuple(sorted({note for assessment in assessments for note in assessment.notes}))


def as_far_as_legible(all_of_it: Assessment, legible: Assessment) -> Assessment:
    """Return what a criterion says where some facts rest on words that a scan shows badly.

    `legible` is what it says without those facts. Where both agree the words do not matter; where they do
    not, the criterion is neither met nor contradicted until somebody has seen a legible copy.
    """
    if (all_of_it.status, all_of_it.missing, all_of_it.contradicted) == (
        legible.status,
        legible.missing,
        legible.contradicted,
    ):
        return all_of_it
    told = legible if all_of_it.status in ("not_met", "not_raised") else all_of_it
    names = (*told.missing, LOW_CONFIDENCE_NAME)
    facts = (*all_of_it.facts, *legible.facts)
    ways = tuple(way | {LOW_CONFIDENCE_NAME} for way in told.ways) or (frozenset({LOW_CONFIDENCE_NAME}),)
    return Assessment("incomplete", names, (), facts, ways, all_of_it.notes)


def as_requirement(name: str, assessment: Assessment) -> Requirement:
    """Return a raised indication as one requirement of another ("with a new deficit, as above")."""
    if assessment.missing == (CONFLICT_NAME,):
        return Requirement(name, Standing.CONFLICT, assessment.facts)
    standing = {
        "met": Standing.DOCUMENTED,
        "not_met": Standing.CONTRADICTED,
    }.get(assessment.status, Standing.MISSING)
    return Requirement(name, standing, assessment.facts)


#: The order in which the contradicted names of several findings are given: that of criteria.md G11.
_FINDING_NAMES = ("on_examination", "pain_limited", "new_onset", "not_attributed_elsewhere")


def _position(name: str) -> tuple[int, str]:
    return (_FINDING_NAMES.index(name) if name in _FINDING_NAMES else len(_FINDING_NAMES), name)


def minimal(sets: Iterable[frozenset[str]]) -> tuple[frozenset[str], ...]:
    """Return the sets that contain no other of them, shortest first, then by name.

    >>> [sorted(names) for names in minimal([frozenset("ab"), frozenset("a"), frozenset("bc")])]
    [['a'], ['b', 'c']]
    """
    ordered = sorted(set(sets), key=lambda names: (len(names), sorted(names)))
    kept: list[frozenset[str]] = []
    for names in ordered:
        if not any(smaller <= names for smaller in kept):
            kept.append(names)
    return tuple(kept)

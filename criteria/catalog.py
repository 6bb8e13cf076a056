"""The criteria for people: their words and place in the guideline, what changed, what is covered."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from criteria.lumbar_mri import editions
from criteria.texts import Dated, numbers_on, read_toml, texts, words_on

GATE_ID = "gate.overlap"


@dataclass(frozen=True)
class CriterionText:
    """A criterion for a reader: never the guideline's own sentences."""

    id: str
    title: str
    text: str
    citation: str
    requirements: Mapping[str, str]
    numbers: tuple[Dated, ...]


@dataclass(frozen=True)
class Change:
    """One difference between two editions: a criterion `added` or `removed`, or a value `changed`."""

    kind: str
    id: str
    text: str


@dataclass(frozen=True)
class Covered:
    """A bullet, note or table row of the guideline, and what covers it: one of the last three."""

    place: str
    words: str
    rules: tuple[str, ...] = ()
    definition: str | None = None
    not_computable: str | None = None


def list_criteria(version: str | None = None) -> tuple[CriterionText, ...]:
    """Return the criteria of an edition (the newest by default), in the order of the guideline."""
    edition = editions.EDITIONS[-1] if version is None else editions.edition_named(version)
    return tuple(criterion_text(entry.id) for entry in editions.contents_of(edition))


def criterion_text(name: str) -> CriterionText:
    """Return one criterion; an unknown id is a KeyError whose words say where to look."""
    known = texts()
    if name not in known.criteria:
        raise KeyError(f"no criterion {name!r}; `indicia policy list` shows all of them")
    entry = known.criteria[name]
    return CriterionText(
        entry.id,
        entry.title,
        entry.text,
        entry.citation,
        {requirement: requirement_text(requirement) for requirement in entry.requirements},
        tuple(known.numbers[number] for number in entry.numbers),
    )


def requirement_text(name: str) -> str:
    """Return what a requirement asks for, as a sentence for a clinician."""
    known = texts().requirements
    if name not in known:
        raise KeyError(f"no requirement {name!r}; the known ones are {', '.join(sorted(known))}")
    return known[name]


def table1_workup(kind: str) -> str:
    """Return what Table 1 calls for in a gait of this kind ("sensory ataxic" or "sensory_ataxic")."""
    known = texts().table1
    name = kind.lower().replace(" ", "_")
    if name not in known:
        raise KeyError(f"Table 1 has no gait {kind!r}; it has {', '.join(known)}")
    return known[name]


def diff(version_a: str, version_b: str) -> tuple[Change, ...]:
    """Return what changed from one edition to another."""
    old, new = editions.edition_named(version_a), editions.edition_named(version_b)
    before, after = _held_by(old), _held_by(new)
    changes = [Change("added", name, _title(name)) for name in after if name not in before]
    changes += [Change("removed", name, _title(name)) for name in before if name not in after]
    values_before = {**numbers_on(old.effective_from), **words_on(old.effective_from)}
    values_after = {**numbers_on(new.effective_from), **words_on(new.effective_from)}
    for name, value in values_after.items():
        if values_before[name] != value:
            words = f"{_shown(values_before[name])} -> {_shown(value)}"
            changes.append(Change("changed", name, words))
    return tuple(changes)


def _held_by(edition: editions.Edition) -> list[str]:
    gate = [GATE_ID] if editions.has_overlap_gate(edition) else []
    return [*(entry.id for entry in editions.contents_of(edition)), *gate]


def _title(name: str) -> str:
    return "Overlap with a recent or concurrent study" if name == GATE_ID else texts().criteria[name].title


def _shown(value: object) -> str:
    return ", ".join(sorted(value)) or "none" if isinstance(value, frozenset) else str(value)


@functools.cache
def coverage() -> tuple[Covered, ...]:
    """Return every bullet, note and table row of the guideline with what covers it."""
    return tuple(
        Covered(
            item["place"],
            item["words"],
            tuple(item.get("rules", ())),
            item.get("definition"),
            item.get("not_computable"),
        )
        for item in read_toml("coverage")["item"]
    )

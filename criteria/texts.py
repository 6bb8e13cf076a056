"""The numbers and the wording of the criteria, read once from the TOML beside each section's rules.

A number never changes in place: a new value is a new dated line, and every edition sees the newest line that
is not after its own first day.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib

#: The sections, in the order of the guideline. Each is a .py and a .toml of one stem.
SECTIONS = (
    "neuro", "back_pain", "conservative", "periop", "trauma", "pars", "fracture", "tumor", "indeterminate",
    "infection", "inflammatory", "immune", "congenital", "neuroinflammatory", "combination",
    "neurocutaneous", "overlap", "remarks",
)  # fmt: skip


@dataclass(frozen=True)
class Dated:
    """A number or word list with the values it has had: (first day, value), oldest first."""

    name: str
    text: str
    values: tuple[tuple[date, Any], ...]

    def on(self, day: date) -> Any:
        """Return the value in force on `day`; the oldest one before that (nothing older is known)."""
        current = self.values[0][1]
        for first_day, value in self.values:
            if first_day <= day:
                current = value
        return current


@dataclass(frozen=True)
class CriterionEntry:
    """A criterion in own words, and where the guideline says it."""

    id: str
    title: str
    text: str
    citation: str
    requirements: tuple[str, ...]
    numbers: tuple[str, ...]


@dataclass(frozen=True)
class Texts:
    """All that the TOML files hold."""

    criteria: Mapping[str, CriterionEntry]
    requirements: Mapping[str, str]
    numbers: Mapping[str, Dated]
    words: Mapping[str, Dated]
    table1: Mapping[str, str]
    remarks: Mapping[str, str]


def read_toml(name: str) -> dict[str, Any]:
    """Read one TOML file of criteria/lumbar_mri."""
    content = files("criteria").joinpath("lumbar_mri", f"{name}.toml").read_bytes()
    return tomllib.loads(content.decode("utf-8"))


@functools.cache
def texts() -> Texts:
    """Read every section once per process."""
    criteria: dict[str, CriterionEntry] = {}
    requirements: dict[str, str] = {}
    numbers: dict[str, Dated] = {}
    words: dict[str, Dated] = {}
    table1: dict[str, str] = {}
    remarks: dict[str, str] = {}
    for section in SECTIONS:
        content = read_toml(section)
        for name, entry in content.get("criteria", {}).items():
            criteria[name] = CriterionEntry(
                name,
                entry["title"],
                entry["text"],
                entry["citation"],
                tuple(entry["requirements"]),
                tuple(entry.get("numbers", ())),
            )
        requirements |= content.get("requirements", {})
        numbers |= _dated(section, content.get("numbers", {}))
        words |= _dated(section, content.get("words", {}))
        table1 |= content.get("table1", {})
        remarks |= content.get("remarks", {})
    return Texts(criteria, requirements, numbers, words, table1, remarks)


def _dated(section: str, entries: Mapping[str, Any]) -> dict[str, Dated]:
    return {
        f"{section}.{name}": Dated(
            f"{section}.{name}",
            entry["text"],
            tuple((line["from"], line["value"]) for line in entry["values"]),
        )
        for name, entry in entries.items()
    }


@functools.cache
def numbers_on(day: date) -> dict[str, float]:
    """Return every number of the criteria as it stands on `day`."""
    return {name: dated.on(day) for name, dated in texts().numbers.items()}


@functools.cache
def words_on(day: date) -> dict[str, frozenset[str]]:
    """Return every word list of the criteria as it stands on `day`."""
    return {name: frozenset(dated.on(day)) for name, dated in texts().words.items()}

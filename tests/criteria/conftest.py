"""Rules are tested as data: a case is a list of facts in a short notation.

    [no | maybe | past | if | family] type [key=value, key=value ...]

`no` is absent, `maybe` possible, `past` historical, `if` hypothetical, `family` someone else's; without one
of them the fact is present. `told=` is the date of the document that tells it (the note's otherwise),
`conflict=true` marks a fact that another one contradicts, `uncertain=true` one that a scan shows badly.
Unless a row says otherwise, the patient is 54 and asks for code 72148 on 2 March 2026, with a note of 27
February.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import pytest

from criteria.determination import Determination, determine
from nlp.facts import CaseFacts, Evidence, Fact

SERVICE_DATE = date(2026, 3, 2)
NOTE_DATE = "2026-02-27"
_ASSERTIONS = {
    "no": "absent",
    "maybe": "possible",
    "past": "historical",
    "if": "hypothetical",
    "family": "family",
}
_NUMBERS = (
    "severity_0_10", "duration_days", "duration_days_min", "duration_days_max", "visits", "per_week",
    "size_mm", "distance_from_anus_mm",
)  # fmt: skip


def fact_of(notation: str, place: int = 0) -> Fact:
    """Read one fact in the notation above."""
    first, _, rest = notation.partition(" ")
    assertion = _ASSERTIONS.get(first, "present")
    if first in _ASSERTIONS:
        first, _, rest = rest.partition(" ")
    attributes: dict[str, Any] = dict(part.split("=", 1) for part in rest.split(", ")) if rest else {}
    for key, value in attributes.items():
        if key in _NUMBERS:
            attributes[key] = float(value)
        elif value in ("true", "false"):
            attributes[key] = value == "true"
    told = attributes.pop("told", NOTE_DATE)
    conflict = attributes.pop("conflict", False)
    uncertain = attributes.pop("uncertain", False)
    quote = (Evidence("note-1", place * 10, place * 10 + 4, first[:4]),)
    when = None if told == "never" else told
    return Fact(first, assertion, attributes, when, quote, conflict, uncertain=uncertain)  # type: ignore[arg-type]


def build(facts: Iterable[str | Fact], **case: Any) -> CaseFacts:
    """Build a case from facts in the notation, or ready ones."""
    given = {
        "service_date": SERVICE_DATE,
        "cpt_codes": ("72148",),
        "age_years": 54,
        "newest_note": date(2026, 2, 27),
        **case,
    }
    read = tuple(fact_of(f, place) if isinstance(f, str) else f for place, f in enumerate(facts))
    return CaseFacts(facts=read, **given)


@pytest.fixture(scope="session")
def case_of() -> Callable[..., CaseFacts]:
    return build


@pytest.fixture(scope="session")
def decide() -> Callable[..., Determination]:
    """Decide a case written in the notation."""
    return lambda facts, **case: determine(build(facts, **case))


@pytest.fixture(scope="session")
def gives() -> Callable[..., str]:
    """Return what one indication comes to: its status, and the names that it lacks or finds contradicted."""

    def answer(criterion: str, facts: Iterable[str | Fact], **case: Any) -> str:
        for result in determine(build(facts, **case)).indications:
            if result.id == criterion:
                names = ", ".join(result.missing or result.contradicted)
                return f"{result.status}: {names}" if names else result.status
        return "not_raised"

    return answer

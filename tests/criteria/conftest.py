"""Rules are tested as data: a case is a list of (fact type, assertion, attributes)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import pytest

from criteria.determination import Determination, determine
from nlp.facts import CaseFacts, Evidence, Fact

SERVICE_DATE = date(2026, 3, 2)
NOTE_DATE = "2026-02-27"


def _fact(row: tuple[str, str, dict[str, Any]] | Fact, place: int) -> Fact:
    if isinstance(row, Fact):
        return row
    kind, assertion, attributes = row
    own = dict(attributes)
    conflict = bool(own.pop("conflict", False))
    told = own.pop("told", NOTE_DATE)
    quote = (Evidence("note-1", place * 10, place * 10 + 4, kind[:4]),)
    return Fact(kind, assertion, own, told, quote, conflict)  # type: ignore[arg-type]


def build(facts: Iterable[Any], **case: Any) -> CaseFacts:
    """Build a case of an adult of 54, one code, lumbar only, unless told otherwise."""
    given = {
        "service_date": SERVICE_DATE,
        "cpt_codes": ("72148",),
        "age_years": 54,
        "newest_note": date(2026, 2, 27),
        **case,
    }
    return CaseFacts(facts=tuple(_fact(row, place) for place, row in enumerate(facts)), **given)


@pytest.fixture
def case_of() -> Callable[..., CaseFacts]:
    return build


@pytest.fixture
def decide() -> Callable[..., Determination]:
    """Decide a case written as rows."""
    return lambda facts, **case: determine(build(facts, **case))


@pytest.fixture
def status_of() -> Callable[..., tuple[str, tuple[str, ...]]]:
    """Return one indication's status, and the requirements that it misses or finds contradicted."""

    def status(criterion: str, facts: Iterable[Any], **case: Any) -> tuple[str, tuple[str, ...]]:
        for result in determine(build(facts, **case)).indications:
            if result.id == criterion:
                return result.status, result.missing or result.contradicted
        return "not_raised", ()

    return status

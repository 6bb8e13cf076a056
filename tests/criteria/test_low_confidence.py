"""Facts that rest on words which a scan shows badly settle nothing, neither for nor against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Decide = Callable[..., Any]
Gives = Callable[..., str]

COURSE = "physical_therapy duration_days=56, response=none"
UNSURE_COURSE = f"{COURSE}, uncertain=true"
PAIN, DRUG = "low_back_pain", "nsaid"
LOW = "low_confidence_text"

CASES = [
    ("a length that may be misread meets nothing", "insufficient_documentation", [PAIN, UNSURE_COURSE, DRUG]),
    ("a length that is read well elsewhere meets", "meets_criteria", [PAIN, UNSURE_COURSE, COURSE, DRUG]),
    ("a grade that may be misread meets nothing", "insufficient_documentation", [PAIN, "motor_weakness grade=4/5, uncertain=true"]),
    (
        "a short course that may be misread is no reason against",
        "insufficient_documentation",
        [PAIN, "physical_therapy start=2026-01-05, end=2026-01-20, response=none, uncertain=true", DRUG],
    ),
    ("an unsure finding beside a met one changes nothing", "meets_criteria", [PAIN, COURSE, DRUG, "fever uncertain=true"]),
    (
        "an unsure date of an MRI opens no gate",
        "insufficient_documentation",
        [PAIN, COURSE, DRUG, "mri result=abnormal, date=2026-02-01, uncertain=true"],
    ),
    (
        "an unsure reason for another MRI opens no gate",
        "insufficient_documentation",
        [PAIN, COURSE, DRUG, "mri result=abnormal, date=2026-02-01", "overlap_reason uncertain=true"],
    ),
    ("an old finding that may be misread is no reason against", "insufficient_documentation", [PAIN, "motor_weakness old_or_new=old, uncertain=true"]),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "facts"), [pytest.param(*row, id=words) for words, *row in CASES])
def test_words_that_a_scan_shows_badly(decide: Decide, expected: str, facts: list[str]) -> None:
    assert decide(facts).determination == expected


def test_the_requirement_is_named_and_a_legible_copy_would_be_enough(decide: Decide, gives: Gives) -> None:
    facts = [PAIN, UNSURE_COURSE, DRUG]
    assert gives("back_pain.failed_conservative", facts) == f"incomplete: {LOW}"
    assert decide(facts).to_meet == ((LOW,),)


def test_a_gap_that_no_copy_would_fill_is_named_too(decide: Decide, gives: Gives) -> None:
    facts = [PAIN, "physical_therapy response=none", "nsaid uncertain=true"]
    assert gives("back_pain.failed_conservative", facts) == f"incomplete: duration_6_weeks, {LOW}"
    assert all(LOW in names for names in decide(facts).to_meet)


def test_a_gate_that_only_unsure_words_open_asks_for_a_legible_copy(decide: Decide) -> None:
    mri = "mri result=abnormal, date=2026-02-01"
    result = decide([PAIN, COURSE, DRUG, mri, "overlap_reason uncertain=true"])
    assert (result.gate.overlap, result.gate.missing) == ("closed", (LOW,))
    assert result.to_meet == ((LOW,),)


def test_what_only_unsure_words_contradict_is_raised_and_open(gives: Gives) -> None:
    facts = [PAIN, "motor_weakness old_or_new=old, uncertain=true"]
    assert gives("neuro.weakness", facts) == f"incomplete: {LOW}"

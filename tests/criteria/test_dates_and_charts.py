"""Dates of unknown day, and facts that concern another part of the body."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from criteria.chart import Chart, is_elsewhere, names_any
from criteria.dates import Span, days_of, is_within, months_before, moved
from criteria.logic import NOT_RAISED, Assessment, best_of
from criteria.lumbar_mri.conservative import Window, course_of, days_of_union
from criteria.lumbar_mri.neuro import grade_of
from criteria.texts import numbers_on, words_on
from nlp.facts import CaseFacts, Fact


@pytest.mark.parametrize("text", ["age 19", "2025-13", "2025-02-30", 2014, None, True])
def test_what_is_no_date_dates_nothing(text: object) -> None:
    assert days_of(text) is None


def test_half_a_year_before_the_last_of_august_is_the_last_of_february() -> None:
    assert months_before(date(2025, 8, 31), 6) == date(2025, 2, 28)
    assert months_before(date(2024, 8, 31), 6) == date(2024, 2, 29)
    assert months_before(date(2026, 1, 15), 3) == date(2025, 10, 15)
    assert months_before(date(2026, 12, 31), 12) == date(2025, 12, 31)


def test_a_span_that_straddles_is_neither_inside_nor_outside() -> None:
    first, last = date(2025, 9, 2), date(2026, 3, 2)
    assert is_within(Span(date(2025, 9, 2), date(2025, 9, 30)), first, last) is True
    assert is_within(Span(date(2025, 9, 1), date(2025, 9, 30)), first, last) is None
    assert is_within(Span(date(2025, 8, 1), date(2025, 9, 1)), first, last) is False
    assert is_within(Span(date(2026, 3, 3), date(2026, 3, 4)), first, last) is False


def test_the_calendar_has_ends() -> None:
    assert moved(date(1, 1, 2), -5) == date.min
    assert moved(date(9999, 12, 30), 5) == date.max
    assert moved(date(2026, 3, 2), -1) == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (Fact("motor_weakness", "present", {"region": "knee"}), False),
        (Fact("motor_weakness", "present", {"region": "upper_extremity"}), True),
        (Fact("physical_therapy", "present", {"region": "knee"}), True),
        (Fact("physical_therapy", "present", {"region": "lower_extremity"}), False),
        (Fact("low_back_pain", "present", {"region": "thoracic"}), True),
        (Fact("trauma", "present", {"region": "thoracic"}), False),
        (Fact("mri", "present", {"region": "pelvis"}), True),
        (Fact("mri", "present", {"region": "whole_spine"}), False),
        (Fact("disc_herniation", "present", {"level": "C5-6"}), True),
        (Fact("disc_herniation", "present", {"level": "T12-L1"}), False),
        (Fact("disc_herniation", "present", {"level": "T8"}), True),
        (Fact("disc_herniation", "present", {"level": "L4-5"}), False),
        (Fact("disc_herniation", "present", {"level": "Central"}), False),
        (Fact("disc_herniation", "present", {"level": "C"}), False),
        (Fact("sensory_deficit", "present", {"dermatome": "C7"}), True),
        (Fact("cancer", "present", {"region": "chest"}), False),
        (Fact("lab", "present"), False),
    ],
)
def test_what_concerns_another_region(fact: Fact, expected: bool) -> None:
    assert is_elsewhere(fact) is expected


@pytest.mark.parametrize(
    ("grade", "value"),
    [("4+/5", 4.25), ("4-/5", 3.75), ("3/5", 3.0), ("0/5", 0.0), ("trace", 1.0), ("full", None), ("", None)],
)
def test_strength_grades_are_numbers(grade: str, value: float | None) -> None:
    assert grade_of(Fact("motor_weakness", "present", {"grade": grade})) == value


def test_a_word_is_found_by_its_beginning() -> None:
    fact = Fact("cancer", "present", {"site": "Adrenal/renal cell"})
    assert names_any(fact, ("site", "kind"), frozenset({"renal"}))
    assert not names_any(Fact("cancer", "present", {"site": "adrenal"}), ("site",), frozenset({"renal"}))


@pytest.fixture
def chart() -> Callable[..., Chart]:
    day = date(2026, 3, 2)
    return lambda *facts: Chart(CaseFacts(day, facts), numbers_on(day), words_on(day))


def test_a_finding_began_where_its_words_say(chart: Callable[..., Chart]) -> None:
    began = chart().began
    assert began(Fact("low_back_pain", "present", {"onset": "2026-01"})) == Span(
        date(2026, 1, 1), date(2026, 1, 31)
    )
    assert began(Fact("trauma", "present", {"date": "2026-01-05"})) == Span(
        date(2026, 1, 5), date(2026, 1, 5)
    )
    told = {"date": "2026-02-27"}
    three_weeks = Fact("low_back_pain", "present", {"duration_days": 21}, **told)  # type: ignore[arg-type]
    assert began(three_weeks) == Span(date(2026, 2, 6), date(2026, 2, 6))
    undated = Fact("low_back_pain", "present", {"duration_days": 1})
    assert began(undated) == Span(date(2026, 3, 1), date(2026, 3, 1))
    least = Fact("low_back_pain", "present", {"duration_days_min": 30})
    assert began(least) == Span(date.min, date(2026, 1, 31))
    most = Fact("low_back_pain", "present", {"duration_days_max": 30})
    assert began(most) == Span(date(2026, 1, 31), date(2026, 3, 2))
    assert began(Fact("low_back_pain", "present")) is None
    endless = Fact("low_back_pain", "present", {"duration_days": 10**7})
    assert began(endless) == Span(date.min, date.min)


def test_a_plan_of_tomorrow_is_kept_and_a_finding_of_tomorrow_is_not(chart: Callable[..., Chart]) -> None:
    plan = Fact("spine_surgery", "present", {"planned": True}, "2026-03-20")
    found = chart(plan, Fact("motor_weakness", "present", {}, "2026-03-20"))
    assert found.present("spine_surgery", "motor_weakness") == [plan]


WINDOW = Window(date(2025, 9, 2), date(2026, 3, 2))


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"start": "2025-12-01", "end": "2026-01-11"}, (42, 42)),
        ({"start": "2025-12", "end": "2026-01"}, (2, 62)),
        ({"start": "2025-12", "duration_days": 42}, (42, 42)),
        ({"start": "2025-08", "duration_days": 42}, (10, 40)),
        ({"end": "2025-09", "duration_days": 42}, (0, 29)),
        ({"end": "2025-12-31"}, (1, 121)),
        ({"start": "2026-02-01"}, (1, 30)),
        ({"start": "2026-02-01", "ongoing": True}, (27, 30)),
        ({"duration_days": 42}, (42, 42)),
        ({"duration_days": 40, "ongoing": True}, (40, 43)),
        ({}, (0, 182)),
        ({"start": "2026-04-01"}, (0, 0)),
        ({"duration_days": 10**7}, (179, 182)),
        ({"duration_days_min": 30}, (30, 182)),
        ({"duration_days_max": 30}, (1, 30)),
        ({"start": "2025-12-01", "duration_days_min": 30, "duration_days_max": 45}, (30, 45)),
    ],
)
def test_how_long_a_course_lasted_in_the_window(
    attributes: dict[str, str | int | bool], expected: tuple[int, int]
) -> None:
    course = course_of(Fact("physical_therapy", "present", attributes, "2026-02-27"), WINDOW)
    assert days_of_union([course], WINDOW) == expected


def test_findings_of_one_kind_are_read_for_the_patient() -> None:
    met, denied = Assessment("met"), Assessment("not_met", (), ("new_onset",))
    gap = Assessment("incomplete", ("dermatome",), (), (), (frozenset({"dermatome"}),))
    assert best_of([denied, gap, met]).status == "met"
    assert best_of([denied, gap]).missing == ("dermatome",)
    assert best_of([denied, denied]).contradicted == ("new_onset",)
    assert best_of([]) is NOT_RAISED

"""Dates, spans, frequencies and visits, read in a note of 14 May 2026."""

from __future__ import annotations

from datetime import date

import pytest

from nlp.lexicon import lexicon
from nlp.times import document_date, find_times
from nlp.tokens import Words

DATES = [
    ("seen 3/2/26", "2026-03-02"),
    ("on 2026-03-02", "2026-03-02"),
    ("March 2, 2026", "2026-03-02"),
    ("2 March 2026", "2026-03-02"),
    ("started 5/12", "2026-05-12"),
    ("ended 7/21", "2025-07-21"),
    ("MRI 11/2022", "2022-11"),
    ("since mid January", "2026-01"),
    ("in Dec 2025", "2025-12"),
    ("fusion in 2019.", "2019"),
    ("three weeks ago", "2026-04-23"),
    ("3 months ago", "2026-02"),
    ("two years ago", "2024"),
    ("last autumn", "2025-09"),
    ("scheduled for 6/3", "2026-06-03"),
    ("PT in March and April of 2025", "2025-03"),
]
NO_DATES = [
    "EHL 4/5 R",
    "pain 7/10",
    "strength 5/5 throughout",
    "2/6 systolic murmur",
    "2/30/2026",
    "he may have pain",
    "1000 mg",
    "on 13/45",
]
DURATIONS = [
    ("x6 wks", 42, 42),
    ("for 8 weeks", 56, 56),
    ("a 6-week course", 42, 42),
    ("6-8 weeks", 42, 56),
    ("four and a half months", 135, 135),
    ("two and a half weeks", 17.5, 17.5),
    ("more than 6 weeks", 42.5, None),
    ("at least six weeks", 42, None),
    ("several weeks", 21, 84),
    ("over the past 6 weeks", 42, 42),
    ("10 days", 10, 10),
]


@pytest.mark.parametrize(("text", "iso"), DATES)
def test_a_date_keeps_the_precision_of_its_words(text: str, iso: str) -> None:
    found = [t for t in find_times(Words(text, lexicon().speller), date(2026, 5, 14)) if t.kind == "date"]
    assert found and found[0].iso == iso


@pytest.mark.parametrize("text", NO_DATES)
def test_grades_scores_and_impossible_days_are_no_dates(text: str) -> None:
    assert [
        t for t in find_times(Words(text, lexicon().speller), date(2026, 5, 14)) if t.kind == "date"
    ] == []


@pytest.mark.parametrize(("text", "low", "high"), DURATIONS)
def test_a_span_has_the_bounds_that_its_words_give(text: str, low: float, high: float | None) -> None:
    found = [t for t in find_times(Words(text, lexicon().speller), date(2026, 5, 14)) if t.kind == "duration"]
    assert [(t.low, t.high) for t in found] == [(low, high)]


def test_visits_and_frequency_are_told_from_spans() -> None:
    text = "12 visits, twice a week; 2x/wk; 16v; two sessions a week"
    kinds = [(t.kind, t.low) for t in find_times(Words(text, lexicon().speller), date(2026, 5, 14))]
    assert kinds == [("visits", 12), ("frequency", 2), ("frequency", 2), ("visits", 16), ("frequency", 2)]


def test_a_year_without_a_note_date_needs_no_anchor() -> None:
    assert [t.iso for t in find_times(Words("on 3/2/2026 and on 3/5", lexicon().speller), None)] == [
        "2026-03-02"
    ]


def test_the_head_of_a_document_gives_its_date_and_not_the_birth_date() -> None:
    words = Words("Patient: X   DOB: 01/02/1970\nDate of visit: 03/02/2026\nHPI: pain", lexicon().speller)
    assert document_date(words) == date(2026, 3, 2)

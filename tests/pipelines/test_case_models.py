"""What a case must hold, and how the message about a wrong one reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from pipelines.errors import CaseError
from pipelines.models import case_from

SECRET = "Jane Q. Canary"


def refused(data: object) -> str:
    with pytest.raises(CaseError) as caught:
        case_from(data)
    assert caught.value.code == "invalid_case"
    return caught.value.message


def test_a_case_needs_only_an_id_and_one_text() -> None:
    case = case_from({"case_id": "A", "documents": [{"text": "note"}]})
    assert case.service_date is None
    assert case.cpt_codes == []
    assert case.documents[0].kind == "office_note"


def test_unknown_keys_are_ignored(case: Callable[..., Any]) -> None:
    assert case_from(case(gold={"determination": "meets_criteria"}, payer="x")).case_id == "A-1"


def test_numbers_are_read_as_identifiers(case: Callable[..., Any]) -> None:
    assert case_from(case(1001)).case_id == "1001"
    assert case_from(case(1001.0)).case_id == "1001"


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        (None, []),
        ("", []),
        ("72148", ["72148"]),
        (72148, ["72148"]),
        (72148.0, ["72148"]),
        ("72148;72146, 72141", ["72148", "72146", "72141"]),
        (["72148-26", "72148 TC"], ["72148"]),
        (["0698t"], ["0698T"]),
    ],
)
def test_cpt_codes_are_read_however_they_are_written(
    case: Callable[..., Any], given: object, codes: list[str]
) -> None:
    assert case_from(case(cpt_codes=given)).cpt_codes == codes


@pytest.mark.parametrize("written", ["2026-03-02", "2026-03-02T00:00:00Z", " 2026-03-02 ", date(2026, 3, 2)])
def test_a_service_date_may_carry_a_time(case: Callable[..., Any], written: object) -> None:
    assert case_from(case(service_date=written)).service_date == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("2026-02-30", "service_date: is not a day of the calendar"),
        ("03/02/2026", "service_date: must be a date written YYYY-MM-DD"),
        ("0226-03-02", "service_date: must lie between the years"),
        (20260302, "service_date: must be a date written YYYY-MM-DD"),
        (SECRET, "service_date: must be a date written YYYY-MM-DD"),
    ],
)
def test_impossible_service_dates_are_refused_by_name(
    case: Callable[..., Any], written: object, words: str
) -> None:
    assert words in refused(case(service_date=written))


def test_an_impossible_document_date_is_refused_with_its_place(case: Callable[..., Any]) -> None:
    message = refused(case(documents=[{"text": "a"}, {"text": "b", "date": "2026-13-01"}]))
    assert message == "documents[1].date: is not a day of the calendar; write YYYY-MM-DD."


def test_a_birth_after_the_request_is_refused(case: Callable[..., Any]) -> None:
    assert "birth_date lies after service_date" in refused(case(patient={"birth_date": "2026-03-03"}))


@pytest.mark.parametrize("age", [-1, 131, "old", float("nan"), True and [5]])
def test_impossible_ages_are_refused(case: Callable[..., Any], age: object) -> None:
    assert "patient.age_years: must" in refused(case(patient={"age_years": age}))


def test_an_infant_may_have_a_fractional_age(case: Callable[..., Any]) -> None:
    assert case_from(case(patient={"age_years": "0.25"})).patient.age_years == 0.25


@pytest.mark.parametrize("age", [None, ""])
def test_an_age_may_be_left_open(case: Callable[..., Any], age: object) -> None:
    assert case_from(case(patient={"age_years": age})).patient.age_years is None


@pytest.mark.parametrize(
    ("documents", "words"),
    [
        (None, "documents: must hold at least one document"),
        ([], "documents: must hold at least one document"),
        ("text", "documents: must be a list"),
        ([{"document_id": "x"}], "documents[0]: needs either text or path"),
        ([{"text": "a", "path": "b"}], "documents[0]: needs either text or path"),
        ([{"text": 5}], "documents[0].text: must be text"),
        ([SECRET], "documents[0]: must be an object with named fields"),
        ([{"document_id": "n", "text": "a"}, {"document_id": "n", "text": "b"}], "the same document_id"),
    ],
)
def test_wrong_documents_are_refused_with_their_place(
    case: Callable[..., Any], documents: object, words: str
) -> None:
    assert words in refused(case(documents=documents))


def test_an_unknown_document_kind_is_read_as_other(case: Callable[..., Any]) -> None:
    assert case_from(case(documents=[{"kind": "telegram", "text": "a"}])).documents[0].kind == "other"


def test_messages_never_repeat_what_was_given(case: Callable[..., Any]) -> None:
    wrong = case(
        {SECRET: SECRET},
        service_date=SECRET,
        cpt_codes={SECRET: 1},
        patient={"age_years": SECRET, "birth_date": SECRET, "sex": [SECRET]},
        documents=[{"text": [SECRET], "date": SECRET}],
    )
    message = refused(wrong)
    assert SECRET not in message
    assert "more)" in message

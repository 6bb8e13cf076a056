"""The samples of data/samples are judged as their author judged them by the criteria page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from criteria.catalog import list_criteria
from nlp.facts import DocumentKind
from pipelines.check import check
from pipelines.models import Case, DeterminationName, Status, case_from
from pipelines.result import Json

SAMPLES = Path(__file__).parents[1] / "data" / "samples"

#: No patient can meet it: it stands for disorders of which the guideline images the brain.
NEVER_MET = {"neurocutaneous.brain_only"}


def lines_of(name: str) -> list[Json]:
    return [json.loads(line) for line in (SAMPLES / name).read_text("utf-8").splitlines()]


CASES: dict[str, Json] = {case["case_id"]: case for case in lines_of("cases.jsonl")}
EXPECTED: dict[str, Json] = {line["case_id"]: line for line in lines_of("expected.jsonl")}

#: Text files carry no dates of service: these are the ones that the README's commands give.
TEXTS = {
    "meets.txt": "meets_criteria",
    "insufficient.txt": "insufficient_documentation",
    "does_not_meet.txt": "does_not_meet",
}

each_case = pytest.mark.parametrize("case_id", sorted(EXPECTED))

#: What the program still reads otherwise than the author: case, then check, then why. Each must go on
#: failing, so that a mended one is taken off the list.
KNOWN_MISSES: dict[str, dict[str, str]] = json.loads((SAMPLES / "known_misses.json").read_text("utf-8"))


def each_case_but_known_misses(check_name: str) -> pytest.MarkDecorator:
    """Every case; those whose `check_name` is a known miss are expected to fail, strictly."""
    return pytest.mark.parametrize(
        "case_id",
        [
            pytest.param(case_id, marks=pytest.mark.xfail(reason=why, strict=True)) if why else case_id
            for case_id in sorted(EXPECTED)
            for why in [KNOWN_MISSES.get(case_id, {}).get(check_name)]
        ],
    )


@pytest.fixture(scope="module")
def results() -> dict[str, Json]:
    return {case_id: check(case_from(case)) for case_id, case in CASES.items()}


def statuses(result: Json) -> dict[str, str]:
    return {item["id"]: item["status"] for item in result["indications"]}


def quotes(result: Json) -> list[Any]:
    holders = [*result["facts"], *result["indications"], result["gate"]]
    return [quote for holder in holders for quote in holder["evidence"]]


@each_case_but_known_misses("determination")
def test_the_determination_is_the_authors(case_id: str, results: dict[str, Json]) -> None:
    assert results[case_id]["error"] is None
    assert results[case_id]["determination"] == EXPECTED[case_id]["determination"]


@each_case_but_known_misses("indications")
def test_the_indications_stand_as_the_author_found_them(case_id: str, results: dict[str, Json]) -> None:
    wanted = EXPECTED[case_id]["indications"]
    found = statuses(results[case_id])
    assert {name: found.get(name, "not_raised") for name in wanted} == wanted


@each_case_but_known_misses("nothing_else_met")
def test_nothing_is_met_that_the_author_did_not_find(case_id: str, results: dict[str, Json]) -> None:
    wanted = EXPECTED[case_id]["indications"]
    found = statuses(results[case_id])
    assert [name for name, status in found.items() if status == "met" and wanted.get(name) != "met"] == []


@each_case
def test_the_gate_stands_as_the_author_found_it(case_id: str, results: dict[str, Json]) -> None:
    assert results[case_id]["gate"]["overlap"] == EXPECTED[case_id]["gate"]


@each_case
def test_every_quote_stands_where_it_says(case_id: str, results: dict[str, Json]) -> None:
    texts = {document["document_id"]: document["text"] for document in CASES[case_id]["documents"]}
    for quote in quotes(results[case_id]):
        assert quote["start"] < quote["end"]
        assert texts[quote["document_id"]][quote["start"] : quote["end"]] == quote["text"]


@pytest.mark.parametrize(("name", "determination"), TEXTS.items())
def test_a_text_file_is_judged_as_its_name_says(name: str, determination: str) -> None:
    text = (SAMPLES / name).read_text("utf-8")
    case = Case.model_validate(
        {
            "case_id": name,
            "service_date": "2026-03-02",
            "cpt_codes": ["72148"],
            "documents": [{"document_id": name, "text": text}],
        }
    )
    result = check(case)
    assert result["determination"] == determination
    assert all(text[quote["start"] : quote["end"]] == quote["text"] for quote in quotes(result))


def test_cases_and_expectations_belong_together() -> None:
    assert list(CASES) == [line["case_id"] for line in lines_of("cases.jsonl")]
    assert list(CASES) == list(EXPECTED) == [line["case_id"] for line in lines_of("expected.jsonl")]
    assert {path.name for path in SAMPLES.glob("*.txt")} == set(TEXTS)


def test_expectations_use_the_words_of_the_contract() -> None:
    names = {entry.id for entry in list_criteria()}
    for line in EXPECTED.values():
        assert set(line) == {"case_id", "determination", "gate", "indications"}
        assert line["determination"] in get_args(DeterminationName)
        assert line["gate"] in {"open", "closed"}
        assert set(line["indications"]) <= names
        assert set(line["indications"].values()) <= {*get_args(Status)} - {"not_raised"}


def test_an_expected_determination_follows_from_the_expected_indications() -> None:
    for line in EXPECTED.values():
        found = set(line["indications"].values())
        if line["determination"] == "meets_criteria":
            assert "met" in found and line["gate"] == "open", line["case_id"]
        elif line["gate"] == "open":
            assert "met" not in found, line["case_id"]
        if line["determination"] == "does_not_meet":
            assert found == {"not_met"}, line["case_id"]


def test_every_indication_is_met_by_some_sample() -> None:
    met = {
        name
        for line in EXPECTED.values()
        for name, status in line["indications"].items()
        if status == "met" and line["determination"] == "meets_criteria"
    }
    assert {entry.id for entry in list_criteria()} - met == NEVER_MET
    assert any(line["indications"].get(name) == "not_met" for line in EXPECTED.values() for name in NEVER_MET)


def test_every_determination_and_a_closed_gate_occur() -> None:
    assert {line["determination"] for line in EXPECTED.values()} == set(get_args(DeterminationName))
    assert "closed" in {line["gate"] for line in EXPECTED.values()}


def test_documents_say_what_they_are_and_when() -> None:
    for case_id, case in CASES.items():
        assert case["service_date"] and case["cpt_codes"] and case["patient"]["age_years"] is not None
        assert 80 <= sum(len(document["text"].split()) for document in case["documents"]) <= 350, case_id
        for document in case["documents"]:
            assert document["kind"] in get_args(DocumentKind)
            assert document["date"] <= case["service_date"], case_id

"""Results are what the contract and the exported JSON Schemas say, quotes stand where they say they stand."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import jsonschema
import pytest

from nlp.facts import Evidence, Fact
from pipelines.check import check, check_case, check_line, reader
from pipelines.errors import InputError
from pipelines.intake import Line
from pipelines.models import Case, Result, case_from
from pipelines.result import Json, to_line

CONTRACT = [
    *("case_id", "determination", "policy", "software", "service_date", "indications", "gate", "to_meet"),
    *("facts", "remarks", "error"),
]

Make = Callable[..., Json]


def checked(case: Json) -> Json:
    line: Json = json.loads(check_line(Line(1, json.dumps(case).encode())).line)
    return line


def test_a_result_has_the_keys_of_the_contract_in_their_order(case: Make) -> None:
    result = checked(case())
    assert list(result) == CONTRACT
    assert list(result["policy"]) == ["id", "version", "effective_from"]
    assert result["policy"]["id"] == "NIA_CG_044"
    assert result["software"]["rules_digest"].startswith("sha256:")


def test_an_error_has_the_same_keys(case: Make) -> None:
    result = checked(case(documents=[]))
    assert list(result) == CONTRACT
    assert result["determination"] is None


def test_a_failure_while_a_line_is_taken_in_spares_the_batch(
    case: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise TypeError("words of a note")

    monkeypatch.setattr("pipelines.check.parse_line", fail)
    error = checked(case())["error"]
    assert error["code"] == "internal_error"
    assert "words of a note" not in error["message"]


@pytest.mark.parametrize("documents", [None, [], [{"text": ""}]])
def test_real_results_conform_to_the_schema(case: Make, documents: object) -> None:
    schema = Result.model_json_schema(mode="serialization")
    jsonschema.Draft202012Validator.check_schema(schema)
    data = case() if documents is None else case(documents=documents)
    jsonschema.validate(checked(data), schema)


def test_results_hold_nothing_that_the_schema_does_not_name(case: Make) -> None:
    result = checked(case())
    assert Result.model_validate(result).model_dump(mode="json") == result


def test_cases_conform_to_the_schema(case: Make) -> None:
    schema = Case.model_json_schema(mode="validation")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(case(), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"case_id": "A"}, schema)


def test_quotes_stand_where_they_say(case: Make) -> None:
    text = "HPI:\r\nSevere low back pain – 8/10.\r\n\r\nEXAM:\r\nLeft foot drop, tibialis anterior 2/5.\r\n"
    result = checked(case("A", text))
    quotes = [quote for item in [*result["facts"], *result["indications"]] for quote in item["evidence"]]
    assert quotes
    for quote in quotes:
        assert text[quote["start"] : quote["end"]] == quote["text"] != ""


def test_quotes_are_of_the_text_as_submitted(case: Make) -> None:
    text = "EXAM: Left foot drop, tibialis\x00anterior 2/5 on the left. Severe\x00low\x00back\x00pain."
    for fact in checked(case("A", text))["facts"]:
        for quote in fact["evidence"]:
            assert text[quote["start"] : quote["end"]] == quote["text"]


def test_one_case_can_be_checked_in_python(case: Make) -> None:
    result = check_case(case_from(case()))
    assert isinstance(result, Result)
    assert result.service_date == date(2026, 3, 2)
    assert result.error is None


def test_a_failure_inside_is_an_error_that_holds_no_word_of_the_note(
    case: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("Jane Canary, 555-1234")

    monkeypatch.setattr("nlp.to_facts.read_case", fail)
    result = check(case_from(case("A", "Jane Canary, 555-1234")))
    assert result["error"]["code"] == "internal_error"
    assert "ValueError" in result["error"]["message"]
    assert "Canary" not in json.dumps(result)


def test_a_line_of_results_is_one_line_for_every_reader() -> None:
    line = to_line({"text": "a\u2028b\x85c\u2029d\ne\x0b\x0cf\x1c\u00e9"})
    assert len(line.decode().splitlines()) == 1
    assert json.loads(line)["text"] == "a\u2028b\x85c\u2029d\ne\x0b\x0cf\x1c\u00e9"


def test_attributes_are_sorted_and_a_conflict_is_marked(case: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    import nlp.to_facts

    read_case = nlp.to_facts.read_case
    quote = Evidence("note-1", 0, 4, "HIST")
    fact = Fact("motor_weakness", "present", {"side": "left", "grade": "4/5"}, None, (quote,), conflict=True)

    def with_fact(*arguments: Any, **named: Any) -> Any:
        from dataclasses import replace

        return replace(read_case(*arguments, **named), facts=(fact,))

    monkeypatch.setattr(nlp.to_facts, "read_case", with_fact)
    (out,) = checked(case())["facts"]
    assert list(out) == ["type", "assertion", "attributes", "date", "evidence"]
    assert list(out["attributes"].items()) == [("conflict", True), ("grade", "4/5"), ("side", "left")]


def test_a_reader_that_cannot_be_opened_is_told_in_words(case: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError("no saved reader at models/indicia_reader")

    monkeypatch.setattr("nlp.reader.load", fail)
    reader.cache_clear()
    with pytest.raises(InputError, match="no saved reader at models/indicia_reader"):
        check_case(case_from(case()))

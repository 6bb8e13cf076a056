"""The page for the terminal: a sentence first, plain words, nothing of a note obeyed."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from pipelines.models import DeterminationName
from pipelines.report import print_report

TEXT = "line one\r\nline two\r\nleft [bold]foot\x1b[31m drop here\r\n"
START = TEXT.index("left")
QUOTE = {"document_id": "note-1", "start": START, "end": len(TEXT) - 7, "text": TEXT[START : len(TEXT) - 7]}


def a_result(determination: str, **more: Any) -> dict[str, Any]:
    indication = {
        "id": "neuro.foot_drop",
        "status": "incomplete",
        "missing": ["on_examination"],
        "contradicted": [],
        "evidence": [QUOTE],
        "notes": ["Table 1: EMG first"],
    }
    against = {
        **indication,
        "id": "neuro.weakness",
        "status": "not_met",
        "contradicted": ["new_onset"],
        "missing": [],
    }
    return {
        "case_id": "A-1",
        "determination": determination,
        "policy": {"id": "NIA_CG_044", "version": "2023-12", "effective_from": "2024-07-01"},
        "software": {"version": "0.1.0", "rules_digest": "sha256:" + "ab" * 32},
        "service_date": "2026-03-02",
        "indications": [against, indication],
        "gate": {"overlap": "closed", "missing": ["overlap_reason"], "evidence": [QUOTE]},
        "to_meet": [["on_examination"], ["active_component", "failure"]],
        "facts": [],
        "remarks": [{"code": "stale_note", "message": "The newest note is older than 90 days."}],
        "error": None,
        **more,
    }


def printed(result: dict[str, Any]) -> str:
    file = io.StringIO()
    console = Console(file=file, width=100, highlight=False)
    print_report(
        console, result, {"note-1": TEXT}, requirement=lambda name: f"words for {name}", indication=str
    )
    return file.getvalue()


@pytest.mark.parametrize("determination", DeterminationName.__args__)  # type: ignore[attr-defined]
def test_every_determination_has_its_sentence_and_none_denies(determination: str) -> None:
    first = printed(a_result(determination)).splitlines()[0]
    assert first.startswith("A-1: ")
    assert "denied" not in first.lower()
    if determination in {"does_not_meet", "insufficient_documentation", "clinical_review"}:
        assert "not a denial" in " ".join(printed(a_result(determination)).split())


def test_what_is_missing_stands_there_in_plain_words() -> None:
    text = printed(a_result("insufficient_documentation"))
    assert "missing: words for on_examination (on_examination)" in text
    assert "against: words for new_onset (new_onset)" in text
    assert "1. words for on_examination (on_examination)" in text
    assert "2. words for active_component (active_component); and words for failure (failure)" in text
    assert "note: Table 1: EMG first" in text
    assert "Remark: The newest note is older than 90 days." in text
    assert "missing: words for overlap_reason" in text


def test_open_questions_come_before_what_is_not_met() -> None:
    text = printed(a_result("insufficient_documentation"))
    assert text.index("neuro.foot_drop") < text.index("neuro.weakness")


def test_quotes_are_shown_with_their_line_and_never_obeyed() -> None:
    text = printed(a_result("meets_criteria"))
    assert "note-1, line 3" in text
    assert "[bold]foot" in text
    assert "\x1b[31m" not in text


def test_a_long_quote_is_cut() -> None:
    long = {**QUOTE, "text": "x" * 5000}
    text = printed(a_result("meets_criteria", gate={"overlap": "closed", "missing": [], "evidence": [long]}))
    assert "x" * 300 not in text.replace("\n", "").replace(" ", "")
    assert "…" in text


def test_an_error_is_told_instead_of_an_answer() -> None:
    error = {"code": "no_edition", "message": "No criteria were in force."}
    text = printed({**a_result("meets_criteria"), "determination": None, "error": error})
    assert text == "A-1: not decided\nNo criteria were in force.\n"

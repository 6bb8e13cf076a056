"""A note ten times as long takes ten times the work, counted in calls: seconds depend on the machine."""

from __future__ import annotations

import cProfile
import json
import pstats
from pathlib import Path

from pipelines.check import check
from pipelines.models import case_from

SAMPLES = Path(__file__).parents[1] / "data" / "samples" / "cases.jsonl"


def calls_a_character(text: str) -> float:
    case = case_from({"case_id": "A", "service_date": "2026-03-02", "documents": [{"text": text}]})
    profile = cProfile.Profile()
    profile.runcall(check, case)
    return float(pstats.Stats(profile).total_calls) / len(text)  # type: ignore[attr-defined]


def test_the_work_for_a_character_does_not_grow_with_the_note() -> None:
    cases = (json.loads(line) for line in SAMPLES.read_text(encoding="utf-8").splitlines())
    notes = "\n\n".join(document["text"] for case in cases for document in case["documents"])
    calls_a_character(notes[:2000])  # what is loaded once is not counted
    assert calls_a_character((notes * 10)[:400_000]) < 1.2 * calls_a_character(notes[:40_000])

"""The labelled notes of independent hands are read no worse than they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.evaluate import run

NOTES = Path(__file__).parent / "notes"

#: Right determinations and false meets of each file. What reads better is written here, so that it stays.
REACHED = {
    "hand_1": (24, 0),
    "hand_2": (24, 0),
    "hand_3": (21, 0),
    "hand_4": (21, 0),
    "hand_5": (22, 1),
}


def test_every_file_of_notes_is_measured() -> None:
    assert sorted(REACHED) == sorted(path.stem for path in NOTES.glob("*.jsonl"))


@pytest.mark.parametrize("name", sorted(REACHED))
def test_the_notes_of_a_hand_are_decided_no_worse_than_before(name: str, tmp_path: Path) -> None:
    scores = run(NOTES / f"{name}.jsonl", tmp_path / "evaluation", workers=1).scores
    right, false_meets = REACHED[name]
    assert scores.determination.hits >= right
    assert scores.meets.extra <= false_meets

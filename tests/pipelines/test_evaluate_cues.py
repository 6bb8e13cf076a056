"""Which words are told to have decided a finding's assertion."""

from __future__ import annotations

import pytest

from pipelines.evaluate_cues import decisions
from pipelines.models import Evidence


def quote(text: str, words: str) -> Evidence:
    start = text.index(words)
    return Evidence(document_id="n", start=start, end=start + len(words), text=words)


@pytest.mark.parametrize(
    ("text", "words", "assertion", "cues"),
    [
        ("She denies fever or chills.", "fever", "absent", ["denies"]),
        ("There is no saddle numbness.", "no saddle numbness", "absent", ["no"]),
        ("Possible disc herniation at L4-5.", "disc herniation", "possible", ["Possible"]),
        ("Her mother had breast cancer.", "breast cancer", "family", ["mother"]),
        ("Low back pain since May.", "Low back pain", "present", []),
    ],
)
def test_the_cue_that_decided_is_named(text: str, words: str, assertion: str, cues: list[str]) -> None:
    (decision,) = decisions(text, [(quote(text, words), assertion)])
    assert [cue.text for cue in decision.cues] == cues
    assert all(text[cue.start : cue.end] == cue.text for cue in decision.cues)
    assert "wording itself" not in decision.words


def test_a_finding_absent_by_its_description_is_decided_by_the_wording_itself() -> None:
    text = "Strength is 5/5 throughout."
    (decision,) = decisions(text, [(quote(text, "Strength is 5/5"), "absent")])
    assert decision.words.startswith("the wording itself")
    assert not decision.cues


def test_a_quote_that_is_not_there_costs_only_its_own_answer() -> None:
    text = "She denies fever."
    lost = Evidence(document_id="n", start=4, end=9, text="other")
    far = Evidence(document_id="n", start=400, end=409, text="far away!")
    dots = Evidence(document_id="n", start=len(text) - 1, end=len(text), text=".")
    asked = [(lost, "present"), (far, "absent"), (dots, "absent"), (quote(text, "fever"), "absent")]
    answers = decisions(text, asked)
    assert [answer.words.startswith("what cannot be told") for answer in answers] == [True, True, True, False]
    assert [cue.text for cue in answers[-1].cues] == ["denies"]

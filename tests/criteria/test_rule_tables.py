"""Every row of rules/*.toml is a sentence that a clinician could dispute, facts, and what they give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from criteria.lumbar_mri.editions import CONTENTS
from criteria.texts import tomllib

RULES = Path(__file__).parent / "rules"


def rows() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path in sorted(RULES.glob("*.toml")):
        for criterion, sentences in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for sentence, row in sentences.items():
                yield criterion, sentence, row


ROWS = list(rows())


@pytest.mark.parametrize(
    ("criterion", "row"), [pytest.param(c, row, id=f"{c}: {sentence}") for c, sentence, row in ROWS]
)
def test_rule(criterion: str, row: dict[str, Any], gives: Callable[..., str]) -> None:
    case = {key: value for key, value in row.items() if key not in ("gives", "facts")}
    if case.get("age_years") == "unknown":
        case["age_years"] = None
    if "requested_regions" in case:
        case["requested_regions"] = frozenset(case["requested_regions"])
    if "cpt_codes" in case:
        case["cpt_codes"] = tuple(case["cpt_codes"])
    assert gives(criterion, row["facts"], **case) == row["gives"]


#: Indications that cannot come to a status, and why.
IMPOSSIBLE = {
    ("neurocutaneous.brain_only", "met"): "brain imaging is what the guideline names",
    ("neurocutaneous.brain_only", "incomplete"): "nothing can be lacking where nothing could be met",
    ("congenital.anorectal", "not_met"): "known or not known; a denial raises nothing",
    ("congenital.chiari_complex", "not_met"): "known or not known; a denial raises nothing",
    ("trauma.ankylosed_spine", "not_met"): "a denied disease raises nothing",
}


@pytest.mark.parametrize("status", ["met", "not_met", "incomplete", "not_raised"])
@pytest.mark.parametrize("criterion", [entry.id for entry in CONTENTS])
def test_every_indication_has_a_row_for_every_status_that_it_can_come_to(criterion: str, status: str) -> None:
    shown = {(name, str(row["gives"]).split(":")[0]) for name, _, row in ROWS}
    assert ((criterion, status) in shown) != ((criterion, status) in IMPOSSIBLE)

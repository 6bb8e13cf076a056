"""What holds for every case, whatever its facts: cases are drawn from all facts of the rule tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from criteria.determination import Determination, would_meet
from criteria.texts import tomllib
from nlp.facts import ASSERTIONS, FACT_TYPES, CaseFacts, Fact

Decide = Callable[..., Determination]
QUICK = settings(max_examples=150, deadline=None, derandomize=True)

POOL = sorted(
    {
        fact
        for path in (Path(__file__).parent / "rules").glob("*.toml")
        for sentences in tomllib.loads(path.read_text(encoding="utf-8")).values()
        for row in sentences.values()
        for fact in row["facts"]
    }
)
PRESENT = [fact for fact in POOL if fact.split()[0] not in ("no", "maybe", "past", "if", "family")]
#: A denial that documents something: a normal examination, no earlier MRI, a reason against therapy, films
#: without a defect, a plan called off, a follow-up without reason.
TELLING = (
    "medical_reason", "mri", "motor_weakness", "abnormal_reflex", "sensory_deficit", "pars_defect", "planned",
    "considered", "follow_up_reason",
)  # fmt: skip
DENIALS = [fact for fact in POOL if fact.startswith("no ") and not any(word in fact for word in TELLING)]

facts = st.lists(st.sampled_from(POOL), max_size=14)
people = st.fixed_dictionaries(
    {
        "age_years": st.sampled_from([None, 0.2, 4, 9, 15, 17.9, 18, 54]),
        "requested_regions": st.sampled_from([frozenset({"lumbar"}), frozenset({"lumbar", "thoracic"})]),
        "cpt_codes": st.sampled_from([("72148",), (), ("72148", "72157"), ("72141",)]),
        "service_date": st.sampled_from([date(2026, 3, 2), date(2023, 6, 1), date(2021, 6, 3)]),
    }
)

#: Findings that speak for an indication and, added to any case, can speak against none.
SUPPORT = [
    "foot_drop",
    "motor_weakness grade=3/5, muscle=tibialis anterior",
    "sensory_deficit dermatome=L5",
    "abnormal_reflex reflex=ankle, kind=absent",
    "increased_tone",
    "saddle_anesthesia",
    "bladder_dysfunction recent=true",
    "low_back_pain severity_0_10=9, worsening=true, new_or_increasing=true",
    "radicular_pain old_or_new=new",
    "physical_therapy start=2025-10-01, end=2025-12-31, response=none",
    "nsaid response=none",
    "symptom_progression_on_treatment",
    "fever",
    "lab test=CRP, abnormal=true",
    "mri_changes_management",
    "overlap_reason",
    "if spine_surgery planned=true",
    "orthostatic_headache",
    "rheumatology_workup",
    "anesthesia_needed",
    "anorectal_malformation",
    "neurologic_exam_detailed",
]

IRRELEVANT = [
    "straight_leg_raise side=left, degrees=40",
    "pregnancy",
    "pacemaker",
    "osteoporosis",
    "lab test=TSH, abnormal=true",
    "xray region=chest, result=inconclusive",
    "mri region=knee, result=inconclusive, date=2026-02-01",
    "physical_therapy region=shoulder, duration_days=56, response=none",
    "nsaid region=knee, response=none",
    "trauma region=upper_extremity, date=2026-02-20",
    "spine_surgery level=C5-6, date=2026-02-20",
    "foot_drop told=2026-03-03",
]


def answers(result: Determination) -> dict[str, Any]:
    """What a result says, without its quotes."""
    return {
        "determination": result.determination,
        "indications": {r.id: (r.status, r.missing, r.contradicted, r.notes) for r in result.indications},
        "gate": (result.gate.overlap, result.gate.missing),
        "to_meet": result.to_meet,
    }


def met(result: Determination) -> set[str]:
    return {item.id for item in result.indications if item.status == "met"}


@QUICK
@given(facts, people, st.lists(st.sampled_from(SUPPORT), min_size=1, max_size=3))
def test_more_support_never_takes_a_case_below_meets(
    decide: Decide, facts: list[str], case: dict[str, Any], more: list[str]
) -> None:
    case = {**case, "service_date": date(2026, 3, 2)}
    before, after = decide(facts, **case), decide([*facts, *more], **case)
    if before.determination == "meets_criteria":
        assert after.determination == "meets_criteria"
    # A child's red flag takes the place of treatment, and is met itself.
    assert met(before) - met(after) <= {"back_pain.failed_conservative"}


@QUICK
@given(facts, people, st.lists(st.sampled_from(PRESENT), min_size=1, max_size=4))
def test_what_another_person_has_changes_nothing(
    decide: Decide, facts: list[str], case: dict[str, Any], more: list[str]
) -> None:
    family = [f"family {fact}" for fact in more]
    assert answers(decide([*facts, *family], **case)) == answers(decide(facts, **case))


@QUICK
@given(facts, people, st.lists(st.sampled_from(PRESENT), min_size=1, max_size=4))
def test_what_is_only_hypothetical_never_helps(
    decide: Decide, facts: list[str], case: dict[str, Any], more: list[str]
) -> None:
    warnings = [f"if {fact}" for fact in more if "planned" not in fact]
    assert met(decide([*facts, *warnings], **case)) <= met(decide(facts, **case))


@QUICK
@given(facts, people, st.lists(st.sampled_from(DENIALS), min_size=1, max_size=4))
def test_a_denial_never_helps(
    decide: Decide, facts: list[str], case: dict[str, Any], more: list[str]
) -> None:
    assert met(decide([*facts, *more], **case)) <= met(decide(facts, **case))


@QUICK
@given(st.lists(st.sampled_from(DENIALS), max_size=20), people)
def test_denials_alone_raise_nothing(decide: Decide, facts: list[str], case: dict[str, Any]) -> None:
    assert decide(facts, **case).indications == ()


@QUICK
@given(facts, people, st.randoms(use_true_random=False))
def test_the_order_of_facts_does_not_matter(
    case_of: Callable[..., CaseFacts], decide: Decide, facts: list[str], case: dict[str, Any], chance: Any
) -> None:
    ready = list(case_of(facts).facts)
    first = decide(ready, **case)
    chance.shuffle(ready)
    second = decide(ready, **case)
    assert answers(first) == answers(second)
    assert first.remarks == second.remarks
    for one, other in zip(first.indications, second.indications, strict=True):
        assert set(one.evidence) == set(other.evidence)


@QUICK
@given(facts, people, st.lists(st.sampled_from(IRRELEVANT), min_size=1, max_size=4))
def test_what_is_irrelevant_changes_nothing(
    decide: Decide, facts: list[str], case: dict[str, Any], more: list[str]
) -> None:
    case = {**case, "service_date": date(2026, 3, 2)}
    assert answers(decide([*facts, *more], **case)) == answers(decide(facts, **case))


@QUICK
@given(facts, people)
def test_every_way_to_meet_is_enough_and_no_part_of_it_is(
    decide: Decide, facts: list[str], case: dict[str, Any]
) -> None:
    result = decide(facts, **case)
    for way in result.to_meet:
        assert way and would_meet(result.to_meet, way)
        parts = chain.from_iterable(combinations(way, size) for size in range(len(way)))
        assert not any(would_meet(result.to_meet, part) for part in parts)
    if result.determination == "meets_criteria":
        assert result.to_meet == ()
    if result.determination == "insufficient_documentation" and result.indications:
        assert result.to_meet


@QUICK
@given(facts, people)
def test_a_determination_follows_from_its_indications(
    decide: Decide, facts: list[str], case: dict[str, Any]
) -> None:
    result = decide(facts, **case)
    statuses = {item.status for item in result.indications}
    if result.determination == "meets_criteria":
        assert "met" in statuses and result.gate.overlap == "open"
    if result.determination == "does_not_meet":
        assert statuses == {"not_met"}
    for item in result.indications:
        assert bool(item.missing) == (item.status == "incomplete")
        assert bool(item.contradicted) == (item.status == "not_met")


WORDS = st.sampled_from(
    [
        "",
        "2025",
        "2025-13-40",
        "age 19",
        "4+/5",
        "L5",
        "C5-6",
        "none",
        "improved",
        "lumbar",
        "II",
        "old",
        "new",
    ]
)
VALUES = st.one_of(
    WORDS, st.booleans(), st.integers(-5, 10**9), st.floats(allow_nan=False, allow_infinity=False)
)
KEYS = st.sampled_from(
    [
        "onset", "date", "start", "end", "duration_days", "duration_days_min", "duration_days_max", "visits",
        "per_week", "region", "level", "grade", "dermatome", "kind", "result", "response", "planned", "type",
        "ongoing", "old_or_new", "severity_0_10", "size_mm", "treatment_end", "purpose", "prescribed_by",
    ]
)  # fmt: skip
STRANGE = st.builds(
    Fact,
    st.sampled_from(FACT_TYPES),
    st.sampled_from(ASSERTIONS),
    st.dictionaries(KEYS, VALUES, max_size=5),
    st.one_of(st.none(), WORDS),
    conflict=st.booleans(),
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.lists(STRANGE, max_size=25), people)
def test_no_attribute_however_strange_stops_a_case(
    decide: Decide, facts: list[Fact], case: dict[str, Any]
) -> None:
    assert decide(facts, **case).determination


@pytest.mark.parametrize("kind", FACT_TYPES)
def test_every_type_of_the_specification_can_stand_in_every_assertion(kind: str, decide: Decide) -> None:
    for assertion in ASSERTIONS:
        meets = decide([Fact(kind, assertion)]).determination == "meets_criteria"
        assert not meets or assertion in ("present", "historical")

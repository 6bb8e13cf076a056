"""From indications to the determination, the gate, what would make it meet, and the remarks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import criteria
from criteria.determination import NoEditionError, _sources, determine, policy_for, rules_digest, would_meet
from criteria.logic import any_of
from nlp.facts import CaseFacts, Evidence, Fact, Remark

Decide = Callable[..., Any]

MET = ["low_back_pain", "physical_therapy duration_days=56, response=none", "nsaid"]
SHORT = ["low_back_pain", "physical_therapy start=2026-01-05, end=2026-01-20, response=none", "nsaid"]
OPEN = ["low_back_pain", "physical_therapy duration_days=56, response=none"]
CLASH = ["motor_weakness conflict=true", "no motor_weakness conflict=true"]

DETERMINATIONS = [
    ("one indication met meets the criteria", "meets_criteria", MET, {}),
    ("all raised contradicted does not meet", "does_not_meet", SHORT, {}),
    ("one raised open lacks documentation", "insufficient_documentation", OPEN, {}),
    ("clinical content that raises nothing goes to review", "clinical_review", ["no low_back_pain"], {}),
    (
        "no clinical content lacks documentation",
        "insufficient_documentation",
        [],
        {"clinical_content": False},
    ),
    ("a request for the neck is out of scope", "out_of_scope", MET, {"cpt_codes": ("72141",)}),
    ("the add-on alone is out of scope", "out_of_scope", MET, {"cpt_codes": ("0698T",)}),
    ("the add-on with its code is in scope", "meets_criteria", MET, {"cpt_codes": ("72148", "0698T")}),
    ("no code at all is taken as lumbar MRI", "meets_criteria", MET, {"cpt_codes": ()}),
    ("a conflict that decides goes to review", "clinical_review", [*SHORT, *CLASH], {}),
    ("a conflict decides beside an open indication too", "clinical_review", [*OPEN, *CLASH], {}),
    ("a conflict decides nothing where another is met", "meets_criteria", [*MET, *CLASH], {}),
    (
        "a conflict decides nothing behind a closed gate",
        "insufficient_documentation",
        [*SHORT, *CLASH, "mri result=abnormal, date=2026-02-01"],
        {},
    ),
    (
        "a conflict beside another gap of the same indication is a gap",
        "insufficient_documentation",
        ["low_back_pain", "physical_therapy duration_days=56, conflict=true, response=none"],
        {},
    ),
]


@pytest.mark.parametrize(
    ("expected", "facts", "case"), [pytest.param(*row, id=words) for words, *row in DETERMINATIONS]
)
def test_determination(expected: str, facts: list[str], case: dict[str, Any], decide: Decide) -> None:
    assert decide(facts, **case).determination == expected


def test_an_out_of_scope_request_still_shows_what_the_documents_hold(decide: Decide) -> None:
    result = decide(MET, cpt_codes=("72141",))
    assert [item.id for item in result.indications] == ["back_pain.failed_conservative"]
    assert result.to_meet == ()


# --- the overlap gate -----------------------------------------------------------------------------

OLD_SCAN = "mri result=abnormal, date=2026-01-10"
COMBINED = {"requested_regions": frozenset({"lumbar", "thoracic"}), "age_years": 8}

IN_2021 = {"service_date": date(2021, 6, 3)}

GATES = [
    ("no earlier study leaves it open", "open", [], {}),
    ("an MRI of January closes it", "closed", [OLD_SCAN], {}),
    ("a CT of January closes it", "closed", ["ct result=abnormal, date=2026-01"], {}),
    ("an MRI three months ago to the day closes it", "closed", ["mri result=normal, date=2025-12-02"], {}),
    ("an MRI a day earlier leaves it open", "open", ["mri result=normal, date=2025-12-01"], {}),
    ("an MRI of that month may overlap, and closes it", "closed", ["mri result=normal, date=2025-12"], {}),
    ("an MRI of the brain leaves it open", "open", ["mri region=head, date=2026-02-01"], {}),
    ("an MRI of the neck by its level leaves it open", "open", ["mri level=C5-6, date=2026-02-01"], {}),
    ("an x-ray or a bone scan never overlaps", "open", ["xray date=2026-02", "bone_scan date=2026-02"], {}),
    ("an inconclusive MRI opens it", "open", ["mri result=inconclusive, date=2026-01-10"], {}),
    ("a CT that asks for MRI opens it", "open", ["ct recommends_mri=true, date=2026-01-10"], {}),
    ("a stated reason opens it", "open", [OLD_SCAN, "overlap_reason"], {}),
    ("a denied reason does not", "closed", [OLD_SCAN, "no overlap_reason"], {}),
    ("an undated MRI that this visit reviews closes it", "closed", ["mri reviewed_today=true"], {}),
    ("an undated MRI of the history leaves it open", "open", ["mri result=abnormal"], {}),
    ("an earlier MRI called past closes it by its date", "closed", ["past mri date=2026-01-10"], {}),
    ("the MRI that is asked for is no earlier one", "open", ["mri requested=true, date=2026-03-01"], {}),
    ("a planned CT is no earlier one", "open", ["ct planned=true, date=2026-03-01"], {}),
    ("a new deficit found since opens it", "open", [OLD_SCAN, "motor_weakness"], {}),
    ("a deficit that began before does not", "closed", [OLD_SCAN, "motor_weakness onset=2026-01-05"], {}),
    ("a deficit found before does not", "closed", [OLD_SCAN, "motor_weakness told=2026-01-09"], {}),
    ("a deficit of an undated note does not", "closed", [OLD_SCAN, "motor_weakness told=never"], {}),
    ("an old deficit does not", "closed", [OLD_SCAN, "motor_weakness old_or_new=old"], {}),
    ("a deficit does not where the MRI has no date", "closed", ["mri reviewed_today=true", "foot_drop"], {}),
    ("an infection found since opens it", "open", [OLD_SCAN, "maybe spinal_infection", "fever"], {}),
    ("a fall since opens it", "open", [OLD_SCAN, "trauma date=2026-02-01"], {}),
    ("the fall before the scan does not", "closed", [OLD_SCAN, "trauma date=2026-01-10"], {}),
    ("an operation since opens it", "open", [OLD_SCAN, "spine_surgery date=2026-02-01"], {}),
    ("a planned operation does not", "closed", [OLD_SCAN, "spine_surgery planned=true, date=2026-04"], {}),
    ("an operation of unknown date does not", "closed", [OLD_SCAN, "spine_surgery"], {}),
    ("a CT asked for with the MRI closes it", "closed", [], {"lumbar_ct_requested": True}),
    ("a CT named with the MRI closes it", "closed", ["ct requested=true"], {}),
    ("a code of lumbar CT closes it", "closed", [], {"cpt_codes": ("72148", "72131")}),
    ("a reason opens it for CT and MRI together", "open", ["overlap_reason"], {"lumbar_ct_requested": True}),
    (
        "after injury of a fused spine both are approvable",
        "open",
        ["trauma date=2026-02-24", "dish"],
        {"lumbar_ct_requested": True},
    ),
    (
        "the combination section exempts from it",
        "open",
        [OLD_SCAN, "maybe tethered_cord", "cutaneous_stigma risk=high", "anesthesia_needed"],
        COMBINED,
    ),
    ("a combination that is not met does not", "closed", [OLD_SCAN, "maybe tethered_cord"], COMBINED),
    ("before March 2022 there was no gate", "open", ["mri date=2021-05-01, told=2021-05-01"], IN_2021),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "facts", "case"), [pytest.param(*row, id=words) for words, *row in GATES]
)
def test_overlap_gate(expected: str, facts: list[str], case: dict[str, Any], decide: Decide) -> None:
    gate = decide([*MET, *facts], **case).gate
    assert gate.overlap == expected
    assert gate.missing == (() if expected == "open" else ("overlap_reason",))


def test_a_closed_gate_lacks_documentation_though_an_indication_is_met(decide: Decide) -> None:
    result = decide([*MET, OLD_SCAN])
    assert result.determination == "insufficient_documentation"
    assert result.to_meet == (("overlap_reason",),)
    assert [quote.text for quote in result.gate.evidence] == ["mri"]


# --- what would make it meet ----------------------------------------------------------------------

WAYS: list[tuple[str, tuple[tuple[str, ...], ...], list[str], dict[str, Any]]] = [
    ("a case that meets needs nothing", (), MET, {}),
    ("a case that is contradicted can be given nothing", (), SHORT, {}),
    ("a missing drug is all that is needed", (("inactive_component",),), OPEN, {}),
    (
        "without therapy: the whole course, or a medical reason against it",
        (("medical_reason",), ("active_component", "duration_6_weeks", "failure")),
        ["low_back_pain", "nsaid"],
        {},
    ),
    (
        "each way needs the drug where that lacks too",
        (
            ("inactive_component", "medical_reason"),
            ("active_component", "duration_6_weeks", "failure", "inactive_component"),
        ),
        ["low_back_pain"],
        {},
    ),
    (
        "a reason on record that is not medical closes that way",
        (("duration_6_weeks",),),
        [
            "low_back_pain",
            "physical_therapy response=none",
            "chiropractic response=none, medical_reason=false",
            "nsaid",
        ],
        {},
    ),
    (
        "a home program needs its follow-up and its length, or a medical reason",
        (("medical_reason",), ("duration_6_weeks", "hep_followup")),
        ["low_back_pain", "home_exercise_program prescribed_by=physician", "nsaid response=none"],
        {},
    ),
    (
        "a second indication opens a second way",
        (("dermatome",), ("inactive_component",)),
        [*OPEN, "sensory_deficit"],
        {},
    ),
    (
        "a longer set that holds a shorter one is left out",
        (("dermatome",),),
        ["low_back_pain", "compression_fracture", "sensory_deficit", "cancer site=breast, spine_tropic=true",
         "physical_therapy start=2026-01-05, end=2026-01-20, response=none", "nsaid"],
        {},
    ),
    (
        "behind a closed gate the reason is needed as well",
        (("inactive_component", "overlap_reason"),),
        [*OPEN, OLD_SCAN],
        {},
    ),
    (
        "a combination item opens the gate by itself",
        (("anesthesia",), ("overlap_reason",)),
        ["maybe tethered_cord", "cutaneous_stigma risk=high", OLD_SCAN],
        COMBINED,
    ),
    ("a conflict must be settled", (("conflict",),), [*SHORT, *CLASH], {}),
    ("a case that raises nothing can be given nothing", (), [], {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "facts", "case"), [pytest.param(*row, id=words) for words, *row in WAYS]
)
def test_to_meet(
    expected: tuple[tuple[str, ...], ...], facts: list[str], case: dict[str, Any], decide: Decide
) -> None:
    if expected == (("dermatome",),):
        ways = decide(facts, **case).to_meet
        assert expected[0] in ways and not any("dermatome" in way for way in ways if way != expected[0])
    else:
        assert decide(facts, **case).to_meet == expected


def test_supplying_a_way_meets_and_less_does_not() -> None:
    ways = (("medical_reason",), ("active_component", "failure"))
    assert would_meet(ways, ["medical_reason"])
    assert would_meet(ways, ["failure", "active_component", "dermatome"])
    assert not would_meet(ways, ["failure"])
    assert not would_meet((), ["failure"])


SUPPLIES = [
    ("inactive_component", OPEN, ["nsaid"]),
    ("medical_reason", ["low_back_pain", "nsaid"], ["no physical_therapy medical_reason=true"]),
    (
        "the whole course",
        ["low_back_pain", "nsaid"],
        ["physical_therapy duration_days=42, response=none"],
    ),
    ("overlap_reason", [*MET, OLD_SCAN], ["overlap_reason"]),
    ("planned_procedure", ["maybe spine_surgery considered=true"], ["if spine_surgery planned=true"]),
    ("infection_evidence", ["maybe spinal_infection"], ["fever"]),
    ("radiograph", ["cancer site=uterus", "low_back_pain worsening=true"], ["xray result=normal"]),
]


@pytest.mark.parametrize(("facts", "more"), [pytest.param(a, b, id=words) for words, a, b in SUPPLIES])
def test_facts_that_supply_what_lacks_make_the_case_meet(
    facts: list[str], more: list[str], decide: Decide
) -> None:
    assert decide(facts).determination != "meets_criteria"
    assert decide([*facts, *more]).determination == "meets_criteria"


# --- evidence, remarks, policy --------------------------------------------------------------------


def test_evidence_comes_once_and_in_the_order_of_the_facts(decide: Decide) -> None:
    quote = Evidence("note-1", 3, 9, "twice")
    facts = [
        Fact("nsaid", "present", {}, None, (quote,)),
        *MET[:2],
        Fact("opioid", "present", {}, None, (quote,)),
    ]
    (result,) = decide(facts).indications
    assert [quote.text for quote in result.evidence] == ["twice", "low_", "phys"]


def test_indications_come_in_the_order_of_the_guideline(decide: Decide) -> None:
    ids = [item.id for item in decide(["foot_drop", "cancer site=breast, purpose=staging", *MET]).indications]
    assert ids == [
        "neuro.foot_drop",
        "back_pain.neuro_deficit",
        "back_pain.failed_conservative",
        "tumor.primary_followup",
        "tumor.metastasis_neuro_deficit",
        "tumor.known_malignancy_symptoms",
    ]


def test_another_gait_names_its_work_up_from_table_1(decide: Decide) -> None:
    result = decide(["gait_abnormality kind=parkinsonian"])
    assert "brain" in result.indications[0].notes[0]
    assert [remark.code for remark in result.remarks] == ["table1_workup"]


REMARKS = [
    ("a note of 90 days is not old", [], {"newest_note": date(2025, 12, 2)}, []),
    ("a note of 91 days is old", [], {"newest_note": date(2025, 12, 1)}, ["stale_note"]),
    ("a note without a date is not called old", [], {"newest_note": None}, []),
    ("a missing code is told", [], {"cpt_codes": ()}, ["cpt_assumed"]),
    ("a missing age is told", [], {"age_years": None}, ["age_unknown"]),
    ("an undated study is told", ["mri result=abnormal"], {}, ["prior_imaging_undated"]),
    ("a finding of the arm is told", ["motor_weakness region=upper_extremity"], {}, ["other_region"]),
    ("a normal arm is not", ["no motor_weakness region=upper_extremity"], {}, []),
    ("the reader's first", [], {"remarks": (Remark("x", "y"),), "age_years": None}, ["x", "age_unknown"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "case", "codes"), [pytest.param(*row, id=words) for words, *row in REMARKS]
)
def test_remarks(facts: list[str], case: dict[str, Any], codes: list[str], decide: Decide) -> None:
    assert [remark.code for remark in decide(facts, **case).remarks] == codes


@pytest.mark.parametrize(
    ("day", "version"),
    [
        (date(2020, 1, 1), "before-2022-03"),
        (date(2021, 6, 3), "before-2022-03"),
        (date(2022, 2, 28), "before-2022-03"),
        (date(2022, 3, 1), "2022-03"),
        (date(2023, 4, 30), "2022-03"),
        (date(2023, 5, 1), "2023-05"),
        (date(2024, 6, 30), "2023-05"),
        (date(2024, 7, 1), "2023-12"),
        (date(2026, 3, 2), "2023-12"),
    ],
)
def test_the_newest_edition_in_force_decides(day: date, version: str) -> None:
    assert policy_for(day).version == version
    assert determine(CaseFacts(day)).policy.version == version


def test_a_date_before_the_first_edition_is_refused_in_words() -> None:
    with pytest.raises(NoEditionError, match=r"2019-12-31.*2020-01-01.*Check the service date"):
        determine(CaseFacts(date(2019, 12, 31)))


def test_the_rules_need_neither_spacy_nor_pydantic() -> None:
    blocked = "import sys; sys.modules.update(dict.fromkeys(['spacy', 'medspacy', 'pydantic', 'numpy'])); "
    judged = "from datetime import date; from criteria.determination import determine; "
    case = "from nlp.facts import CaseFacts; "
    run = "print(determine(CaseFacts(date(2026, 3, 2))).determination)"
    path = {"PYTHONPATH": str(Path(criteria.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", blocked + judged + case + run], env=path, capture_output=True, text=True
    )
    assert done.stdout.strip() == "clinical_review", done.stderr


def test_the_digest_of_the_rules_is_stable() -> None:
    rules_digest.cache_clear()
    first = rules_digest()
    rules_digest.cache_clear()
    assert first == rules_digest()
    assert first.startswith("sha256:") and len(first) == 71


def test_the_digest_is_of_rules_and_texts_only(tmp_path: Path) -> None:
    (tmp_path / "rule.py").write_text("")
    (tmp_path / "rule.toml").write_text("")
    (tmp_path / "rule.pyc").write_text("")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "rule.py").write_text("")
    names = sorted(name for name, _ in _sources(tmp_path, "criteria"))
    assert names == ["criteria/inner/rule.py", "criteria/rule.py", "criteria/rule.toml"]


def test_a_choice_among_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="no choices"):
        any_of("red_flag", [])

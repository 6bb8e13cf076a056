"""What the criteria say of themselves: complete, in own words, and true to the rules."""

from __future__ import annotations

from datetime import date

import pytest

from criteria import catalog
from criteria.determination import OVERLAP_REASON
from criteria.lumbar_mri import combination, editions, neuro
from criteria.texts import SECTIONS, Dated, texts

RULES = [entry.id for entry in editions.CONTENTS]

#: criteria.md G11, and the names beside it.
NAMES = [
    "new_onset",
    "on_examination",
    "not_attributed_elsewhere",
    "severe_pain_or_sciatica",
    "worsening_on_treatment",
    "supporting_history_or_exam",
    "within_6_months",
    "medical_reason",
    "infection_evidence",
    "new_or_changing_deficit",
    "instability",
    "clinical_suspicion",
    "worsening_pain",
    "malignancy",
    "new_focal_deficit",
    "planned_procedure",
    "changes_management",
    "active_treatment_within_year",
    "new_signs_or_symptoms",
    "spine_tropic",
    "inconclusive_finding",
    "first_follow_up",
    "radiculopathy_on_emg",
    "high_risk_stigma",
    "tethered_cord_evidence",
    "chiari_type",
    "anesthesia",
    "interval_2_years",
    "pain_limited",
    "suspicious_dimple",
    "unevaluable_or_imaging_finding",
    "known_metastases",
    "known_malformation",
    "spine_indication",
    "max_five_studies",
    "worsening_infection",
    "scoliosis_indication",
    "conflict",
    "dermatome",
    "emg",
    "gait_type",
    "cauda_equina_symptom",
    "emg_result",
    "red_flag",
    "active_component",
    "inactive_component",
    "duration_6_weeks",
    "failure",
    "hep_prescription",
    "hep_followup",
    "flexion_extension_films",
    "plain_films",
    "changes_treatment",
    "radiograph",
    "rheumatology_workup",
    "spine_abnormality_evidence",
    "ultrasound",
    "neuro_exam",
    "umn_signs_or_deformity",
    "initial_workup",
    "overlap_reason",
    "staging_or_follow_up",
]


def test_every_criterion_has_words_a_place_and_requirements() -> None:
    listed = catalog.list_criteria()
    assert [item.id for item in listed] == RULES
    for item in listed:
        assert item.title and item.text and item.citation and item.requirements
        assert all(item.requirements.values())


def test_there_are_57_indications() -> None:
    assert len(RULES) == len(set(RULES)) == 57
    assert set(texts().criteria) == set(RULES)


@pytest.mark.parametrize("name", NAMES)
def test_every_requirement_of_the_specification_is_explained(name: str) -> None:
    assert catalog.requirement_text(name).endswith(".")


def test_the_gate_has_its_reason_explained() -> None:
    assert OVERLAP_REASON in texts().requirements


def test_every_number_belongs_to_a_criterion_or_to_the_gate() -> None:
    used = {number for entry in texts().criteria.values() for number in entry.numbers}
    assert set(texts().numbers) - used == {"overlap.recent_months", "remarks.stale_after_days"}


def test_an_unknown_name_is_an_error_that_says_what_there_is() -> None:
    with pytest.raises(KeyError, match="no requirement 'pain'; the known ones are"):
        catalog.requirement_text("pain")
    with pytest.raises(KeyError, match="no criterion 'neuro';"):
        catalog.criterion_text("neuro")
    with pytest.raises(KeyError, match=r"no edition '2019'.*2023-12"):
        catalog.list_criteria("2019")
    with pytest.raises(KeyError, match="Table 1 has no gait 'limp'"):
        catalog.table1_workup("limp")


def test_table_1_is_found_by_either_spelling() -> None:
    assert catalog.table1_workup("Sensory ataxic") == catalog.table1_workup("sensory_ataxic")
    assert len(texts().table1) == 10


def test_numbers_show_their_dated_values() -> None:
    (item,) = [item for item in catalog.list_criteria() if item.id == "back_pain.failed_conservative"]
    assert item.numbers[0].values == ((date(2020, 1, 1), 42),)


def test_a_dated_value_changes_on_its_day() -> None:
    dated = Dated("x", "", ((date(2020, 1, 1), 1), (date(2023, 5, 1), 2)))
    assert [dated.on(day) for day in (date(2019, 1, 1), date(2023, 4, 30), date(2023, 5, 1))] == [1, 1, 2]


def test_what_march_2022_added() -> None:
    assert [(change.kind, change.id) for change in catalog.diff("before-2022-03", "2022-03")] == [
        ("added", "neuroinflammatory"),
        ("added", "gate.overlap"),
    ]


def test_what_may_2023_changed() -> None:
    assert [(change.kind, change.id, change.text) for change in catalog.diff("2022-03", "2023-05")] == [
        ("added", "indeterminate.initial", "Inconclusive finding of an earlier study"),
        ("added", "indeterminate.followup", "First follow-up of an indeterminate finding"),
        ("changed", "back_pain.red_flags", "malaise, radicular_pain -> none"),
    ]


def test_a_step_back_removes_what_the_step_forth_added() -> None:
    assert [change.kind for change in catalog.diff("2022-03", "before-2022-03")] == ["removed", "removed"]
    assert catalog.diff("2023-12", "2023-12") == ()


def test_every_place_of_the_guideline_is_classified_once() -> None:
    items = catalog.coverage()
    assert len({item.place for item in items}) == len(items)
    for item in items:
        given = [bool(item.rules), item.definition is not None, item.not_computable is not None]
        assert sum(given) == 1, item.place
        assert item.words


def test_every_rule_is_cited_by_a_place_of_the_guideline_and_no_other() -> None:
    cited = {rule for item in catalog.coverage() for rule in item.rules}
    assert cited == {*RULES, catalog.GATE_ID}


@pytest.mark.parametrize(
    ("section", "count"),
    [
        ("General information", 2),
        ("Indications, statement", 4),
        ("Neurologic deficits", 9),
        ("Back pain", 20),
        ("Operative", 11),
        ("Trauma", 5),
        ("Pars", 3),
        ("Compression fracture", 6),
        ("Tumor", 8),
        ("Indeterminate", 2),
        ("Combination for cancer", 2),
        ("Infection", 3),
        ("Other indications", 10),
        ("Table 1", 10),
        ("Table 2", 15),
        ("Overview, cauda equina", 6),
        ("Overview, neurocutaneous", 5),
    ],
)
def test_a_section_of_the_guideline_has_all_its_places(section: str, count: int) -> None:
    assert sum(item.place.startswith(section) for item in catalog.coverage()) == count


def test_every_section_is_read_in_the_order_of_the_guideline() -> None:
    prefixes = [rule.split(".")[0] for rule in RULES]
    own = [section for section in SECTIONS if section in prefixes]
    assert own == [prefix for prefix in dict.fromkeys(prefixes) if prefix in own]


def test_lists_of_criteria_name_only_criteria() -> None:
    assert {*neuro.ALL, *combination.ALL} <= set(RULES)

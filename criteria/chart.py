"""A case's facts, indexed once as the rules ask for them.

Only the patient's own findings of the low back and legs are found here (criteria.md G1, G9): family history
is left out, findings of the neck, the arms or a knee under treatment are kept apart in `elsewhere`, and
findings dated after the request are dropped (G3).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from criteria.dates import Span, days_of, is_within, months_before, moved
from criteria.logic import NOT_RAISED, Assessment
from nlp.facts import ACTIVE_TREATMENTS, ASSERTIONS, INACTIVE_TREATMENTS, CaseFacts, Fact, Value

_NOT_WORD = re.compile(r"[^a-z0-9]+")

#: Regions that concern the lumbar spine itself. None: the note does not say, and the request is lumbar.
_SPINE = frozenset({None, "lumbar", "pelvis", "whole_spine"})
#: For findings of the legs the legs count too (criteria.md G9).
_LEGS = _SPINE | {"lower_extremity", "hip", "knee", "ankle"}
#: Treatment must target the low back or its leg pain: therapy of a knee, hip or ankle joint does not (3.3).
_TREATED = _SPINE | {"lower_extremity"}
#: A picture of the pelvis or abdomen is no picture of the lumbar spine (section 4).
_PICTURED = frozenset({None, "lumbar", "whole_spine"})
#: A blow to the back, at whatever level (3.5).
_HURT = _SPINE | {"thoracic"}

_LEG_FINDINGS = (
    "motor_weakness", "abnormal_reflex", "pathologic_reflex", "sensory_deficit", "increased_tone",
    "foot_drop", "gait_abnormality", "absent_achilles_bilateral", "reported_weakness",
    "reported_numbness", "radicular_pain", "neurogenic_claudication", "limp", "toe_walking", "emg_ncs",
)  # fmt: skip
_PICTURES = ("xray", "ct", "mri", "bone_scan", "ultrasound")

_REGIONS: dict[str, frozenset[str | None]] = {
    **dict.fromkeys(_LEG_FINDINGS, _LEGS),
    **dict.fromkeys(
        (
            *ACTIVE_TREATMENTS,
            *INACTIVE_TREATMENTS,
            "conservative_treatment",
            "symptom_progression_on_treatment",
        ),
        _TREATED,
    ),
    **dict.fromkeys(_PICTURES, _PICTURED),
    "trauma": _HURT,
}
#: Facts about the whole patient: a region in them is where the disease sits, not where a symptom is felt.
_EVERYWHERE = frozenset({
    "cancer", "immunosuppression", "fever", "weight_loss", "malaise", "orthostatic_headache",
    "csf_rhinorrhea_otorrhea", "csf_leak", "chiari", "scoliosis", "vertebral_anomaly", "dish",
    "spondyloarthropathy", "neuroinflammatory_disease", "leptomeningeal_disease", "drop_metastasis", "lab",
    "neurofibromatosis_1", "neurofibromatosis_2", "von_hippel_lindau", "tuberous_sclerosis", "sturge_weber",
    "anesthesia_needed", "unevaluable", "rheumatology_workup", "neurologic_exam_detailed", "tethered_cord",
    "spinal_dysraphism", "anorectal_malformation", "mri_changes_management", "follow_up_reason",
    "overlap_reason", "postural_change",
})  # fmt: skip


def is_elsewhere(fact: Fact) -> bool:
    """Say whether a fact concerns another part of the body than its rules ask about (criteria.md G9)."""
    attributes = fact.attributes
    if not attributes or fact.type in _EVERYWHERE:
        return False
    region = attributes.get("region")
    if region is not None:
        return region not in _REGIONS.get(fact.type, _SPINE)
    return _is_above_lumbar(attributes.get("level")) or _is_above_lumbar(attributes.get("dermatome"))


def _is_above_lumbar(level: Value | None) -> bool:
    """Say whether "C5-6", "T8" or "C7" names a level above the lumbar spine ("T12-L1" does not)."""
    if not isinstance(level, str) or len(level) < 2 or level[0] not in "CT" or not level[1].isdigit():
        return False
    return "L" not in level and "S" not in level


class Chart:
    """The facts of one case, found by assertion and type."""

    __slots__ = ("_by_assertion", "age", "case", "elsewhere", "numbers", "results", "service_date", "words")

    def __init__(
        self, case: CaseFacts, numbers: Mapping[str, float], words: Mapping[str, frozenset[str]]
    ) -> None:
        self.case = case
        self.age = case.age_years
        self.service_date = case.service_date
        #: The numbers and word lists of the edition in force, by section and name.
        self.numbers = numbers
        self.words = words
        #: What the criteria before the present one have said.
        self.results: dict[str, Assessment] = {}
        self._by_assertion: dict[str, dict[str, list[Fact]]] = {assertion: {} for assertion in ASSERTIONS}
        self.elsewhere: list[Fact] = []
        today = case.service_date.isoformat()
        for fact in case.facts:
            assertion = fact.assertion
            if assertion == "family" or (fact.date is not None and fact.date > today and not is_plan(fact)):
                continue
            if is_elsewhere(fact):
                self.elsewhere.append(fact)
                continue
            self._by_assertion[assertion].setdefault(fact.type, []).append(fact)

    def _get(self, assertion: str, types: tuple[str, ...]) -> list[Fact]:
        by_type = self._by_assertion[assertion]
        facts: list[Fact] = []
        for kind in types:
            if kind in by_type:
                facts += by_type[kind]
        return facts

    def present(self, *types: str) -> list[Fact]:
        return self._get("present", types)

    def possible(self, *types: str) -> list[Fact]:
        return self._get("possible", types)

    def absent(self, *types: str) -> list[Fact]:
        return self._get("absent", types)

    def historical(self, *types: str) -> list[Fact]:
        return self._get("historical", types)

    def hypothetical(self, *types: str) -> list[Fact]:
        return self._get("hypothetical", types)

    def suspected(self, *types: str) -> list[Fact]:
        """Facts that are present or possible: enough only where the guideline says *suspected* (G2)."""
        return [*self._get("present", types), *self._get("possible", types)]

    def result(self, criterion: str) -> Assessment:
        """What an earlier criterion of the edition said; not raised where the edition does not hold it."""
        return self.results.get(criterion, NOT_RAISED)

    def found(self, *types: str) -> list[Fact]:
        """Facts that are present, else the possible ones: beside a finding a differential adds nothing."""
        return self._get("present", types) or self._get("possible", types)

    @property
    def is_child(self) -> bool:
        """Under 18 (G8). An unknown age is read as adult: the remark `age_unknown` says so."""
        return self.age is not None and self.age < self.numbers["back_pain.pediatric_under_years"]

    def began(self, fact: Fact) -> Span | None:
        """Return the days on which a finding can have begun or an event taken place; None where not said.

        The date that the words give wins over a length of time, which is counted back from the day of the
        note.
        """
        attributes = fact.attributes
        for key in ("onset", "date"):
            span = days_of(attributes.get(key))
            if span is not None:
                return span
        shortest, longest = duration_of(fact)
        if shortest is None and longest is None:
            return None
        told = days_of(fact.date) or Span(self.service_date, self.service_date)
        first = date.min if longest is None else moved(told.first, -longest)
        last = told.last if shortest is None else moved(told.last, -shortest)
        return Span(first, last)

    def is_recent(self, fact: Fact, months: float) -> bool | None:
        """Say whether an event lies in the last `months`; None where its date is unknown or decides (G10)."""
        span = self.began(fact)
        if span is None:
            return True if fact.attributes.get("recent") is True else None
        return is_within(span, months_before(self.service_date, int(months)), self.service_date)


def duration_of(fact: Fact) -> tuple[float | None, float | None]:
    """Return the shortest and the longest length in days that the words give, None for an end left open."""
    attributes = fact.attributes
    exact = attributes.get("duration_days")
    if isinstance(exact, (int, float)):
        return float(exact), float(exact)
    shortest, longest = attributes.get("duration_days_min"), attributes.get("duration_days_max")
    return (
        float(shortest) if isinstance(shortest, (int, float)) else None,
        float(longest) if isinstance(longest, (int, float)) else None,
    )


def is_plan(fact: Fact) -> bool:
    """Say whether something is only planned or just ordered."""
    return fact.assertion == "hypothetical" or fact.attributes.get("planned") is True


def says(fact: Fact, key: str, *values: Value | None) -> bool:
    """Say whether a fact's attribute has one of `values`."""
    return fact.attributes.get(key) in values


def number_of(fact: Fact, key: str) -> float | None:
    """Return a fact's numeric attribute, None where the text gives none."""
    value = fact.attributes.get(key)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def names_any(fact: Fact, keys: tuple[str, ...], stems: frozenset[str]) -> bool:
    """Say whether a word in some attributes begins with one of `stems` ("renal" is not in "adrenal")."""
    said = " ".join(str(fact.attributes[key]) for key in keys if key in fact.attributes)
    text = f" {_NOT_WORD.sub(' ', said.lower())}"
    return any(f" {stem}" in text for stem in stems)

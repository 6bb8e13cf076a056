"""The contract between reading and judging: what a case is, and the facts found in it.

Plain data, no spaCy: `criteria` imports this module and nothing else of `nlp`.

Dates in attributes are ISO strings of the precision that the text gives: "2025", "2025-03" or "2025-03-14".
`span_of` turns one into its earliest and latest day.

Attribute keys (a key is absent where the text is silent; silence is not "no"):

==================  =======================================================================================
key                 meaning
==================  =======================================================================================
side                left, right, bilateral
region              normalised body region that a finding, treatment, test or injury concerns: lumbar,
                    lower_extremity, pelvis, thoracic, cervical, upper_extremity, head, knee, hip, shoulder,
                    ankle, abdomen, chest, whole_spine, other. Absent: not said
site                the words for the place, normalised ("dorsum of foot")
muscle, grade       "tibialis anterior", "4+/5"
dermatome           lumbosacral dermatome that the words name or mean: L1 to S1 (several: "L5,S1")
reflex, kind        "ankle"; diminished, absent, brisk, asymmetric | Babinski, clonus, Hoffmann | gait name | …
level               "L4-5"
old_or_new          new; old (chronic, stable, residual, baseline, a year old or more); worse (old, now worse)
attributed_to       what the notes blame: neuropathy, plexopathy, nerve_injury, inherent, other words
attributed_elsewhere  True where that blame takes the finding out of the rules (criteria.md G7, bowel_bladder)
pain_limited        True for give-way, effort- or pain-limited weakness
onset               ISO date on which it began
duration_days       exact or stated duration; with vague words duration_days_min and/or duration_days_max
severity_0_10       highest current pain score; severe: True for severe, excruciating, intractable
worsening           True: worse over time; False: said to be the same or better
new_or_increasing   True where the words say new, recent, increasing
disrupts_sleep      night pain
start, end          of a treatment course; ongoing: True where it still runs
visits, per_week    numbers
response            improved, none, partial, worse, unknown
stopped_reason      words; declined: True where the patient refused; medical_reason: True or False where a
                    reason for not doing or not finishing is given
prescribed_by       physician, physical therapist, chiropractor; followup_documented: True or False
planned             True for treatment or surgery that is planned or only just ordered
considered          True for a referral or mere possibility ("may be a surgical candidate")
drug, procedure     names
result              of a test: normal, abnormal, inconclusive, unknown; of EMG: radiculopathy, neuropathy, normal,
                    pending
limb                of EMG/NCS: lower, upper (absent: not said)
flexion_extension, instability, recommends_mri, reviewed_today   True or False
requested           True for an imaging study that is asked for with this one (never a fact of its own otherwise)
test, value, unit, abnormal   of a laboratory result
status              of a cancer: active, remission, unknown; spine_tropic: True or False; treatment_end: ISO date
risk                of a skin mark: high, intermediate, low
deep, size_mm, distance_from_anus_mm, multiple, simple, high    of a sacral dimple
type                of a Chiari malformation: "I" to "IV"
recent              True where the words say recent or sudden
date                ISO date that the words give for an injury, operation, injection, test or picture. Absent:
                    not dated (`Fact.date` is then the document's, and dates nothing)
shows               of a picture: infection, metastasis, tumor, fracture, dysraphism, tethered_cord,
                    pars_defect, spondyloarthropathy (several: "fracture,metastasis")
changed, highly_suspicious   True: of a followed-up finding on CT or MRI; changed also of a scoliosis
signs               True: of a spinal infection, where drainage, redness or pus is found
purpose             of a cancer or spinal tumor, what the MRI is for: initial_staging, staging, restaging,
                    surveillance, recurrence, follow_up
on_treatment        of a cancer or spinal tumor: True under active treatment now; False: none given yet
metastatic          True: of a cancer that has spread
intentional         True: of weight lost on purpose
orthopedic_deformity   of toe walking: True or False
workup              of a neuroinflammatory disease: done, ordered
atypical            True: of a scoliosis with an atypical curve
==================  =======================================================================================
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Literal

Assertion = Literal["present", "absent", "possible", "hypothetical", "historical", "family"]
ASSERTIONS: tuple[Assertion, ...] = ("present", "absent", "possible", "hypothetical", "historical", "family")

DocumentKind = Literal[
    "office_note", "physical_therapy", "imaging_report", "lab_report", "procedure_note",
    "operative_note", "emg_report", "order", "letter", "other",
]  # fmt: skip

Value = str | int | float | bool

#: Every fact type of the specification, in its order.
FACT_TYPES: tuple[str, ...] = (
    # symptoms
    "low_back_pain", "radicular_pain", "neurogenic_claudication", "night_pain", "constant_pain",
    "morning_stiffness", "saddle_anesthesia", "bladder_dysfunction", "bowel_dysfunction",
    "sexual_dysfunction", "reported_weakness", "reported_numbness", "fever", "weight_loss", "malaise",
    "limp", "postural_change", "orthostatic_headache", "csf_rhinorrhea_otorrhea",
    # examination
    "motor_weakness", "abnormal_reflex", "pathologic_reflex", "sensory_deficit", "increased_tone",
    "foot_drop", "gait_abnormality", "straight_leg_raise", "absent_achilles_bilateral",
    "absent_anal_reflex", "absent_bulbocavernosus", "spinal_tenderness", "sacral_dimple",
    "cutaneous_stigma", "gluteal_cleft_abnormal", "toe_walking",
    # conditions
    "cauda_equina_syndrome", "peripheral_neuropathy", "plexopathy", "peripheral_nerve_injury",
    "spinal_stenosis", "disc_herniation", "spondylolisthesis", "pars_defect", "spinal_instability",
    "compression_fracture", "osteoporosis", "cancer", "spine_metastasis", "primary_spinal_tumor",
    "leptomeningeal_disease", "drop_metastasis", "spinal_infection", "immunosuppression",
    "spondyloarthropathy", "dish", "csf_leak", "tethered_cord", "spinal_dysraphism",
    "anorectal_malformation", "chiari", "scoliosis", "vertebral_anomaly", "neurofibromatosis_1",
    "neurofibromatosis_2", "von_hippel_lindau", "tuberous_sclerosis", "sturge_weber",
    "neuroinflammatory_disease", "pregnancy", "pacemaker",
    # events
    "trauma", "spine_surgery", "unevaluable", "anesthesia_needed",
    # treatment
    "physical_therapy", "chiropractic", "home_exercise_program", "nsaid", "oral_steroid", "analgesic",
    "muscle_relaxant", "neuropathic_agent", "opioid", "injection", "medical_device",
    "conservative_treatment", "symptom_progression_on_treatment",
    # tests
    "emg_ncs", "xray", "ct", "mri", "bone_scan", "ultrasound", "lab", "rheumatology_workup",
    "neurologic_exam_detailed",
    # request
    "mri_changes_management", "follow_up_reason", "overlap_reason",
)  # fmt: skip

ACTIVE_TREATMENTS = ("physical_therapy", "chiropractic", "home_exercise_program")
MEDICATIONS = ("nsaid", "oral_steroid", "analgesic", "muscle_relaxant", "neuropathic_agent", "opioid")
INACTIVE_TREATMENTS = (*MEDICATIONS, "injection", "medical_device")


@dataclass(frozen=True)
class Evidence:
    """A quote: `text` is the document's text between `start` and `end` (half open character offsets)."""

    document_id: str
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Fact:
    """One thing that the documents say, with every place that says it.

    `date` is when an examination, test or event took place (ISO, as precise as the text), else the date of the
    document that holds it. `conflict` marks a fact that an equally specific one of the same date contradicts
    (criteria.md G6). `specific` is False for generic wording ("neuro non-focal"). `uncertain` marks a fact that rests
    on a number, a date or a negation which was recognised from a scan with low confidence.
    """

    type: str
    assertion: Assertion
    attributes: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    date: str | None = None
    evidence: tuple[Evidence, ...] = ()
    conflict: bool = False
    specific: bool = True
    uncertain: bool = False


@dataclass(frozen=True)
class Document:
    """One submitted document; `date` is None where neither the request nor the text gives one."""

    document_id: str
    text: str
    kind: DocumentKind = "office_note"
    date: date | None = None


@dataclass(frozen=True)
class Remark:
    """A coded note to the user that never changes the determination (criteria.md section 5)."""

    code: str
    message: str


@dataclass(frozen=True)
class CaseFacts:
    """All that the rules see of a case; they never see text.

    `requested_regions` holds the spine regions ("cervical", "thoracic", "lumbar") that the CPT codes or the words
    of the request name. `clinical_content` is False where no document holds any. `newest_note` is the date of the
    newest clinical note. `age_years` is the structured age, else the age that the notes give.
    """

    service_date: date
    facts: tuple[Fact, ...] = ()
    cpt_codes: tuple[str, ...] = ()
    age_years: float | None = None
    requested_regions: frozenset[str] = frozenset({"lumbar"})
    lumbar_ct_requested: bool = False
    clinical_content: bool = True
    newest_note: date | None = None
    remarks: tuple[Remark, ...] = ()


_PARTIAL_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


def span_of(iso: str) -> tuple[date, date]:
    """Return the first and last day that a partial ISO date can mean.

    >>> span_of("2025-02")
    (datetime.date(2025, 2, 1), datetime.date(2025, 2, 28))

    Raises ValueError for anything else than YYYY, YYYY-MM or YYYY-MM-DD.
    """
    match = _PARTIAL_DATE.fullmatch(iso)
    if match is None:
        raise ValueError("a date must be YYYY, YYYY-MM or YYYY-MM-DD")
    year, month, day = match.groups()
    if month is None:
        return date(int(year), 1, 1), date(int(year), 12, 31)
    if day is None:
        last = calendar.monthrange(int(year), int(month))[1]
        return date(int(year), int(month), 1), date(int(year), int(month), last)
    exact = date(int(year), int(month), int(day))
    return exact, exact

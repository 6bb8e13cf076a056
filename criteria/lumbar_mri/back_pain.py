"""Back pain (criteria.md 3.2): looked at only with low back pain, sciatica or neurogenic claudication."""

from __future__ import annotations

from criteria.chart import Chart, says
from criteria.logic import (
    NOT_RAISED,
    Assessment,
    Requirement,
    any_of,
    best_of,
    contradicted,
    documented,
    judge,
    missing,
    shown_by,
)
from criteria.lumbar_mri import conservative, neuro
from nlp.facts import Fact

PAIN = ("low_back_pain", "radicular_pain", "neurogenic_claudication")

#: Diseases that explain a child's back pain, which then is no longer isolated.
EXPLAINING = (
    "compression_fracture", "spinal_infection", "primary_spinal_tumor", "spine_metastasis",
    "spondylolisthesis", "pars_defect", "spondyloarthropathy",
)  # fmt: skip


def has_pain(chart: Chart) -> list[Fact]:
    """Return the patient's own present pain of the low back or legs."""
    return chart.present(*PAIN)


def neuro_deficit(chart: Chart) -> Assessment:
    """Back pain, bullet 1: with a new or worsening deficit on examination."""
    if not has_pain(chart):
        return NOT_RAISED
    results = [chart.result(criterion) for criterion in neuro.EXAMINATION]
    return best_of([result for result in results if result.is_raised])


def failed_conservative(chart: Chart) -> Assessment:
    """Back pain, bullet 2. A child with a red flag needs no conservative care (bullet 5)."""
    pain = has_pain(chart)
    if not pain or (chart.is_child and red_flag(chart).is_documented):
        return NOT_RAISED
    return conservative.failed(chart, pain)


def progression(chart: Chart) -> Assessment:
    """Back pain, bullet 3: worsening during the course of treatment."""
    if not has_pain(chart) or not conservative.worsening_on_treatment(chart):
        return NOT_RAISED
    return conservative.worsened(chart)


def emg(chart: Chart) -> Assessment:
    """Back pain, bullet 4: an EMG that shows a lumbar radiculopathy. The newest one with a result decides."""
    if not has_pain(chart):
        return NOT_RAISED
    studies = [
        fact
        for assertion in (chart.present, chart.hypothetical, chart.possible)
        for fact in assertion("emg_ncs")
        if not says(fact, "limb", "upper")
    ]
    if not studies:
        return NOT_RAISED
    newest = max(_rank(fact) for fact in studies)
    return best_of([judge([_radiculopathy(fact)], [fact]) for fact in studies if _rank(fact) == newest])


def _rank(fact: Fact) -> tuple[bool, str]:
    """A study with a result answers the notes that still wait for one."""
    return not _is_pending(fact), "" if _is_pending(fact) else str(fact.attributes.get("date", ""))


def _is_pending(fact: Fact) -> bool:
    return fact.assertion != "present" or says(fact, "planned", True) or says(fact, "result", "pending")


def _radiculopathy(fact: Fact) -> Requirement:
    if _is_pending(fact) or not says(fact, "result", "radiculopathy", "neuropathy", "normal", "abnormal"):
        return missing("emg_result", [fact])
    name = "radiculopathy_on_emg"
    if says(fact, "result", "radiculopathy"):
        return shown_by(name, [fact])
    return contradicted(name, [fact])


# --- children -------------------------------------------------------------------------------------


def pediatric(chart: Chart) -> Assessment:
    """Back pain, bullet 5: isolated back pain of a child with a red flag."""
    pain = has_pain(chart)
    if not chart.is_child or not pain:
        return NOT_RAISED
    return judge([_isolated(chart, pain), red_flag(chart)], pain)


def _isolated(chart: Chart, pain: list[Fact]) -> Requirement:
    months = chart.numbers["back_pain.injury_explains_months"]
    injuries = [fact for fact in chart.present("trauma") if chart.is_recent(fact, months)]
    known = [fact for fact in chart.present(*EXPLAINING) if not fact.conflict]
    if injuries or known:
        return contradicted("isolated", [*injuries, *known])
    return documented("isolated", pain)


def red_flag(chart: Chart) -> Requirement:
    """Any one flag of the list; contradicted only where all are documented absent."""
    edition_flags = chart.words["back_pain.red_flags"]
    flags = [
        _young_enough(chart),
        _long_lasting(chart),
        _abnormal_examination(chart),
        _night_pain(chart),
        shown_by("constant_pain", chart.present("constant_pain"), chart.absent("constant_pain")),
        shown_by("stiffness", chart.present("morning_stiffness"), chart.absent("morning_stiffness")),
        _present_or_absent(chart, "fever"),
        _weight_loss(chart),
        _posture(chart),
        _limp(chart),
    ]
    # Dated in the TOML: the policy history takes these two out, the list in force has them.
    flags += [_present_or_absent(chart, kind) for kind in sorted(edition_flags)]
    return any_of("red_flag", flags)


def _present_or_absent(chart: Chart, kind: str) -> Requirement:
    return shown_by(kind, chart.present(kind), chart.absent(kind))


def _young_enough(chart: Chart) -> Requirement:
    limit = chart.numbers["back_pain.young_at_most_years"]
    # "Age 5": until the sixth birthday.
    is_young = chart.age is not None and int(chart.age) <= limit
    return documented("age") if is_young else contradicted("age")


def _long_lasting(chart: Chart) -> Requirement:
    limit = chart.numbers["back_pain.long_pain_over_days"]
    dated = conservative.pain_began(chart)
    long = [fact for fact, span in dated if (chart.service_date - span.last).days > limit]
    if any(says(fact, "old_or_new", "old", "worse") for fact in has_pain(chart)):
        long = has_pain(chart)  # chronic pain has lasted longer than four weeks
    short = [fact for fact, span in dated if (chart.service_date - span.first).days <= limit]
    return shown_by("duration", long, short)


def _abnormal_examination(chart: Chart) -> Requirement:
    abnormal = chart.present(*neuro.EXAM_FACTS)
    gaits = [f for f in chart.present("gait_abnormality") if neuro.gait_kind(f) != "antalgic"]
    return shown_by("examination", [*abnormal, *gaits], neuro.examined_normal(chart))


def _night_pain(chart: Chart) -> Requirement:
    """Only night pain that disrupts sleep is a flag."""
    found = chart.present("night_pain")
    disrupting = [fact for fact in found if says(fact, "disrupts_sleep", True)]
    harmless = [fact for fact in found if says(fact, "disrupts_sleep", False)]
    return shown_by("night_pain", disrupting, [*harmless, *chart.absent("night_pain")], open_=found)


def _weight_loss(chart: Chart) -> Requirement:
    """Weight lost on purpose is no sign of disease."""
    found = [fact for fact in chart.present("weight_loss") if not says(fact, "intentional", True)]
    return shown_by("weight_loss", found, chart.absent("weight_loss"))


def _posture(chart: Chart) -> Requirement:
    return shown_by("posture", chart.present("postural_change", "scoliosis"), chart.absent("postural_change"))


def _limp(chart: Chart) -> Requirement:
    antalgic = [f for f in chart.present("gait_abnormality") if neuro.gait_kind(f) == "antalgic"]
    return shown_by("limp", [*chart.present("limp"), *antalgic], chart.absent("limp", "gait_abnormality"))

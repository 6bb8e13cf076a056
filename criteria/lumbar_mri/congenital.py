"""Congenital disease: cord, anus, sacral dimples, toe walking, Chiari (criteria.md 3.9)."""

from __future__ import annotations

from criteria.chart import Chart, names_any, number_of, says
from criteria.logic import NOT_RAISED, Assessment, Requirement, judge, shown_by
from criteria.lumbar_mri import neuro
from nlp.facts import Fact

_CORD = ("tethered_cord", "spinal_dysraphism")
_PICTURES = ("ultrasound", "mri", "ct", "xray")


# --- tethered cord --------------------------------------------------------------------------------


def tethered_cord(chart: Chart) -> Assessment:
    """Other indications, bullet 1; Table 2 ranks the skin marks."""
    named = chart.suspected(*_CORD)
    high = [fact for fact in chart.present("cutaneous_stigma") if says(fact, "risk", "high")]
    if not named and not high:
        return NOT_RAISED
    return judge([shown_by("clinical_suspicion", named), _evidence(chart, high)])


def _evidence(chart: Chart, high: list[Fact]) -> Requirement:
    marks = chart.present("cutaneous_stigma")
    reports = [fact for fact in chart.present(*_PICTURES) if says(fact, "report", True)]
    # What a report says outranks what an older note says of a picture.
    abnormal = [fact for fact in chart.present(*_PICTURES) if _shows_dysraphism(chart, fact)]
    abnormal = [
        fact
        for fact in abnormal
        if fact in reports or not any(_is_normal_of(report, fact) for report in reports)
    ]
    # An abnormal examination supports the suspicion whether it is old or new.
    deficits = [
        fact for fact in chart.present(*neuro.EXAM_FACTS) if not says(fact, "attributed_elsewhere", True)
    ]
    low = [fact for fact in marks if says(fact, "risk", "low")]
    only_low = low if low and len(low) == len(marks) else []
    unmarked = [*chart.absent("cutaneous_stigma"), *_simple_dimples(chart)] if not marks else []
    normal = neuro.examined_normal(chart)
    pictured = [fact for fact in chart.present(*_PICTURES) if says(fact, "result", "normal")]
    denied = only_low or (normal and (unmarked or pictured))
    return shown_by(
        "tethered_cord_evidence",
        [*high, *abnormal, *deficits],
        [*only_low, *unmarked, *pictured, *normal] if denied else [],
    )


def _is_normal_of(report: Fact, fact: Fact) -> bool:
    return report.type == fact.type and says(report, "result", "normal")


def _shows_dysraphism(chart: Chart, fact: Fact) -> bool:
    """A picture counts where it shows dysraphism; of plain films only what they say of it counts."""
    shows = str(fact.attributes.get("shows", ""))
    if shows:
        return "dysraphism" in shows or "tethered_cord" in shows
    if not says(fact, "result", "abnormal"):
        return False
    return fact.type != "xray" or bool(chart.present(*_CORD))


def _simple_dimples(chart: Chart) -> list[Fact]:
    return [fact for fact in chart.present("sacral_dimple") if says(fact, "simple", True)]


# --- the others -----------------------------------------------------------------------------------


def anorectal(chart: Chart) -> Assessment:
    """Other indications, bullet 2: known anorectal malformation, repaired or not."""
    known = [*chart.present("anorectal_malformation"), *chart.historical("anorectal_malformation")]
    doubted = chart.possible("anorectal_malformation")
    if not known and not doubted:
        return NOT_RAISED
    return judge([shown_by("known_malformation", known, open_=doubted)])


def sacral_dimple(chart: Chart) -> Assessment:
    """Other indications, bullet 3, with the paragraph on dimples and Table 2.

    Table 2 ranks a deviated cleft as low risk; the indication list counts it, and so it counts.
    """
    dimples, cleft = chart.present("sacral_dimple"), chart.present("gluteal_cleft_abnormal")
    if not dimples and not cleft:
        return NOT_RAISED
    suspicious = [fact for fact in dimples if _is_suspicious(chart, fact)]
    plain = [fact for fact in dimples if _is_plain(chart, fact)]
    needed = [shown_by("suspicious_dimple", [*suspicious, *cleft], plain, open_=dimples)]
    if chart.age is not None and chart.age <= chart.numbers["congenital.ultrasound_first_years"]:
        needed.append(shown_by("ultrasound", chart.present("ultrasound"), chart.absent("ultrasound")))
    return judge(needed)


def _is_suspicious(chart: Chart, fact: Fact) -> bool:
    size, distance = number_of(fact, "size_mm"), number_of(fact, "distance_from_anus_mm")
    return (
        any(says(fact, key, True) for key in ("deep", "multiple", "high"))
        or (size is not None and size > chart.numbers["congenital.large_dimple_over_mm"])
        or (distance is not None and distance > chart.numbers["congenital.high_dimple_over_mm"])
        or any(not says(mark, "risk", "low") for mark in chart.present("cutaneous_stigma"))
    )


def _is_plain(chart: Chart, fact: Fact) -> bool:
    """Called simple, or measured and found small, low and shallow."""
    if says(fact, "simple", True):
        return True
    measured = number_of(fact, "size_mm") is not None and number_of(fact, "distance_from_anus_mm") is not None
    return measured and says(fact, "deep", False)


def toe_walking(chart: Chart) -> Assessment:
    """Other indications, bullet 4: a child's toe walking with upper-motor-neuron signs or a deformity."""
    walking = chart.present("toe_walking")
    if not walking or not chart.is_child:
        return NOT_RAISED
    brisk = [fact for fact in chart.present("abnormal_reflex") if says(fact, "kind", "brisk")]
    arms = chart.words["neuro.arm_reflexes"]
    pathologic = [f for f in chart.present("pathologic_reflex") if not names_any(f, ("kind",), arms)]
    deformed = [fact for fact in walking if says(fact, "orthopedic_deformity", True)]
    feared = chart.suspected(*_CORD)
    signs = [*brisk, *pathologic, *chart.present("increased_tone"), *(deformed if feared else [])]
    straight = [fact for fact in walking if says(fact, "orthopedic_deformity", False)]
    no_signs = chart.absent("abnormal_reflex", "pathologic_reflex") and chart.absent("increased_tone")
    denied = [*straight, *no_signs] if straight and no_signs else []
    return judge([shown_by("umn_signs_or_deformity", signs, denied, open_=deformed)], walking)


# --- Chiari ---------------------------------------------------------------------------------------


def chiari_of_type(chart: Chart, *types: str) -> list[Fact]:
    return [fact for fact in chart.present("chiari") if says(fact, "type", *types)]


def chiari_complex(chart: Chart) -> Assessment:
    """Other indications, bullet 5: known Chiari II, III or IV."""
    known = chiari_of_type(chart, "II", "III", "IV")
    # Beside a Chiari I, one without its type is the same.
    same = None if chiari_of_type(chart, "I") else ""
    untyped = [
        fact for fact in chart.suspected("chiari") if fact.attributes.get("type", same) not in ("I", None)
    ]
    if not known and not untyped:
        return NOT_RAISED
    return judge([shown_by("chiari_type", known, open_=untyped)])


def chiari1_followup(chart: Chart) -> Assessment:
    """Other indications, bullet 6: Chiari I, follow-up, new signs that suggest recurrent tethering."""
    known = chiari_of_type(chart, "I")
    feared = chart.suspected("tethered_cord")
    if not known or not (feared or chart.present("follow_up_reason")):
        return NOT_RAISED
    name = "new_signs_or_symptoms"
    pain = [
        fact
        for fact in chart.present("low_back_pain", "radicular_pain", "reported_weakness", "reported_numbness")
        if neuro.said_to_be_new(chart, fact).is_documented
    ]
    deficit = neuro.any_deficit(chart, name)
    if deficit is not None and deficit.is_documented:
        pain = [*pain, *deficit.facts]
    tethering = shown_by("tethered_cord_evidence", feared, chart.absent("tethered_cord"))
    return judge([shown_by(name, pain), tethering], known)

"""Before and after spine surgery and procedures (criteria.md 3.4)."""

from __future__ import annotations

from criteria.chart import Chart, is_plan, names_any, says
from criteria.dates import months_before
from criteria.logic import NOT_RAISED, Assessment, Requirement, any_of, documented, judge, shown_by
from criteria.lumbar_mri import neuro
from criteria.lumbar_mri.infection import infection_evidence
from nlp.facts import Fact

_COMPLAINTS = ("radicular_pain", "neurogenic_claudication", "reported_weakness", "reported_numbness")


# --- procedures -----------------------------------------------------------------------------------


def is_invasive(chart: Chart, fact: Fact) -> bool:
    """Surgery, or an injection into the spine (a trigger point or a knee is not one)."""
    return fact.type == "spine_surgery" or names_any(
        fact, ("kind", "procedure"), chart.words["periop.invasive_procedures"]
    )


def past_procedures(chart: Chart) -> list[Fact]:
    """Return the lumbar operations and spinal injections that have been done, at whatever time."""
    done = [*chart.present("spine_surgery", "injection"), *chart.historical("spine_surgery", "injection")]
    return [fact for fact in done if not is_plan(fact) and is_invasive(chart, fact)]


def past_surgery(chart: Chart) -> list[Fact]:
    return [fact for fact in past_procedures(chart) if fact.type == "spine_surgery"]


def planned_procedures(chart: Chart) -> list[Fact]:
    """Return the lumbar operations and spinal injections that are planned or scheduled."""
    named = [*chart.hypothetical("spine_surgery", "injection"), *chart.present("spine_surgery", "injection")]
    return [fact for fact in named if says(fact, "planned", True) and is_invasive(chart, fact)]


# --- the indications ------------------------------------------------------------------------------


def preop(chart: Chart) -> Assessment:
    """Pre-operative, bullet 1. A referral or a mere possibility is no plan; one called off contradicts it."""
    everything = ("spine_surgery", "injection")
    planned = planned_procedures(chart)
    considered = [
        fact
        for fact in [*chart.suspected(*everything), *chart.hypothetical(*everything)]
        if says(fact, "considered", True) and is_invasive(chart, fact)
    ]
    called_off = [
        fact
        for fact in chart.absent(*everything)
        if (says(fact, "planned", True) or says(fact, "considered", True)) and is_invasive(chart, fact)
    ]
    if not planned and not considered and not called_off:
        return NOT_RAISED
    return judge([shown_by("planned_procedure", planned, called_off, open_=considered)])


def csf_leak(chart: Chart) -> Assessment:
    """Pre-operative, bullet 2: a leak that is highly suspected and supported by history or examination."""
    leak = chart.suspected("csf_leak")
    headache = chart.present("orthostatic_headache")
    if not leak and not headache:
        return NOT_RAISED
    return judge([shown_by("clinical_suspicion", leak, chart.absent("csf_leak")), _supporting(chart)], leak)


def _supporting(chart: Chart) -> Requirement:
    months = chart.numbers["periop.recent_months"]
    pierced = [fact for fact in past_procedures(chart) if chart.is_recent(fact, months)]
    signs = chart.present("orthostatic_headache", "csf_rhinorrhea_otorrhea")
    upright, runny = chart.absent("orthostatic_headache"), chart.absent("csf_rhinorrhea_otorrhea")
    denied = [*upright, *runny] if upright and runny else []
    return shown_by("supporting_history_or_exam", [*signs, *pierced], denied)


def followup(chart: Chart) -> Assessment:
    """Post-operative, bullet 3: a follow-up study needs a medical reason, within six months of treatment."""
    reason, routine = chart.present("follow_up_reason"), chart.absent("follow_up_reason")
    unclear = chart.possible("follow_up_reason")
    done = past_procedures(chart)
    months = chart.numbers["periop.recent_months"]
    sure = [fact for fact in done if chart.is_recent(fact, months)]
    # A reason to follow something else (an old finding) is no follow-up of an operation years ago.
    recent = [fact for fact in done if chart.is_recent(fact, months) is not False]
    if not done or not (routine or ((reason or unclear) and recent)):
        return NOT_RAISED
    within = shown_by("within_6_months", sure, [] if recent else done, open_=done)
    return judge([within, shown_by("medical_reason", reason, routine, open_=unclear)])


def infection(chart: Chart) -> Assessment:
    """Post-operative, bullet 4: infection after surgery or a procedure, shown by evidence."""
    done, named = past_procedures(chart), chart.suspected("spinal_infection")
    if not done or not named:
        return NOT_RAISED
    return judge([documented("clinical_suspicion", [*done, *named]), infection_evidence(chart)])


def new_deficit(chart: Chart) -> Assessment:
    """Post-operative, bullet 5: new or changing deficits or neurologic symptoms since surgery."""
    surgery = past_surgery(chart)
    complaints = chart.present(*_COMPLAINTS)
    deficit = neuro.any_deficit(chart, "new_or_changing_deficit")
    if not surgery or (not complaints and deficit is None):
        return NOT_RAISED
    choices = [_complaint_is_new(chart, fact, surgery) for fact in complaints]
    return judge([any_of("new_or_changing_deficit", [*choices, *([deficit] if deficit else [])])], surgery)


def _complaint_is_new(chart: Chart, fact: Fact, surgery: list[Fact]) -> Requirement:
    """History is enough, but it must say that the symptom is newer than the operation."""
    is_new = (
        says(fact, "old_or_new", "new", "worse")
        or says(fact, "worsening", True)
        or says(fact, "new_or_increasing", True)
        or says(fact, "recent", True)
        or _began_since(chart, fact, surgery)
    )
    is_old = neuro.is_old(chart, fact) and not is_new
    return shown_by("new", [fact] if is_new else [], [fact] if is_old else [], open_=[fact])


def _began_since(chart: Chart, fact: Fact, surgery: list[Fact]) -> bool:
    """Say whether a symptom began after the last operation; one without a date is past, not recent (G10)."""
    span = chart.began(fact)
    if span is None:
        return False
    undated = months_before(chart.service_date, int(chart.numbers["periop.recent_months"]))
    operated = [done.last if (done := chart.began(operation)) else undated for operation in surgery]
    return span.first > max(operated)

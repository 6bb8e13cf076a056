"""Infection of the spine (criteria.md 3.9), and the signs of one that other sections ask for."""

from __future__ import annotations

from criteria.chart import Chart, says
from criteria.logic import NOT_RAISED, Assessment, Requirement, documented, judge, shown_by
from criteria.lumbar_mri import back_pain
from nlp.facts import Fact

_IMAGING = ("xray", "ct", "mri", "bone_scan")


def abnormal_tests(chart: Chart) -> list[Fact]:
    """Return the abnormal values of WBC, ESR or CRP."""
    return _inflammatory_tests(chart, abnormal=True)


def normal_tests(chart: Chart) -> list[Fact]:
    return _inflammatory_tests(chart, abnormal=False)


def _inflammatory_tests(chart: Chart, abnormal: bool) -> list[Fact]:
    """The newest values of each test: what was abnormal in another year has been answered since."""
    tests = chart.words["infection.inflammatory_tests"]
    known = [
        (fact, name)
        for fact in chart.present("lab")
        # One line of a report may name several ("ESR, CRP").
        for name in map(str.strip, str(fact.attributes.get("test", "")).lower().split(","))
        if name in tests and "abnormal" in fact.attributes
    ]
    newest: dict[str, str] = {}
    for fact, name in known:
        newest[name] = max(newest.get(name, ""), fact.date or "")
    current = [fact for fact, name in known if not fact.date or fact.date >= newest[name]]
    return [fact for fact in current if says(fact, "abnormal", abnormal)]


def pictures_that_show(chart: Chart, *findings: str) -> list[Fact]:
    """Return the imaging reports whose findings (attribute `shows`) include one of `findings`."""
    wanted = frozenset(findings)
    return [
        fact
        for fact in chart.present(*_IMAGING)
        if wanted & {part.strip() for part in str(fact.attributes.get("shows", "")).split(",")}
    ]


def infection_evidence(chart: Chart) -> Requirement:
    """Signs, laboratory or imaging; contradicted where signs and laboratory were looked for and normal."""
    local = [fact for fact in chart.suspected("spinal_infection") if says(fact, "signs", True)]
    proof = [
        *chart.present("fever"),
        *local,
        *abnormal_tests(chart),
        *pictures_that_show(chart, "infection"),
    ]
    no_fever, normal = chart.absent("fever"), normal_tests(chart)
    return shown_by("infection_evidence", proof, [*no_fever, *normal] if no_fever and normal else [])


def suspected(chart: Chart) -> Assessment:
    """Infection, bullet 1. Back pain with fever and abnormal laboratory is a suspicion by itself."""
    named = chart.suspected("spinal_infection")
    fever, tests = chart.present("fever"), abnormal_tests(chart)
    if not named and not (back_pain.has_pain(chart) and fever and tests):
        return NOT_RAISED
    return judge([documented("clinical_suspicion", named), infection_evidence(chart)], named)


def followup(chart: Chart) -> Assessment:
    """Infection, follow-up: a known infection that grows worse."""
    known = [fact for fact in chart.present("spinal_infection") if _is_followed(chart, fact)]
    if not known:
        return NOT_RAISED
    pain = [fact for fact in chart.present("low_back_pain") if says(fact, "worsening", True)]
    tests = [fact for fact in abnormal_tests(chart) if says(fact, "worsening", True)]
    worse = [fact for fact in known if says(fact, "worsening", True) or says(fact, "old_or_new", "worse")]
    steady = [fact for fact in known if says(fact, "worsening", False)]
    return judge([shown_by("worsening_infection", [*worse, *pain, *tests], steady)], known)


def _is_followed(chart: Chart, fact: Fact) -> bool:
    return (
        "worsening" in fact.attributes
        or says(fact, "treated", True)
        or says(fact, "old_or_new", "old", "worse")
        or bool(chart.present("follow_up_reason"))
    )

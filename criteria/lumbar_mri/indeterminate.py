"""Indeterminate findings of earlier imaging (criteria.md 3.9)."""

from __future__ import annotations

from criteria.chart import Chart, says
from criteria.dates import Span, days_of
from criteria.logic import NOT_RAISED, Assessment, judge, shown_by
from nlp.facts import Fact

_PICTURES = ("xray", "ct", "mri", "bone_scan", "ultrasound")
_SECTIONAL = ("ct", "mri")


def is_unclear(fact: Fact) -> bool:
    """An inconclusive finding, or a report that asks for MRI to clarify one."""
    if says(fact, "recommends_mri", True):
        return True
    # A sacroiliac joint that films leave open is a matter of the spondyloarthropathies.
    return says(fact, "result", "inconclusive") and not says(fact, "site", "sacroiliac")


def day_of(fact: Fact) -> Span | None:
    return days_of(fact.attributes.get("date"))


def _later(fact: Fact, than: Fact) -> bool:
    """Say whether one study is certainly later than another; an undated one never is."""
    mine, other = day_of(fact), day_of(than)
    return mine is not None and other is not None and mine.first > other.last


def initial(chart: Chart) -> Assessment:
    """Indeterminate findings, bullet 1: an unclear finding that nothing has settled yet."""
    unclear = [fact for fact in [*chart.present(*_PICTURES), *_beside(chart)] if is_unclear(fact)]
    settled = [fact for fact in chart.historical(*_PICTURES) if is_unclear(fact)]
    if not unclear and not settled:
        return NOT_RAISED
    sectional = chart.present(*_SECTIONAL)
    # A later CT or MRI has been the evaluation that the finding asked for.
    open_still = [fact for fact in unclear if not any(_later(study, fact) for study in sectional)]
    first = [fact for fact in open_still if not _is_repeat(chart, fact)]
    if not open_still and followup(chart).is_raised:
        return NOT_RAISED  # the question is now whether to look again
    return judge([shown_by("inconclusive_finding", first, [*unclear, *settled])])


def _beside(chart: Chart) -> list[Fact]:
    """Pictures of the chest or abdomen that leave a lumbar vertebra open and ask for MRI of it."""
    return [
        fact
        for fact in chart.elsewhere
        if fact.type in _PICTURES
        and fact.assertion == "present"
        and says(fact, "recommends_mri", True)
        and str(fact.attributes.get("level", "")).startswith("L")
    ]


def _is_repeat(chart: Chart, fact: Fact) -> bool:
    """Say whether an unclear CT or MRI is itself the follow-up of an earlier unclear one."""
    earlier = [study for study in chart.present(*_SECTIONAL) if is_unclear(study) and _later(fact, study)]
    return fact.type in _SECTIONAL and bool(earlier)


def followup(chart: Chart) -> Assessment:
    """Indeterminate findings, bullet 2: one follow-up; another only where suspicious or changed."""
    unclear = [fact for fact in chart.present(*_SECTIONAL) if is_unclear(fact)]
    repeats = [study for study in chart.present(*_SECTIONAL) if any(_later(study, f) for f in unclear)]
    reason = chart.present("follow_up_reason")
    if not unclear or not (reason or repeats):
        return NOT_RAISED
    worrying = [
        fact
        for fact in [*unclear, *repeats]
        if says(fact, "changed", True) or says(fact, "highly_suspicious", True)
    ]
    return judge([shown_by("first_follow_up", worrying if repeats else unclear, repeats)])

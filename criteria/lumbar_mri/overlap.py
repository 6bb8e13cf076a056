"""The overlap gate (criteria.md 4): a recent lumbar MRI or CT, or a CT requested together with the MRI."""

from __future__ import annotations

from dataclasses import dataclass

from criteria.chart import Chart, says
from criteria.dates import Span, days_of, is_within, months_before
from criteria.lumbar_mri import combination, neuro, periop, trauma
from criteria.lumbar_mri.indeterminate import is_unclear
from nlp.facts import Fact


@dataclass(frozen=True)
class Overlap:
    """Whether the gate is open, the studies that overlap, and what opens it in spite of them."""

    is_open: bool
    facts: tuple[Fact, ...] = ()


OPEN = Overlap(True)


def gate(chart: Chart) -> Overlap:
    """Statement under the indications' heading, and "combo requests" of the post-operative section."""
    prior = prior_studies(chart)
    if not prior and not requests_ct(chart):
        return OPEN
    reasons = [*chart.present("overlap_reason")]
    for criterion in combination.ALL:
        result = chart.result(criterion)
        reasons += result.facts if result.is_met else ()
    if reasons:
        return Overlap(True, (*prior, *reasons))
    if requests_ct(chart):
        # The guideline itself approves both after injury of a fused spine.
        both = chart.result("trauma.ankylosed_spine")
        return Overlap(both.is_met, (*prior, *both.facts) if both.is_met else tuple(prior))
    # One open question is enough: it asks for the MRI whatever another study has shown.
    unclear = [fact for fact in prior if is_unclear(fact)]
    events = _events_since(chart, prior)
    return Overlap(bool(unclear or events), (*prior, *events))


def requests_ct(chart: Chart) -> bool:
    asked = [fact for fact in chart.present("ct") if says(fact, "requested", True)]
    codes = chart.words["overlap.lumbar_ct_codes"]
    return chart.case.lumbar_ct_requested or bool(asked) or any(c in codes for c in chart.case.cpt_codes)


def prior_studies(chart: Chart) -> list[Fact]:
    """Return the lumbar MRI and CT studies of the last three months.

    One whose month alone is known counts where it may lie in them; one without a date counts where this visit
    reviews it.
    """
    months = int(chart.numbers["overlap.recent_months"])
    first = months_before(chart.service_date, months)
    return [
        fact
        for fact in _done(chart)
        if (
            is_within(day, first, chart.service_date) is not False
            if (day := _day(fact))
            else _is_reviewed(fact)
        )
    ]


def _done(chart: Chart) -> list[Fact]:
    studies = [*chart.present("mri", "ct"), *chart.historical("mri", "ct")]
    return [fact for fact in studies if not says(fact, "requested", True) and not says(fact, "planned", True)]


def _day(fact: Fact) -> Span | None:
    return days_of(fact.attributes.get("date"))


def _is_reviewed(fact: Fact) -> bool:
    return says(fact, "reviewed_today", True)


def undated_studies(chart: Chart) -> list[Fact]:
    """Return the studies that the history mentions without a date (remark `prior_imaging_undated`)."""
    return [fact for fact in _done(chart) if _day(fact) is None and not _is_reviewed(fact)]


def _events_since(chart: Chart, prior: list[Fact]) -> list[Fact]:
    """A new deficit, infection, injury or operation since the last study is a reason by itself."""
    days = [_day(fact) for fact in prior]
    if any(day is None for day in days):
        return []
    last = max(day.last for day in days if day is not None)
    deficit = neuro.any_deficit(chart, "new_deficit")
    infections = [chart.result("infection.suspected"), chart.result("periop.infection")]
    findings = [
        *(deficit.facts if deficit is not None and deficit.is_documented else ()),
        *(fact for result in infections if result.is_met for fact in result.facts),
    ]
    happened = [*trauma.recent_injury(chart), *periop.past_surgery(chart)]
    return [fact for fact in findings if _found_since(chart, fact, last.toordinal())] + [
        fact for fact in happened if (day := chart.began(fact)) and day.first > last
    ]


def _found_since(chart: Chart, fact: Fact, last: int) -> bool:
    """Found after the study: it began, or with no word of that was first examined, after that day."""
    day = chart.began(fact) or days_of(fact.date)
    return day is not None and day.first.toordinal() > last

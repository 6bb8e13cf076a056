"""Trauma or acute injury of the back in the last six months (criteria.md 3.5)."""

from __future__ import annotations

from criteria.chart import Chart, names_any, says
from criteria.logic import NOT_RAISED, Assessment, best_of, judge, shown_by
from criteria.lumbar_mri import conservative, neuro
from nlp.facts import Fact


def recent_injury(chart: Chart) -> list[Fact]:
    """Return the injuries of the last six months; one without a date is past, never recent (G10)."""
    months = chart.numbers["trauma.recent_months"]
    injuries = [*chart.present("trauma"), *chart.historical("trauma")]
    return [fact for fact in injuries if chart.is_recent(fact, months)]


def neuro_deficit(chart: Chart) -> Assessment:
    """Trauma, bullet 1: with any neurologic deficit."""
    if not recent_injury(chart):
        return NOT_RAISED
    return best_of([result for result in map(chart.result, neuro.ALL) if result.is_raised])


def progression(chart: Chart) -> Assessment:
    """Trauma, bullet 2: worsening during conservative treatment."""
    if not recent_injury(chart) or not conservative.worsening_on_treatment(chart):
        return NOT_RAISED
    return conservative.worsened(chart, recent_injury(chart))


def ankylosed_spine(chart: Chart) -> Assessment:
    """Trauma, bullet 3: a fused spine in the history (MRI and CT are both approvable)."""
    injury = recent_injury(chart)
    history = [
        *chart.suspected("spondyloarthropathy", "dish"),
        *chart.historical("spondyloarthropathy", "dish"),
    ]
    if not injury or not history:
        return NOT_RAISED
    fused = [fact for fact in history if fact.assertion != "possible" and _is_fused(chart, fact)]
    return judge([shown_by("fused_spine_disease", fused, open_=history)], injury)


def _is_fused(chart: Chart, fact: Fact) -> bool:
    """DISH and ankylosing spondylitis fuse the spine; other spondyloarthritis need not."""
    kind = fact.attributes.get("kind")
    return fact.type == "dish" or kind is None or names_any(fact, ("kind",), chart.words["trauma.fusing"])


def unevaluable(chart: Chart) -> Assessment:
    """Trauma, bullet 4: a patient who cannot be examined, or a preliminary film with an open finding."""
    injury = recent_injury(chart)
    over, doubtful = chart.historical("unevaluable"), chart.possible("unevaluable")
    open_films = [fact for fact in chart.present("xray", "ct") if _needs_more(fact)]
    proof = [*chart.present("unevaluable"), *open_films]
    if not injury or not (proof or over or doubtful):
        return NOT_RAISED
    # The patient who was intoxicated on the night of the crash and is clear now is evaluable.
    return judge([shown_by("unevaluable_or_imaging_finding", proof, over, open_=doubtful)], injury)


def _needs_more(fact: Fact) -> bool:
    return says(fact, "result", "inconclusive") or says(fact, "recommends_mri", True)

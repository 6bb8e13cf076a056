"""Known or new vertebral compression fracture with worsening back pain (criteria.md 3.7)."""

from __future__ import annotations

from collections.abc import Sequence

from criteria.chart import Chart, says
from criteria.logic import NOT_RAISED, Assessment, Requirement, contradicted, judge, missing, shown_by
from criteria.lumbar_mri import neuro, periop
from nlp.facts import Fact


def known_fracture(chart: Chart) -> list[Fact]:
    """A fracture that is only to be ruled out is neither known nor new."""
    return chart.present("compression_fracture")


def _worsening_pain(chart: Chart) -> Requirement:
    pain = chart.present("low_back_pain")
    worse = [
        fact for fact in [*pain, *known_fracture(chart)] if says(fact, "worsening", True)
    ]  # "painful L2 fracture, worsening" tells of its pain
    steady = [fact for fact in pain if says(fact, "worsening", False)]
    return shown_by("worsening_pain", worse, [*steady, *([] if pain else chart.absent("low_back_pain"))])


def _judge(chart: Chart, fracture: Sequence[Fact], own: Requirement) -> Assessment:
    return judge([shown_by("compression_fracture", fracture), _worsening_pain(chart), own])


def malignancy(chart: Chart) -> Assessment:
    """Compression fractures, bullet 1: benign or metastatic, in a patient who has had a cancer."""
    fracture = known_fracture(chart)
    cancer = [*chart.present("cancer", "spine_metastasis"), *chart.historical("cancer")]
    doubted = chart.possible("cancer", "spine_metastasis")
    if not fracture or not (cancer or doubted):
        return NOT_RAISED
    return _judge(chart, fracture, shown_by("malignancy", cancer, chart.absent("cancer"), open_=doubted))


def neuro_deficit(chart: Chart) -> Assessment:
    """Compression fractures, bullet 2: a new focal deficit; reported weakness or numbness raises it too."""
    fracture = known_fracture(chart)
    deficit = neuro.any_deficit(chart, "new_focal_deficit")
    reported = [
        fact
        for fact in chart.present("reported_weakness", "reported_numbness")
        if not neuro.is_old(chart, fact) and not says(fact, "attributed_elsewhere", True)
    ]
    if not fracture or (deficit is None and not reported):
        return NOT_RAISED
    if deficit is None:
        normal = neuro.examined_normal(chart)
        name = "new_focal_deficit"
        deficit = contradicted(name, [*reported, *normal]) if normal else missing(name, reported)
    return _judge(chart, fracture, deficit)


def management(chart: Chart) -> Assessment:
    """Compression fractures, bullet 3: before an intervention, or where the result changes management."""
    fracture = known_fracture(chart)
    reason = [*periop.planned_procedures(chart), *chart.present("mri_changes_management")]
    doubted = chart.possible("mri_changes_management")
    if not fracture or not (reason or doubted):
        return NOT_RAISED
    return _judge(chart, fracture, shown_by("changes_management", reason, open_=doubted))

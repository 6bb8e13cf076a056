"""Suspected neuroinflammatory disease (criteria.md 3.9)."""

from __future__ import annotations

from criteria.chart import Chart, says
from criteria.logic import NOT_RAISED, Assessment, Requirement, judge, shown_by
from nlp.facts import Fact


def suspected(chart: Chart) -> Assessment:
    """Other indications, last bullet: after a detailed neurologic examination and the initial work-up."""
    disease = chart.suspected("neuroinflammatory_disease")
    if not disease:
        return NOT_RAISED
    done = [fact for fact in disease if says(fact, "workup", "done")]
    return judge(
        [
            shown_by("clinical_suspicion", disease),
            _examined(chart),
            shown_by("initial_workup", done, open_=disease),
        ]
    )


def _examined(chart: Chart) -> Requirement:
    """Said to be detailed, or strength, reflexes and sensation all on record."""
    said = chart.present("neurologic_exam_detailed")
    parts = [_found(chart, kind) for kind in ("motor_weakness", "abnormal_reflex", "sensory_deficit")]
    whole = [fact for part in parts for fact in part] if all(parts) else []
    return shown_by("neuro_exam", [*said, *whole], chart.absent("neurologic_exam_detailed"))


def _found(chart: Chart, kind: str) -> list[Fact]:
    return [*chart.present(kind), *chart.absent(kind)]

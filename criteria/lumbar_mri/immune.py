"""Spine abnormalities in a suppressed immune system (criteria.md 3.9)."""

from __future__ import annotations

from criteria.chart import Chart, says
from criteria.logic import NOT_RAISED, Assessment, Requirement, judge, shown_by
from criteria.lumbar_mri import back_pain, infection, neuro


def suppressed(chart: Chart) -> Assessment:
    """Immune suppression with signs beyond mechanical pain, laboratory or imaging findings."""
    suppression = chart.present("immunosuppression")
    if not suppression:
        return NOT_RAISED
    evidence = _evidence(chart)
    # Suppression without any sign of the spine asks nothing of it.
    if not (back_pain.has_pain(chart) or evidence.is_documented):
        return NOT_RAISED
    return judge([shown_by("immunosuppression", suppression), evidence])


def _evidence(chart: Chart) -> Requirement:
    name = "spine_abnormality_evidence"
    lost = [fact for fact in chart.present("weight_loss") if not says(fact, "intentional", True)]
    deficit = neuro.any_deficit(chart, name)
    proof = [
        *chart.present("fever", "night_pain"),
        *lost,
        *(deficit.facts if deficit is not None and deficit.is_documented else ()),
        *infection.abnormal_tests(chart),
        *infection.pictures_that_show(chart, "infection", "tumor", "metastasis", "fracture"),
    ]
    no_fever, normal = chart.absent("fever"), infection.normal_tests(chart)
    return shown_by(name, proof, [*no_fever, *normal] if no_fever and normal else [])

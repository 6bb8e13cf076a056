"""Spondyloarthropathies (criteria.md 3.9)."""

from __future__ import annotations

from criteria.chart import Chart, says
from criteria.logic import NOT_RAISED, Assessment, Requirement, judge, shown_by

#: Films of the sacroiliac joints are films of the pelvis, and count here as those of the spine do.
_FILMED = ("pelvis", "hip")


def spondyloarthropathy(chart: Chart) -> Assessment:
    """Spondyloarthropathies: known or suspected, x-ray that does not settle it, rheumatology work-up."""
    named = chart.suspected("spondyloarthropathy")
    if not named:
        return NOT_RAISED
    # Its hallmark test with a result is such a work-up, whoever ordered it.
    tested = [f for f in chart.present("lab") if says(f, "test", "HLA-B27") and "abnormal" in f.attributes]
    workup = shown_by(
        "rheumatology_workup",
        [*chart.present("rheumatology_workup"), *tested],
        chart.absent("rheumatology_workup"),
    )
    return judge([shown_by("clinical_suspicion", named), _radiograph(chart), workup])


def _radiograph(chart: Chart) -> Requirement:
    pelvis = [f for f in chart.elsewhere if f.type == "xray" and f.assertion == "present"]
    films = [*chart.present("xray"), *(f for f in pelvis if says(f, "region", *_FILMED))]
    diagnostic = [f for f in films if "spondyloarthropathy" in str(f.attributes.get("shows", ""))]
    open_still = [f for f in films if says(f, "result", "normal", "inconclusive")]
    return shown_by("radiograph", open_still, diagnostic, open_=films)

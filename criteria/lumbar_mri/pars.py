"""Pars defect (spondylolysis) and spondylolisthesis (criteria.md 3.6)."""

from __future__ import annotations

from criteria.chart import Chart, says
from criteria.logic import NOT_RAISED, Assessment, Requirement, judge, shown_by


def adult_instability(chart: Chart) -> Assessment:
    """Pars, bullet 1: an adult's defect or slip that flexion/extension films show to be unstable."""
    named = chart.suspected("pars_defect", "spondylolisthesis")
    if chart.is_child or not named:
        return NOT_RAISED
    films = [fact for fact in chart.present("xray") if says(fact, "flexion_extension", True)]
    defect = shown_by(
        "pars_or_spondylolisthesis", chart.present("pars_defect", "spondylolisthesis"), open_=named
    )
    if not films:
        return judge([defect, shown_by("flexion_extension_films", [])])
    unstable = [fact for fact in films if says(fact, "instability", True)]
    stable = [fact for fact in films if says(fact, "instability", False)]
    called = chart.present("spinal_instability")
    return judge(
        [
            defect,
            shown_by("instability", [*unstable, *called], [*stable, *chart.absent("spinal_instability")]),
        ]
    )


def pediatric(chart: Chart) -> Assessment:
    """Pars, bullet 2: a child's suspected defect that plain films do not show and that would change care."""
    named = chart.suspected("pars_defect")
    if not chart.is_child or not named:
        return NOT_RAISED
    changes = shown_by(
        "changes_treatment", chart.present("mri_changes_management"), chart.absent("mri_changes_management")
    )
    return judge([_not_seen_on_films(chart), changes], named)


def _not_seen_on_films(chart: Chart) -> Requirement:
    """Films come first (note under the bullets); a bone scan does as well."""
    films = chart.present("xray", "bone_scan")
    normal = [fact for fact in films if says(fact, "result", "normal")]
    intact = [*films, *chart.absent("pars_defect")] if films and chart.absent("pars_defect") else []
    seen = [fact for fact in films if "pars_defect" in str(fact.attributes.get("shows", ""))]
    return shown_by("plain_films", [] if seen else [*normal, *intact], seen, open_=films)

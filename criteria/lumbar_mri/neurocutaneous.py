"""Neurocutaneous syndromes (criteria.md 3.9; the guideline's Overview)."""

from __future__ import annotations

from criteria.chart import Chart, says
from criteria.dates import days_of, months_before
from criteria.logic import NOT_RAISED, Assessment, Requirement, any_of, contradicted, judge, missing, shown_by
from criteria.lumbar_mri import back_pain, neuro
from nlp.facts import Fact

_SPINE_REGIONS = (None, "lumbar", "thoracic", "cervical", "whole_spine")


def nf1(chart: Chart) -> Assessment:
    """NF1: a spinal tumor suspected on clinical grounds, or a known one; no screening without symptoms."""
    disease = chart.present("neurofibromatosis_1")
    if not disease:
        return NOT_RAISED
    tumor, no_tumor = chart.suspected("primary_spinal_tumor"), chart.absent("primary_spinal_tumor")
    return judge([shown_by("clinical_suspicion", tumor, no_tumor)], disease)


def nf2(chart: Chart) -> Assessment:
    """NF2: at baseline, two years after the last spine MRI, or with symptoms."""
    disease = chart.present("neurofibromatosis_2")
    if not disease:
        return NOT_RAISED
    name = "interval_2_years"
    interval = _interval(chart, name)
    deficit = neuro.any_deficit(chart, name)
    symptoms = [
        *back_pain.has_pain(chart),
        *(deficit.facts if deficit is not None and deficit.is_documented else ()),
    ]
    if symptoms:
        interval = any_of(name, [interval, shown_by(name, symptoms)])
    return judge([interval], disease)


def vhl(chart: Chart) -> Assessment:
    """Von Hippel-Lindau: two years after the last spine MRI, or none so far."""
    disease = chart.present("von_hippel_lindau")
    if not disease:
        return NOT_RAISED
    return judge([_interval(chart, "interval_2_years")], disease)


def _interval(chart: Chart, name: str) -> Requirement:
    """Documented where every spine MRI on record is two years old or the notes say that there was none."""
    studies = [fact for fact in spine_mri(chart) if fact.assertion in ("present", "historical")]
    if not studies:
        return shown_by(name, [fact for fact in spine_mri(chart) if fact.assertion == "absent"])
    limit = months_before(chart.service_date, int(chart.numbers["neurocutaneous.interval_months"]))
    spans = [days_of(fact.attributes.get("date")) for fact in studies]
    if any(span is not None and span.first > limit for span in spans):
        return contradicted(name, studies)
    if any(span is None or span.last > limit for span in spans):
        return missing(name, studies)
    return shown_by(name, studies)


def spine_mri(chart: Chart) -> list[Fact]:
    """Return what the notes say of MRI of any part of the spine."""
    named = [*chart.present("mri"), *chart.historical("mri"), *chart.absent("mri"), *chart.elsewhere]
    return [
        fact
        for fact in named
        if fact.type == "mri" and says(fact, "region", *_SPINE_REGIONS) and not says(fact, "requested", True)
    ]


def brain_only(chart: Chart) -> Assessment:
    """Tuberous sclerosis and Sturge-Weber ask for brain imaging; alone they are no reason for the spine."""
    disease = chart.present("tuberous_sclerosis", "sturge_weber")
    if not disease or any(result.is_raised for result in chart.results.values()):
        return NOT_RAISED
    return judge([contradicted("spine_indication", disease)])

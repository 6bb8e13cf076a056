"""Cervical or thoracic MRI requested with the lumbar one (criteria.md 3.10)."""

from __future__ import annotations

from criteria.chart import Chart, names_any, says
from criteria.logic import NOT_RAISED, Assessment, Requirement, any_of, contradicted, judge, shown_by
from criteria.lumbar_mri import back_pain, congenital, neuro, neurocutaneous, periop, tumor

ALL = (
    "combination.scoliosis", "combination.vertebral_anomaly", "combination.chiari",
    "combination.tethered_cord", "combination.oncologic", "combination.csf_leak",
)  # fmt: skip


def has_several_regions(chart: Chart) -> bool:
    return len(chart.case.requested_regions) > 1


def _anesthesia(chart: Chart) -> Requirement:
    """The exception is for children who need anesthesia for the scan; an adult is none."""
    needed, unneeded = chart.present("anesthesia_needed"), chart.absent("anesthesia_needed")
    if not chart.is_child:
        return contradicted("anesthesia", needed or unneeded)
    return shown_by("anesthesia", needed, unneeded)


def scoliosis(chart: Chart) -> Assessment:
    """Combination, bullets 1 and 3: first assessment of an early scoliosis, or one with a reason."""
    curve = chart.suspected("scoliosis")
    if not curve or not has_several_regions(chart):
        return NOT_RAISED
    early = [fact for fact in curve if names_any(fact, ("kind",), chart.words["combination.early_scoliosis"])]
    early_by_age = chart.age is not None and chart.age < chart.numbers["combination.juvenile_under_years"]
    changing = [f for f in curve if any(says(f, key, True) for key in ("worsening", "atypical", "changed"))]
    deficit = neuro.any_deficit(chart, "scoliosis_indication")
    reasons = [
        *early,
        *(curve if early_by_age else []),
        *changing,
        *(deficit.facts if deficit is not None and deficit.is_documented else ()),
        *periop.planned_procedures(chart),
        *chart.present("mri_changes_management"),
    ]
    known = chart.present("scoliosis")
    return judge(
        [
            shown_by("scoliosis_indication", reasons if known else [], open_=curve),
            _anesthesia(chart),
        ],
        curve,
    )


def vertebral_anomaly(chart: Chart) -> Assessment:
    """Combination, bullet 2: a child's back pain with vertebral anomalies on preliminary imaging."""
    anomaly = chart.suspected("vertebral_anomaly")
    if not has_several_regions(chart) or not anomaly:
        return NOT_RAISED
    pictures = chart.present("xray", "ct", "mri", "ultrasound")
    pictures += [f for f in chart.elsewhere if f.type in ("xray", "ct", "mri") and f.assertion == "present"]
    return judge(
        [
            shown_by("back_pain", back_pain.has_pain(chart), chart.absent("low_back_pain")),
            shown_by(
                "preliminary_imaging", pictures if chart.present("vertebral_anomaly") else [], open_=anomaly
            ),
            _anesthesia(chart),
        ],
        anomaly,
    )


def chiari(chart: Chart) -> Assessment:
    """Combination, Chiari: type I at diagnosis without earlier whole-spine imaging; II to IV always."""
    named = chart.suspected("chiari")
    if not has_several_regions(chart) or not named:
        return NOT_RAISED
    if congenital.chiari_of_type(chart, "II", "III", "IV"):
        return judge([shown_by("chiari_type", congenital.chiari_of_type(chart, "II", "III", "IV"))])
    first = congenital.chiari_of_type(chart, "I")
    imaged = [f for f in neurocutaneous.spine_mri(chart) if f.assertion != "absent"]
    whole = [fact for fact in imaged if says(fact, "region", "whole_spine")]
    initial = shown_by("initial_diagnosis", [] if whole else first, whole)
    return judge([shown_by("chiari_type", first, open_=named), initial], named)


def tethered_cord(chart: Chart) -> Assessment:
    """Combination, tethered cord: as for the lumbar spine alone, where anesthesia is needed."""
    alone = chart.result("congenital.tethered_cord")
    if not has_several_regions(chart) or not alone.is_raised:
        return NOT_RAISED
    return _also(alone, _anesthesia(chart))


def _also(alone: Assessment, extra: Requirement) -> Assessment:
    """Return an assessment with one more requirement."""
    lacking = [shown_by(name, []) for name in alone.missing]
    denied = [contradicted(name) for name in alone.contradicted]
    return judge([*lacking, *denied, extra], alone.facts)


def oncologic(chart: Chart) -> Assessment:
    """Combination, oncological applications; adults as well, no anesthesia asked."""
    if not has_several_regions(chart):
        return NOT_RAISED
    spread = [
        *chart.suspected("leptomeningeal_disease", "drop_metastasis"),
        *chart.present("spine_metastasis"),
    ]
    spread += [fact for fact in tumor.malignancies(chart) if says(fact, "metastatic", True)]
    syndromes = [neurocutaneous.nf1(chart), neurocutaneous.nf2(chart), neurocutaneous.vhl(chart)]
    monitored = [result for result in syndromes if result.is_raised]
    known = tumor.malignancies(chart)
    if not (spread or monitored or known):
        return NOT_RAISED
    name = "known_metastases"
    # Staging before any therapy with no spread known is no survey of a patient with metastases.
    untreated = [f for f in known if says(f, "purpose", "initial_staging") or says(f, "on_treatment", False)]
    doubted = chart.possible("spine_metastasis")
    denied = [*chart.absent("spine_metastasis"), *([] if doubted else untreated)]
    choices = [shown_by(name, spread, denied, open_=known)]
    if any(result.is_met for result in monitored):
        choices = [shown_by(name, [fact for result in monitored for fact in result.facts])]
    return judge([any_of(name, choices)], known)


def csf_leak(chart: Chart) -> Assessment:
    """Combination, last bullet: as before surgery; adults as well, no anesthesia asked."""
    return periop.csf_leak(chart) if has_several_regions(chart) else NOT_RAISED

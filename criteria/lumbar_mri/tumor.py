"""Tumor, cancer and metastasis (criteria.md 3.8), and several studies at once for a cancer (3.9)."""

from __future__ import annotations

from criteria.chart import Chart, names_any, says
from criteria.dates import days_of, is_within, months_before
from criteria.logic import (
    NOT_RAISED,
    Assessment,
    Requirement,
    Standing,
    any_of,
    contradicted,
    documented,
    judge,
    missing,
    shown_by,
)
from criteria.lumbar_mri import back_pain, infection, neuro, trauma
from nlp.facts import Fact

_FOLLOWING = ("staging", "initial_staging", "restaging", "follow_up", "surveillance", "recurrence")
_PICTURES = ("xray", "ct", "mri", "bone_scan")


def malignancies(chart: Chart) -> list[Fact]:
    """The patient's own cancers, active or remote."""
    return [*chart.present("cancer"), *chart.historical("cancer")]


def is_spine_tropic(chart: Chart, cancer: Fact) -> bool:
    """Breast, lung, prostate, renal, gastrointestinal and thyroid cancers seek the spine."""
    said = cancer.attributes.get("spine_tropic")
    if isinstance(said, bool):
        return said
    return names_any(cancer, ("site", "kind"), chart.words["tumor.spine_tropic"])


# --- primary tumor --------------------------------------------------------------------------------


def primary_staging(chart: Chart) -> Assessment:
    """Primary tumor, bullet 1: initial staging of a tumor of the spine."""
    tumor = chart.suspected("primary_spinal_tumor")
    asked = [fact for fact in [*tumor, *malignancies(chart)] if says(fact, "purpose", "initial_staging")]
    untold = [fact for fact in tumor if fact.assertion == "present" and "purpose" not in fact.attributes]
    treated = [fact for fact in [*tumor, *malignancies(chart)] if _is_treated(fact)]
    if not tumor or not (asked or (untold and not treated)):
        return NOT_RAISED
    named = shown_by("malignancy", chart.present("primary_spinal_tumor"), open_=tumor)
    # A tumor that has been treated has been staged.
    staging = (
        contradicted("staging_or_follow_up", treated) if treated else shown_by("staging_or_follow_up", asked)
    )
    return judge([named, staging])


def _is_treated(fact: Fact) -> bool:
    return (
        "treatment_end" in fact.attributes
        or says(fact, "status", "remission")
        or says(fact, "on_treatment", True)
    )


def primary_followup(chart: Chart) -> Assessment:
    """Primary tumor, bullet 2: known cancer under treatment in the last year, or with cited surveillance."""
    known = [
        *malignancies(chart),
        *chart.present("primary_spinal_tumor"),
        *chart.historical("primary_spinal_tumor"),
    ]
    asked = [fact for fact in known if says(fact, "purpose", *_FOLLOWING)]
    if not asked:
        return NOT_RAISED
    name = "active_treatment_within_year"
    return judge([any_of(name, [_treated_within_year(chart, name, fact) for fact in known])], asked)


def _treated_within_year(chart: Chart, name: str, fact: Fact) -> Requirement:
    if says(fact, "on_treatment", True) or says(fact, "purpose", "surveillance"):
        return documented(name, [fact])
    end = days_of(fact.attributes.get("treatment_end"))
    if end is not None:
        year = months_before(chart.service_date, int(chart.numbers["tumor.treated_within_months"]))
        recent = is_within(end, year, chart.service_date)
        standing = {True: Standing.DOCUMENTED, False: Standing.CONTRADICTED, None: Standing.MISSING}[recent]
        return Requirement(name, standing, (fact,))
    # Staging before any therapy is no follow-up.
    is_untreated = says(fact, "on_treatment", False) or says(fact, "purpose", "initial_staging")
    return contradicted(name, [fact]) if is_untreated else missing(name, [fact])


def primary_new_symptoms(chart: Chart) -> Assessment:
    """Primary tumor, bullets 3 and 4: a known tumor of the spine with new signs, symptoms or a deficit."""
    tumor = chart.present("primary_spinal_tumor")
    if not tumor:
        return NOT_RAISED
    symptoms = _new_symptoms(chart, pictures=False)  # the picture that found the tumor is no new sign
    return NOT_RAISED if symptoms is None else judge([symptoms], tumor)


# --- metastatic tumor -----------------------------------------------------------------------------


def metastasis_clarification(chart: Chart) -> Assessment:
    """Metastatic tumor, bullet 1: a bone scan or another picture that leaves metastasis open."""
    known = [*malignancies(chart), *chart.present("spine_metastasis")]
    doubted = chart.possible("cancer", "spine_metastasis")
    unclear = [
        fact
        for fact in chart.present(*_PICTURES)
        if (says(fact, "result", "inconclusive") and _may_be_metastasis(chart, fact))
        or (fact.type == "bone_scan" and says(fact, "result", "abnormal"))
    ]
    if not unclear or not (known or doubted):
        return NOT_RAISED
    return judge([shown_by("malignancy", known, chart.absent("cancer"), open_=doubted)], unclear)


def _may_be_metastasis(chart: Chart, fact: Fact) -> bool:
    """Say whether what a picture leaves open is metastasis, not an old pars defect or a worn disc."""
    shows = str(fact.attributes.get("shows", ""))
    feared = fact.type == "bone_scan" or bool(chart.suspected("spine_metastasis"))
    return feared or "metastasis" in shows or "tumor" in shows or bool(fact.attributes.get("level"))


def metastasis_neuro_deficit(chart: Chart) -> Assessment:
    """Metastatic tumor, bullet 2: known malignancy with a new focal deficit."""
    known = [*malignancies(chart), *chart.present("spine_metastasis")]
    deficit = neuro.any_deficit(chart, "new_focal_deficit")
    if not known or deficit is None:
        return NOT_RAISED
    return judge([shown_by("malignancy", known), deficit])


def known_malignancy_symptoms(chart: Chart) -> Assessment:
    """Metastatic tumor, bullet 3; "Back Pain with Cancer History": radiographs first unless spine-tropic."""
    known = malignancies(chart)
    symptoms = _new_symptoms(chart) if known else None
    if symptoms is None:
        return NOT_RAISED
    if any(is_spine_tropic(chart, cancer) for cancer in known):
        return judge([shown_by("malignancy", known), symptoms])
    return judge([shown_by("malignancy", known), symptoms, _radiograph(chart)])


def _radiograph(chart: Chart) -> Requirement:
    """Films that explain the pain answer the question; those that show nothing, or nothing clear, do not."""
    months = chart.numbers["tumor.radiograph_months"]
    films = [fact for fact in chart.present("xray") if chart.is_recent(fact, months) is not False]
    is_open = [
        fact
        for fact in films
        if says(fact, "result", "inconclusive", "normal") or says(fact, "recommends_mri", True)
    ]
    # Plain degeneration leaves the question of metastasis open; a named cause, or its denial, answers it.
    denied = chart.absent("spine_metastasis")
    answering = [f for f in films if says(f, "result", "abnormal") and (denied or f.attributes.get("shows"))]
    is_open += [fact for fact in films if says(fact, "result", "abnormal") and fact not in answering]
    return shown_by("radiograph", [] if answering else is_open, answering, open_=films)


def _new_symptoms(chart: Chart, *, pictures: bool = True) -> Requirement | None:
    """Pain or a deficit that is new or growing; None where there is neither pain nor deficit nor finding."""
    name = "new_signs_or_symptoms"
    deficit = neuro.any_deficit(chart, name)
    pain = back_pain.has_pain(chart)
    night = chart.present("night_pain")
    seen = infection.pictures_that_show(chart, "metastasis", "tumor") if pictures else []
    if deficit is None and not pain and not night and not seen:
        return None
    markers = chart.words["tumor.laboratory_signs"]
    tests = [
        fact
        for fact in chart.present("lab")
        if says(fact, "abnormal", True) and names_any(fact, ("test",), markers)
    ]
    new = [fact for fact in pain if _is_new(chart, fact)]
    steady = [fact for fact in pain if says(fact, "new_or_increasing", False)]
    # Pain that a recent injury explains is not the nontraumatic pain that the bullet means.
    if trauma.recent_injury(chart):
        new = []
    signs = shown_by(name, [*new, *night, *seen, *tests], steady, open_=pain)
    return signs if deficit is None else any_of(name, [signs, deficit])


def _is_new(chart: Chart, fact: Fact) -> bool:
    if (
        says(fact, "worsening", True)
        or says(fact, "new_or_increasing", True)
        or says(fact, "old_or_new", "new", "worse")
    ):
        return True
    span = chart.began(fact)
    if span is None or says(fact, "old_or_new", "old"):
        return False
    return (chart.service_date - span.first).days <= chart.numbers["tumor.new_pain_days"]


# --- several studies at once ----------------------------------------------------------------------


def concurrent_staging(chart: Chart) -> Assessment:
    """Combination studies for cancer: at most five at once, for staging, recurrence or suspected spread."""
    known = [*malignancies(chart), *chart.present("spine_metastasis")]
    studies = studies_requested(chart)
    if not known or studies < 2:
        return NOT_RAISED
    spread = [
        fact
        for fact in chart.suspected("spine_metastasis", "leptomeningeal_disease", "drop_metastasis")
        if fact.assertion == "possible"
    ]
    asked = [fact for fact in known if says(fact, "purpose", *_FOLLOWING)]
    limit = chart.numbers["tumor.most_studies"]
    number = documented("max_five_studies") if studies <= limit else contradicted("max_five_studies")
    return judge([shown_by("staging_or_follow_up", [*asked, *spread]), number], known)


def studies_requested(chart: Chart) -> int:
    """Count the studies asked for: codes where given (the add-on is none), else spine regions."""
    codes = {code for code in chart.case.cpt_codes if code not in chart.words["overlap.add_on_codes"]}
    return max(len(codes), len(chart.case.requested_regions))

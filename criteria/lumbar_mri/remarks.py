"""Remarks (criteria.md 5): told to the user, never decisive."""

from __future__ import annotations

from criteria.chart import Chart
from criteria.lumbar_mri import overlap
from criteria.texts import texts
from nlp.facts import Remark

_EXAMINED = ("motor_weakness", "abnormal_reflex", "pathologic_reflex", "sensory_deficit")


def remarks_of(chart: Chart) -> tuple[Remark, ...]:
    """Return the reader's remarks and those of the rules, each once."""
    case, words = chart.case, texts().remarks
    found = list(case.remarks)
    newest = case.newest_note
    limit = chart.numbers["remarks.stale_after_days"]
    if newest is not None and (chart.service_date - newest).days > limit:
        found.append(Remark("stale_note", words["stale_note"]))
    if not case.cpt_codes:
        found.append(Remark("cpt_assumed", words["cpt_assumed"]))
    if case.age_years is None:
        found.append(Remark("age_unknown", words["age_unknown"]))
    if overlap.undated_studies(chart):
        found.append(Remark("prior_imaging_undated", words["prior_imaging_undated"]))
    found += [Remark("table1_workup", note) for note in chart.result("neuro.gait").notes]
    if any(fact.type in _EXAMINED and fact.assertion == "present" for fact in chart.elsewhere):
        found.append(Remark("other_region", words["other_region"]))
    return tuple(dict.fromkeys(found))

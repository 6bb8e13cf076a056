"""What of medSpaCy goes into the reader: its English section titles and the literal cues of its ConText rules.

They are read from the installed distribution when the lexicons are compiled; medSpaCy itself is not imported (its
import takes seconds and pulls QuickUMLS). Its engines stay out: they take quadratic time in the length of a text, and
its cues negate what they overlap ("MRI without contrast"). A phrase of our own lexicons outranks the same phrase here.
"""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from nlp.lexicon import Entry, LexiconFile

_KINDS = {
    "NEGATED_EXISTENCE": "negated", "POSSIBLE_EXISTENCE": "possible", "HYPOTHETICAL": "hypothetical",
    "HISTORICAL": "historical", "FAMILY": "family",
}  # fmt: skip
#: Cues that mislead in this field: an evaluation, a resolution or a comparison is no negation.
_REFUSED = frozenset(
    ("any other", "as has", "as well as any", "aside from", "checked for", "evaluate for", "other possibilities of", "prophylaxis",
     "resolved", "now resolved", "rather than", "test for", "to exclude", "trigger event for", "free", "inconsistent with", "non diagnostic",
     "as needed", "return", "if", "doubt", "comes in with", "without", "unlikely", ": no", ": none", "ro", "should there",
     "with no")
)  # fmt: skip
_SECTIONS = {
    "observation_and_plan": "assessment_plan", "labs_and_studies": "results", "medications": "medications",
    "past_medical_history": "pmh", "diagnoses": "assessment", "history_of_present_illness": "hpi",
    "hospital_course": "interval", "imaging": "results", "social_history": "social", "physical_exam": "exam",
    "problem_list": "pmh", "patient_instructions": "instructions", "chief_complaint": "complaint",
    "patient_education": "instructions", "allergy": "allergies", "allergies": "allergies", "family_history": "family",
    "reason_for_examination": "indication",
}  # fmt: skip


def medspacy_files() -> list[LexiconFile]:
    """Return medSpaCy's cues and section titles as lexicon files; none where it is not installed."""
    try:
        base = Path(str(distribution("medspacy").locate_file("resources/en")))
        rules = json.loads((base / "context_rules.json").read_text(encoding="utf-8"))["context_rules"]
        titles = json.loads((base / "section_patterns.json").read_text(encoding="utf-8"))["section_rules"]
    except (PackageNotFoundError, OSError, KeyError):
        return []
    return [
        LexiconFile(
            "medspacy/context_rules", "cue", tuple(_cue(rule) for rule in rules if _is_wanted(rule)), ()
        ),
        LexiconFile(
            "medspacy/section_patterns",
            "heading",
            tuple(_title(rule) for rule in titles if rule["category"] in _SECTIONS),
            (),
        ),
    ]


def _is_wanted(rule: dict[str, Any]) -> bool:
    return (
        not rule.get("pattern")
        and rule["category"] in _KINDS
        and rule["direction"] in ("FORWARD", "BACKWARD")
        and rule["literal"].lower() not in _REFUSED
    )


def _cue(rule: dict[str, Any]) -> tuple[tuple[str, ...], Entry]:
    attributes = {"kind": _KINDS[rule["category"]], "dir": rule["direction"].lower()}
    return (rule["literal"].lower(),), Entry("cue", attributes)


def _title(rule: dict[str, Any]) -> tuple[tuple[str, ...], Entry]:
    return (rule["literal"].lower().rstrip(": "),), Entry("heading", {"section": _SECTIONS[rule["category"]]})

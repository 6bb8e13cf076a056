"""Document types of the exchange formats as this project's document kinds."""

from __future__ import annotations

import re
from datetime import date

#: LOINC codes of document types.
LOINC_KINDS = {
    **dict.fromkeys(
        ("34117-2", "11506-3", "11488-4", "34133-9", "18842-5", "34111-5", "51847-2", "28568-4", "34109-9",
         "11490-0", "34131-3", "75492-9", "34748-4", "34139-6"), "office_note"),
    **dict.fromkeys(("11508-9", "34129-7", "34823-5", "64171-2", "28580-9", "28579-1", "34824-3"), "physical_therapy"),
    **dict.fromkeys(
        ("18748-4", "68604-8", "24968-4", "36813-4", "30678-3", "30681-7", "36554-4", "24967-6", "30704-7",
         "24531-0", "24963-5", "24627-2", "18747-6"), "imaging_report"),
    **dict.fromkeys(("11502-2", "26436-6", "18725-2", "18723-7"), "lab_report"),
    **dict.fromkeys(("28570-0", "59258-4", "34121-4"), "procedure_note"),
    **dict.fromkeys(("11504-8", "34868-0", "34870-6", "34137-0"), "operative_note"),
    **dict.fromkeys(("18750-0", "28623-7", "11523-8", "28633-6", "18749-2"), "emg_report"),
    **dict.fromkeys(("57133-1", "46209-3", "57830-2", "52034-6"), "order"),
    **dict.fromkeys(("51851-4", "68609-7", "34140-4", "47420-5"), "letter"),
}  # fmt: skip

#: Words of a document's type or title, the first that fits.
_KIND_WORDS = (
    ("emg_report", r"\b(?:emg|electromyogra\w*|nerve conduction|electrodiagnos\w*|ncs|ncv)\b"),
    ("physical_therapy", r"\b(?:physical therap\w*|physiotherap\w*|pt (?:eval\w*|note|progress|discharge|daily|initial|re-?eval\w*)|rehab\w*)\b"),
    ("operative_note", r"\b(?:operative|operation|surgery) (?:note|report|record)\b"),
    ("procedure_note", r"\bprocedure (?:note|report|record)\b"),
    ("imaging_report", r"\b(?:radiology|radiograph\w*|diagnostic imaging|imaging (?:report|result)\w*|(?:mri|ct|x-?ray|mr) .{0,40}\breport|x-?ray)\b"),
    ("lab_report", r"\b(?:laborator\w+|lab) (?:report|result\w*)\b"),
    ("order", r"\b(?:(?:imaging|mri|radiology) (?:order|requisition|request)|order form|requisition|service request|authorization request form)\b"),
    ("letter", r"\b(?:letter of medical necessity|letter|appeal)\b"),
    ("office_note", r"\b(?:office|progress|clinic|visit|consult\w*|history and physical|h&p|encounter|follow-?up) ?(?:note|visit|report|notes)?\b"),
)  # fmt: skip
_KINDS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _KIND_WORDS)
_STAMP = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
CPT = re.compile(r"\d{4}[0-9A-Z]")


def kind_of(code: str | None, words: str | None) -> str | None:
    """The kind of a document by its LOINC code, else by the words of its type or title; None where neither
    says."""
    if code in LOINC_KINDS:
        return LOINC_KINDS[code]
    return next((kind for kind, pattern in _KINDS if words and pattern.search(words)), None)


def day_of(stamp: str | None) -> str | None:
    """The ISO day of a time stamp (20260302101500-0500, 2026-03-02T10:15:00Z); None where it has no day."""
    match = _STAMP.match(stamp or "")
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    except ValueError:
        return None

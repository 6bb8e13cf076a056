"""Whether what was submitted can carry a decision: remarks with what was looked for and not found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from nlp.facts import Remark
from pipelines.formats.document import Extracted

_LEAST_LETTERS = 25
#: The share of words read with low confidence beyond which a page counts as unreadable.
_MOST_UNSURE = 0.5
_LOW_BACK = re.compile(
    r"\b(?:lumb\w*|lumbo\w*|low(?:er)? back|back|l-?spine|spin\w+|sciatic\w*|radicul\w+|sacr\w+|coccy\w+|"
    r"legs?|lower (?:extremit\w+|limbs?)|l[1-5]|s1|foot drop|cauda|dimple|gait|disc|tether\w+)\b",
    re.IGNORECASE,
)
_ELSEWHERE = (
    ("the neck", r"neck|cervical"),
    ("the shoulder or arm", r"shoulders?|rotator|elbows?|wrists?|arms?|hands?|carpal"),
    ("the knee", r"knees?|menisc\w+|patell\w+|acl"),
    ("the hip", r"hips?|acetabul\w+"),
    ("the ankle or foot", r"ankles?|achilles|plantar"),
    ("the head", r"brain|headaches?|migraines?|sinus\w*"),
    ("the chest or abdomen", r"chest|abdom\w+|breasts?"),
)
_REGIONS = tuple((name, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for name, words in _ELSEWHERE)
_NOTES = frozenset({"office_note", "physical_therapy", "procedure_note", "operative_note", "letter", "other"})


def remarks_on(documents: Sequence[Extracted]) -> list[Remark]:
    """What is wrong with the documents of a case, in their order."""
    remarks = [remark for document in documents for remark in (*_pages(document), *_region(document))]
    if documents and all(document.kind == "order" for document in documents):
        remarks.append(
            Remark(
                "order_without_note",
                "Only an order was submitted. A clinical note with history and examination was looked for "
                "and not found; submit the note of the visit that led to the order.",
            )
        )
    return remarks


def _pages(document: Extracted) -> list[Remark]:
    empty, blurred = [], []
    bounds = [*document.pages, len(document.text)]
    for number, (start, end) in enumerate(pairwise(bounds), start=1):
        letters = sum(c.isalpha() for c in document.text[start:end])
        count = sum(1 for word in document.words if start <= word[0] < end) if document.unsure else 0
        unsure = sum(1 for span in document.unsure if start <= span[0] < end)
        if letters < _LEAST_LETTERS:
            empty.append(number)
        elif count and unsure > _MOST_UNSURE * count:
            blurred.append(number)
    found: list[Remark] = []
    if empty:
        words = (
            f"{document.name}, page {_list(empty)}: words were looked for and almost none found. Check "
            "whether the page is blank, or submit a better copy."
        )
        found.append(Remark("empty_page", words))
    if blurred:
        words = (
            f"{document.name}, page {_list(blurred)}: most words were recognised with low confidence. "
            "Submit a better copy."
        )
        found.append(Remark("unreadable_page", words))
    return found


def _list(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:10])
    return f"{shown} and {len(numbers) - 10} more" if len(numbers) > 10 else shown


def _region(document: Extracted) -> list[Remark]:
    if (document.kind or "office_note") not in _NOTES or _LOW_BACK.search(document.text):
        return []
    regions = [name for name, pattern in _REGIONS if pattern.search(document.text)]
    if not regions:
        return []
    return [
        Remark(
            "other_body_region",
            f"{document.name} speaks of {' and '.join(regions[:3])}. The low back, the lumbar spine and the "
            "legs were looked for in it and not found; submit the note that led to this request.",
        )
    ]

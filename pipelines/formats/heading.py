"""What a document says of itself at its head: what it is, whom it is about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date

from pipelines.formats.codes import kind_of
from pipelines.formats.document import Extracted, Person

_HEAD_LINES = 6
_TITLE = 90
_BIRTH = re.compile(
    r"\b(?:DOB|D\.O\.B\.?|date of birth|birth ?date)\s{0,3}[:#-]?\s{0,5}"
    r"(?:(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?!\d)|(\d{4})-(\d{2})-(\d{2}))",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(?:^|[\n|]|\s{2})\s{0,8}(?:patient(?:'s)?(?: name)?|pt(?: name)?|name(?: of patient)?|member(?: name)?)\s{0,3}:\s{0,5}"
    r"([A-Z][A-Za-z'-]+(?:,\s{0,2}|\s)[A-Z][A-Za-z'.-]*(?:\s[A-Z][A-Za-z'-]+)?)",
    re.IGNORECASE,
)
_NOT_NAMES = frozenset(
    "mri lumbar spine pain back dob age sex date mrn male female name patient id the is was has dr md account phone".split()
)
_CREDENTIALS = (
    ("physical therapist", r"\b(?:PT|DPT|MPT|PTA)\b"),
    ("chiropractor", r"\bDC\b|chiropractor"),
    ("nurse practitioner", r"\b(?:NP|APRN|FNP(?:-[A-Z]{1,2})?|ARNP|CRNP)\b"),
    ("physician assistant", r"\bPA-?C\b"),
    ("physician", r"\b(?:M\.?D\.?|D\.?O\.?)(?![A-Za-z])"),
    ("nurse", r"\bRN\b"),
)
_SIGNED = re.compile(
    r"(?im)^.{0,20}(?:electronically signed|signed by|signature|dictated by|provider|author|physician|therapist)\b.{0,100}$"
)
_ROLES = tuple((role, re.compile(pattern)) for role, pattern in _CREDENTIALS)


def title_kind(text: str) -> str | None:
    """The kind that the first lines of a text name as its title; None where they name none."""
    lines = [line.strip() for line in text[:2000].splitlines() if line.strip()]
    for line in lines[:_HEAD_LINES]:
        if len(line) > _TITLE or line.endswith("."):
            continue
        words = line.split(":")[0] if ":" in line else line
        if not words[:1].isupper():
            continue
        kind = kind_of(None, words)
        if kind is not None and (words.isupper() or words.istitle() or len(words.split()) <= 6):
            return kind
    return None


def author_role(text: str) -> str | None:
    """The profession of the one who signed, by the letters behind the name."""
    for line in reversed(_SIGNED.findall(text[-6000:])):
        for role, pattern in _ROLES:
            if pattern.search(line):
                return role
    return None


def person_of(text: str) -> Person:
    """The patient's name and birth date where the text has them under a label."""
    births = birth_dates(text)
    match = next((m for m in _NAME.finditer(text[:4000]) if _is_name(m[1])), None)
    return Person(match[1].strip() if match else None, births[0] if births else None)


def birth_dates(text: str) -> list[str]:
    """Every birth date that a text gives under its label, as ISO days, each once."""
    found: list[str] = []
    lower = text.lower()
    if not any(label in lower for label in ("dob", "d.o.b", "birth")):
        return found
    for match in _BIRTH.finditer(text):
        month, day, year, *iso = match.groups()
        numbers = [int(part) for part in (iso if iso[0] else (year, month, day))]
        if numbers[0] < 100:
            continue  # two digits of a year tell too little to suspect another patient by
        try:
            found.append(date(*numbers).isoformat())
        except ValueError:
            continue
    return list(dict.fromkeys(found))


def _is_name(words: str) -> bool:
    return not _NOT_NAMES & {part.lower() for part in re.split(r"[^A-Za-z]+", words)}


# --- whose a document is ---------------------------------------------------------------------------------


def is_other(one: Person, other: Person) -> bool:
    """Do two documents name different people? A birth date decides where both have one and the names do not
    agree."""
    if one.name and other.name:
        if agrees(one.name, other.name):
            return False
        return not (one.birth_date and one.birth_date == other.birth_date)
    return bool(one.birth_date and other.birth_date and one.birth_date != other.birth_date)


def agrees(one: str, other: str) -> bool:
    """Do two names share a part ("Smith, Ann B." and "Ann Smith-Jones")?"""
    first, second = ({p for p in re.split(r"[^a-z]+", name.lower()) if len(p) > 1} for name in (one, other))
    return not first or not second or bool(first & second)


def strangers(known: Person, documents: Sequence[Extracted]) -> list[Extracted]:
    """The documents of another patient than the request's or, where it names none, than most documents'."""
    people = [document.patient for document in documents if document.patient]
    if not known and people:
        counts = Counter({n: sum(not is_other(p, q) for q in people) for n, p in enumerate(people)})
        best = max(counts.values())
        known = people[min(n for n, count in counts.items() if count == best)]
    return [document for document in documents if document.patient and is_other(known, document.patient)]

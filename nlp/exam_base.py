"""What the readers of the examination share: predicates of a subject, the side of a finding, columns of a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from nlp.mentions import Atom
from nlp.note import Note, side_of

#: Words before the side that a finding is compared with.
COMPARED = frozenset(("than", "compared", "versus", "vs", "cf", "relative"))
ARMS = frozenset(("upper_extremity", "cervical", "shoulder", "head"))


def predicate(
    note: Note, atoms: Sequence[Atom], at: int, wanted: frozenset[str] = frozenset()
) -> tuple[str, Atom] | None:
    """What is said of the subject atoms[at]: ("normal" | "abnormal" | "abnormal_up", the atom that says it)."""
    subject = atoms[at]
    kinds = ("normal", "abnormal", "abnormal_up", "weak") if not wanted else tuple(wanted)
    before = atoms[at - 1] if at else None
    if (
        before is not None
        and subject.start - before.end <= 2
        and not note.has_comma(before.end, subject.start)
        and not _is_apart(note, before.end, subject.start)
    ):
        kind = _kind(before, kinds)
        if kind is not None and not _follows_subject(note, atoms, at - 1):
            return signed(note, kind, before), before
    for later in atoms[at + 1 :]:
        if stops(note, subject.end, later.start):
            return None
        if says_absent(note, later) and _LOSABLE & set(subject.labels):
            return "abnormal", later
        kind = _kind(later, kinds)
        if kind is not None and not _WAS & set(note.norms(later.start - 1, later.start)):
            return signed(note, kind, later), later
    return None


_WAS = frozenset(("previously", "prior", "initially", "formerly", "originally", "baseline"))
_LOSABLE = frozenset(("sensation", "reflex", "anal", "bulbocavernosus"))
_ABSENT = frozenset(("absent", "elicited", "appreciated", "present", "detected", "found", "seen", "noted"))


def says_absent(note: Note, atom: Atom) -> bool:
    """ "Are absent", "were not elicited": a denial elsewhere, a loss where a reflex or sensation is the subject."""
    norms = note.norms(atom.start, atom.end)
    if "cue" not in atom.labels or "abnormal" in atom.labels or "normal" in atom.labels:
        return False
    return norms[-1] == "absent" or ("not" in norms[:-1] and norms[-1] in _ABSENT)


def _is_apart(note: Note, start: int, end: int) -> bool:
    """Does a bracket or a line end stand between a word and what follows it?"""
    return ")" in note.norms(start, end) or (
        any("\n" in note.words.gaps[i] for i in range(start, end + 1))
        and note.words.norms[start - 1] not in ("and", "the", "of")
    )


_SUBJECTS = frozenset(
    (
        "strength",
        "sensation",
        "reflex",
        "gait",
        "tone",
        "muscle",
        "bladder",
        "bowel",
        "bladder_bowel",
        "slr",
        "walk_test",
    )
)


def _follows_subject(note: Note, atoms: Sequence[Atom], at: int) -> bool:
    """Does the predicate atoms[at] already belong to a subject before it ("sensation intact gait normal")?"""
    if at == 0:
        return False
    before = atoms[at - 1]
    return (
        any(label in _SUBJECTS for label in before.labels)
        and atoms[at].start - before.end <= 2
        and not note.has_comma(before.end, atoms[at].start)
    )


def _kind(atom: Atom, kinds: Sequence[str]) -> str | None:
    for label in atom.labels:
        if label in kinds:
            return label
    return None


def stops(note: Note, start: int, end: int) -> bool:
    norms = note.words.norms
    return any(
        norms[i] in (";", "but", "except", "however", "although")
        or (norms[i] == "." and note.words.gaps[min(i + 1, len(norms) - 1)])
        for i in range(start, end)
    )


def signed(note: Note, kind: str, atom: Atom) -> str:
    """A predicate under a negation says the opposite: "no diminished reflexes"."""
    if kind == "normal":
        if "cue" in atom.labels:
            return "normal"
        before = note.norms(atom.start - 2, atom.start)
        return (
            "abnormal" if before and (before[-1] in ("not", "isn't") or before[0:1] == ["not"]) else "normal"
        )
    return "normal" if "cue" not in atom.labels and _is_denied(note, atom) else kind


_DENY_BACK = frozenset(
    ("none", "denied", "not seen", "not found", "not noted", "not present", "negative", "not detected")
)


def _is_denied(note: Note, atom: Atom) -> bool:
    """Is a word for abnormal denied? The "absent" of the next finding is what is said of that one."""
    said = note.scopes.assess(atom.start, atom.end)
    if not said.negated:
        return False
    cues = [
        (first, note.words.text[first:last].lower()) for first, last, kind in said.cues if kind == "negated"
    ]
    here = note.words.starts[atom.start]
    return not cues or any(
        text not in ("absent", "neg", "negative") if first < here else text in _DENY_BACK
        for first, text in cues
    )


def nearest_side(note: Note, atoms: Sequence[Atom], atom: Atom, reach: int = 8) -> str | None:
    best: tuple[int, str] | None = None
    for other in atoms:
        side = side_of(other)
        if (
            side is None
            or "sensation" in other.labels
            or COMPARED & set(note.norms(other.start - 2, other.start))
        ):
            continue  # "LT" before a dermatome is light touch; "less than the right" is about the left
        gap = atom.start - other.end if other.end <= atom.start else other.start - atom.end
        if gap <= reach and (best is None or gap < best[0]):
            best = (gap, side)
    if best is None:
        start, _ = note.sentence_of(atom.start)
        first = next((a for a in atoms if side_of(a)), None)
        if first is not None and first.start - start <= 2:
            return side_of(first)
    return best[1] if best else None


class _Placed(Protocol):
    """What stands from a first word to an end."""

    start: int
    end: int


def side_of_value(
    note: Note,
    sides: Sequence[tuple[int, int, str]],
    values: Sequence[_Placed],
    value: _Placed,
    reach: int,
    parted: frozenset[str] | None,
) -> str | None:
    """The side of one of the values that share `sides` (first word, end, side); None if none goes with it.

    Where sides lead, the one right before the value; else one at most `reach` words behind it that is not the next
    value's. No comma and no word of `parted` may stand before that one; with None anything may.
    """
    leads = bool(sides) and sides[0][0] < values[0].start
    before = [side for side in sides if side[1] <= value.start]
    if (
        before
        and leads
        and value.start - before[-1][1] <= 1
        and not note.has_comma(before[-1][1], value.start)
    ):
        return before[-1][2]
    after = next((side for side in sides if 0 <= side[0] - value.end <= reach), None)
    if after is not None and (
        parted is None
        or (not note.has_comma(value.end, after[0]) and not parted & set(note.norms(value.end, after[0])))
    ):
        followed = any(
            0 <= other.start - after[1] <= 1 and not note.has_comma(after[1], other.start)
            for other in values
            if other is not value
        )
        if not (leads and followed):
            return after[2]
    return before[-1][2] if leads and before else None


def note_label(note: Note, atom: Atom) -> str:
    label = note.assess(atom.start, atom.end).label
    return label if label in ("hypothetical", "family", "historical", "possible") else "present"


def arm_region(atoms: Sequence[Atom], atom: Atom) -> str | None:
    before = [
        a
        for a in atoms
        if "region" in a.labels
        and a.start < atom.start
        and a.attribute("region") in ("upper_extremity", "lower_extremity")
    ]
    return "upper_extremity" if before and before[-1].attribute("region") == "upper_extremity" else None


def columns(note: Note, start: int) -> tuple[str, str] | None:
    """The order of a table's side columns, from the lines above."""
    number = note.layout.sentence[start]
    for previous in range(number - 1, max(-1, number - 14), -1):
        first, last = note.layout.sentences[previous]
        sides = [side_of(atom) for atom in note.atoms_in(first, last) if "side" in atom.labels]
        pair = [side for side in sides if side in ("left", "right")]
        if pair[:2] in (["right", "left"], ["left", "right"]):
            return pair[0], pair[1]
    return None


def column_order(note: Note, start: int) -> tuple[str, str]:
    """Which side comes first in pairs and columns: as the line or the table's head says ("L/R"), else the right."""
    number = note.layout.sentence[start]
    for line in (number, number - 1):
        if line >= 0:
            first, last = note.layout.sentences[line]
            norms = note.norms(first, last)
            for i in range(len(norms) - 2):
                if (
                    norms[i + 1] == "/"
                    and norms[i][:1] + norms[i + 2][:1] in ("lr", "rl")
                    and norms[i] in _SIDE_WORDS
                    and norms[i + 2] in _SIDE_WORDS
                ):
                    return ("left", "right") if norms[i][0] == "l" else ("right", "left")
    return columns(note, start) or ("right", "left")


_SIDE_WORDS = frozenset(("l", "r", "left", "right", "lt", "rt"))


def in_row(note: Note, start: int) -> bool:
    """Does the sentence stand in a table row or form line, as a whole or behind its title?"""
    layout = note.layout
    return layout.sentence[start] in layout.rows or (
        bool(topic(note, start)) and layout.sentence[layout.parts[layout.part[start]].start] in layout.rows
    )


def topic(note: Note, start: int) -> frozenset[str]:
    """What the title right above a sentence names: "Reflexes:" makes the bare grades behind it those of reflexes."""
    part = note.layout.parts[note.layout.part[start]]
    if part.title_end != start or part.title_end <= part.start:
        return frozenset()
    return frozenset(label for atom in note.atoms_in(part.start, part.title_end) for label in atom.labels)


_RESIDUAL = frozenset("residual leftover persistent lingering chronic remaining permanent lasting".split())
_COMPARED = frozenset(("vs", "versus", "vs."))


def standing(note: Note, start: int, end: int) -> str:
    """How a finding of an examination stands.

    Nobody examines a relative under a title: only a word in the sentence makes it someone else's. "1+ vs 2+" compares
    sides and doubts nothing, and what an operation left behind is there.
    """
    said = note.assess(start, end)
    text = note.words.text
    kinds = {kind for first, last, kind in said.cues if text[first:last].lower() not in _COMPARED}
    if said.family and "family" in kinds:
        return "family"
    if said.hypothetical:
        return "hypothetical"
    if said.negated:
        return "absent"
    if said.possible and (not said.cues or "possible" in kinds):
        return "possible"
    if said.historical and not _RESIDUAL & set(note.norms(start - 4, start)):
        return "historical"
    return "present"


def examined_label(note: Note, start: int, end: int) -> str:
    """As `standing`, for words that themselves say abnormal: a negation near them is part of what they say."""
    label = standing(note, start, end)
    return label if label in ("hypothetical", "family", "historical", "possible") else "present"


def is_old_value(note: Note, i: int) -> bool:
    """Is the grade at word `i` that of an earlier examination: "was 4/5", "(2019: 1+)", "4/5 in March, now 5/5"?"""
    start, end = note.sentence_of(i)
    norms = note.words.norms
    if _REPLACED.match(note.words.text, note.words.starts[i]) or _in_old_column(note, start, i):
        return True
    before = norms[max(start, i - 3) : i]
    if before[-1:] == ["was"]:  # in a dictated examination "was" alone is how all of it is told
        told = before[-2:-1] == ["("] or bool({"now", "today", "currently", "had"} & set(norms[start:end]))
        dates = [
            t for t in note.times_in(i, min(end, i + 8)) if t.kind == "date"
        ]  # "4/5" itself may pass for one
        return told or any(
            norms[t.start].isalpha() or len(norms[t.start]) == 4 or t.end - t.start > 4 for t in dates
        )
    if before and (
        before[-1] in _WAS
        or (before[-1] in (":", "=") and _is_year(before[-2:-1]))
        or (before[-1] == "from" and "to" in norms[i : min(end, i + 5)])
    ):
        return True
    return _is_year(before[-1:]) or (
        any(norms[k] in ("now", "today", "currently") for k in range(i, min(end, i + 9)))
        and "was" in norms[start:i]
    )


#: "3+ -> 2+", "4/5 => 5/5": the value in front of the arrow.
_REPLACED = re.compile(r"[0-5]\s?[+-]?\+?(?:/[0-5])?\s*(?:-+>|=>|\u2192|\u21d2)\s*[0-5]")


def _in_old_column(note: Note, start: int, i: int) -> bool:
    """Does the value stand under an older day of a table with a day in each column?"""
    layout, words = note.layout, note.words
    number = layout.sentence[start]
    if number not in layout.rows:
        return False
    for above in range(number - 1, max(-1, number - 14), -1):
        first, last = layout.sentences[above]
        days = [t for t in note.times_in(first, last) if t.kind == "date"]
        if len(days) >= 2 and above in layout.rows:
            head = words.text.rfind("\n", 0, words.starts[first]) + 1
            line = words.text.rfind("\n", 0, words.starts[i]) + 1
            here = words.starts[i] - line
            mine = min(days, key=lambda t: abs(words.starts[t.start] - head - here))
            return mine.iso < max(t.iso for t in days)
        if above not in layout.rows:
            return False
    return False


def _is_year(word: Sequence[str]) -> bool:
    return bool(word) and len(word[0]) == 4 and word[0].isdigit() and word[0][:2] in ("19", "20")

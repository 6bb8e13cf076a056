"""What the readers of the examination share: predicates of a subject, the side of a finding, columns of a table."""

from __future__ import annotations

from collections.abc import Sequence

from nlp.mentions import Atom
from nlp.note import Note, side_of

ARMS = frozenset(("upper_extremity", "cervical", "shoulder", "head"))


def predicate(note: Note, atoms: Sequence[Atom], at: int, wanted: frozenset[str] = frozenset()) -> tuple[str, Atom] | None:
    """What is said of the subject atoms[at]: ("normal" | "abnormal" | "abnormal_up", the atom that says it)."""
    subject = atoms[at]
    kinds = ("normal", "abnormal", "abnormal_up", "weak") if not wanted else tuple(wanted)
    before = atoms[at - 1] if at else None
    if before is not None and subject.start - before.end <= 2 and not note.has_comma(before.end, subject.start):
        kind = _kind(before, kinds)
        if kind is not None and not _follows_subject(note, atoms, at - 1):
            return _signed(note, kind, before), before
    for later in atoms[at + 1 :]:
        if _stops(note, subject.end, later.start):
            return None
        kind = _kind(later, kinds)
        if kind is not None:
            return _signed(note, kind, later), later
    return None


_SUBJECTS = frozenset(("strength", "sensation", "reflex", "gait", "tone", "muscle", "bladder", "bowel", "bladder_bowel", "slr", "walk_test"))


def _follows_subject(note: Note, atoms: Sequence[Atom], at: int) -> bool:
    """Does the predicate atoms[at] already belong to a subject before it ("sensation intact gait normal")?"""
    if at == 0:
        return False
    before = atoms[at - 1]
    return any(label in _SUBJECTS for label in before.labels) and atoms[at].start - before.end <= 2 and not note.has_comma(before.end, atoms[at].start)


def _kind(atom: Atom, kinds: Sequence[str]) -> str | None:
    for label in atom.labels:
        if label in kinds:
            return label
    return None


def _stops(note: Note, start: int, end: int) -> bool:
    norms = note.words.norms
    return any(norms[i] in (";", "but", "except", "however", "although") or (norms[i] == "." and note.words.gaps[min(i + 1, len(norms) - 1)]) for i in range(start, end))


def _signed(note: Note, kind: str, atom: Atom) -> str:
    """A predicate under a negation says the opposite: "no diminished reflexes"."""
    if kind == "normal":
        if "cue" in atom.labels:
            return "normal"
        before = note.norms(atom.start - 2, atom.start)
        return "abnormal" if before and (before[-1] in ("not", "isn't") or before[0:1] == ["not"]) else "normal"
    if note.scopes.assess(atom.start, atom.end).negated and not ("cue" in atom.labels):
        return "normal"
    return kind


def nearest_side(note: Note, atoms: Sequence[Atom], atom: Atom, reach: int = 8) -> str | None:
    best: tuple[int, str] | None = None
    for other in atoms:
        side = side_of(other)
        if side is None:
            continue
        gap = atom.start - other.end if other.end <= atom.start else other.start - atom.end
        if gap <= reach and (best is None or gap < best[0]):
            best = (gap, side)
    if best is None:
        start, _ = note.sentence_of(atom.start)
        first = next((a for a in atoms if side_of(a)), None)
        if first is not None and first.start - start <= 2:
            return side_of(first)
    return best[1] if best else None


def note_label(note: Note, atom: Atom) -> str:
    label = note.assess(atom.start, atom.end).label
    return label if label in ("hypothetical", "family", "historical", "possible") else "present"


def arm_region(atoms: Sequence[Atom], atom: Atom) -> str | None:
    before = [a for a in atoms if "region" in a.labels and a.start < atom.start and a.attribute("region") in ("upper_extremity", "lower_extremity")]
    return "upper_extremity" if before and before[-1].attribute("region") == "upper_extremity" else None


def columns(note: Note, start: int) -> tuple[str, str] | None:
    """The order of a table's side columns, from the lines above."""
    number = note.layout.sentence[start]
    for previous in range(number - 1, max(-1, number - 14), -1):
        first, last = note.layout.sentences[previous]
        sides = [side_of(atom) for atom in note.atoms_in(first, last) if "side" in atom.labels]
        pair = [side for side in sides if side in ("left", "right")]
        if pair[:2] in (["right", "left"], ["left", "right"]):
            return pair[0], pair[1]  # type: ignore[return-value]
    return None

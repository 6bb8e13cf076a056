"""What the notes say about a deficit beyond its presence: old or new, and what they blame for it (G5, G7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from nlp.exam import is_electrodiagnostic
from nlp.exam_base import nearest_side
from nlp.facts import span_of
from nlp.mentions import Atom
from nlp.note import Mention, Note

DEFICITS = frozenset(
    (
        "motor_weakness",
        "sensory_deficit",
        "abnormal_reflex",
        "foot_drop",
        "pathologic_reflex",
        "increased_tone",
        "gait_abnormality",
        "absent_achilles_bilateral",
    )
)
_BLAMED = {
    "peripheral_neuropathy": "neuropathy",
    "plexopathy": "plexopathy",
    "peripheral_nerve_injury": "nerve_injury",
}
_NOUNS: dict[str, frozenset[str]] = {
    "weak": frozenset(("motor_weakness", "foot_drop")), "strength": frozenset(("motor_weakness", "foot_drop")), "foot_drop_word": frozenset(("foot_drop", "motor_weakness")),
    "numb": frozenset(("sensory_deficit",)), "sensation": frozenset(("sensory_deficit",)), "reflex": frozenset(("abnormal_reflex", "absent_achilles_bilateral")),
    "muscle": frozenset(("motor_weakness",)), "gait_kind": frozenset(("gait_abnormality",)),
}  # fmt: skip
_FINDING_WORDS = frozenset(("finding", "findings", "deficit", "deficits", "changes", "signs"))
_RESOLVED = frozenset(
    "resolved cleared recovered gone normalized normalised vanished disappeared abated healed settled".split()
)
_BEFORE = (
    ("before", "surgery"), ("prior", "to", "surgery"), ("before", "operation"), ("before", "procedure"), ("preoperatively",), ("preop",), ("pre", "op"), ("had", "graded"),
    ("at", "that", "time"), ("at", "time"), ("back", "then"), ("had", "been", "graded"), ("charted",), ("he", "had", "then"), ("she", "had", "then"), ("in", "those", "days"),
    ("before", "discectomy"), ("before", "microdiscectomy"), ("before", "fusion"), ("before", "laminectomy"),
)  # fmt: skip
_NEGATIONS = frozenset(("not", "no", "never", "isn't", "hasn't", "without", "non", "nor", "neither"))
_FROM = frozenset(("from", "due", "secondary", "because", "to", "by", "of", "is", "explains", "explain"))
_POINTING = frozenset(
    "this these it that those same unchanged which thats both all they no not as has was there old chronic leftover residual".split()
)
_WEAK_OLD = frozenset(("stable", "known", "prior", "years", "recent", "secondary", "remote"))


def apply_modifiers(note: Note, notes: Sequence[Note]) -> None:
    """Mark the deficits of one note as old, new or attributed, by its own words and by what the other notes say."""
    deficits = [m for m in note.mentions if m.type in DEFICITS and m.assertion == "present"]
    if not deficits:
        return
    for mention in deficits:
        _from_sentence(note, mention)
        _past(note, mention)
    deficits = [m for m in deficits if m.assertion == "present"]
    statements = [statement for other in notes for statement in _statements(other)]
    for mention in deficits:
        for statement in statements:
            if _speaks_of(statement, mention):
                _apply(statement, mention)
    _fibular(statements, deficits)
    _meralgia(notes, deficits)
    _stocking(note, notes, deficits)


@dataclass(frozen=True)
class _Statement:
    """A sentence outside of the examination about deficits of these types: what they are due to, or that they are old."""

    types: frozenset[str]
    side: str | None
    blame: str | None
    old: bool
    arm: bool
    fibular: bool = False


def _speaks_of(statement: _Statement, mention: Mention) -> bool:
    own = mention.attributes.get("side")
    if mention.type not in statement.types or (
        statement.side and own and statement.side != own and "bilateral" not in (statement.side, own)
    ):
        return False
    return statement.arm == (mention.attributes.get("region") == "upper_extremity")


def _apply(statement: _Statement, mention: Mention) -> None:
    if statement.blame and "attributed_to" not in mention.attributes:
        mention.attributes["attributed_to"] = statement.blame
        mention.attributes["attributed_elsewhere"] = True
    if statement.old and "old_or_new" not in mention.attributes:
        mention.attributes["old_or_new"] = "old"


def _fibular(statements: Sequence[_Statement], deficits: Sequence[Mention]) -> None:
    """Where a foot drop is put down to the fibular nerve, the numb top of that foot is its territory too."""
    sides = {s.side for s in statements if s.fibular and s.types & {"foot_drop", "motor_weakness"}}
    for mention in deficits:
        own = mention.attributes.get("side")
        if (
            mention.type == "sensory_deficit"
            and mention.attributes.get("dermatome") in ("L5", None, "")
            and sides
            and (own in sides or None in sides or own is None)
        ):
            mention.attributes.setdefault("attributed_to", "nerve_injury")
            if mention.attributes["attributed_to"] == "nerve_injury":
                mention.attributes["attributed_elsewhere"] = True


def _meralgia(notes: Sequence[Note], deficits: Sequence[Mention]) -> None:
    """A numb lateral thigh beside a meralgia paresthetica is the territory of that nerve."""
    sides = {
        m.attributes.get("side")
        for note in notes
        for m in note.mentions
        if m.type == "peripheral_nerve_injury"
        and m.assertion == "present"
        and m.attributes.get("kind") == "meralgia paresthetica"
    }
    for mention in deficits:
        own = mention.attributes.get("side")
        if (
            mention.type == "sensory_deficit"
            and "thigh" in str(mention.attributes.get("site", ""))
            and sides
            and (own in sides or None in sides or own is None)
        ):
            mention.attributes.setdefault("attributed_to", "nerve_injury")
            mention.attributes.setdefault("attributed_elsewhere", True)


def _from_sentence(note: Note, mention: Mention) -> None:
    start, end = note.sentence_of(mention.start)
    atoms = [
        a
        for a in note.atoms_in(start, end)
        if a.start >= mention.start - 6
        and not (a.start < mention.start and ";" in note.norms(a.end, mention.start))
    ]
    atoms = [a for a in atoms if ";" not in note.norms(mention.end, a.start)]
    _mark(note, mention, atoms, own=True)
    aside = note.norms(mention.end, min(end, mention.end + 5))
    if "(" in aside and set(aside[aside.index("(") + 1 :]) & {"neuropathic", "neuropathy"}:
        mention.attributes.setdefault("attributed_to", "neuropathy")  # "toe extensors 4+/5 B (neuropathic)"
        mention.attributes.setdefault("attributed_elsewhere", True)
    _same_then(note, mention, end)
    _since(note, mention, start, end)
    number = note.layout.sentence[start]
    for following in range(number + 1, min(number + 3, len(note.layout.sentences))):
        first, last = note.layout.sentences[following]
        if note.layout.part[first] != note.layout.part[start]:
            break
        labels = {label for atom in note.atoms_in(first, last) for label in atom.labels}
        if not set(note.norms(first, min(last, first + 6))) & _POINTING and not (
            following == number + 1 and "pain_limited" in labels
        ):
            break
        if labels & {"muscle", "reflex", "slr"} and not labels & {"old", "blame"}:
            break
        _mark(note, mention, note.atoms_in(first, last), own=False)
        if not labels & {"muscle", "reflex", "slr"}:
            _since(note, mention, first, last)
        if (
            mention.type == "motor_weakness"
            and "pain_limited" in labels
            and not labels & {"muscle", "reflex", "slr"}
        ):
            mention.attributes["pain_limited"] = True


def _mark(note: Note, mention: Mention, atoms: Sequence[Atom], own: bool) -> None:
    attributes = mention.attributes
    labels = {label for atom in atoms for label in atom.labels}
    for atom in atoms:
        if "old" in atom.labels and "old_or_new" not in attributes:
            word = note.words.norms[atom.start]
            if word in _WEAK_OLD and (
                not own
                or abs(atom.start - mention.end) > 5
                or word in ("prior", "recent", "years", "secondary")
            ):
                continue
            if (
                word in ("baseline", "old", "chronic", "known")
                and note.norms(atom.end, atom.end + 1)
                and set(note.norms(atom.end, atom.end + 3)) & {"pain", "back", "lbp", "fracture", "fx"}
            ):
                continue
            if _denied(note, atom) and word not in ("unchanged", "no", "not", "never"):
                attributes["old_or_new"] = "new"
                continue
            attributes["old_or_new"] = "old"
        elif "new" in atom.labels and "old_or_new" not in attributes and abs(atom.start - mention.start) <= 8:
            attributes["old_or_new"] = "old" if _denied(note, atom) else "new"
    if attributes.get("old_or_new") == "old" and "worse" in labels:
        worse = next(a for a in atoms if "worse" in a.labels)
        if not _denied(note, worse):
            attributes["old_or_new"] = "worse"
    blame = next((a for a in atoms if "blame" in a.labels), None)
    for atom in atoms:
        for label, name in _BLAMED.items():
            if label in atom.labels and "attributed_to" not in attributes:
                stands = note.scopes.assess(atom.start, atom.end)
                if (
                    _denied(note, atom)
                    or stands.possible
                    or {"not", "versus", "vs", "exclude"} & set(note.norms(atom.start - 4, atom.start))
                ):
                    continue
                near = atom.start - mention.end <= 6 and atom.start >= mention.end
                linked = bool(
                    _FROM & set(note.norms(atom.start - 4, atom.start))
                    or _FROM & set(note.norms(atom.end, atom.end + 2))
                )
                if (
                    (blame is not None and abs(blame.start - atom.start) <= 10)
                    or (near and own)
                    or (linked and not own)
                ):
                    attributes["attributed_to"] = name
                    attributes["attributed_elsewhere"] = True


def _same_then(note: Note, mention: Mention, end: int) -> None:
    """ "(2019: same)" makes a finding old."""
    norms = note.words.norms
    for i in range(mention.end, min(end, mention.end + 12)):
        if norms[i] == ";":
            return
        if norms[i] in ("same", "unchanged", "identical") and any(
            len(w) == 4 and w.isdigit() for w in norms[i - 3 : i]
        ):
            mention.attributes.setdefault("old_or_new", "old")


def _denied(note: Note, atom: Atom) -> bool:
    """Is the word itself denied: "not new"? An absent reflex that is chronic does not deny the chronic."""
    return bool(_NEGATIONS & set(note.norms(atom.start - 3, atom.start))) and "absent" not in note.norms(
        atom.start - 2, atom.start
    )


def _since(note: Note, mention: Mention, start: int, end: int) -> None:
    """ "since 2019", "from his stroke in 2018": what began a year ago or more is old."""
    if "old_or_new" in mention.attributes or note.anchor is None:
        return
    for time in note.times_in(max(start, mention.start) if start <= mention.start < end else start, end):
        if time.kind == "date" and {"since", "from", "after", "following"} & set(
            note.norms(time.start - 6, time.start)
        ):
            between = note.norms(mention.end, time.start) if time.start > mention.end else []
            if ";" not in between and span_of(time.iso)[1] <= note.anchor - timedelta(days=365):
                mention.attributes["old_or_new"] = "old"


def _past(note: Note, mention: Mention) -> None:
    """What was found before an operation, or has cleared by the words that follow, is history (G3)."""
    start, end = note.sentence_of(mention.start)
    norms = [
        word
        for word in note.norms(start, mention.end + 8 if mention.end + 8 < end else end)
        if word not in ("the", "his", "her", "a")
    ]
    if (
        mention.attributes.get("old_or_new") not in ("new", "worse")
        and any(norms[i : i + len(phrase)] == list(phrase) for phrase in _BEFORE for i in range(len(norms)))
        and not {"since", "unchanged", "same"} & set(norms)
        and note.category(mention.start) not in ("exam",)
    ):
        mention.assertion = "historical"
        return
    if note.category(mention.start) == "exam" and mention.type != "sensory_deficit":
        return
    number = note.layout.sentence[start]
    tails = [note.norms(mention.end, end)]
    if number + 1 < len(note.layout.sentences):
        first, last = note.layout.sentences[number + 1]
        if note.layout.part[first] == note.layout.part[start] and set(note.norms(first, first + 4)) & {
            "this",
            "these",
            "it",
            "that",
            "all",
            "both",
            "which",
        }:
            tails.append(note.norms(first, last))
    for tail in tails:
        hit = next((i for i, word in enumerate(tail) if word in _RESOLVED), None)
        if hit is not None and not _NEGATIONS & set(tail[max(0, hit - 4) : hit]) and "pain" not in tail[:hit]:
            mention.assertion = "historical"


def _statements(note: Note) -> list[_Statement]:
    """Sentences outside of the examination that say what a deficit is due to, or that it is old."""
    cached = getattr(note, "_deficit_statements", None)
    if cached is not None:
        return list(cached)
    found: list[_Statement] = []
    for start, end, atoms in note.sentences():
        labels = {label for atom in atoms for label in atom.labels}
        if (
            not labels & {"blame", "old", *_BLAMED}
            or note.category(start) in ("results", "labs")
            or is_electrodiagnostic(note, start, end)
        ):
            continue
        types: set[str] = set()
        for noun, covered in _NOUNS.items():
            if noun in labels:
                types |= covered
        norms = set(note.norms(start, end))
        if norms & _FINDING_WORDS:
            types |= DEFICITS
        if not types:
            continue
        blamed = None
        nerve: Atom | None = None
        blame = next((a for a in atoms if "blame" in a.labels), None)
        head = next((a for a in atoms if set(a.labels) & set(_NOUNS)), None)
        for atom in atoms:
            for label, name in _BLAMED.items():
                if label in atom.labels:
                    stands = note.scopes.assess(atom.start, atom.end)
                    said = (
                        blame is not None
                        and abs(blame.start - atom.start) <= 20
                        and "not" not in note.norms(blame.start - 2, blame.end + 1)
                    )
                    if stands.label in ("present", "historical") and (
                        said
                        or (_FROM & set(note.norms(atom.start - 3, atom.start)) and not _denied(note, atom))
                    ):
                        blamed, nerve = name, atom
        old = next(
            (
                a
                for a in atoms
                if "old" in a.labels and (note.words.norms[a.start] not in _WEAK_OLD or _close(note, a, head))
            ),
            None,
        )
        is_old = (
            old is not None
            and not _denied(note, old)
            and head is not None
            and abs(old.start - head.start) <= 10
            and not norms & {"pain", "lbp", "radiculopathy", "sciatica"}
            and _is_there(note, head)
        )
        if blamed or is_old:
            side = nearest_side(note, atoms, head, 10) if head is not None else None
            kind = str(nerve.attribute("kind") or "") if nerve is not None else ""
            reached = (
                {"sensory_deficit"} if kind.startswith("meralgia") else types
            )  # a nerve of the skin alone
            fibular = nerve is not None and bool(
                {"peroneal", "fibular"} & {*kind.split(), *note.norms(nerve.start - 2, nerve.end)}
            )
            found.append(
                _Statement(frozenset(reached), side, blamed, is_old, _is_arm(atoms, head, nerve), fibular)
            )
    note._deficit_statements = tuple(found)  # type: ignore[attr-defined]
    return found


_ARM = frozenset(("upper_extremity", "cervical", "shoulder"))


def _is_arm(atoms: Sequence[Atom], head: Atom | None, nerve: Atom | None) -> bool:
    """Does the statement speak of an arm or hand?"""
    if nerve is not None and str(nerve.attribute("region") or "") in _ARM:
        return True
    near = [a for a in atoms if "region" in a.labels and head is not None and abs(a.start - head.start) <= 4]
    return bool(near) and all(str(a.attribute("region")) in _ARM for a in near)


def _close(note: Note, old: Atom, head: Atom | None) -> bool:
    """ "Known left L5 weakness", "weakness, stable": weak words for old count right beside the deficit."""
    if head is None:
        return False
    word = note.words.norms[old.start]
    return (word == "known" and 0 <= head.start - old.end <= 3) or (
        word == "stable" and 0 <= old.start - head.end <= 3
    )


def _is_there(note: Note, head: Atom) -> bool:
    """Is the deficit of a statement there? "Absent ankle jerks" are."""
    return note.scopes.assess(head.start, head.end).label in (
        "present",
        "historical",
    ) or "absent" in note.norms(head.start - 2, head.start)


def _stocking(note: Note, notes: Sequence[Note], deficits: Sequence[Mention]) -> None:
    """A stocking pattern in a patient with a documented neuropathy is that neuropathy (G7)."""
    neuropathy = any(
        m.type == "peripheral_neuropathy" and m.assertion in ("present", "historical")
        for other in notes
        for m in other.mentions
    )
    if not neuropathy:
        return
    for mention in deficits:
        if (
            mention.type == "sensory_deficit"
            and mention.attributes.get("site") == "stocking"
            and "attributed_to" not in mention.attributes
        ):
            mention.attributes["attributed_to"] = "neuropathy"
            mention.attributes["attributed_elsewhere"] = True

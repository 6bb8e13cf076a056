"""Reflexes: joints, grades and sides of a sentence put together, whichever of them comes first.

"Knees 2+, ankles 1+", "2+ at the knees", "KJ 2+/2+ AJ 2+/0", "left Achilles absent, right trace": a group is what one
or more joints share; each value in it finds its side, and a joint is abnormal by a word or by the grades compared.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from nlp.exam_base import (
    COMPARED,
    arm_region,
    column_order,
    examined_label,
    in_row,
    is_old_value,
    nearest_side,
    says_absent,
    side_of_value,
    signed,
    standing,
    topic,
)
from nlp.mentions import Atom
from nlp.note import Note, side_of

_GRADE = re.compile(r"(trace|[0-4]\s?(?:\+|plus)?)(?:\s?/\s?([0-4]\+?))?(?![\d%]|\.\d)", re.IGNORECASE)
_JOINTS = {
    "knee": "knee", "knees": "knee", "patella": "knee", "patellae": "knee", "patellas": "knee", "ankle": "ankle", "ankles": "ankle", "heel": "ankle",
    "biceps": "upper", "triceps": "upper", "brachioradialis": "upper", "br": "upper", "bicep": "upper", "tricep": "upper", "hamstring": "medial hamstring",
    "quad": "knee", "quads": "knee", "gastroc": "ankle", "tri": "upper",
}  # fmt: skip
_ROOTS = {"l3": "knee", "l4": "knee", "s1": "ankle"}
_STOPS = frozenset(
    ("strength", "sensation", "slr", "gait", "tone", "tone_word", "babinski", "babinski_up", "babinski_down", "clonus", "hoffmann", "spinal_tenderness_word",
     "gait_kind", "walk_test", "anal", "tender", "weak")
)  # fmt: skip
_LOST = frozenset(
    "absent unobtainable gone missing lost loss unable not could cannot can't unelicitable nil areflexic".split()
)
_UNITS = frozenset(
    "cm mm beats beat deg degrees weeks months days years mg week visits month year sec seconds x hours lb kg extremities ext limbs extremity quadrants limb reps".split()
)


#: What else is graded with a plus at a knee or ankle.
_OTHER_GRADED = frozenset(
    "pulse pulses edema oedema pitting effusion swelling crepitus laxity drawer spasm spasms tenderness dp hypertonic hypertonicity".split()
)


_FELT = frozenset(
    "dull dulled duller numb numbness hypoesthesia hypoesthetic hypesthesia hypalgesia anesthetic insensate fuzzy cottony patchy weak weaker weakness".split()
)


@dataclass
class _Value:
    """A grade or a word about a reflex."""

    start: int
    end: int
    kind: str  # normal, diminished, absent, brisk, asymmetric; for a grade ""
    text: str = ""
    side: str | None = None

    @property
    def number(self) -> float | None:
        if not self.text:
            return None
        if self.text == "trace":
            return 0.5
        return (
            float(self.text.count("+"))
            if self.text[0] == "+"
            else float(self.text[0]) + (0.1 if "+" in self.text else 0)
        )


@dataclass
class _Group:
    """Joints that share values."""

    start: int
    end: int
    joints: list[str] = field(default_factory=list)
    values: list[_Value] = field(default_factory=list)
    sides: list[tuple[int, int, str]] = field(default_factory=list)
    atom: Atom | None = None
    region: str | None = None
    plural: bool = False
    own: bool = False  # its value stands right behind its joint


def read_reflexes(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    """Add the reflex mentions of one sentence."""
    for atom in atoms:
        word = atom.get("reflex_word")
        if word is not None:
            note.add(
                "abnormal_reflex", atom.start, atom.end, standing(note, atom.start, atom.end), kind=word.attributes["kind"],
                side=nearest_side(note, atoms, atom), region=arm_region(atoms, atom),
            )  # fmt: skip
    items = _items(note, start, end, atoms)
    if any(kind == "joint" for _, kind, _ in items) or "reflex" in topic(note, start):
        for group in _merged(note, _groups(note, items, atoms, start)):
            _add_group(note, group)


# From words to groups ------------------------------------------------------------------------------------------------


def _items(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> list[tuple[int, str, object]]:
    """Joints, values, sides and stops of a sentence in their order."""
    known = any("reflex" in atom.labels for atom in atoms) or "reflex" in topic(note, start)
    grades = _grades(note, start, end)
    taken = {i for grade in grades for i in range(grade.start, grade.end)}
    items: list[tuple[int, str, object]] = [(grade.start, "value", grade) for grade in grades]
    for at, atom in enumerate(atoms):
        if atom.start in taken or (
            atom.end - atom.start > 1 and note.words.norms[atom.start + 1] == "/" and "side" in atom.labels
        ):
            continue  # "R/L" names columns
        name = _joint(
            note,
            atom,
            grades,
            known,
            _goes_with_reflex(atoms, at) or ("reflex" in topic(note, start) and not _stopped(atoms, at)),
        )
        if name is not None:
            items.append((atom.start, "joint", (atom, name)))
        elif "side" in atom.labels or atom.attribute("side"):
            items.append((atom.start, "side", atom))
        elif (
            _STOPS & set(atom.labels)
            or "muscle" in atom.labels
            or ("numb" in atom.labels and "abnormal" not in atom.labels)
        ):
            items.append((atom.start, "stop", atom))
        elif (kind := _word_kind(note, atom)) is not None and not (
            kind == "absent" and at + 1 < len(atoms) and _is_said_of(note, atom, atoms[at + 1])
        ):
            items.append((atom.start, "value", _Value(atom.start, atom.end, kind)))
    if known:  # "DTRs: L4 2+, S1 1+"
        items += [
            (i, "joint", (Atom(i, i + 1, ()), _ROOTS[note.words.norms[i]]))
            for i in range(start, end)
            if note.words.norms[i] in _ROOTS and any(g.start in (i + 1, i + 2) for g in grades)
        ]
    items += [(i, "stop", i) for i in range(start, end) if note.words.norms[i] in _OTHER_GRADED]
    items.sort(key=lambda item: item[0])
    return items


def _goes_with_reflex(atoms: Sequence[Atom], at: int) -> bool:
    """Has a reflex been named before atoms[at] with no other subject since?"""
    for atom in reversed(atoms[:at]):
        if "reflex" in atom.labels:
            return True
        if _STOPS & set(atom.labels):
            return False
    return False


def _is_said_of(note: Note, atom: Atom, after: Atom) -> bool:
    """Does a word stand right before another subject, as in "absent clonus"?"""
    return (
        atom.end == after.start
        and bool(_STOPS & set(after.labels))
        and not note.has_comma(atom.end - 1, after.end)
    )


def _stopped(atoms: Sequence[Atom], at: int) -> bool:
    return any(_STOPS & set(atom.labels) for atom in atoms[:at])


def _joint(note: Note, atom: Atom, grades: Sequence[_Value], known: bool, goes_on: bool) -> str | None:
    """The reflex that an atom names, "" for reflexes at large; None if it names none."""
    reflex = atom.get("reflex")
    if reflex is not None:
        return str(reflex.attributes.get("reflex") or "")
    if not ("region" in atom.labels or "muscle" in atom.labels):
        return None
    name = _JOINTS.get(note.words.norms[atom.end - 1])
    if name is None:
        return None
    if known and goes_on:
        return name
    near = [
        g
        for g in grades
        if -3 <= g.start - atom.end <= 2
        and not note.has_comma(min(atom.end, g.end), max(atom.start, g.start))
    ]
    plus = any(("+" in g.text or g.text == "trace") for g in grades)
    start, end = note.sentence_of(atom.start)
    return (
        name
        if near and plus and note.is_exam(atom.start) and not _OTHER_GRADED & set(note.norms(start, end))
        else None
    )


def _word_kind(note: Note, atom: Atom) -> str | None:
    if note.words.norms[atom.start] in _FELT:
        return None
    if "no_reflex" in atom.labels or says_absent(note, atom):
        return "absent"
    for label in atom.labels:
        if label in ("normal", "abnormal", "abnormal_up"):
            meaning = signed(note, label, atom)
            if meaning == "normal":
                return "normal"
            if meaning == "abnormal_up":
                return "brisk"
            word = note.words.norms[atom.start]
            return "absent" if word in _LOST else "asymmetric" if "asym" in word else "diminished"
    return None


def _grades(note: Note, start: int, end: int) -> list[_Value]:
    words = note.words
    grades: list[_Value] = []
    i = start
    while i < end:
        norm = words.norms[i]
        if norm == "+" and i + 1 < end and words.norms[i + 1] == "+":
            stop = i
            while stop < end and words.norms[stop] == "+" and (stop == i or not words.gaps[stop]):
                stop += 1
            grades.append(_Value(i, stop, "", "+" * (stop - i)))
            i = stop
            continue
        match = _GRADE.match(words.text, words.starts[i]) if norm in _FIRST else None
        if match is None or (
            i
            and (
                (words.norms[i - 1] in ("l", "s", ".", "x") and not words.gaps[i])
                or words.norms[i - 1] in ("all", "times", "-", "^")
            )
        ):
            i += 1
            continue
        stop = i + 1
        while stop < end and words.starts[stop] < match.end():
            stop += 1
        for scale in (["of", "4"], ["out", "of", "4"]):
            if words.norms[stop : min(end, stop + len(scale))] == scale:
                stop += len(scale)
        if not ((words.norms[stop] if stop < end else "") in _UNITS or is_old_value(note, i)):
            first = match[1].lower().replace(" ", "").replace("plus", "+")
            grades.append(_Value(i, stop, "", first))
            if match[2] and not (
                match[2] == "4" and first not in ("4", "4+")
            ):  # "2/2" is two grades, "2+/4" a scale of four
                grades.append(_Value(i, stop, "", match[2]))
        i = stop
    return grades


_FIRST = frozenset(("trace", "0", "1", "2", "3", "4"))


def _groups(
    note: Note, items: Sequence[tuple[int, str, object]], atoms: Sequence[Atom], start: int
) -> list[_Group]:
    groups: list[_Group] = []
    current: _Group | None = None
    if "reflex" in topic(note, start):
        current = _Group(start, start, [""])
        groups.append(current)
    first = _values_first(note, items)
    waiting: _Value | None = None
    for index, (position, kind, item) in enumerate(items):
        if kind == "stop":
            current = waiting = None
        elif kind == "joint":
            assert isinstance(item, tuple)
            atom, name = item
            own = _has_own_value(note, items, index)
            if (
                current is None
                or (own and first and bool(current.values))
                or not _shares(current, name, items[index - 1] if index else None, first)
            ):
                current = _Group(atom.start, atom.end)
                groups.append(current)
            current.own = own
            current.joints = [j for j in current.joints if j] + (
                [name] if name or not any(current.joints) else []
            )
            current.atom, current.end = atom, max(current.end, atom.end)
            current.plural = note.words.norms[atom.end - 1].endswith("s") and note.words.norms[
                atom.end - 1
            ] not in ("achilles",)
            current.region = "upper_extremity" if name == "upper" else arm_region(atoms, atom)
            if waiting is not None:
                current.values.append(waiting)
                current.start, waiting = min(current.start, waiting.start), None
            before = items[index - 1] if index else None
            if (
                before is not None
                and before[1] == "side"
                and isinstance(before[2], Atom)
                and atom.start - before[2].end <= 1
            ):
                current.sides.insert(0, (before[0], before[2].end, side_of(before[2]) or ""))
        elif kind == "value":
            assert isinstance(item, _Value)
            if _describes_next(note, items, index) and not (first and item.text):
                waiting = item
            elif (
                first
                and (item.text or item.kind != "normal")
                and (current is None or (not current.own and _joint_follows(items, index)))
            ):
                twin = current is not None and current.values and current.values[-1].start == item.start
                if current is None or (not twin and any(current.joints)):
                    current = _Group(item.start, item.end)
                    groups.append(current)
                current.values.append(item)
            elif current is not None:
                current.values.append(item)
                current.end = max(current.end, item.end)
        elif kind == "side" and current is not None and isinstance(item, Atom):
            current.sides.append((position, item.end, side_of(item) or ""))
    return groups


def _merged(note: Note, groups: list[_Group]) -> list[_Group]:
    """Groups of the same joint put together, each value with its side: "R knee 2+, L knee 1+"."""
    kept: list[_Group] = []
    for group in groups:
        grades = [value for value in group.values if value.text]
        _set_sides(note, group, grades)
        twin = next(
            (g for g in kept if g.joints == group.joints and any(g.joints) and g.region == group.region), None
        )
        if (
            twin is None
            or not (group.values and twin.values)
            or any(not v.text for v in (*group.values, *twin.values))
        ):
            kept.append(group)
            continue
        twin.values += group.values
        twin.end = max(twin.end, group.end)
    return kept


def _values_first(note: Note, items: Sequence[tuple[int, str, object]]) -> bool:
    """ "2+ knees, 1+ ankles": a value that tells something stands before the first joint, and none right behind it."""
    first = next(
        (
            k
            for k, (_, kind, item) in enumerate(items)
            if kind == "joint" and isinstance(item, tuple) and item[1]
        ),
        None,
    )
    if first is None or _has_own_value(note, items, first):
        return False
    return any(
        kind == "value" and isinstance(item, _Value) and (item.text or item.kind != "normal")
        for _, kind, item in items[:first]
    )


def _has_own_value(note: Note, items: Sequence[tuple[int, str, object]], index: int) -> bool:
    """Does a value stand right behind the joint items[index], or the list of joints it opens?"""
    last = items[index][2]
    end = last[0].end if isinstance(last, tuple) else items[index][0]
    for position, kind, item in items[index + 1 :]:
        if note.has_comma(end, position):
            return False
        if kind == "value":
            return position - end <= 6 and note.norms(position - 1, position) != ["and"]
        if kind == "joint" and isinstance(item, tuple):
            end = item[0].end
        elif kind == "side" and isinstance(item, Atom):
            end = item.end
        else:
            return False
    return False


def _joint_follows(items: Sequence[tuple[int, str, object]], index: int) -> bool:
    """Is there a joint between the value items[index] and the next value?"""
    for position, kind, _ in items[index + 1 :]:
        if kind == "joint":
            return True
        if kind == "stop" or (kind == "value" and position > items[index][0]):
            return False
    return False


def _shares(group: _Group, name: str, before: tuple[int, str, object] | None, values_first: bool) -> bool:
    """Does a joint join the group before it: "knees and ankles 2+", "reflexes: knee", "2+ at knees and ankles"?"""
    if not group.values:
        return (
            not any(group.joints)
            or not group.sides
            or (bool(group.joints) and before is not None and before[1] == "joint")
        )
    return values_first and bool(name) and (before is None or before[1] != "value" or not any(group.joints))


def _describes_next(note: Note, items: Sequence[tuple[int, str, object]], index: int) -> bool:
    """ "absent left ankle jerk", "diminished Achilles": a word right before a joint, that says nothing of one before it."""
    value = items[index][2]
    assert isinstance(value, _Value)
    if value.text or (value.kind == "normal" and index):
        return False
    if (
        index
        and items[index - 1][1] in ("joint", "side")
        and value.start - items[index - 1][0] <= 3
        and not note.has_comma(items[index - 1][0], value.start)
    ):
        return False
    for position, kind, _ in items[index + 1 : index + 3]:
        if kind == "joint":
            return position - value.end <= 2 and not note.has_comma(value.end, position)
        if kind != "side":
            return False
    return False


# From groups to mentions ---------------------------------------------------------------------------------------------


def _add_group(note: Note, group: _Group) -> None:
    name = ",".join(dict.fromkeys(part for joint in group.joints for part in joint.split(",") if part))
    if not group.values:
        if group.atom is not None and name and _is_denied(note, group.atom):
            _add(
                note,
                group,
                name,
                "absent",
                group.sides[0][2] if group.sides else None,
                None,
                group.atom.start,
                group.atom.end,
            )
        return
    first = min(group.start, group.values[0].start)
    last = max(group.end, group.values[-1].end)
    grades = [value for value in group.values if value.text]
    words = [value for value in group.values if not value.text]
    normal = any(value.kind == "normal" for value in words)
    for value in words:
        if value.kind == "normal" or (value.kind == "brisk" and (grades or normal)):
            continue
        side = _side_of(note, group, value) or next((g.side for g in grades if g.side), None)
        grade = next(
            (g.text for g in grades if (g.number or 0) < 2 and g.side in (side, None, "bilateral")), None
        )
        _add(
            note,
            group,
            name,
            value.kind,
            side,
            grade,
            min(group.start, value.start),
            max(value.end, group.atom.end if group.atom else 0),
            value,
        )
        return
    found = False
    for joint, readings in _by_joint(name, grades).items():
        for value, kind in _abnormal(joint, readings):
            found = True
            side = value.side or (
                "bilateral" if len(readings) > 1 and len({r.text for r in readings}) == 1 else None
            )
            _add(
                note,
                group,
                joint,
                kind,
                side,
                value.text,
                first,
                max(value.end, group.atom.end if group.atom else 0),
                value,
            )
    if not found and (grades or normal):
        note.add(
            "abnormal_reflex", first, last, "absent", specific=bool(name), reflex=name, region=group.region
        )


def _is_denied(note: Note, atom: Atom) -> bool:
    """ "No ankle jerk on the left": the word for no stands right before the joint."""
    return (
        bool({"no", "without", "lacks", "missing"} & set(note.norms(atom.start - 3, atom.start)))
        and note.assess(atom.start, atom.end).negated
    )


def _by_joint(name: str, grades: Sequence[_Value]) -> dict[str, list[_Value]]:
    """The grades of each joint; of a pair "2/2" for two joints the first is that of the first."""
    joints = name.split(",")
    pairs = len(grades) - len({g.start for g in grades})
    if len(joints) == 2 and pairs and (pairs == 2 or grades[0].side):
        return {joint: list(grades[k::2]) for k, joint in enumerate(joints)}
    return {name: list(grades)}


def _abnormal(joint: str, readings: Sequence[_Value]) -> list[tuple[_Value, str]]:
    """The readings that are abnormal by themselves, or lower than those of the other side."""
    found = []
    numbers = [value.number or 0.0 for value in readings]
    for value, number in zip(readings, numbers, strict=True):
        if number >= 3:
            found.append((value, "brisk"))
        elif number < 1:
            found.append((value, "absent" if number == 0 else "diminished"))
        elif (
            joint
            and "," not in joint
            and max(numbers) < 3
            and max(numbers) - number >= 0.9
            and min(numbers) >= 1
        ):
            found.append((value, "diminished"))
    if (
        len(found) == 2
        and len(readings) == 2
        and found[0][1] == found[1][1]
        and {found[0][0].side, found[1][0].side} == {"left", "right"}
    ):
        found[0][0].side = "bilateral"
        return found[:1]
    return found


def _set_sides(note: Note, group: _Group, grades: Sequence[_Value]) -> None:
    """Give each grade its side: next to it, before all of them, or by its column ("2+/1+" is right and left)."""
    for value in grades:
        value.side = _side_of(note, group, value)
    places = list(dict.fromkeys(value.start for value in grades))
    right, left = column_order(note, group.start)
    joints = len([part for joint in group.joints for part in joint.split(",") if part])
    if any(value.side for value in grades):
        return
    if len(grades) == 2 and len(places) == 1 and joints < 2:
        grades[0].side, grades[1].side = right, left
    elif (
        len(places) == 2
        and (len(grades) == 4 or len(grades) == 2)
        and in_row(note, note.sentence_of(group.start)[0])
    ):
        for value in grades:
            value.side = right if value.start == places[0] else left


def _side_of(note: Note, group: _Group, value: _Value) -> str | None:
    return side_of_value(note, group.sides, group.values, value, 3, COMPARED)


def _add(
    note: Note,
    group: _Group,
    name: str,
    kind: str,
    side: str | None,
    grade: str | None,
    start: int,
    end: int,
    said: _Value | None = None,
) -> None:
    label = examined_label(note, said.start, said.end) if said is not None else "present"
    mention = note.add(
        "abnormal_reflex",
        start,
        end,
        label,
        specific=label == "present",
        reflex=name,
        kind=kind,
        side=side,
        grade=grade,
        region=group.region,
    )
    if mention is None:
        return
    mention.in_exam = True
    if (
        label == "present"
        and kind == "absent"
        and "ankle" in name
        and (side == "bilateral" or (side is None and group.plural))
    ):
        note.add("absent_achilles_bilateral", start, end, "present")

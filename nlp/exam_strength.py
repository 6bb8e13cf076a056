"""Strength: grades put together with muscles and sides, weakness in words, and tests of walking on heels or toes.

As with reflexes, a group is what one or more muscles share; "4/5 hip flexors", "EHL 5/5 4/5", "R: IP 5, TA 4" and table
rows all come to groups with grades, and each grade finds its side.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from nlp.course import read_onset
from nlp.exam_base import (
    ARMS,
    column_order,
    in_row,
    is_old_value,
    nearest_side,
    note_label,
    predicate,
    side_of_value,
    standing,
    stops,
    topic,
)
from nlp.mentions import Atom
from nlp.note import Mention, Note, side_of

_SLASH_GRADE = re.compile(
    r"([0-5])\s?(\+|-|\u2212|plus|minus)?(?:\s?(?:/|out of|of)\s?5)(\s?[+-](?![\d\w]))?(?![\d/])",
    re.IGNORECASE,
)
_SPOKEN_GRADE = re.compile(
    r"(zero|one|two|three|four|five)(?:\s(plus|minus))?\s(?:out of|over|of)\s(?:five|5)\b", re.IGNORECASE
)
_NUMBERS = {"zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5"}
_BARE_GRADE = re.compile(r"([0-5])([+-]?)(?![\d/.%]\d|[\d/%])")
#: "Myotome L2 3 4 5 S1": the names of roots, no grades.
_LEVELS = re.compile(r"\b[LS][1-5](?:[ ,/-]{1,2}(?:[LS]?[1-5])(?![\d/+-]))+")
_DIGITS = frozenset("012345")
#: Scores out of five that are no grades of strength.
_OTHER_SCORES = frozenset(
    "waddell waddell's waddells whisper murmur systolic apgar goal goals beighton vas nprs criteria ashworth oswestry gcs mallampati stars scale".split()
)
_STOPS = frozenset(
    ("reflex", "slr", "sensation", "babinski", "babinski_up", "babinski_down", "clonus", "hoffmann")
)
_RESETS = frozenset(
    (
        "except",
        "exception",
        "but",
        "apart",
        "aside",
        "otherwise",
        "elsewhere",
        "rest",
        "remaining",
        "remainder",
        "others",
        "else",
    )
)
_PARTED = frozenset(("except", "but", "other", "save"))
_LINKS = frozenset(("in", "of", "for", "at", "with", "on", "across", "throughout", "strength", "to", "power"))
_BARE_AFTER = frozenset(
    (
        "is",
        "are",
        "at",
        "grade",
        "graded",
        "=",
        ":",
        "mrc",
        "now",
        "(",
        "about",
        "-",
        "was",
        "power",
        "strength",
        "|",
    )
)
_NAMES = frozenset(("focal", "neurologic", "neurological", "neuro", "motor", "strength", "gross"))
_UNABLE = frozenset(("unable", "cannot", "can't", "couldn't", "inability", "fails", "failed", "fail"))
_BELIEVED = frozenset(("assessment", "assessment_plan", ""))


@dataclass
class _Grade:
    """A strength grade: words `start` to `end`, its value (4.3 for 4+), its text, its side."""

    start: int
    end: int
    value: float
    text: str
    side: str | None = None


@dataclass
class _Group:
    """Muscles (or limbs) that share grades."""

    muscles: list[Atom] = field(default_factory=list)
    grades: list[_Grade] = field(default_factory=list)
    sides: list[tuple[int, int, str]] = field(default_factory=list)
    region: str | None = None
    line_side: str | None = None
    closed: bool = False  # its muscles stand behind its grade: the next grade is that of others

    @property
    def names(self) -> list[Atom]:
        return [atom for atom in self.muscles if "muscle" in atom.labels]


_Item = tuple[int, str, Atom | _Grade | None]


def read_strength(note: Note, start: int, end: int, atoms: Sequence[Atom], labels: set[str]) -> None:
    """Add the strength mentions of one sentence."""
    graded = _read_grades(note, start, end, atoms, labels)
    if not graded and "strength" in topic(note, start) and "strength" not in labels:
        first = atoms[0] if atoms else None
        if first is not None and "normal" in first.labels and first.start - start <= 4:
            note.add("motor_weakness", first.start, first.end, "absent", specific=False)  # "Strength: normal"
    if not graded and note.is_exam(start) and "weak" not in labels:
        _gives_way(note, atoms)
    for at, atom in enumerate(atoms):
        if "weak" in atom.labels:
            _weak(note, start, atoms, atom, graded)
        elif "weak_said" in atom.labels:
            region = next(
                (
                    str(o.attribute("region"))
                    for o in atoms
                    if "region" in o.labels
                    and o.attribute("region") in ARMS
                    and abs(o.start - atom.start) < 5
                ),
                "lower_extremity",
            )
            note.add(
                "reported_weakness",
                atom.start,
                atom.end,
                standing(note, atom.start, atom.end),
                side=nearest_side(note, atoms, atom),
                region=region,
            )
        elif "neuro_normal" in atom.labels and note.assess(atom.start, atom.end).label in (
            "present",
            "absent",
        ):
            note.add("motor_weakness", atom.start, atom.end, "absent", specific=False)
            note.add("sensory_deficit", atom.start, atom.end, "absent", specific=False)
        elif "strong" in atom.labels:
            _strong(note, atoms, atom)
        elif "strength" in atom.labels:
            _strength_word(note, start, end, atoms, at, graded)
        elif "muscle" in atom.labels and not graded:
            _normal_muscle(note, start, atoms, at, labels)
        elif "walk_test" in atom.labels:
            _walk_test(note, start, atoms, atom)


# Grades ----------------------------------------------------------------------------------------------------------------


def _read_grades(note: Note, start: int, end: int, atoms: Sequence[Atom], labels: set[str]) -> bool:
    """Add what the grades of a sentence say; True if there are any."""
    titled = topic(note, start)
    if "reflex" in titled or "slr" in titled:
        return False
    muscles = [atom for atom in atoms if "muscle" in atom.labels and is_muscle(note, atom)]
    exam = (note.is_exam(start) or note.kind == "physical_therapy") and note.category(start) not in (
        "medications",
        "labs",
        "allergies",
    )
    strength = "strength" in labels or "strength" in titled
    grades = _grades(note, start, end, muscles, exam and (bool(muscles) or strength), strength)
    if "reflex" in labels:  # "DTR biceps 2+, patellars 2+"
        grades = [grade for grade in grades if not _of_reflex(note, atoms, grade)]
    if not grades or not (muscles or strength or exam or "region" in labels):
        return False
    norms = set(note.norms(start, end))
    if (
        (not muscles and not strength and _OTHER_SCORES & norms)
        or (_AIMS & norms and "to" in norms)
        or ("plan" in note.category(start) and _AIMS & {*norms, *_title_words(note, start)})
    ):
        return False
    for group in _groups(note, start, _items(note, start, end, atoms, grades)):
        _add_group(note, group)
    return True


_AIMS = frozenset("goal goals increase improve restore achieve regain progress".split())


def _title_words(note: Note, start: int) -> list[str]:
    part = note.layout.parts[note.layout.part[start]]
    return note.norms(part.start, part.title_end)


def _grades(
    note: Note, start: int, end: int, muscles: Sequence[Atom], bare: bool, strength: bool
) -> list[_Grade]:
    words = note.words
    row = in_row(note, start)
    levels = [
        match.span() for match in _LEVELS.finditer(words.text, words.starts[start], words.ends[end - 1])
    ]
    near = {i for atom in muscles for i in range(atom.start, atom.end)}
    found: list[_Grade] = []
    i = start
    while i < end:
        spoken = _SPOKEN_GRADE.match(words.text, words.starts[i]) if words.norms[i] in _NUMBERS else None
        if spoken is not None and (bare or muscles) and not _scored(note, start, i):
            sign = {"plus": "+", "minus": "-"}.get((spoken[2] or "").lower(), "")
            digit = _NUMBERS[spoken[1].lower()]
            stop = i + 1
            while stop < end and words.starts[stop] < spoken.end():
                stop += 1
            found.append(
                _Grade(
                    i, stop, float(digit) + (0.3 if sign == "+" else -0.3 if sign else 0), f"{digit}{sign}/5"
                )
            )
            i = stop
            continue
        if words.norms[i] not in _DIGITS or i in near or any(a <= words.starts[i] < b for a, b in levels):
            i += 1
            continue
        match = _SLASH_GRADE.match(words.text, words.starts[i])
        if match is None and bare and _may_be_bare(note, i, start, end, near, row, strength, found):
            match = _BARE_GRADE.match(words.text, words.starts[i])
        if match is None or match.end() > words.ends[end - 1] or _scored(note, start, i):
            i += 1
            continue
        sign = (match[2] or (match[3] if match.re is _SLASH_GRADE else "") or "").strip().lower()
        value = float(match[1]) + (0.3 if sign in ("+", "plus") else -0.3 if sign else 0)
        stop = i + 1
        while stop < end and words.starts[stop] < match.end():
            stop += 1
        shown = match[1] + ("+" if sign in ("+", "plus") else "-" if sign else "") + "/5"
        found.append(_Grade(i, stop, value, shown))
        i = stop
    return found


def _of_reflex(note: Note, atoms: Sequence[Atom], grade: _Grade) -> bool:
    """Does a bare grade belong to the reflexes named before it?"""
    if "/" in note.norms(grade.start, grade.end):
        return False
    before = [a for a in atoms if a.end <= grade.start and {"reflex", "strength"} & set(a.labels)]
    return bool(before) and "reflex" in before[-1].labels


def _scored(note: Note, start: int, i: int) -> bool:
    """Does another score stand right before the number: "Waddell 3/5", "whisper 2/5", "pain 4/5"?"""
    return (
        bool(_OTHER_SCORES & set(note.norms(max(start, i - 3), i)))
        or (
            bool({"pain", "visit", "visits", "session", "week"} & set(note.norms(max(start, i - 3), i)))
            and not note.has_comma(max(start, i - 3), i)
            and not {"limited", "due", "from", "was", "had"} & set(note.norms(max(start, i - 3), i))
        )
        or bool({"murmur", "systolic", "waddell"} & set(note.norms(i, i + 7)))
    )


def _may_be_bare(
    note: Note,
    i: int,
    start: int,
    end: int,
    near: set[int],
    row: bool,
    strength: bool,
    found: Sequence[_Grade],
) -> bool:
    """May a number without "/5" be a grade: right behind a muscle, its side, or another grade, and no count or dose?"""
    norms, gaps = note.words.norms, note.words.gaps
    before = norms[i - 1] if i > start else ""
    if (before in ("/", ".", "l", "s", "c", "t", "x", ",") and not (before == "," and found)) or (
        before == "-" and not gaps[i]
    ):
        side_before = before in ("l",) and bool(gaps[i]) and (row or bool(near))
        if not side_before:
            return False
    k = i + 1
    if k < end and norms[k] in ("+", "-") and not gaps[k]:
        k += 1
    after = norms[k] if k < end else ""
    if (
        (after.isalpha() and after not in _AFTER_BARE)
        or after in ("/", "%", "x", "\u00b0")
        or (after == "." and k + 1 < end and norms[k + 1].isdigit() and not gaps[k + 1])
    ):
        return False
    if row and (near or strength):
        return True
    if before in ("r", "l", "right", "left") and any(k in near for k in range(i - 10, i)):
        return True
    if note.norms(i - 2, i) in (["power", "is"], ["strength", "is"], ["power", "was"], ["strength", "was"]) and after in (
        "in", "throughout", "everywhere", "bilaterally", "all", "for",
    ):  # fmt: skip
        return True
    for k in range(i - 1, max(start - 1, i - 5), -1):
        if k in near or any(k == grade.end - 1 and i - grade.end <= 1 for grade in found):
            return True
        if norms[k] not in _BARE_AFTER and norms[k] not in _SIDE_NAMES:
            return False
        if norms[k] in ("mrc", "grade", "graded"):
            return True
    return False


_SIDE_NAMES = frozenset("l r left right lt rt bilaterally bilat bilateral b/l b on the both each".split())
_AFTER_BARE = _SIDE_NAMES | frozenset(
    "and with in but otherwise except throughout symmetric equal compared vs versus due limited secondary because from ta ehl ip gs pf df quad quads ham hams hf ke kf gastroc "
    "hip knee ankle great big hamstrings hamstring iliopsoas tib peroneals fhl toe plantarflexion dorsiflexion eversion inversion strength of leg side for to l/r r/l pain intact".split()
)


def _items(note: Note, start: int, end: int, atoms: Sequence[Atom], grades: Sequence[_Grade]) -> list[_Item]:
    taken = {i for grade in grades for i in range(grade.start, grade.end)}
    items: list[_Item] = [(grade.start, "grade", grade) for grade in grades]
    for atom in atoms:
        if atom.start in taken:
            continue
        labels = atom.labels
        if ("muscle" in labels and is_muscle(note, atom)) or ("region" in labels and _limb(atom)):
            items.append((atom.start, "muscle", atom))
        elif "side" in labels:
            if not (
                atom.end - atom.start > 1 and note.words.norms[atom.start + 1] == "/"
            ):  # "R/L" names columns
                items.append((atom.start, "side", atom))
        elif "strength" in labels or ("weak" in labels and "abnormal" not in labels):
            items.append((atom.start, "strength", atom))
        elif _STOPS & set(labels):
            items.append((atom.start, "stop", atom))
    items += [(i, "strength", None) for i in range(start, end) if note.words.norms[i] in _RESETS]
    return sorted(items, key=lambda item: item[0])


def _limb(atom: Atom) -> str | None:
    region = str(atom.attribute("region"))
    if region in ARMS:
        return "upper_extremity"
    return "lower_extremity" if region in ("lower_extremity", "hip", "knee") else None


def _groups(note: Note, start: int, items: Sequence[_Item]) -> list[_Group]:
    groups: list[_Group] = []
    line_side = _title_side(note, start)
    current: _Group | None = _Group(line_side=line_side)
    grade_first = _grade_first(items)
    for index, (position, kind, item) in enumerate(items):
        before = items[index - 1] if index else None
        if kind == "stop":
            current = None
        elif kind == "strength":
            if isinstance(item, Atom) and before is not None and _joined(note, before, item):
                continue  # "5/5 strength in the quads", "knee extension strength"
            current = _Group(line_side=line_side if item is not None else None)
        elif kind == "muscle" and isinstance(item, Atom):
            if current is None or (current.grades and not _links(note, current, item, before, grade_first)):
                current = _Group(
                    region=current.region if current and "muscle" in item.labels else None,
                    line_side=line_side,
                )
            current.closed = current.closed or bool(current.grades)
            current.muscles.append(item)
            current.region = (
                str(item.attribute("region"))
                if "muscle" in item.labels and item.attribute("region")
                else _limb(item)
                if "muscle" not in item.labels
                else current.region
            )
            if side_of(item):
                current.sides.append((position, position, side_of(item) or ""))
            elif (
                before is not None
                and before[1] == "side"
                and isinstance(before[2], Atom)
                and item.start - before[2].end <= 2
                and not note.has_comma(before[2].end, item.start)
            ):
                current.sides.append((before[0], before[2].end, side_of(before[2]) or ""))
        elif kind == "side" and isinstance(item, Atom):
            if note.norms(item.end, item.end + 1) == [":"] or (
                index == 0 and not (len(items) > 1 and items[1][1] == "grade")
            ):
                line_side = side_of(item)
                current = _Group(line_side=line_side)
            elif current is not None:
                current.sides.append((position, item.end, side_of(item) or ""))
        elif kind == "grade" and isinstance(item, _Grade) and current is not None:
            if (
                current.closed
                and not _twin(note, current.grades[-1], item)
                and not (current.sides and not grade_first and _same_muscle(note, current, item))
            ):
                current = _Group(line_side=line_side)
            current.grades.append(item)
            if current not in groups:
                groups.append(current)
    return groups


def _title_side(note: Note, start: int) -> str | None:
    """ "Right leg:" above the sentence."""
    part = note.layout.parts[note.layout.part[start]]
    if part.title_end <= part.start:
        return None
    return next((side for atom in note.atoms_in(part.start, part.title_end) if (side := side_of(atom))), None)


def _grade_first(items: Sequence[_Item]) -> bool:
    """ "4/5 left EHL, 5/5 quads": no grade after the last muscle."""
    muscles = [position for position, kind, _ in items if kind == "muscle"]
    grades = [position for position, kind, _ in items if kind == "grade"]
    return bool(muscles) and bool(grades) and grades[0] < muscles[0] and grades[-1] < muscles[-1]


def _links(note: Note, group: _Group, muscle: Atom, before: _Item | None, grade_first: bool) -> bool:
    """Does a muscle behind a grade belong to it: "5/5 in the quads", "4/5 strength of the left EHL", "4/5 hip flexors"?"""
    last = group.grades[-1]
    if grade_first:
        return group.grades[0].start < min([atom.start for atom in group.muscles], default=muscle.start)
    between = note.norms(last.end, muscle.start)
    if group.closed and before is not None and before[1] == "muscle":
        return not {";", "but", "except"} & set(between)
    return (
        len(between) <= 5
        and bool(between)
        and between[0] in _LINKS
        and not {",", ";", "but", "except"} & set(between)
    )


def _joined(note: Note, before: _Item, strength: Atom) -> bool:
    """Does a word for strength go with the grade or muscle right before it?"""
    item = before[2]
    return (
        before[1] in ("grade", "muscle")
        and item is not None
        and strength.start - item.end <= 1
        and not note.has_comma(item.end, strength.start)
    )


def _same_muscle(note: Note, group: _Group, grade: _Grade) -> bool:
    """ "4/5 in the left EHL compared to 5/5 on the right": the next grade is of the same muscle."""
    return bool({"compared", "vs", "versus", "than"} & set(note.norms(group.muscles[-1].end, grade.start)))


def _twin(note: Note, one: _Grade, other: _Grade) -> bool:
    return other.start - one.end <= 1 and not note.has_comma(one.end, other.start)


def _add_group(note: Note, group: _Group) -> None:
    _set_sides(note, group)
    names = group.names
    older = [grade.value for grade in group.grades if is_old_value(note, grade.start)]
    several = len(names) > 1 and len(group.grades) >= len(names) and names[-1].start < group.grades[0].start
    for number, grade in enumerate(group.grades):
        muscles = [names[number % len(names)]] if several else names
        mention = _add_grade(note, group, grade, muscles)
        if mention is not None and mention.assertion == "present" and older:
            mention.attributes["old_or_new"] = "old" if min(older) <= grade.value else "worse"


def _set_sides(note: Note, group: _Group) -> None:
    for grade in group.grades:
        grade.side = _side(note, group, grade)
    grades, names = group.grades, group.names
    if any(grade.side for grade in grades) and not (
        len(grades) == 2 and group.line_side is None and not group.sides
    ):
        return
    first, second = column_order(note, grades[0].start)
    row = in_row(note, note.sentence_of(grades[0].start)[0])
    if (
        len(grades) == 2
        and len(names) <= 1
        and (row or _twin(note, grades[0], grades[1]) or "/" in note.norms(grades[0].end, grades[1].start))
    ):
        grades[0].side, grades[1].side = first, second
    elif row and len(names) > 1 and len(grades) == 2 * len(names):
        for number, grade in enumerate(grades):
            grade.side = first if number < len(names) else second


def _side(note: Note, group: _Group, grade: _Grade) -> str | None:
    # "5/5 in hip flexion, knee extension and dorsiflexion on the left"
    far = bool(group.muscles) and group.muscles[0].start >= grade.start
    side = side_of_value(note, group.sides, group.grades, grade, 12 if far else 3, None if far else _PARTED)
    return group.line_side if side is None else side


def _add_grade(note: Note, group: _Group, grade: _Grade, muscles: Sequence[Atom]) -> Mention | None:
    old = is_old_value(note, grade.start)
    if old and grade.value >= 5:
        return None
    start = min([grade.start, *(m.start for m in muscles)])
    end = max([grade.end, *(m.end for m in muscles)])
    if end - start > 14:
        start, end = grade.start, grade.end
    region = (
        next((str(m.attribute("region")) for m in muscles if m.attribute("region")), None)
        or group.region
        or ("lower_extremity" if muscles else None)
    )
    names = ", ".join(dict.fromkeys(str(m.attribute("muscle")) for m in muscles if m.attribute("muscle")))
    assertion = "absent" if grade.value >= 5 else "historical" if old else "present"
    mention = note.add(
        "motor_weakness", start, end, assertion, specific=bool(muscles) or assertion == "present", side=grade.side, muscle=names, grade=grade.text, region=region,
    )  # fmt: skip
    if mention is None:
        return None
    mention.in_exam = True
    stands = standing(note, grade.start, grade.end)
    if stands in ("hypothetical", "family") or (stands == "historical" and assertion == "present"):
        mention.assertion = stands
    if mention.assertion != "present":
        return mention
    if pain_limited(note, grade.start, grade.end):
        mention.attributes["pain_limited"] = True
    if grade.value <= 3.01 and any(m.attribute("foot_drop") for m in muscles):
        drop = note.add("foot_drop", start, end, "present", side=grade.side)
        if drop is not None:
            drop.in_exam = True
            if "pain_limited" in mention.attributes:
                drop.attributes["pain_limited"] = True
    return mention


def pain_limited(note: Note, first: int, last: int) -> bool:
    """Do the words around a weakness say that pain or effort limits it? Another grade between is another finding."""
    start, end = note.sentence_of(first)
    norms = note.words.norms
    for atom in note.atoms_in(max(start, first - 8), min(end, last + 12)):
        if "pain_limited" not in atom.labels or note.norms(atom.start - 1, atom.start) in (
            ["not"],
            ["no"],
            ["without"],
        ):
            continue
        low, high = (atom.end, first) if atom.end <= first else (last, atom.start)
        if not any(
            norms[i] in (";", "but")
            or (i + 2 < high and norms[i] in _DIGITS and norms[i + 1] == "/" and norms[i + 2] == "5")
            for i in range(low, high)
        ):
            return True
    return False


def is_muscle(note: Note, atom: Atom) -> bool:
    """Two-letter muscles are written in capitals ("TA", "IP"); "hs" is bedtime."""
    raw = note.words.raws[atom.start]
    return atom.end - atom.start > 1 or len(raw) > 2 or raw.isupper()


# Words ---------------------------------------------------------------------------------------------------------------


def _weak(note: Note, start: int, atoms: Sequence[Atom], atom: Atom, graded: bool) -> None:
    """ "Weakness of dorsiflexion" is a finding where it is examined, else what the patient reports."""
    exam, category = note.is_exam(start), note.category(start)
    if note.norms(atom.end, atom.end + 1) and note.norms(atom.end, atom.end + 1)[0] in _WEAK_THINGS:
        return
    near = [
        other for other in atoms
        if "muscle" in other.labels and abs(other.start - atom.start) <= 8 and not stops(note, min(other.end, atom.end), max(other.start, atom.start))
    ]  # fmt: skip
    regions = [other for other in atoms if "region" in other.labels and -8 <= other.start - atom.end <= 8]
    region = str(regions[0].attribute("region")) if regions else None
    side = nearest_side(note, atoms, atom)
    first = note.words.norms[atom.start]
    focal = first in _NAMES
    label = standing(note, atom.start, atom.end)
    examined = (
        (near and (exam or label != "absent"))
        or (exam and not graded)
        or (focal and category not in ("ros", "hpi", "instructions", "interval", "complaint"))
    )
    if not examined:
        if not exam:
            site = note.words.norms[regions[0].start] if regions else None
            region = region or note.other_region(atom.start)
            mention = note.add(
                "reported_weakness", atom.start, atom.end, label, side=side, site=site, region=region
            )
            if mention is not None and label == "present":
                read_onset(note, mention, *note.sentence_of(atom.start))
        return
    if label == "present" and (
        (graded and near) or (not near and (not exam or (focal and "weak" not in first)))
    ):
        return
    region = region or note.other_region(atom.start)
    place = next((str(m.attribute("region")) for m in near if m.attribute("region")), None) or (
        region if region in ARMS else None
    )
    mention = note.add(
        "motor_weakness", atom.start, atom.end, label, specific=bool(near) or label == "present", side=side,
        muscle=", ".join(dict.fromkeys(str(m.attribute("muscle")) for m in near)), region=place or ("lower_extremity" if near else None),
    )  # fmt: skip
    if mention is not None:
        mention.in_exam = True
        if label == "present" and ("pain_limited" in atom.labels or pain_limited(note, atom.start, atom.end)):
            mention.attributes["pain_limited"] = True


#: What is weak without being a limb.
_WEAK_THINGS = frozenset(
    "cough voice stream urinary flow evidence pulse pulses signal bones bladder handshake acid link".split()
)


def _gives_way(note: Note, atoms: Sequence[Atom]) -> None:
    """ "Hip flexion shows give-way due to pain": weakness of a kind that does not count, but raises the question."""
    muscle = next((a for a in atoms if "muscle" in a.labels and is_muscle(note, a)), None)
    gives = next(
        (
            a
            for a in atoms
            if "pain_limited" in a.labels
            and {
                "give",
                "giveway",
                "gives",
                "breakaway",
                "break",
                "collapsing",
                "ratchety",
                "let",
                "lets",
                "letting",
            }
            & set(note.norms(a.start, a.end))
        ),
        None,
    )
    if muscle is None or gives is None or note.assess(gives.start, gives.end).negated:
        return
    mention = note.add(
        "motor_weakness", gives.start, gives.end, "present", side=nearest_side(note, atoms, muscle), muscle=str(muscle.attribute("muscle")),
        region=muscle.attribute("region") or "lower_extremity", pain_limited=True,
    )  # fmt: skip
    if mention is not None:
        mention.in_exam = True


def _strong(note: Note, atoms: Sequence[Atom], atom: Atom) -> None:
    """ "Strong in both legs": examined, or said by the patient."""
    category = note.category(atom.start)
    if note.assess(atom.start, atom.end).hypothetical or "not" in note.norms(atom.start - 3, atom.end):
        return
    says = category in ("hpi", "ros", "complaint", "interval") or (
        not note.is_exam(atom.start) and "feel" in "".join(note.norms(atom.start - 2, atom.end))
    )
    type_ = "reported_weakness" if says and not note.is_exam(atom.start) else "motor_weakness"
    region = "upper_extremity" if {"arms", "arm", "hands"} & set(note.norms(atom.start, atom.end)) else None
    note.add(type_, atom.start, atom.end, "absent", specific=False, region=region)
    del atoms


_ELECTRIC = frozenset(
    "study studies nerve nerves conduction response responses latency neuron neurons unit units vehicle cortex amplitude amplitudes".split()
)


def _strength_word(note: Note, start: int, end: int, atoms: Sequence[Atom], at: int, graded: bool) -> None:
    """ "Strength full and symmetric", "reduced power in the left leg"."""
    atom = atoms[at]
    exam, category = note.is_exam(start), note.category(start)
    said = predicate(note, atoms, at)
    if said is None or _ELECTRIC & set(note.norms(atom.end, atom.end + 1)):
        return
    kind, word = said
    if (graded and kind != "normal") or any(norm in _DIGITS for norm in note.norms(atom.end, word.start)):
        return
    first, last = min(atom.start, word.start), max(atom.end, word.end)
    if kind == "normal":
        region = next(
            (
                str(o.attribute("region"))
                for o in atoms
                if "region" in o.labels and str(o.attribute("region")) in ARMS
            ),
            None,
        )
        lower = any("region" in o.labels and o.attribute("region") == "lower_extremity" for o in atoms)
        named = lower or any("muscle" in o.labels for o in atoms)
        type_ = (
            "reported_weakness"
            if category in ("ros", "hpi", "complaint")
            and not exam
            and not named
            and "motor" not in note.norms(first, last)
            else "motor_weakness"
        )
        note.add(type_, first, last, "absent", specific=named, region=None if lower else region)
    elif kind in ("abnormal", "weak") and "weak" not in word.labels and (exam or category in _BELIEVED):
        mention = note.add(
            "motor_weakness", first, last, note_label(note, word), side=nearest_side(note, atoms, atom)
        )
        if mention is not None:
            mention.in_exam = True
            if pain_limited(note, first, last):
                mention.attributes["pain_limited"] = True


def _normal_muscle(note: Note, start: int, atoms: Sequence[Atom], at: int, labels: set[str]) -> None:
    atom = atoms[at]
    if (
        (at and "muscle" in atoms[at - 1].labels)
        or not note.is_exam(start)
        or "reflex" in labels
        or "weak" in labels
    ):
        return
    said = predicate(note, atoms, at)
    if said is not None and said[0] == "normal":
        note.add(
            "motor_weakness", min(atom.start, said[1].start), max(atom.end, said[1].end), "absent", muscle=str(atom.attribute("muscle")),
            side=nearest_side(note, atoms, atom), region=atom.attribute("region"),
        )  # fmt: skip


def _walk_test(note: Note, start: int, atoms: Sequence[Atom], atom: Atom) -> None:
    """Unable to walk on heels or toes is weakness."""
    norms = note.norms(max(start, atom.start - 6), atom.start)
    unable = (
        atom.attribute("result") == "unable"
        or bool(_UNABLE & set(norms))
        or ("not" in norms and bool({"could", "able", "can"} & set(norms)))
    )
    behind = note.norms(atom.end, min(note.sentence_of(atom.start)[1], atom.end + 14))
    failed = next(
        (
            i
            for i, w in enumerate(behind)
            if (w in _UNABLE or behind[i : i + 2] in (["could", "not"], ["can", "not"]))
            and not note.is_unticked(atom.end + i)
        ),
        None,
    )
    # "On her heels she managed the left; the right she could not do."
    if (
        failed is not None
        and atom.attribute("result") is None
        and "heels" in note.norms(atom.start, atom.end)
    ):
        unable = True
    if not unable or atom.attribute("result") == "normal" or note.assess(atom.start, atom.end).hypothetical:
        return
    inside = {"left": "left", "right": "right", "l": "left", "r": "right"}
    told = behind[max(0, (failed or 0) - 5) : failed]
    side = (
        next((inside[w] for w in note.norms(atom.start, atom.end) if w in inside), None)
        or next((inside[w] for w in reversed(told) if w in inside), None)
        or nearest_side(note, atoms, atom)
    )
    mention = note.add(
        "motor_weakness",
        atom.start,
        atom.end,
        "present",
        side=side,
        muscle=str(atom.attribute("muscle") or "heel or toe walk"),
        region="lower_extremity",
    )
    if mention is not None:
        mention.in_exam = True
        if pain_limited(note, atom.start, atom.end):
            mention.attributes["pain_limited"] = True

"""Examination findings: strength by muscle and side, reflexes, sensation, tone, gait, straight leg raise, tenderness.

Each sentence is read as subjects (strength, a muscle, a reflex, a place) with predicates (a grade, normal, absent) and
sides. A finding counts as examined where it stands in an examination or is of a kind that only an examiner has
(criteria.md G4): a grade, pinprick, a reflex.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nlp.exam_base import ARMS, arm_region, columns, nearest_side, note_label, predicate, stops, topic
from nlp.exam_reflexes import read_reflexes
from nlp.mentions import Atom
from nlp.note import Note, side_of

_SLASH_GRADE = re.compile(r"([0-5])\s?(\+|-|\u2212|plus|minus)?(?:\s?(?:/|out of|of)\s?5)(?![\d/])", re.IGNORECASE)
_BARE_GRADE = re.compile(r"([0-5])([+-]?)(?:(?:/5)|(?![\d/.%]))")
_NEW_LINE = "\n"


@dataclass
class Grade:
    """A strength grade: words `start` to `end`, its value (4.3 for 4+), its text."""

    start: int
    end: int
    value: float
    text: str


def read_exam(note: Note) -> None:
    """Add every examination mention of a note."""
    for start, end, atoms in note.sentences():
        labels = {label for atom in atoms for label in atom.labels}
        if labels & {"muscle", "strength", "weak", "walk_test", "side", "region"}:
            _motor(note, start, end, atoms, labels)
        if labels & {"reflex", "reflex_word"} or "reflex" in topic(note, start) or labels & {"region", "muscle"} and note.is_exam(start):
            read_reflexes(note, start, end, atoms)
        if labels & {"sensation", "numb"}:
            _sensation(note, start, end, atoms)
        if labels & _OTHERS:
            _others(note, start, end, atoms)


_OTHERS = frozenset(
    ("tone", "tone_word", "gait", "gait_kind", "walk_test", "slr", "spinal_tenderness_word", "tender", "babinski", "babinski_up",
     "babinski_down", "clonus", "hoffmann", "anal", "bulbocavernosus", "foot_drop_word")
)  # fmt: skip


# Strength --------------------------------------------------------------------------------------------------------------


def _grades(note: Note, start: int, end: int, bare: bool) -> list[Grade]:
    words = note.words
    text = words.text
    grades = []
    i = start
    while i < end:
        norm = words.norms[i]
        if norm in _DIGITS:
            match = _SLASH_GRADE.match(text, words.starts[i])
            if match is None and bare and (i == 0 or words.norms[i - 1] not in ("/", "-", ".", "(", "l", "s", "c", "t")):
                match = _BARE_GRADE.match(text, words.starts[i])
            if match is not None and match.end() <= words.ends[end - 1]:
                value = float(match[1])
                sign = (match[2] or "").lower()
                value += 0.3 if sign in ("+", "plus") else -0.3 if sign else 0
                stop = i + 1
                while stop < end and words.starts[stop] < match.end():
                    stop += 1
                shown = match[1] + ("+" if sign in ("+", "plus") else "-" if sign else "") + "/5"
                grades.append(Grade(i, stop, value, shown))
                i = stop
                continue
        i += 1
    return grades


_DIGITS = frozenset("012345")


def _motor(note: Note, start: int, end: int, atoms: Sequence[Atom], labels: set[str]) -> None:
    has_muscle = "muscle" in labels
    is_row = note.layout.sentence[start] in note.layout.rows
    exam = note.is_exam(start)
    bare = has_muscle and (is_row or exam or note.kind == "physical_therapy")
    has_muscle = has_muscle and any("muscle" in a.labels and _is_muscle(note, a) for a in atoms)
    bare = bare and has_muscle
    grades = _grades(note, start, end, False) or (_grades(note, start, end, True) if bare and (is_row or len([a for a in atoms if a.get("muscle")]) >= 1) else [])
    if grades and (has_muscle or "strength" in labels or exam or note.kind == "physical_therapy" or "region" in labels):
        if any(word in ("goals", "goal", "murmur", "systolic", "visit", "visits") for word in note.norms(start, end)) and not has_muscle:
            return
        _graded(note, start, end, atoms, grades, is_row)
        graded = True
    else:
        graded = False
    _ungraded(note, start, end, atoms, labels, exam, graded)


def _graded(note: Note, start: int, end: int, atoms: Sequence[Atom], grades: list[Grade], is_row: bool) -> None:
    items: list[tuple[int, str, Atom | Grade]] = [(g.start, "grade", g) for g in grades]
    for atom in atoms:
        if any(g.start <= atom.start < g.end for g in grades):
            continue
        for label in ("muscle", "side", "strength", "region", "reflex", "slr"):
            if label == "muscle" and not _is_muscle(note, atom):
                continue
            if label in atom.labels:
                items.append((atom.start, label, atom))
                break
    items.sort(key=lambda item: item[0])
    norms = note.words.norms
    first_grade = grades[0].start
    muscles_before = [item for item in items if item[1] == "muscle" and item[0] < first_grade]
    muscles_after = [item for item in items if item[1] == "muscle" and item[0] > first_grade]
    grade_first = not muscles_before and bool(muscles_after)
    pending: list[Atom] = []
    last: list[Atom] = []
    side: str | None = None
    line_side: str | None = None
    region: str | None = None
    skip = False
    used_as_suffix: set[int] = set()
    number_in_row = 0
    side_columns = columns(note, start) if is_row else None
    for index, (position, kind, item) in enumerate(items):
        if kind in ("reflex", "slr"):
            skip = True
            continue
        if kind == "strength":
            skip = False
            continue
        if kind == "muscle":
            assert isinstance(item, Atom)
            if last and pending == last:
                pending = []
            skip = False
            number_in_row = 0
            pending.append(item)
            if item.attribute("region"):
                region = str(item.attribute("region"))
            else:
                region = None if region in ARMS else region
            continue
        if kind == "region":
            assert isinstance(item, Atom)
            region = str(item.attribute("region"))
            if item.attribute("side"):
                side = str(item.attribute("side"))
                if index == 0 or position == items[0][0]:
                    line_side = side
            continue
        if kind == "side":
            assert isinstance(item, Atom)
            if position in used_as_suffix:
                continue
            side = side_of(item)
            number_in_row = 0
            if ":" in norms[item.end : item.end + 3] or index == 0:
                line_side = side
            continue
        assert isinstance(item, Grade)
        if skip and not pending:
            continue
        after = items[index + 1] if index + 1 < len(items) else None
        grade_side = None
        if after is not None and after[1] in ("side", "region") and after[0] - item.end <= 3 and isinstance(after[2], Atom):
            suffix = after[2]
            beyond = items[index + 2] if index + 2 < len(items) else None
            takes_next = beyond is not None and beyond[1] in ("muscle", "grade") and beyond[0] - suffix.end <= 1 and not note.has_comma(suffix.end, beyond[0])
            if not (takes_next and (side is not None or beyond is not None and beyond[1] == "grade" and side is None and not grade_first and _side_leads(items, index))) and side_of(suffix):
                grade_side = side_of(suffix)
                used_as_suffix.add(after[0])
        if grade_first:
            muscles: list[Atom] = []
            for other in items[index + 1 :]:
                if other[1] == "grade":
                    break
                if other[1] == "muscle" and isinstance(other[2], Atom):
                    muscles.append(other[2])
                elif other[1] in ("side", "region") and isinstance(other[2], Atom) and side_of(other[2]) and grade_side is None:
                    grade_side = side_of(other[2])
        else:
            muscles = pending or last
        if is_row and muscles and grade_side is None:
            count = sum(1 for other in items if other[1] == "grade")
            if len(muscles) > 1 and count >= len(muscles):
                chosen = [muscles[number_in_row % len(muscles)]]
                if count == 2 * len(muscles) and side is None:
                    grade_side = ("right", "left")[number_in_row >= len(muscles)]
            else:
                chosen = muscles
                if count == 2 and side is None and len([o for o in items if o[1] == "side"]) == 0:
                    grade_side = (side_columns or ("right", "left"))[min(number_in_row, 1)]
            number_in_row += 1
            muscles = chosen
        final_side = grade_side or side or line_side
        _add_grade(note, item, muscles, final_side, region)
        if pending and not is_row:
            last, pending = pending, []
        elif pending:
            last = pending
        if not is_row and grade_side is None and side is not None and after is not None and after[1] == "muscle":
            side = line_side if line_side else None
        del position


def _is_muscle(note: Note, atom: Atom) -> bool:
    """Two-letter muscles are written in capitals ("TA", "IP"); "hs" is bedtime."""
    raw = note.words.raws[atom.start]
    return atom.end - atom.start > 1 or len(raw) > 2 or raw.isupper()


def _side_leads(items: Sequence[tuple[int, str, object]], index: int) -> bool:
    """"R 5/5 L 4/5": a side stands right before the first grade."""
    return index > 0 and items[index - 1][1] == "side"


def _add_grade(note: Note, grade: Grade, muscles: list[Atom], side: str | None, region: str | None) -> None:
    before = note.norms(grade.start - 3, grade.start)
    if "murmur" in note.norms(grade.end, grade.end + 4) or "systolic" in note.norms(grade.end, grade.end + 3):
        return
    was = bool(before and before[-1] in ("was", "from", "previously", "initially"))
    muscle = muscles[0] if muscles else None
    start = min([grade.start, *(m.start for m in muscles)]) if muscles else grade.start
    end = max([grade.end, *(m.end for m in muscles)]) if muscles else grade.end
    if end - start > 14:
        start, end = grade.start, grade.end
    muscle_region = next((str(m.attribute("region")) for m in muscles if m.attribute("region")), None)
    place = muscle_region or (region if region in ARMS else None) or ("lower_extremity" if muscles or region == "lower_extremity" else None)
    names = ", ".join(dict.fromkeys(str(m.attribute("muscle")) for m in muscles if m.attribute("muscle")))
    assertion = "absent" if grade.value >= 5 else "present"
    if was and grade.value < 5:
        assertion = "historical"
    mention = note.add(
        "motor_weakness", start, end, assertion, specific=bool(muscles) or assertion == "present",
        side=side, muscle=names, grade=grade.text, region=place,
    )  # fmt: skip
    if mention is None:
        return
    mention.in_exam = True
    scope = note.assess(grade.start, grade.end)
    if scope.label in ("hypothetical", "family"):
        mention.assertion = scope.label
    if mention.assertion == "present" and _pain_limited(note, grade.start):
        mention.attributes["pain_limited"] = True
    if mention.assertion == "present" and muscle is not None and grade.value <= 3.01 and any(m.attribute("foot_drop") for m in muscles):
        drop = note.add("foot_drop", start, end, "present", side=side)
        if drop is not None:
            drop.in_exam = True


def _pain_limited(note: Note, at: int) -> bool:
    start, end = note.sentence_of(at)
    return any("pain_limited" in atom.labels for atom in note.atoms_in(max(start, at - 8), min(end, at + 12)))


def _ungraded(note: Note, start: int, end: int, atoms: Sequence[Atom], labels: set[str], exam: bool, graded: bool) -> None:
    """Weakness and strength in words."""
    for at, atom in enumerate(atoms):
        if "weak" in atom.labels:
            near = [
                other for other in atoms
                if "muscle" in other.labels and abs(other.start - atom.start) <= 8 and not stops(note, min(other.end, atom.end), max(other.start, atom.start))
            ]  # fmt: skip
            regions = [other for other in atoms if "region" in other.labels and -8 <= other.start - atom.end <= 8]
            region = next((str(o.attribute("region")) for o in regions), None)
            side = nearest_side(note, atoms, atom)
            focal = note.words.norms[atom.start] in ("focal", "neurologic", "neurological", "neuro", "motor", "strength", "gross")
            scope = note.assess(atom.start, atom.end)
            label = scope.label
            if near and (exam or label != "absent") or (exam and not graded) or (focal and note.category(start) not in ("ros", "hpi", "instructions", "interval", "complaint")):
                if not near and label == "present" and focal and "weak" not in note.words.norms[atom.start]:
                    continue
                muscle = ", ".join(dict.fromkeys(str(m.attribute("muscle")) for m in near))
                place = next((str(m.attribute("region")) for m in near if m.attribute("region")), None) or (region if region in ARMS else None)
                if graded and label == "present" and near:
                    continue
                if label == "present" and not near and not exam:
                    continue
                mention = note.add("motor_weakness", atom.start, atom.end, label, specific=bool(near) or label == "present", side=side, muscle=muscle, region=place or ("lower_extremity" if near else None))
                if mention is not None:
                    mention.in_exam = True
                    if label == "present" and (_pain_limited(note, atom.start) or "pain_limited" in atom.labels):
                        mention.attributes["pain_limited"] = True
            elif not exam:
                site = note.words.norms[regions[0].start] if regions else None
                note.add("reported_weakness", atom.start, atom.end, label, side=side, site=site, region=region)
                if focal and "neuro" in note.words.norms[atom.start]:
                    continue
        elif "strength" in atom.labels:
            said = predicate(note, atoms, at)
            if said is None or (graded and said[0] != "normal") or any(g for g in _grades(note, atom.end, min(end, said[1].end + 1), False)):
                continue
            if said[0] == "normal" and ("good" == note.words.norms[said[1].start] or True):
                region = next((str(o.attribute("region")) for o in atoms if "region" in o.labels and str(o.attribute("region")) in ARMS), None)
                lower = any("region" in o.labels and o.attribute("region") == "lower_extremity" for o in atoms)
                note.add("motor_weakness", min(atom.start, said[1].start), max(atom.end, said[1].end), "absent", specific=lower or bool([o for o in atoms if "muscle" in o.labels]), region=None if lower else region)
            elif said[0] in ("abnormal", "weak") and "weak" not in said[1].labels and (exam or note.category(start) in ("assessment", "assessment_plan", "")):
                mention = note.add("motor_weakness", min(atom.start, said[1].start), max(atom.end, said[1].end), note_label(note, said[1]), side=nearest_side(note, atoms, atom))
                if mention is not None:
                    mention.in_exam = True
        elif "muscle" in atom.labels and not graded:
            if at and "muscle" in atoms[at - 1].labels:
                continue
            said = predicate(note, atoms, at)
            if said is not None and said[0] == "normal" and exam and "reflex" not in {label for o in atoms for label in o.labels}:
                mention = note.add("motor_weakness", min(atom.start, said[1].start), max(atom.end, said[1].end), "absent", muscle=str(atom.attribute("muscle")), side=nearest_side(note, atoms, atom), region=atom.attribute("region"))
        elif "walk_test" in atom.labels:
            norms = note.norms(max(start, atom.start - 6), atom.start)
            if any(w in norms for w in ("unable", "cannot", "can't", "couldn't", "inability")) or ("could" in norms and "not" in norms) or ("not" in norms and "able" in norms):
                if note.assess(atom.start, atom.end).hypothetical:
                    continue
                mention = note.add("motor_weakness", atom.start, atom.end, "present", side=nearest_side(note, atoms, atom), muscle=str(atom.attribute("muscle") or "heel or toe walk"), region="lower_extremity")
                if mention is not None:
                    mention.in_exam = True
                    if _pain_limited(note, atom.start):
                        mention.attributes["pain_limited"] = True


# Sensation -------------------------------------------------------------------------------------------------------------

_ROOT = re.compile(r"(?:[ls])\s?-?(\d)", re.IGNORECASE)
_LEVEL = re.compile(r"\b([LS])\s?([1-5])(?:\s?[-/,&]\s?(?:and\s)?([LS])?\s?([1-5]))?(?:\s?[-/,&]\s?(?:and\s)?([LS])?([1-5]))?(?!\d)", re.IGNORECASE)
_DERMATOME_WORDS = frozenset("distribution dermatome dermatomes dermatomal territory pattern area root nerve".split())


def dermatomes(note: Note, start: int, end: int) -> list[str]:
    """Lumbosacral dermatomes that the words between name by level ("left L5 and S1")."""
    found: list[str] = []
    norms = note.words.norms
    for i in range(start, end):
        norm = norms[i]
        if len(norm) == 2 and norm[0] in "ls" and norm[1] in "12345" and not (norm[0] == "s" and norm[1] not in "1"):
            found.append(norm.upper())
        elif found and norm in "12345" and i and norms[i - 1] in ("-", "/", ",", "and", "&"):
            letter = "S" if norm == "1" and found[-1] == "L5" else "L"
            found.append(letter + norm)
    return list(dict.fromkeys(found))


def _sensation(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    exam = note.is_exam(start)
    done: set[int] = set()
    for at, atom in enumerate(atoms):
        if "sensation" in atom.labels:
            if at and "sensation" in atoms[at - 1].labels and atom.start - atoms[at - 1].end <= 2:
                continue  # "pin and vibration": the list is one subject
            said = predicate(note, atoms, at)
            if said is None:
                continue
            if "reflex" in {lab for a in atoms if min(said[1].start, atom.start) < a.start < max(said[1].start, atom.start) for lab in a.labels}:
                continue
            if said[1].start in done and said[0] != "normal":
                continue
            done.add(said[1].start)
            if said[0] == "normal":
                _add_sensory(note, atoms, atom, said[1], "absent", start, end)
            elif said[0] in ("abnormal", "abnormal_up"):
                label = note_label(note, said[1]) if "cue" not in said[1].labels else "present"
                if exam or _is_examined(note, atom, said[1]):
                    _add_sensory(note, atoms, atom, said[1], label, start, end)
                else:
                    _add_numb(note, atoms, said[1], label, start)
        elif "numb" in atom.labels and atom.start not in done:
            label = note.assess(atom.start, atom.end).label
            saddle = _near_saddle(note, atoms, atom)
            if saddle is not None:
                first, last = min(atom.start, saddle.start), max(atom.end, saddle.end)
                note.add("saddle_anesthesia", first, last, label)
                continue
            deficit = note.words.norms[atom.start] in ("sensory", "hypoesthesia", "hypaesthesia", "hypesthesia", "decreased", "loss", "focal")
            if exam and (label != "present" or _place(note, atoms, atom, start, end)[0] or deficit):
                _add_sensory(note, atoms, atom, atom, label, start, end)
            elif deficit and note.category(start) not in ("ros", "hpi", "interval", "complaint", "instructions"):
                _add_sensory(note, atoms, atom, atom, label, start, end)
            else:
                _add_numb(note, atoms, atom, label, start)


def _is_examined(note: Note, subject: Atom, said: Atom) -> bool:
    """Pinprick, light touch and the like are an examiner's words; "feeling" and "sensation" may be the patient's."""
    return note.words.norms[subject.start] not in ("feeling", "sensation", "sensations", "touch", "cold", "temperature", "sensory", "sensibility") or note.category(subject.start) in ("exam",) or (note.words.norms[subject.start] in ("sensation", "sensory") and note.category(subject.start) not in ("hpi", "ros", "complaint", "interval"))


def _near_saddle(note: Note, atoms: Sequence[Atom], atom: Atom) -> Atom | None:
    for other in atoms:
        if "saddle" in other.labels and -7 <= other.start - atom.end <= 7:
            between = note.norms(min(atom.end, other.end), max(atom.start, other.start))
            if ";" not in between:
                return other
    return None


def _place(note: Note, atoms: Sequence[Atom], atom: Atom, start: int, end: int) -> tuple[list[str], str | None, str | None, bool]:
    """(dermatomes, site, region, is the pattern that of a neuropathy) of the clause around a finding."""
    low, high = _clause(note, atom, start, end)
    roots = dermatomes(note, low, high)
    site = region = None
    pattern = False
    for other in atoms:
        if not low <= other.start < high:
            continue
        territory = other.get("territory")
        if territory is not None:
            root = str(territory.attributes["dermatome"])
            if root not in roots:
                roots.append(root)
            site = site or str(territory.attributes.get("site", ""))
            region = region or "lower_extremity"
        if "muscle" in other.labels and note.words.norms[other.start] in ("great", "big"):
            roots.append("L5")
            region = region or "lower_extremity"
        if "region" in other.labels:
            place = str(other.attribute("region"))
            region = region or place
            site = site or note.words.text[note.words.starts[other.start] : note.words.ends[other.end - 1]].lower()
            if place == "knee":
                roots.append("L3")
        if "pattern" in other.labels:
            pattern = True
            site = site or "stocking"
    return list(dict.fromkeys(roots)), site, region, pattern


def _clause(note: Note, atom: Atom, start: int, end: int) -> tuple[int, int]:
    norms = note.words.norms
    low = atom.start
    while low > start and norms[low - 1] not in (";", "but", "except", "."):
        low -= 1
    high = atom.end
    while high < end and norms[high] not in (";", "but", "except", "otherwise", "rest", "elsewhere"):
        high += 1
    return low, high


def _add_sensory(note: Note, atoms: Sequence[Atom], subject: Atom, said: Atom, label: str, start: int, end: int) -> None:
    roots, site, region, pattern = _place(note, atoms, said, start, end)
    first, last = min(subject.start, said.start), max(subject.end, said.end)
    if label == "absent":
        note.add("sensory_deficit", first, last, "absent", specific=bool(roots), region=region if region in ARMS else None, dermatome=",".join(roots) if len(roots) <= 2 else None)
        return
    saddle = _near_saddle(note, atoms, said)
    if saddle is not None:
        note.add("saddle_anesthesia", min(first, saddle.start), max(last, saddle.end), label)
        return
    modality = note.words.text[note.words.starts[subject.start] : note.words.ends[subject.end - 1]].lower() if subject is not said else None
    mention = note.add(
        "sensory_deficit", first, last, label, side=nearest_side(note, atoms, said, 10), dermatome=None if region in ARMS else ",".join(roots),
        site=site, modality=modality, region=region if region in ARMS else ("lower_extremity" if roots or region == "lower_extremity" else region),
    )  # fmt: skip
    if mention is not None:
        mention.in_exam = True
        if pattern:
            mention.attributes["site"] = "stocking"
            mention.attributes.pop("dermatome", None)


def _add_numb(note: Note, atoms: Sequence[Atom], atom: Atom, label: str, start: int) -> None:
    near = [o for o in atoms if ("region" in o.labels or "territory" in o.labels) and -6 <= o.start - atom.end <= 8]
    region = str(near[0].attribute("region")) if near else None
    site = note.words.text[note.words.starts[near[0].start] : note.words.ends[near[0].end - 1]].lower() if near else None
    note.add("reported_numbness", atom.start, atom.end, label, side=nearest_side(note, atoms, atom), site=site, region=region)


# The others ------------------------------------------------------------------------------------------------------------


def _others(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    exam = note.is_exam(start)
    category = note.category(start)
    for at, atom in enumerate(atoms):
        labels = atom.labels
        if "tone" in labels:
            said = predicate(note, atoms, at)
            if said is not None:
                label = "absent" if said[0] == "normal" else "present" if said[0] == "abnormal_up" else None
                if label:
                    note.add("increased_tone", min(atom.start, said[1].start), max(atom.end, said[1].end), label, side=nearest_side(note, atoms, atom), region=arm_region(atoms, atom))
            elif exam and not note.assess(atom.start, atom.end).negated and _grades(note, atom.end, min(end, atom.end + 8), False):
                pass
        elif "tone_word" in labels:
            region = arm_region(atoms, atom) or next((str(o.attribute("region")) for o in atoms if "region" in o.labels and o.attribute("region") in ARMS and abs(o.start - atom.start) < 5), None)
            note.add("increased_tone", atom.start, atom.end, note.assess(atom.start, atom.end).label, side=nearest_side(note, atoms, atom), region=region)
        elif "gait_kind" in labels:
            _gait_kind(note, atoms, atom, exam, category)
        elif "walk_test" in labels:
            norms = note.norms(max(start, atom.start - 6), atom.start)
            if not any(w in norms for w in ("unable", "cannot", "can't", "not")) and (exam or category not in ("instructions", "plan")):
                said = predicate(note, atoms, at, frozenset(("normal", "abnormal")))
                if said is None or said[0] == "normal":
                    last = said[1].end if said is not None and said[1].start - atom.end < 6 else atom.end
                    note.add("gait_abnormality", atom.start, max(atom.end, last), "absent", specific=False)
        elif "gait" in labels:
            said = predicate(note, atoms, at)
            if said is not None and said[0] == "normal" and abs(said[1].start - atom.end) <= 8:
                note.add("gait_abnormality", min(atom.start, said[1].start), max(atom.end, said[1].end), "absent", specific=False)
            elif said is not None and said[0] == "abnormal" and exam and not any("gait_kind" in a.labels for a in atoms) and abs(said[1].start - atom.end) <= 3:
                note.add("gait_abnormality", min(atom.start, said[1].start), max(atom.end, said[1].end), note_label(note, said[1]), kind="unspecified")
        elif "slr" in labels:
            _straight_leg(note, start, end, atoms, at)
        elif "spinal_tenderness_word" in labels or "tender" in labels:
            _tender(note, start, end, atoms, at)
        elif "babinski_up" in labels:
            note.add("pathologic_reflex", atom.start, atom.end, _flipped(note, atom), kind="Babinski", side=nearest_side(note, atoms, atom))
        elif "babinski_down" in labels:
            note.add("pathologic_reflex", atom.start, atom.end, "absent", kind="Babinski")
        elif "babinski" in labels or "clonus" in labels or "hoffmann" in labels:
            _pathologic(note, start, end, atoms, at, exam)
        elif "anal" in labels or "bulbocavernosus" in labels:
            kind = "absent_anal_reflex" if "anal" in labels else "absent_bulbocavernosus"
            said = predicate(note, atoms, at)
            if note.words.norms[atom.start] == "good" or (said is not None and said[0] == "normal"):
                note.add(kind, atom.start, max(atom.end, said[1].end if said else 0), "absent")
            elif said is not None and said[0] == "abnormal":
                note.add(kind, min(atom.start, said[1].start), max(atom.end, said[1].end), note_label(note, said[1]) if "cue" not in said[1].labels else "present")
            elif note.assess(atom.start, atom.end).negated:
                note.add(kind, atom.start, atom.end, "present")
        elif "foot_drop_word" in labels:
            label = note.assess(atom.start, atom.end).label
            medical = note.words.norms[atom.start] in ("foot", "footdrop", "drop", "dropped", "dropfoot", "fd") and "drop" in "".join(note.norms(atom.start, atom.end)) or note.words.raws[atom.start] == "FD"
            if label == "present" and not medical and category not in ("exam",):
                note.add("reported_weakness", atom.start, atom.end, label, side=nearest_side(note, atoms, atom), site="foot", region="lower_extremity")
                continue
            mention = note.add("foot_drop", atom.start, atom.end, label, side=nearest_side(note, atoms, atom))
            if mention is not None:
                mention.in_exam = exam or category in ("assessment", "assessment_plan", "plan", "indication", "")


def _flipped(note: Note, atom: Atom) -> str:
    label = note.assess(atom.start, atom.end).label
    return label


def _gait_kind(note: Note, atoms: Sequence[Atom], atom: Atom, exam: bool, category: str) -> None:
    kind = str(atom.attribute("kind"))
    norms = note.words.norms
    label = note.assess(atom.start, atom.end).label
    is_walk = any("gait" in a.labels or "walk_test" in a.labels for a in atoms) or "gait" in note.norms(atom.start, atom.end)
    needs_walk = kind in ("cerebellar", "parkinsonian", "antalgic", "vestibular", "myelopathic", "apraxic")
    if label == "present" and needs_walk and not is_walk and not exam:
        return
    if kind in ("antalgic",):
        if label == "present" and (exam or is_walk):
            note.add("gait_abnormality", atom.start, atom.end, "present", kind="antalgic", specific=False)
        elif label == "absent" and norms[atom.start] in ("antalgic",):
            note.add("gait_abnormality", atom.start, atom.end, "absent", specific=False)
        return
    if label == "present" and kind == "unspecified" and not exam and category in ("hpi", "ros", "complaint", "interval", "pmh"):
        return  # what the patient reports is no examined gait
    note.add("gait_abnormality", atom.start, atom.end, label, kind=kind)


def _straight_leg(note: Note, start: int, end: int, atoms: Sequence[Atom], at: int) -> None:
    atom = atoms[at]
    norms = note.words.norms
    limit = next((a.start for a in atoms[at + 1 :] if {"slr", "reflex", "strength", "sensation", "gait", "muscle", "spinal_tenderness_word"} & set(a.labels)), end)
    before = [a for a in atoms if a.end <= atom.start and atom.start - a.end <= 4 and not note.has_comma(a.end, atom.start)]
    results: list[tuple[int, int, str]] = []
    sides: list[tuple[int, str]] = []
    marks = note.layout.marks
    i = atom.end
    while i < limit:
        norm = norms[i]
        if marks and marks[i] == 3:
            i += 1
            continue
        if norm in ("negative", "neg", "normal", "unremarkable", "nl", "clear", "free") or (norm in ("not", "no", "without") and norms[i + 1 : i + 2] and norms[min(i + 1, len(norms) - 1)] in ("positive", "cause", "pain", "painful", "provocative", "reproduce", "elicit", "radicular", "leg")) or (norm == "does" and norms[i + 1 : i + 2] == ["not"]) or norm in ("painless", "bilaterally negative", "nonprovocative") or (norm == "-" and (note.words.gaps[i] and (i + 1 >= limit or note.words.gaps[i + 1] or norms[i + 1] in ("/", ",", "."))) or norm == "-" and norms[i - 1] == "/" ):
            results.append((i, i + 1, "absent"))
        elif norm in ("positive", "pos", "+", "reproduces", "reproduced", "reproducing", "provokes", "provoked", "radiates", "elicits", "recreates", "recreated", "equivocal", "concordant", "causes", "produces", "produced", "brings", "painful", "lights", "provoke", "bring", "reproduce", "clicks") and norms[i - 1] not in ("not", "no", "non", "nor"):
            if norm != "equivocal":
                results.append((i, i + 1, "present"))
        elif norm in ("l", "left", "lt", "lle"):
            sides.append((i, "left"))
        elif norm in ("r", "right", "rt", "rle"):
            sides.append((i, "right"))
        elif norm in ("bilaterally", "bilateral", "bilat", "both", "b", "b/l", "bl"):
            sides.append((i, "bilateral"))
        i += 1
    if not results:
        for a in before:
            if "positive" in a.labels or norms[a.start] in ("+",):
                results.append((a.start, atom.end, "present"))
            elif "normal" in a.labels or norms[a.start] in ("negative", "neg", "no"):
                results.append((a.start, atom.end, "absent"))
        if not results and atom.start and norms[atom.start - 1] == "+":
            results.append((atom.start - 1, atom.end, "present"))
        if not results and note.assess(atom.start, atom.end).negated:
            results.append((atom.start, atom.end, "absent"))
        if not results:
            degrees = re.search(r"\bto (\d\d)", note.words.text[note.words.ends[atom.end - 1] : note.words.ends[limit - 1]])
            if degrees and int(degrees[1]) >= 70:
                results.append((atom.start, atom.end, "absent"))
    for position, last, label in results[:4]:
        scope = note.assess(atom.start, atom.end)
        if scope.hypothetical or scope.family:
            label = scope.label
        side = None
        for where, name in sides:
            if abs(where - position) <= 4:
                side = name if side is None or abs(where - position) <= 2 else side
        leading = nearest_side(note, atoms[: at + 1], atom, 2)
        degrees = re.search(r"(\d{2,3})\s?(?:deg|\u00b0|d\b)?", note.words.text[note.words.starts[min(position, len(norms) - 1)] : note.words.ends[limit - 1]][:40])
        note.add("straight_leg_raise", min(atom.start, position), max(atom.end, last), label, side=side or leading, degrees=int(degrees[1]) if degrees and label == "present" and 10 <= int(degrees[1]) <= 90 else None)


def _tender(note: Note, start: int, end: int, atoms: Sequence[Atom], at: int) -> None:
    atom = atoms[at]
    norms = note.words.norms
    spinal = "spinal_tenderness_word" in atom.labels
    words_in = note.norms(atom.start, atom.end)
    non = any(w in ("nontender", "nttp") for w in words_in) or ("non" in words_in and "tender" in words_in) or "not" in words_in
    if not spinal:
        near = note.norms(max(start, atom.start - 6), min(end, atom.end + 7))
        place = {"midline", "spine", "spinous", "bony", "bones", "bone", "vertebral", "percussion", "percuss", "process"} & set(near)
        regions = [a for a in atoms if "region" in a.labels and a.attribute("region") == "lumbar" and -6 <= a.start - atom.end <= 7]
        muscles = {"paraspinal", "paraspinals", "paravertebral", "muscles", "muscle", "si", "sij", "facet", "facets", "paralumbar", "sacroiliac", "trochanter"} & set(near)
        label = "absent" if non else note.assess(atom.start, atom.end).label
        if place and not (muscles and label == "present") or (regions and label == "absent" and not muscles):
            spinal = True
        elif label == "absent" and not muscles and note.layout.parts[note.layout.part[start]].parent == "sub":
            title = note.layout.parts[note.layout.part[start]]
            if any(w in ("back", "spine", "lumbar", "l-spine", "msk", "musculoskeletal") for w in norms[title.start : title.title_end]):
                spinal = True
    if not spinal:
        return
    label = "absent" if non else note.assess(atom.start, atom.end).label
    if words_in in (["percussion"],) and not any("tender" in a.labels or "pain" in a.labels for a in atoms):
        return
    if "step" in words_in or "stepoff" in words_in or "stepoffs" in words_in:
        return
    if label in ("present", "absent"):
        note.add("spinal_tenderness", atom.start, atom.end, label)


def _pathologic(note: Note, start: int, end: int, atoms: Sequence[Atom], at: int, exam: bool) -> None:
    atom = atoms[at]
    norms = note.words.norms
    kind = next((str(e.attributes["kind"]) for e in atom.entries if e.label in ("babinski", "clonus", "hoffmann")), "")
    assessed = note.assess(atom.start, atom.end)
    tail = norms[atom.end : min(end, atom.end + 7)]
    region = "upper_extremity" if kind == "Hoffmann" else None
    side = nearest_side(note, atoms, atom)
    stop = next((k for k, w in enumerate(tail) if w in (";", ",")), len(tail))
    tail = tail[:stop] if kind != "Babinski" else tail
    if assessed.label in ("hypothetical", "family"):
        label = assessed.label
    elif assessed.negated or {"negative", "neg", "absent", "none", "down", "downgoing", "flexor", "normal", "mute"} & set(tail) or (tail[:1] == ["-"]):
        label = "absent"
    elif {"positive", "pos", "present", "up", "upgoing", "extensor", "sustained", "beats", "+"} & set(tail) or {"positive", "sustained", "beats", "+"} & set(norms[max(start, atom.start - 3) : atom.start]) or ("beats" in norms[atom.start : atom.end]):
        label = "present"
    elif kind == "clonus" and exam and {"0", "zero"} & set(norms[max(start, atom.start - 2) : atom.start]):
        label = "absent"
    elif kind in ("Babinski",) and norms[atom.start] in ("plantar", "plantars", "toe", "toes"):
        return
    elif norms[atom.start] in ("pathologic", "pathological") and not assessed.negated:
        label = "present" if exam else "possible"
    elif kind == "clonus" and assessed.label == "present":
        label = "present"
    else:
        return
    note.add("pathologic_reflex", atom.start, atom.end, label, kind=kind, side=side, region=region)

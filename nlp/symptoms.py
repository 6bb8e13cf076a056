"""Symptoms put together from words: pain with its place, radiation, bladder and bowel, severity, course,
onset.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections.abc import Sequence

from nlp.course import read_course, read_later_course, read_onset
from nlp.exam_base import nearest_side, predicate
from nlp.layout import UNTICKED
from nlp.lexicon import Entry
from nlp.mentions import Atom
from nlp.note import Mention, Note

_NOT_SPINE = frozenset(
    ("cervical", "thoracic", "upper_extremity", "head", "chest", "abdomen", "knee", "shoulder", "hip")
)
_LEG = frozenset(("lower_extremity",))


_SPHINCTERS = ("bladder_dysfunction", "bowel_dysfunction")
_SPHINCTER_WORDS = frozenset(
    (
        "bladder",
        "bowel",
        "bladder_bowel",
        "bladder_problem",
        "bowel_problem",
        "bladder_bowel_problem",
        "incontinence",
        "continent",
        *_SPHINCTERS,
    )
)
_NOT = frozenset(["not", "never", "cannot", "can't", "doesn't", "didn't", "longer", "unable"])
_NO_TROUBLE = frozenset(
    [
        "change",
        "changes",
        "difference",
        "trouble",
        "problem",
        "problems",
        "difficulty",
        "difficulties",
        "issue",
        "issues",
        "complaints",
        "concerns",
        "loss",
    ]
)


def read_symptoms(note: Note) -> None:
    """Add pain, bladder and bowel mentions with what the note says of their course."""
    _titled_sphincters(note)
    _weights(note)
    _temperatures(note)
    _residuals(note)
    for start, end, atoms in note.sentences():
        labels = {label for atom in atoms for label in atom.labels}
        _stiff_mornings(note, start, end, labels)
        if note.layout.marks:
            _ticked_places(note, start, end, atoms)
        if labels & {"low_back_pain", "radicular_pain", "pain", "radiates"}:
            _pain(note, start, end, atoms)
        if "region" in labels:
            _scored_back(note, start, end, atoms)
            _runs_down(note, start, end, atoms)
        if labels & _SPHINCTER_WORDS:
            _sphincters(note, start, end, atoms)
    read_later_course(note)


_SCORED = re.compile(
    r"\s{0,4}(?:is|at|:|-|now|achy|pain)?\s{0,3}\d{1,2}(?:\s?-\s?\d{1,2})?\s?/\s?10\b", re.IGNORECASE
)


def _scored_back(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    """ "Low back 4/10": a score of pain behind the place, with no word for it."""
    if note.category(start) in ("exam", "vitals"):
        return
    for atom in atoms:
        if atom.attribute("region") == "lumbar" and "low_back_pain" not in atom.labels:
            place = " ".join(note.norms(atom.start, atom.end))
            if place in _LOW_BACKS and _SCORED.match(note.words.text, note.words.ends[atom.end - 1]):
                _add_pain(note, "low_back_pain", atom.start, atom.end, atoms, atom, region="lumbar")


_LOW_BACKS = frozenset(("low back", "lower back", "lb", "back", "lumbar", "lumbar spine", "l spine"))
_PROXIMAL = frozenset("buttock buttocks hip hips groin low back lower waist sacrum butt".split())
_DISTAL = frozenset(
    "shin shins calf calves foot feet toe toes ankle ankles knee knees heel heels thigh thighs leg legs sole".split()
)
_FEELS = frozenset(
    "pain pains ache aches aching burning burn burns shooting electric electrical shock shocks zinger zingers zing zaps wire lightning stabbing sharp "
    "throbbing cramp cramps sciatica".split()
)


def _runs_down(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    """ "A hot wire from the left buttock to the outer shin": it runs from the one place to the other."""
    norms = note.words.norms
    if note.category(start) in ("exam", "vitals", "plan") or not _FEELS & set(norms[start:end]):
        return
    places = [a for a in atoms if "region" in a.labels]
    for first, second in itertools.pairwise(places):
        between = norms[first.end : second.start]
        if (
            norms[first.end - 1] in _PROXIMAL
            and norms[second.end - 1] in _DISTAL
            and len(between) <= 5
            and {"to", "into", "down"} & set(between)
            and "," not in between
        ):
            if any(m.type == "radicular_pain" and start <= m.start < end for m in note.mentions):
                return
            head = next(i for i in range(start, end) if norms[i] in _FEELS)
            label = note.assess(head, head + 1).label
            if note.assess(first.start, first.end).label == "present" == label:
                note.add(
                    "radicular_pain", first.start, second.end, label, side=nearest_side(note, atoms, first, 3)
                )
            return


_STIFF = frozenset(("stiff", "stiffness", "stiffer"))
_NOT_BACK = frozenset(["neck", "fingers", "finger", "appointment", "knuckles", "jaw"])
_MORNINGS = frozenset(("morning", "mornings", "a.m", "wakes", "waking", "awakening"))


def _stiff_mornings(note: Note, start: int, end: int, labels: set[str]) -> None:
    """ "Getting up in the morning she is not stiff": the two words stand apart."""
    if "morning_stiffness" in labels:
        return
    norms = note.words.norms
    for i in range(start, end):
        if (
            norms[i] in _STIFF
            and _MORNINGS & set(norms[max(start, i - 8) : min(end, i + 9)])
            and not _NOT_BACK & set(norms[start:end])
        ):
            note.add("morning_stiffness", i, i + 1, note.assess(i, i + 1).label)
            return


_WHERE = frozenset(
    [
        "where",
        "site",
        "sites",
        "region",
        "regions",
        "location",
        "area",
        "areas",
        "pain",
        "hurt",
        "hurts",
        "complaint",
        "body",
        "part",
        "parts",
    ]
)


def _ticked_places(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    """A form asks where it hurts: the ticked "[x] low back" is a complaint, the ticked "[x] leg" too."""
    norms, marks = note.words.norms, note.layout.marks
    if note.category(start) in ("exam", "vitals", "results", "plan"):
        return
    asked = set(norms[start:end]) | set(norms[max(0, start - 12) : start])
    if not asked & _WHERE or "[" not in norms[start:end]:
        return
    for atom in atoms:
        ticked = norms[max(0, atom.start - 2) : atom.start] == ["x", "]"]
        if not ticked or marks[atom.start] == UNTICKED or "pain" in atom.labels:
            continue
        if atom.attribute("region") == "lumbar":
            note.add("low_back_pain", atom.start, atom.end, "present", region="lumbar")
        elif atom.attribute("region") in _LEG and _is_leg(atom):
            note.add(
                "radicular_pain", atom.start, atom.end, "present", side=nearest_side(note, atoms, atom, 3)
            )


_NUMBER = re.compile(r"\d{2,3}(?:\.\d)?")
_EARLIER = frozenset(
    [
        "in",
        "last",
        "was",
        "previous",
        "previously",
        "prior",
        "at",
        "on",
        "from",
        "same",
        "year",
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "spring",
        "summer",
        "fall",
        "winter",
        "easter",
        "christmas",
    ]
)


def _weights(note: Note) -> None:
    """ "Weight 148 (149 in June)": two weights that agree deny a loss."""
    norms = note.words.norms
    for i, norm in enumerate(norms):
        if norm not in ("weight", "wt", "wgt", "weighs") or note.category(i) == "family":
            continue
        end = min(note.sentence_of(i)[1], i + 14)
        numbers = [
            k
            for k in range(i + 1, end)
            if _NUMBER.fullmatch(norms[k]) and "/" not in (norms[k - 1], *norms[k + 1 : k + 2])
        ]
        if len(numbers) < 2 or numbers[0] - i > 4:
            continue
        now, before = float(norms[numbers[0]]), float(norms[numbers[1]])
        told = norms[numbers[1] - 1] == "(" or _EARLIER & set(norms[numbers[0] + 1 : numbers[1] + 3])
        if told and 25 < now < 450 and abs(now - before) <= 0.03 * before:
            note.add("weight_loss", i, numbers[1] + 1, "absent")


#: "T 38.7", "Tmax 101.2", "temp: 38.4 C".
_MEASURED = re.compile(r"\b(?:T|Tmax|Tm|Temp|temp|TEMP)\s?:?\s?(\d{2,3}\.\d)\b")


def _temperatures(note: Note) -> None:
    """ "Temps at home 97.6-98.4": a log of normal temperatures denies a fever."""
    for match in (
        _MEASURED.finditer(note.words.text) if "t" in note.words.norms or note.holds("tmax", "temp") else ()
    ):
        value = float(match[1])
        if 38.0 <= value < 43 or 100.4 <= value < 109:
            i = bisect_left(note.words.starts, match.start())
            if i < len(note.words) and note.category(i) not in ("pmh", "family", "instructions"):
                note.add("fever", i, i + 1, "present")
            break
    if not note.holds("temps", "temperatures", "temperature"):
        return
    norms = note.words.norms
    for i, norm in enumerate(norms):
        if not norm.startswith("temp") or (
            norm not in ("temps", "temperatures") and norms[i : i + 3] != ["temperature", "at", "home"]
        ):
            continue
        numbers = [float(w) for w in norms[i + 1 : i + 8] if _NUMBER.fullmatch(w)]
        if numbers and (max(numbers) < 37.8 or 90 < max(numbers) < 100) and min(numbers) > 34:
            note.add("fever", i, i + 1, "absent")


# Pain -------------------------------------------------------------------------------------------------------
# -----------


def _pain(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    back: list[Mention] = []
    legs: list[Mention] = []
    norms = note.words.norms
    exam = note.category(start) in ("exam", "vitals")
    for at, atom in enumerate(atoms):
        direct = atom.get("low_back_pain")
        if direct is not None:
            if exam and {"range", "flexion", "extension", "rom", "palpation", "tender"} & set(
                norms[start:end]
            ):
                continue
            if direct.attributes.get("assertion") == "absent":
                if note.assess(atom.start, atom.end).label not in ("hypothetical", "family"):
                    note.add("low_back_pain", atom.start, atom.end, "absent", region="lumbar")
                    if "radicular_pain" in atom.labels:
                        note.add("radicular_pain", atom.start, atom.end, "absent")
                continue
            mention = _add_pain(note, "low_back_pain", atom.start, atom.end, atoms, atom, region="lumbar")
            if mention:
                back.append(mention)
                leg = _coordinated_leg(note, atoms, atom) if mention.assertion == "absent" else None
                if leg is not None:  # "no pain in his back, neck, arms or legs"
                    _add_pain(note, "radicular_pain", atom.start, leg.end, atoms, atom)
            tail = norms[atom.end - 2 : atom.end]
            if "leg" in norms[atom.start : atom.end] or "leg" in tail:
                _add_pain(note, "radicular_pain", atom.start, atom.end, atoms, atom)
            continue
        radicular = atom.get("radicular_pain")
        if radicular is not None:
            if radicular.attributes.get("assertion") == "absent":
                if note.assess(atom.start, atom.end).label not in ("hypothetical", "family"):
                    note.add("radicular_pain", atom.start, atom.end, "absent")
                continue
            if exam and any("slr" in a.labels for a in atoms):
                continue
            if radicular.attributes.get("region") or _is_cervical(note, atom):
                continue  # of the neck and arm
            mention = _add_pain(
                note,
                "radicular_pain",
                atom.start,
                atom.end,
                atoms,
                atom,
                region=radicular.attributes.get("region"),
            )
            if mention:
                legs.append(mention)
            before = atoms[at - 1] if at else None
            if (
                before is not None
                and before.attribute("region") == "lumbar"
                and atom.start - before.end <= 3
                and {"and", ",", "/", "&", "+", "or"} & set(norms[before.end : atom.start + 1])
            ):
                more = _add_pain(note, "low_back_pain", before.start, atom.end, atoms, atom, region="lumbar")
                if more:
                    back.append(more)
            continue
        if exam:
            continue
        if "pain" in atom.labels and "low_back_pain" not in atom.labels:
            place = _pain_place(note, atoms, at, start, end)
            if place is None:
                continue
            if place.attribute("region") != "lumbar" and place.start < atom.start:
                joined = _back_with(note, atoms, place)
                if joined is not None:
                    mention = _add_pain(
                        note, "low_back_pain", joined.start, atom.end, atoms, atom, region="lumbar"
                    )
                    if mention:
                        back.append(mention)
            region = place.attribute("region")
            first, last = min(atom.start, place.start), max(atom.end, place.end)
            if region == "lumbar":
                mention = _add_pain(note, "low_back_pain", first, last, atoms, atom, region="lumbar")
                if mention:
                    back.append(mention)
                joined = _coordinated_leg(note, atoms, place)
                if joined is not None:
                    _add_pain(
                        note, "radicular_pain", min(first, joined.start), max(last, joined.end), atoms, joined
                    )
            elif (
                region in _LEG
                and norms[atom.start]
                not in (
                    "stiffness",
                    "tightness",
                    "tight",
                    "stiff",
                    "cramps",
                    "cramping",
                    "cramp",
                    "sore",
                    "soreness",
                    "symptoms",
                    "catch",
                    "catches",
                    "bothers",
                    "bothering",
                    "troubles",
                )
                and _is_leg(place)
                and not _is_foot_or_hip(note, place)
                and "knee" not in norms[place.start : place.end]
            ) or (region in _LEG and norms[atom.start] == "symptoms"):
                mention = _add_pain(note, "radicular_pain", first, last, atoms, atom)
                if mention:
                    legs.append(mention)
        elif "radiates" in atom.labels and _reaches(note, atoms, atom):
            target = next(
                (o for o in atoms[at:] if o.attribute("region") and 0 <= o.start - atom.end <= 8), None
            )
            named = set(norms[atom.start : atom.end])
            region = (
                str(target.attribute("region"))
                if target is not None
                else "lower_extremity"
                if named & {"leg", "legs", "thigh", "calf", "foot", "buttock", "lle", "rle", "thighs"}
                else None
            )
            label = note.assess(atom.start, atom.end).label
            if region in ("hip", "knee"):
                region = "lower_extremity"
            if region is None:
                if label == "absent" and {"radiation", "radiating", "radiates", "radiate"} & named:
                    note.add("radicular_pain", atom.start, atom.end, "absent")
                continue
            if (
                region == "lower_extremity"
                and target is not None
                and not _is_leg(target)
                and label == "present"
            ):
                continue  # pain as far as the buttock is no leg pain
            if region == "lower_extremity" and _numb_goes(atoms, atom):
                continue
            if region == "lower_extremity":
                end_ = target.end if target is not None else atom.end
                mention = _add_pain(note, "radicular_pain", atom.start, max(atom.end, end_), atoms, atom)
                if mention:
                    legs.append(mention)
                    if (
                        label == "present"
                        and not back
                        and not _other_region(atoms, atom)
                        and note.category(start)
                        in ("hpi", "complaint", "", "interval", "assessment", "assessment_plan")
                    ):
                        pass
            elif region == "lumbar" and label == "absent":
                continue


def _is_cervical(note: Note, atom: Atom) -> bool:
    """ "C7 radiculopathy", "cervical and arm radiculopathy"."""
    near = note.norms(atom.start - 3, atom.end + 2)
    return bool({"cervical", "arm", "neck", "upper"} & set(near)) or any(
        w[0] == "c" and w[1:] in ("4", "5", "6", "7", "8") for w in near
    )


def _back_with(note: Note, atoms: Sequence[Atom], place: Atom) -> Atom | None:
    """The back before a place of the same pain: "low back and right buttock pain"."""
    for other in atoms:
        near = other.attribute("region") == "lumbar" and 0 < place.start - other.end <= 4
        if near and {"and", "or", "/", ",", "&", "+"} & set(note.norms(other.end, place.start)):
            return other
    return None


def _is_leg(place: Atom) -> bool:
    return str(place.attribute("site")) != "buttock"


_FEET = frozenset(["feet", "soles", "heels", "ankles", "ankle", "heel"])


def _is_foot_or_hip(note: Note, place: Atom) -> bool:
    """Burning feet come from no root, and the thigh ache of a bad hip not either."""
    words = set(note.norms(place.start, place.end))
    if words & _FEET:
        return True
    if not words & {"thigh", "thighs"} or any(
        "low_back_pain" in m.type for m in note.mentions if m.assertion == "present"
    ):
        return False
    return any(a.attribute("region") == "hip" for a in note.atoms_in(max(0, place.start - 40), place.start))


def _reaches(note: Note, atoms: Sequence[Atom], radiates: Atom) -> bool:
    """False where hands reach for the knees or a baby for a toy, and no pain does."""
    if not note.words.norms[radiates.start].startswith("reach"):
        return True
    start, end = note.sentence_of(radiates.start)
    told = any(
        {"pain", "low_back_pain", "radicular_pain"} & set(a.labels) for a in atoms if a.start < radiates.start
    )
    return told and not {"fingertips", "fingers", "hands", "hand"} & set(note.norms(start, end))


def _numb_goes(atoms: Sequence[Atom], radiates: Atom) -> bool:
    """ "numbness down her legs": it is the numbness that runs."""
    near = [a for a in atoms if 0 <= radiates.start - a.end <= 2]
    return any("numb" in a.labels for a in near) and not any(
        "pain" in a.labels for a in atoms if a.start < radiates.start
    )


def _other_region(atoms: Sequence[Atom], atom: Atom) -> bool:
    return any(
        o.attribute("region") in ("cervical", "shoulder", "upper_extremity", "hip", "knee")
        for o in atoms
        if o.start < atom.start
    )


_LISTS = frozenset(("history of", "hx of", "h/o", "hx", "history significant for", "history notable for"))


def _pain_place(note: Note, atoms: Sequence[Atom], at: int, start: int, end: int) -> Atom | None:
    """The place of a pain word: right before it ("lumbar ache"), or after a preposition ("ache across the
    low back").
    """
    atom = atoms[at]
    norms = note.words.norms
    best: tuple[int, Atom] | None = None
    for other in atoms:
        if (
            not other.attribute("region")
            or other is atom
            or "muscle" in other.labels
            or "reflex" in other.labels
        ):
            continue
        if other.end <= atom.start:
            gap = atom.start - other.end
            between = norms[other.end : atom.start]
            if gap > 6 or (
                note.has_comma(other.end, atom.start)
                and not all(
                    w in ("and", "or", ",", "/", "leg", "legs", "buttock", "hip", "left", "right", "neck")
                    for w in between
                )
            ):
                continue
            cost = gap
        else:
            gap = other.start - atom.end
            between = norms[atom.end : other.start]
            if (
                gap > 9
                or ";" in between
                or "but" in between
                or ("," in between and other.attribute("region") != "lumbar")
            ):
                continue
            cost = gap + (
                0
                if {"in", "across", "over", "to", "of", "at", "along", "down", "into", "on"} & set(between)
                else 2
            )
        if best is None or cost < best[0]:
            best = (cost, other)
    if best is None:
        category = note.layout.parts[note.layout.part[start]]
        title = norms[category.start : category.title_end]
        if category.parent == "sub" and {"back", "spine", "lumbar"} & set(title):
            return None
        return None
    place = best[1]
    if place.attribute("region") in _NOT_SPINE:
        return None
    if norms[place.start : place.end] in (["spine"], ["sacrum"], ["sacral"], ["back"]) and any(
        o.attribute("region") in ("cervical", "thoracic") and abs(o.start - place.start) <= 2 for o in atoms
    ):
        return None
    if norms[place.start : place.end] == ["back"] and norms[place.start - 1] in _MOVES:
        return None
    if (
        norms[place.start : place.end] == ["back"]
        and norms[place.end : place.end + 2][:1]
        in (["of"], ["to"], ["in"], ["at"], ["for"], ["from"], ["on"])
        and norms[place.end] in ("of", "to", "at")
    ):
        return None
    return place


#: "when she took a step back", "goes back to work", "two weeks back": no part of the body.
_MOVES = frozenset(
    ("go", "goes", "going", "gone", "went", "come", "comes", "came", "coming", "get", "gets", "got", "getting",
     "hold", "held", "right", "is", "be", "been", "bring", "brings", "brought", "report", "him", "her", "call",
     "called", "calls", "see", "sat", "sit", "sits", "dates", "dating", "further", "pushed", "moved", "moves",
     "pulls", "pull", "step", "steps", "stepped", "stepping", "look", "looks", "looked", "looking", "weeks",
     "months", "years", "days", "year", "month", "week", "while", "put", "fight", "bounced", "welcome", "fell")
)  # fmt: skip


def _coordinated_leg(note: Note, atoms: Sequence[Atom], place: Atom) -> Atom | None:
    for other in atoms:
        if (
            other.attribute("region") in _LEG
            and other.start > place.end
            and other.start - place.end <= 8
            and {"and", "/", ",", "&", "into", "to"} & set(note.norms(place.end, other.start))
        ):
            return other
    return None


def _is_never_before(note: Note, head: Atom) -> bool:
    return bool({"before", "previously"} & set(note.norms(head.end, head.end + 3))) and "never" in note.norms(
        head.start - 5, head.start
    )


_OPERATIONS = frozenset(
    [
        "surgery",
        "operation",
        "fusion",
        "discectomy",
        "microdiscectomy",
        "laminectomy",
        "decompression",
        "procedure",
    ]
)


def _is_before_surgery(note: Note, head: Atom) -> bool:
    """ "Before surgery he had a burning left leg": told in the past tense, it is over."""
    start, _ = note.sentence_of(head.start)
    norms = note.norms(max(start, head.start - 9), head.start)
    for i, norm in enumerate(norms):
        if norm in ("before", "prior", "preoperatively", "preop", "pre-op") and "had" in norms[i:]:
            return norm.startswith("preop") or norm == "pre-op" or bool(_OPERATIONS & set(norms[i : i + 4]))
    return False


def _is_reason(note: Note, head: Atom) -> bool:
    """ "Return for low back pain, 14 months": at the head of a visit this is why the patient came."""
    start, _ = note.sentence_of(head.start)
    norms = note.words.norms
    return (
        norms[start] in ("return", "returns", "follow", "followup", "seen", "returning")
        and note.category(start) in ("", "complaint", "hpi", "interval")
        and "if" not in norms[start : head.start]
        and head.start - start <= 4
    )


def _add_pain(
    note: Note,
    type_: str,
    first: int,
    last: int,
    atoms: Sequence[Atom],
    head: Atom,
    region: str | None = None,
) -> Mention | None:
    stands = note.assess(head.start, head.end)
    label = stands.label
    if label == "absent" and (stands.historical or _is_never_before(note, head)):
        return None  # "no prior back trouble", "never had back pain before"
    if label == "hypothetical" and _is_reason(note, head):
        label = "present"
    if label == "present" and _is_before_surgery(note, head):
        label = "historical"
    if (
        label == "historical"
        and type_ == "low_back_pain"
        and all(note.words.text[a:b].lower() in _LISTS for a, b, kind in stands.cues if kind == "historical")
    ):
        label = "present"  # "history of depression, back pain"
    if head.start != first:
        place_label = note.assess(first, first + 1).label
        if place_label in ("absent", "family", "hypothetical"):
            label = place_label
    mention = note.add(type_, first, last, label, region=region)
    if mention is None:
        return None
    named = {word for word in note.norms(head.start, head.end) if word in ("left", "right", "bilateral")}
    side = named.pop() if len(named) == 1 else nearest_side(note, atoms, head, 5)
    if side and type_ == "radicular_pain":
        mention.attributes["side"] = side
    if label != "present":
        return mention
    read_course(note, mention, head)
    return mention


# Bladder and bowel
# -------------------------------------------------------------------------------------------------------


def _sphincters(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    norms = note.words.norms
    for at, atom in enumerate(atoms):
        labels = set(atom.labels)
        whole = [entry for entry in atom.entries if entry.label in _SPHINCTERS]
        if whole:
            _said_whole(note, atoms, atom, whole)
        elif labels & {"bladder_bowel_problem"}:
            _sphincter(note, atom.start, atom.end, atoms, atom, ("bladder_dysfunction", "bowel_dysfunction"))
        elif "bladder_problem" in labels:
            _sphincter(note, atom.start, atom.end, atoms, atom, ("bladder_dysfunction",))
        elif "bowel_problem" in labels:
            _sphincter(note, atom.start, atom.end, atoms, atom, ("bowel_dysfunction",))
        elif "continent" in labels:
            if note.assess(atom.start, atom.end).label == "present":
                for type_ in ("bladder_dysfunction", "bowel_dysfunction"):
                    note.add(type_, atom.start, atom.end, "absent")
        elif labels & {"bladder", "bowel", "bladder_bowel"}:
            types = (
                ("bladder_dysfunction", "bowel_dysfunction")
                if "bladder_bowel" in labels
                else ("bladder_dysfunction",)
                if "bladder" in labels
                else ("bowel_dysfunction",)
            )
            _subject(note, start, end, atoms, at, types)
        elif "incontinence" in labels and not any(
            {"bladder", "bowel", "bladder_bowel"} & set(a.labels)
            for a in atoms
            if abs(a.start - atom.start) <= 5
        ):
            label = note.assess(atom.start, atom.end).label
            if label != "present" and norms[atom.start] in ("accidents", "leaks"):
                if norms[atom.start] == "leaks":
                    _sphincter(note, atom.start, atom.end, atoms, atom, ("bladder_dysfunction",))
                elif any(_SPHINCTER_WORDS & set(a.labels) for a in atoms if a is not atom):
                    _sphincter(note, atom.start, atom.end, atoms, atom, _SPHINCTERS)
            elif norms[atom.start] in ("incontinence", "incontinent"):
                _sphincter(
                    note,
                    atom.start,
                    atom.end,
                    atoms,
                    atom,
                    ("bladder_dysfunction", "bowel_dysfunction")
                    if label != "present"
                    else ("bladder_dysfunction",),
                )


_TITLES = {
    "bladder": ("bladder_dysfunction",),
    "bowel": ("bowel_dysfunction",),
    "bowels": ("bowel_dysfunction",),
}


def _titled_sphincters(note: Note) -> None:
    """ "Bladder/bowel: normal", where the words are read as the title of a part."""
    for part in note.layout.parts:
        types = [type_ for word in note.norms(part.start, part.title_end) for type_ in _TITLES.get(word, ())]
        said = note.atoms_in(part.title_end, min(part.end, part.title_end + 3)) if types else ()
        if said and "normal" in said[0].labels and not note.assess(said[0].start, said[0].end).negated:
            for type_ in types:
                note.add(type_, part.start, said[0].end, "absent")


def _said_whole(note: Note, atoms: Sequence[Atom], atom: Atom, entries: Sequence[Entry]) -> None:
    """A phrase of the bladder or bowel lexicon; one that holds its own denial denies, unless it is denied
    or foreseen.
    """
    types = tuple(entry.label for entry in entries if not entry.attributes.get("ignore"))
    if not types:
        return
    attributes = entries[0].attributes
    if attributes.get("assertion") == "absent":
        label = note.assess(atom.start, atom.end).label
        if note.norms(atom.end, atom.end + 1) == [":"] and "unchanged" in note.norms(atom.start, atom.end):
            return  # "Bladder unchanged: urge incontinence"
        if label not in ("hypothetical", "family"):
            label = "present" if _NOT & set(note.norms(atom.start - 2, atom.start)) else "absent"
        for type_ in types:
            note.add(type_, atom.start, atom.end, label)
        return
    words = set(note.norms(atom.start, atom.end))
    is_cause = attributes.get("attributed_elsewhere") and "incontinence" not in words
    if is_cause and note.assess(atom.start, atom.end).label == "absent":
        return  # "does not leak with cough" denies a cause, not the trouble
    for mention in _sphincter(note, atom.start, atom.end, atoms, atom, types):
        for key, value in attributes.items():
            mention.attributes.setdefault(key, value)


def _is_untroubled(note: Note, atoms: Sequence[Atom], at: int) -> bool:
    """ "no change in bladder or bowel function", "no trouble with urine or stool", "no problems, voiding"."""
    first = atoms[at].start
    for before in reversed(atoms[:at]):
        if first - before.end > 3 or not set(note.norms(before.end, first)) <= _LISTING:
            return False
        words = note.norms(before.start, before.end)
        if words[0] in ("no", "without", "not") and _NO_TROUBLE & set(words):
            return True
        if not {"bladder", "bowel", "bladder_bowel", "done_word", "region"} & set(before.labels):
            return False
        first = before.start
    return False


_LISTING = frozenset(
    (
        ",",
        "or",
        "and",
        "/",
        "with",
        "w",
        "w/",
        "his",
        "her",
        "the",
        "in",
        "of",
        "&",
        "to",
        "any",
        "new",
        "their",
    )
)


_CAUSES = frozenset(["cause", "causes", "source", "etiology", "explanation", "reason"])


def _subject(
    note: Note, start: int, end: int, atoms: Sequence[Atom], at: int, types: tuple[str, ...]
) -> None:
    """ "bladder control normal", "no bowel or bladder changes", "trouble with his bladder"."""
    atom = atoms[at]
    if _is_untroubled(note, atoms, at):
        for type_ in types:
            note.add(type_, atom.start, atom.end, "absent")
        return
    best: tuple[int, Atom] | None = None
    for other in atoms:
        if "problem" not in other.labels:
            continue
        gap = other.start - atom.end if other.start >= atom.end else atom.start - other.end
        between = note.norms(min(other.end, atom.end), max(other.start, atom.start))
        commas = between.count(",")
        if (
            gap <= 8
            and ";" not in between
            and "." not in between
            and commas <= 2
            and (best is None or gap < best[0])
        ):
            best = (gap, other)
    said = predicate(note, atoms, at, frozenset(("normal",)))
    if best is not None and (said is None or abs(said[1].start - atom.start) >= best[0]):
        problem = best[1]
        first, last = min(atom.start, problem.start), max(atom.end, problem.end)
        _sphincter(note, first, last, atoms, problem, types)
        return
    if (
        said is not None
        and said[0] == "normal"
        and abs(said[1].start - atom.end) <= 9
        and note.category(start) not in ("plan",)
    ):
        scope = note.assess(atom.start, atom.end)
        label = "absent" if scope.label in ("present", "absent", "historical", "possible") else scope.label
        last = max(atom.end, said[1].end)
        if note.norms(last, last + 1) == [":"] and "unchanged" in note.norms(atom.end, last):
            return  # "Bladder unchanged: urge incontinence"
        for type_ in types:
            note.add(type_, min(atom.start, said[1].start), last, label)
        return
    label = note.assess(atom.start, atom.end).label
    if _CAUSES & set(note.norms(atom.end, atom.end + 5)):
        return  # "no urinary or pelvic floor cause"
    before = atoms[at - 1] if at else None
    if (
        label == "hypothetical"
        and before is not None
        and atom.start - before.end <= 1
        and "change" in note.norms(before.start, before.end)
    ):
        for type_ in types:  # "any change in bladder control"
            note.add(type_, atom.start, atom.end, "hypothetical")
        return
    if label == "absent" and (
        note.words.norms[atom.start] in ("bowel", "bladder", "b", "b/b", "urinary", "bowels", "sphincter")
        or "bladder_bowel" in atom.labels
    ):
        for type_ in types:
            note.add(type_, atom.start, atom.end, "absent")


def _blames(note: Note, cause: Atom) -> bool:
    """Not "no UTI", "without a prolapse", "does not leak with cough": a cause that is denied explains
    nothing.
    """
    if note.assess(cause.start, cause.end).label in ("absent", "hypothetical", "family"):
        return False
    return note.norms(cause.end, cause.end + 2)[:1] not in (["negative"], ["excluded"])


_CATHETER = frozenset(
    ["ml", "cc", "retention", "drained", "residual", "pvr", "urinate", "void", "unable", "scan", "er", "ed"]
)


def _for_retention(note: Note, start: int, end: int) -> bool:
    """A catheter tells of retention beside its volume or its reason, not in an operating room."""
    norms = set(note.norms(start, end))
    return bool(norms & _CATHETER) and not norms & {
        "or",
        "intraoperative",
        "hysterectomy",
        "removed",
        "delivery",
    }


_VOLUMES = frozenset(("ml", "cc", "mls", "ccs"))
_RETAINED_ML = 300


def _residuals(note: Note) -> None:
    """ "Bladder scan 720 mL", "PVR 610 cc": so much urine left in the bladder is retention, found now."""
    if not note.holds("pvr", "scan", "scanner", "residual"):
        return
    norms = note.words.norms
    for i, norm in enumerate(norms):
        if norm not in ("pvr", "scan", "scanner", "residual") or note.category(i) in ("pmh", "family"):
            continue
        start, end = note.sentence_of(i)
        if norm.startswith("scan") and not {"bladder", "pvr"} & set(norms[max(start, i - 4) : i]):
            continue
        for k in range(i + 1, min(end - 1, i + 8)):
            if norms[k].isdigit() and norms[k + 1] in _VOLUMES:
                if int(norms[k]) < 100 and norm == "pvr":
                    note.add("bladder_dysfunction", i, k + 2, "absent", kind="retention")
                    return
                if _RETAINED_ML <= int(norms[k]) < 3000 and note.assess(i, i + 1).label == "present":
                    note.add("bladder_dysfunction", i, k + 2, "present", kind="retention", recent=True)
                    return
                break


def _sphincter(
    note: Note, first: int, last: int, atoms: Sequence[Atom], head: Atom, types: tuple[str, ...]
) -> list[Mention]:
    label = note.assess(head.start, head.end).label
    if label == "present" and first != head.start and note.assess(first, first + 1).label == "absent":
        label = "absent"
    norms = note.words.norms
    phrase = set(norms[first:last])
    generic = phrase & {
        "change",
        "changes",
        "complaints",
        "issues",
        "concern",
        "concerns",
        "symptoms",
        "issue",
        "complaint",
        "problems",
        "involvement",
    }
    if (
        label == "present"
        and generic
        and not phrase & {"incontinence", "retention", "dysfunction"}
        and note.category(first) in ("instructions", "plan")
    ):
        return []
    found: list[Mention] = []
    start, end = note.sentence_of(first)
    if "foley" in phrase and label == "present" and not _for_retention(note, start, end):
        return []
    inherent = next(
        (a for a in note.atoms_in(start, end) if "inherent" in a.labels and _blames(note, a)), None
    )
    near = [a for a in note.atoms_in(start, end)]
    old = next((a for a in near if "old" in a.labels and norms[a.start] not in ("stable", "known")), None)
    new = next((a for a in near if "new" in a.labels), None)
    kind = (
        "retention"
        if {"retention", "foley", "void", "urinate", "hesitancy", "emptying"} & phrase
        else "incontinence"
        if {"incontinence", "incontinent", "accidents", "leakage", "leaks", "leaking"} & phrase
        else None
    )
    for type_ in types:
        mention = note.add(type_, first, last, label, kind=kind)
        if mention is None:
            continue
        found.append(mention)
        if label not in ("present", "historical", "possible"):
            continue
        stress = "stress" in phrase or ("urge" in phrase and phrase & {"incontinence", "leakage", "leaking"})
        if inherent is not None or stress:
            mention.attributes["attributed_to"] = "inherent"
            mention.attributes["attributed_elsewhere"] = True
        if old is not None and new is None:
            mention.attributes["old_or_new"] = "old"
        elif new is not None:
            mention.attributes["old_or_new"] = "new"
            mention.attributes["recent"] = True
        elif "foley" in phrase and label == "present":
            mention.attributes["recent"] = True
        read_onset(note, mention, start, end)
    return found

"""Examination findings: strength by muscle and side, reflexes, sensation, tone, gait, straight leg raise, tenderness.

Each sentence is read as subjects (strength, a muscle, a reflex, a place) with predicates (a grade, normal, absent) and
sides. A finding counts as examined where it stands in an examination or is of a kind that only an examiner has
(criteria.md G4): a grade, pinprick, a reflex.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlp.exam_base import ARMS, arm_region, column_order, examined_label, in_row, nearest_side, predicate, signed, standing, topic
from nlp.exam_reflexes import read_reflexes
from nlp.exam_slr import read_leg_raise, read_titled_leg_raise
from nlp.exam_strength import read_strength
from nlp.mentions import Atom
from nlp.note import Note, side_of



def read_exam(note: Note) -> None:
    """Add every examination mention of a note."""
    for start, end, atoms in note.sentences():
        labels = {label for atom in atoms for label in atom.labels}
        if _is_electrodiagnostic(note, start, end):
            continue
        if labels & _MOTOR or "strength" in topic(note, start):
            read_strength(note, start, end, atoms, labels)
        if labels & {"reflex", "reflex_word"} or "reflex" in topic(note, start) or labels & {"region", "muscle"} and note.is_exam(start):
            read_reflexes(note, start, end, atoms)
        if labels & {"sensation", "numb"} or "sensation" in topic(note, start):
            _sensation(note, start, end, atoms)
        read_titled_leg_raise(note, start, end, atoms)
        if labels & _OTHERS:
            _others(note, start, end, atoms)


_MOTOR = frozenset(("muscle", "strength", "weak", "strong", "walk_test", "side", "region"))
_ELECTRIC = frozenset(
    "fibrillation fibrillations fibs psw psws insertional amplitude amplitudes latency latencies recruitment polyphasia polyphasic mup mups muap muaps cmap snap snaps denervation".split()
)


def _is_electrodiagnostic(note: Note, start: int, end: int) -> bool:
    """The muscles, sides and plus signs of an EMG are no examination."""
    norms = note.norms(start, end)
    return bool(_ELECTRIC & set(norms)) or "waves" in norms and "sharp" in norms


_OTHERS = frozenset(
    ("tone", "tone_word", "gait", "gait_kind", "walk_test", "slr", "spinal_tenderness_word", "tender", "babinski", "babinski_up",
     "babinski_down", "clonus", "hoffmann", "anal", "bulbocavernosus", "foot_drop_word")
)  # fmt: skip


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
    if "sensation" in topic(note, start) and not any({"sensation", "numb"} & set(a.labels) for a in atoms):
        _titled_sensation(note, start, end, atoms)
        return
    for at, atom in enumerate(atoms):
        if "sensation" in atom.labels:
            if exam and (_sensory_columns(note, start, end, atoms, at) or _felt(note, atoms, atom, start, end)):
                return
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
                if exam:
                    _sensory_exceptions(note, atoms, atom, said[1], start, end, done)
            elif said[0] in ("abnormal", "abnormal_up"):
                label = examined_label(note, said[1].start, said[1].end) if "cue" not in said[1].labels else "present"
                if exam or _is_examined(note, atom, said[1]):
                    _add_sensory(note, atoms, atom, said[1], label, start, end)
                elif note.words.norms[said[1].start] != "down":  # "an electric feeling down the leg"
                    _add_numb(note, atoms, said[1], label, start)
        elif "numb" in atom.labels and atom.start not in done:
            label = note.assess(atom.start, atom.end).label
            saddle = _near_saddle(note, atoms, atom)
            if saddle is not None:
                first, last = min(atom.start, saddle.start), max(atom.end, saddle.end)
                note.add("saddle_anesthesia", first, last, label)
                continue
            deficit = note.words.norms[atom.start] in ("sensory", "hypoesthesia", "hypaesthesia", "hypesthesia", "decreased", "loss", "focal")
            if exam and (label != "present" or deficit or _placed_by_examiner(note, atoms, atom, start, end)):
                _add_sensory(note, atoms, atom, atom, label, start, end)
            elif deficit and note.category(start) not in ("ros", "hpi", "interval", "complaint", "instructions"):
                _add_sensory(note, atoms, atom, atom, label, start, end)
            else:
                _add_numb(note, atoms, atom, label, start)


_SAYS = frozenset("reports reported reporting complains states stated subjective subjectively endorses describes described says feels feeling c/o notes".split())


def _placed_by_examiner(note: Note, atoms: Sequence[Atom], atom: Atom, start: int, end: int) -> bool:
    """Numbness with a dermatome, or numbness of a leg that nobody is said to report."""
    roots, _, region, _ = _place(note, atoms, atom, start, end)
    numb = note.words.norms[atom.start].startswith("numb")
    return bool(roots) or numb and region == "lower_extremity" and not _SAYS & set(note.norms(start, atom.start))


def _sensory_exceptions(note: Note, atoms: Sequence[Atom], subject: Atom, normal: Atom, start: int, end: int, done: set[int]) -> None:
    """"Intact except decreased over the right dorsal foot", "L4 normal, L5 diminished": what follows a normal."""
    for atom in atoms:
        if atom.start <= max(normal.start, subject.start) or atom.start in done:
            continue
        if {"reflex", "strength", "gait", "tone", "slr"} & set(atom.labels):
            return
        if "abnormal" in atom.labels and not {"sensation", "cue"} & set(atom.labels) and signed(note, "abnormal", atom) != "normal":
            done.add(atom.start)
            _add_sensory(note, atoms, subject if atom.start - subject.end < 4 else atom, atom, examined_label(note, atom.start, atom.end), start, end)


def _titled_sensation(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    """"Sensory: dull over the left L5": the title names what is felt."""
    for atom in atoms:
        for label in atom.labels:
            if label in ("normal", "abnormal", "abnormal_up"):
                meaning = signed(note, label, atom)
                _add_sensory(note, atoms, atom, atom, "absent" if meaning == "normal" else examined_label(note, atom.start, atom.end), start, end)
                break


def _sensory_columns(note: Note, start: int, end: int, atoms: Sequence[Atom], at: int) -> bool:
    """A table row with a result for each side: "Pin, dorsal foot    normal    decreased"."""
    if not in_row(note, start):
        return False
    gaps, norms = note.words.gaps, note.words.norms
    cells = [
        (atom, label) for atom in atoms[at + 1 :] for label in atom.labels
        if label in ("normal", "abnormal") and (len(gaps[atom.start]) > 1 or norms[atom.start - 1] == "|")
    ]  # fmt: skip
    if len(cells) != 2:
        return False
    for (said, label), side in zip(cells, column_order(note, start), strict=True):
        before = len(note.mentions)
        _add_sensory(note, atoms, atoms[at], said, "absent" if label == "normal" else "present", start, end)
        for mention in note.mentions[before:]:
            mention.attributes["side"] = side
    return True


def _felt(note: Note, atoms: Sequence[Atom], subject: Atom, start: int, end: int) -> bool:
    """"Feels light touch everywhere": what is felt is there, unless another word says less."""
    verb = next((i for i in range(max(start, subject.start - 3), subject.start) if note.words.norms[i] in _FEELS), None)
    if verb is None and note.norms(subject.end, subject.end + 1) in (["felt"], ["perceived"], ["appreciated"]):
        verb = subject.end
    if verb is None or {"not", "less", "cannot", "can't", "doesn't", "didn't", "barely"} & set(note.norms(verb - 2, verb + 3)):
        return False
    if any({"abnormal", "numb"} & set(atom.labels) and not {"sensation"} & set(atom.labels) for atom in atoms):
        return False
    _add_sensory(note, atoms, subject, subject, "absent", start, end)
    return True


_FEELS = frozenset("feels felt perceives perceived appreciates appreciated distinguishes distinguished discriminates discerns detects identifies recognizes".split())


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
    low, high = _own_chunk(note, atoms, atom, low, high)
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


def _own_chunk(note: Note, atoms: Sequence[Atom], atom: Atom, low: int, high: int) -> tuple[int, int]:
    """Between commas, where that names a level and another predicate stands elsewhere: "L4 normal, L5 diminished"."""
    if not any(low <= other.start < high and other is not atom and {"normal", "abnormal"} & set(other.labels) for other in atoms):
        return low, high
    norms = note.words.norms
    first, last = atom.start, atom.end
    while first > low and norms[first - 1] not in (",", ":"):
        first -= 1
    while last < high and norms[last] != ",":
        last += 1
    named = dermatomes(note, first, last) or any(first <= other.start < last and "territory" in other.labels for other in atoms)
    return (first, last) if named else (low, high)


def _side_within(note: Note, atoms: Sequence[Atom], low: int, high: int) -> str | None:
    """The side inside the name of a place: "outer left foot"."""
    for other in atoms:
        if low <= other.start < high and ("territory" in other.labels or "region" in other.labels) and not side_of(other):
            for word in note.norms(other.start, other.end):
                if word in ("left", "l", "right", "r"):
                    return "left" if word[0] == "l" else "right"
    return None


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
        "sensory_deficit", first, last, label, side=_side_within(note, atoms, *_clause(note, said, start, end)) or nearest_side(note, atoms, said, 10), dermatome=None if region in ARMS else ",".join(roots),
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
        elif "tone_word" in labels:
            region = arm_region(atoms, atom) or next((str(o.attribute("region")) for o in atoms if "region" in o.labels and o.attribute("region") in ARMS and abs(o.start - atom.start) < 5), None)
            note.add("increased_tone", atom.start, atom.end, note.assess(atom.start, atom.end).label, side=nearest_side(note, atoms, atom), region=region)
        elif "gait_kind" in labels:
            _gait_kind(note, atoms, atom, exam, category)
        elif "walk_test" in labels:
            norms = note.norms(max(start, atom.start - 6), atom.start)
            if atom.attribute("result") != "unable" and not any(w in norms for w in ("unable", "cannot", "can't", "not")) and (exam or category not in ("instructions", "plan")):
                said = predicate(note, atoms, at, frozenset(("normal", "abnormal")))
                if said is None or said[0] == "normal":
                    last = said[1].end if said is not None and said[1].start - atom.end < 6 else atom.end
                    note.add("gait_abnormality", atom.start, max(atom.end, last), "absent", specific=False)
        elif "gait" in labels:
            said = predicate(note, atoms, at)
            if said is not None and said[0] == "normal" and abs(said[1].start - atom.end) <= 8:
                note.add("gait_abnormality", min(atom.start, said[1].start), max(atom.end, said[1].end), "absent", specific=False)
            elif said is not None and said[0] == "abnormal" and exam and not any("gait_kind" in a.labels for a in atoms) and abs(said[1].start - atom.end) <= 3:
                note.add("gait_abnormality", min(atom.start, said[1].start), max(atom.end, said[1].end), examined_label(note, said[1].start, said[1].end), kind="unspecified")
        elif "slr" in labels:
            read_leg_raise(note, start, end, atoms, at)
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
                note.add(kind, min(atom.start, said[1].start), max(atom.end, said[1].end), examined_label(note, said[1].start, said[1].end) if "cue" not in said[1].labels else "present")
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

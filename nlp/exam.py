"""Examination findings: strength by muscle and side, reflexes, sensation, tone, gait, straight leg raise, tenderness.

Each sentence is read as subjects (strength, a muscle, a reflex, a place) with predicates (a grade, normal, absent) and
sides. A finding counts as examined where it stands in an examination or is of a kind that only an examiner has
(criteria.md G4): a grade, pinprick, a reflex.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlp.course import read_onset
from nlp.exam_base import (
    ARMS,
    arm_region,
    column_order,
    examined_label,
    in_row,
    nearest_side,
    predicate,
    signed,
    standing,
    topic,
)
from nlp.exam_reflexes import read_reflexes
from nlp.exam_slr import read_leg_raise, read_titled_leg_raise
from nlp.exam_strength import read_strength
from nlp.mentions import Atom
from nlp.note import Note, side_of


def read_exam(note: Note) -> None:
    """Add every examination mention of a note."""
    electric = note.holds(*_ELECTRIC_HINTS)
    for start, end in note.layout.sentences:
        atoms = [atom for atom in note.atoms_in(start, end) if not note.is_unticked(atom.start)]
        named = topic(note, start)
        if not atoms and not named and not _is_graded(note, start, end):
            continue  # "Motor: 5/5" holds no known word but its title
        labels = {label for atom in atoms for label in atom.labels}
        if electric and is_electrodiagnostic(note, start, end):
            continue
        if len(labels & _LISTED.keys()) > 1:
            _all_normal(note, start, atoms)
        if labels & _MOTOR or "strength" in named or _is_graded(note, start, end):
            read_strength(note, start, end, atoms, labels)
        if (
            labels & {"reflex", "reflex_word"}
            or "reflex" in named
            or (labels & {"region", "muscle"} and note.is_exam(start))
        ):
            read_reflexes(note, start, end, atoms)
        if "silt" in labels:
            _touch_intact(note, start, end, atoms)
        if labels & {"sensation", "numb"} or "sensation" in named:
            _sensation(note, start, end, atoms)
        read_titled_leg_raise(note, start, end, atoms)
        if labels & _OTHERS or named & {"gait", "tone"}:
            _others(note, start, end, atoms)
    _drop_vague_gaits(note)


_LISTED = {
    "strength": "motor_weakness", "sensation": "sensory_deficit", "reflex": "abnormal_reflex",
    "tone": "increased_tone", "tone_word": "increased_tone",
}  # fmt: skip


_FULL = re.compile(r"(?:^|otherwise|others?|groups|rest|,|;)\s*(?:are |is |all )?5\s?/\s?5", re.IGNORECASE)


def _is_graded(note: Note, start: int, end: int) -> bool:
    """ "5/5, DTR 2+", "Otherwise 5/5": a grade of strength that names no muscle, in an examination."""
    norms = note.words.norms
    if not ("5" in norms[start:end] and "/" in norms[start:end]) or note.category(start) != "exam":
        return False
    return _FULL.match(note.words.text[note.words.starts[start] : note.words.ends[end - 1]]) is not None or (
        _FULL.search(note.words.text, note.words.starts[start], note.words.ends[end - 1]) is not None
        and not {"pain", "visual", "waddell"} & set(norms[start:end])
    )


def _all_normal(note: Note, start: int, atoms: Sequence[Atom]) -> None:
    """ "Strength, sensation and reflexes normal": what is said of a list is said of each of its subjects."""
    run: list[Atom] = []
    for atom in atoms:
        if set(_LISTED) & set(atom.labels) and (
            not run or not set(note.norms(run[-1].end, atom.start)) - {",", "and", "&", "/", "+"}
        ):
            run.append(atom)
            continue
        if len(run) > 1:
            break
        run = [atom] if set(_LISTED) & set(atom.labels) else []
    if len({label for atom in run for label in atom.labels if label in _LISTED}) < 2:
        return
    before = next(
        (
            a
            for a in reversed(atoms)
            if a.end <= run[0].start and run[0].start - a.end <= 1 and "normal" in a.labels
        ),
        None,
    )
    after = next((a for a in atoms if a.start >= run[-1].end), None)
    while after is not None and ("region" in after.labels or "side" in after.labels):
        after = next((a for a in atoms if a.start >= after.end), None)
    said = before or (
        after if after is not None and "normal" in after.labels and after.start - run[-1].end <= 7 else None
    )
    if said is None or signed(note, "normal", said) != "normal" or ";" in note.norms(run[-1].end, said.start):
        return
    for atom in run:
        for label in atom.labels:
            if label in _LISTED:
                note.add(_LISTED[label], atom.start, atom.end, "absent", specific=False)


def _drop_vague_gaits(note: Note) -> None:
    """Where the note names a kind of gait, "gait disorder" and "unsteady" say no more than that."""
    kinds = {
        m.attributes.get("kind")
        for m in note.mentions
        if m.type == "gait_abnormality" and m.assertion == "present"
    }
    if kinds - {"unspecified", "antalgic", None}:
        note.mentions = [
            m
            for m in note.mentions
            if m.type != "gait_abnormality" or m.attributes.get("kind") != "unspecified"
        ]


_MOTOR = frozenset(
    ("neuro_normal", "muscle", "strength", "weak", "weak_said", "strong", "walk_test", "side", "region")
)
_ELECTRIC = frozenset(
    "fibrillation fibrillations fibs psw psws insertional amplitude amplitudes latency latencies recruitment polyphasia polyphasic mup mups muap muaps cmap snap snaps denervation".split()
)


#: Without one of these no sentence is of an EMG.
_ELECTRIC_HINTS = (*_ELECTRIC, "waves", "peroneal", "fibular", "tibial", "sural", "median", "ulnar", "h")


def is_electrodiagnostic(note: Note, start: int, end: int) -> bool:
    """The muscles, sides and plus signs of an EMG are no examination."""
    norms = set(note.norms(start, end))
    studied = norms & {"peroneal", "fibular", "tibial", "sural", "median", "ulnar"} and norms & {
        "motor",
        "sensory",
        "conduction",
        "response",
        "responses",
    }
    return (
        bool(_ELECTRIC & norms)
        or {"sharp", "waves"} <= norms
        or (bool(studied) and note.category(start) != "exam")
        or ({"h", "reflexes"} <= norms and note.category(start) == "results")
    )


_OTHERS = frozenset(
    ("tone", "tone_word", "gait", "gait_kind", "gait_normal", "walk_test", "slr", "spinal_tenderness_word", "tender", "babinski", "babinski_up",
     "babinski_down", "clonus", "hoffmann", "anal", "bulbocavernosus", "foot_drop_word")
)  # fmt: skip


# Sensation -------------------------------------------------------------------------------------------------------------


def dermatomes(note: Note, start: int, end: int) -> list[str]:
    """Lumbosacral dermatomes that the words between name by level ("left L5 and S1")."""
    found: list[str] = []
    norms = note.words.norms
    for i in range(start, end):
        norm = norms[i]
        if (
            len(norm) == 2
            and norm[0] in "ls"
            and norm[1] in "12345"
            and not (norm[0] == "s" and norm[1] not in "1")
        ):
            found.append(norm.upper())
        elif found and norm in "12345" and i and norms[i - 1] in ("-", "/", ",", "and", "&"):
            letter = "S" if norm == "1" and found[-1] == "L5" else "L"
            found.append(letter + norm)
    return list(dict.fromkeys(found))


def _sensation(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    exam = note.is_exam(start)
    done: set[int] = set()
    if "sensation" in topic(note, start) and not any(
        {"sensation", "numb"} & set(a.labels) and not note.words.norms[a.start].startswith("dermatom")
        for a in atoms
    ):
        _titled_sensation(note, start, end, atoms)
        return
    for at, atom in enumerate(atoms):
        if "sensation" in atom.labels:
            if _is_other_sense(note, atoms, atom):
                continue
            score = note.norms(atom.end, atom.end + 3)
            if (
                "filament" in note.words.norms[atom.end - 1]
                and len(score) == 3
                and score[1] == "/"
                and score[0].isdigit()
                and score[2].isdigit()
            ):
                _add_sensory(
                    note, atoms, atom, atom, "absent" if score[0] == score[2] else "present", start, end
                )
                continue
            if exam and (
                _sensory_columns(note, start, end, atoms, at) or _felt(note, atoms, atom, start, end)
            ):
                return
            if at and "sensation" in atoms[at - 1].labels and atom.start - atoms[at - 1].end <= 2:
                continue  # "pin and vibration": the list is one subject
            said = predicate(note, atoms, at)
            if said is None:
                continue
            if "reflex" in {
                lab
                for a in atoms
                if min(said[1].start, atom.start) < a.start < max(said[1].start, atom.start)
                for lab in a.labels
            }:
                continue
            if said[1].start in done and said[0] != "normal":
                continue
            done.add(said[1].start)
            if said[0] == "normal":
                _add_sensory(note, atoms, atom, said[1], "absent", start, end)
                if exam:
                    _sensory_exceptions(note, atoms, atom, said[1], start, end, done)
            elif said[0] in ("abnormal", "abnormal_up"):
                label = (
                    examined_label(note, said[1].start, said[1].end)
                    if "cue" not in said[1].labels
                    else "present"
                )
                if exam or _is_examined(note, atom, said[1]):
                    _add_sensory(note, atoms, atom, said[1], label, start, end)
                elif note.words.norms[said[1].start] != "down":  # "an electric feeling down the leg"
                    _add_numb(note, atoms, said[1], label, start)
        elif "numb" in atom.labels and note.words.norms[atom.end - 1] in ("symptoms", "complaints"):
            _add_numb(note, atoms, atom, note.assess(atom.start, atom.end).label, start)
        elif "numb" in atom.labels and atom.start not in done:
            label = note.assess(atom.start, atom.end).label
            saddle = _near_saddle(note, atoms, atom)
            if saddle is not None:
                first, last = min(atom.start, saddle.start), max(atom.end, saddle.end)
                note.add("saddle_anesthesia", first, last, label)
                continue
            deficit = note.words.norms[atom.start] in (
                "sensory",
                "hypoesthesia",
                "hypaesthesia",
                "hypesthesia",
                "decreased",
                "loss",
                "focal",
            )
            if (
                exam and (label != "present" or deficit or _placed_by_examiner(note, atoms, atom, start, end))
            ) or (
                deficit
                and note.category(start) not in ("ros", "hpi", "interval", "complaint", "instructions")
            ):
                _add_sensory(note, atoms, atom, atom, label, start, end)
            else:
                _add_numb(note, atoms, atom, label, start)


_SAYS = frozenset(
    "reports reported reporting complains states stated subjective subjectively endorses describes described says feels feeling c/o notes".split()
)


def _placed_by_examiner(note: Note, atoms: Sequence[Atom], atom: Atom, start: int, end: int) -> bool:
    """Numbness with a dermatome, or numbness of a leg that nobody is said to report."""
    roots, _, region, _ = _place(note, atoms, atom, start, end)
    numb = note.words.norms[atom.start].startswith("numb")
    return bool(roots) or (
        numb and region == "lower_extremity" and not _SAYS & set(note.norms(start, atom.start))
    )


def _sensory_exceptions(
    note: Note, atoms: Sequence[Atom], subject: Atom, normal: Atom, start: int, end: int, done: set[int]
) -> None:
    """ "Intact except decreased over the right dorsal foot", "L4 normal, L5 diminished": what follows a normal."""
    for atom in atoms:
        if atom.start <= max(normal.start, subject.start) or atom.start in done:
            continue
        if {"reflex", "strength", "gait", "tone", "slr"} & set(atom.labels):
            return
        if (
            "abnormal" in atom.labels
            and not {"sensation", "cue"} & set(atom.labels)
            and signed(note, "abnormal", atom) != "normal"
        ):
            done.add(atom.start)
            _add_sensory(
                note,
                atoms,
                subject if atom.start - subject.end < 4 else atom,
                atom,
                examined_label(note, atom.start, atom.end),
                start,
                end,
            )


def _touch_intact(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    """ "SILT": sensation intact to light touch."""
    for atom in atoms:
        if "silt" in atom.labels and note.assess(atom.start, atom.end).label == "present":
            _add_sensory(note, atoms, atom, atom, "absent", start, end)


def _is_other_sense(note: Note, atoms: Sequence[Atom], atom: Atom) -> bool:
    """The temperature of a fever, a sharp pain, a cold: no test of feeling unless another stands beside it."""
    norms = note.words.norms
    if norms[atom.start] not in ("temperature", "temp", "sharp", "cold", "touch", "feeling", "lt"):
        return False
    if note.norms(atom.end, atom.end + 1) and norms[atom.end] in (
        "pain",
        "pains",
        "ache",
        "shooting",
        "stabbing",
        "burning",
        "waves",
        "debridement",
        "edges",
    ):
        return True
    others = any(
        "sensation" in a.labels and a is not atom and norms[a.start] not in ("temperature", "temp")
        for a in atoms
    )
    return (
        norms[atom.start] in ("temperature", "temp")
        and not others
        and not any("region" in a.labels or "territory" in a.labels for a in atoms)
    )


def _titled_sensation(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    """ "Sensory: dull over the left L5": the title names what is felt."""
    for atom in atoms:
        for label in atom.labels:
            if label in ("normal", "abnormal", "abnormal_up"):
                meaning = signed(note, label, atom)
                _add_sensory(
                    note,
                    atoms,
                    atom,
                    atom,
                    "absent" if meaning == "normal" else examined_label(note, atom.start, atom.end),
                    start,
                    end,
                )
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
    """ "Feels light touch everywhere": what is felt is there, unless another word says less."""
    verb = next(
        (i for i in range(max(start, subject.start - 3), subject.start) if note.words.norms[i] in _FEELS),
        None,
    )
    if verb is None and note.norms(subject.end, subject.end + 1) in (
        ["felt"],
        ["perceived"],
        ["appreciated"],
    ):
        verb = subject.end
    if verb is None or {"not", "less", "cannot", "can't", "doesn't", "didn't", "barely"} & set(
        note.norms(verb - 2, verb + 3)
    ):
        return False
    if any(
        {"abnormal", "numb"} & set(atom.labels) and not {"sensation"} & set(atom.labels) for atom in atoms
    ):
        return False
    _add_sensory(note, atoms, subject, subject, "absent", start, end)
    return True


_FEELS = frozenset(
    "feels felt perceives perceived appreciates appreciated distinguishes distinguished discriminates discerns detects identifies recognizes".split()
)


def _is_examined(note: Note, subject: Atom, said: Atom) -> bool:
    """Pinprick, light touch and the like are an examiner's words; "feeling" and "sensation" may be the patient's."""
    return (
        note.words.norms[subject.start]
        not in (
            "feeling",
            "sensation",
            "sensations",
            "touch",
            "cold",
            "temperature",
            "sensory",
            "sensibility",
        )
        or note.category(subject.start) in ("exam",)
        or (
            note.words.norms[subject.start] in ("sensation", "sensory")
            and note.category(subject.start) not in ("hpi", "ros", "complaint", "interval")
        )
    )


def _near_saddle(note: Note, atoms: Sequence[Atom], atom: Atom) -> Atom | None:
    for other in atoms:
        if "saddle" in other.labels and -7 <= other.start - atom.end <= 7:
            between = note.norms(min(atom.end, other.end), max(atom.start, other.start))
            if ";" not in between:
                return other
    return None


def _place(
    note: Note, atoms: Sequence[Atom], atom: Atom, start: int, end: int
) -> tuple[list[str], str | None, str | None, bool]:
    """(dermatomes, site, region, is the pattern that of a neuropathy) of the clause around a finding."""
    low, high = _clause(note, atom, start, end)
    pattern = any(low <= other.start < high and "pattern" in other.labels for other in atoms)
    low, high = _own_chunk(note, atoms, atom, low, high)
    roots = dermatomes(note, low, high)
    site = region = None
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
            site = (
                site
                or note.words.text[note.words.starts[other.start] : note.words.ends[other.end - 1]].lower()
            )
            if place == "knee":
                roots.append("L3")
    if pattern:
        site = site or "stocking"
    return list(dict.fromkeys(roots)), site, region, pattern


def _own_chunk(note: Note, atoms: Sequence[Atom], atom: Atom, low: int, high: int) -> tuple[int, int]:
    """Between commas, where that names a level and another predicate stands elsewhere: "L4 normal, L5 diminished"."""
    if not any(
        low <= other.start < high and other is not atom and {"normal", "abnormal"} & set(other.labels)
        for other in atoms
    ):
        return low, high
    norms = note.words.norms
    first, last = atom.start, atom.end
    while first > low and norms[first - 1] not in (",", ":"):
        first -= 1
    while last < high and norms[last] != ",":
        last += 1
    named = dermatomes(note, first, last) or any(
        first <= other.start < last and "territory" in other.labels for other in atoms
    )
    return (first, last) if named else (low, high)


def _side_within(note: Note, atoms: Sequence[Atom], low: int, high: int) -> str | None:
    """The side inside the name of a place: "outer left foot"."""
    for other in atoms:
        if (
            low <= other.start < high
            and ("territory" in other.labels or "region" in other.labels)
            and not side_of(other)
        ):
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


def _add_sensory(
    note: Note, atoms: Sequence[Atom], subject: Atom, said: Atom, label: str, start: int, end: int
) -> None:
    roots, site, region, pattern = _place(note, atoms, said, start, end)
    first, last = min(subject.start, said.start), max(subject.end, said.end)
    if label == "absent":
        note.add(
            "sensory_deficit",
            first,
            last,
            "absent",
            specific=bool(roots),
            region=region if region in ARMS else None,
            dermatome=",".join(roots) if len(roots) <= 2 else None,
        )
        return
    saddle = _near_saddle(note, atoms, said)
    if saddle is not None:
        note.add("saddle_anesthesia", min(first, saddle.start), max(last, saddle.end), label)
        if not roots or "and" not in note.norms(said.start, end):
            return
    modality = (
        note.words.text[note.words.starts[subject.start] : note.words.ends[subject.end - 1]].lower()
        if subject is not said
        else None
    )
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
    near = [
        o
        for o in atoms
        if ("region" in o.labels or "territory" in o.labels) and -6 <= o.start - atom.end <= 8
    ]
    region = str(near[0].attribute("region")) if near else None
    site = (
        note.words.text[note.words.starts[near[0].start] : note.words.ends[near[0].end - 1]].lower()
        if near
        else None
    )
    mention = note.add(
        "reported_numbness",
        atom.start,
        atom.end,
        label,
        side=nearest_side(note, atoms, atom),
        site=site,
        region=region or note.other_region(atom.start),
    )
    if mention is not None and label == "present":
        read_onset(note, mention, *note.sentence_of(atom.start))


# The others ------------------------------------------------------------------------------------------------------------


def _others(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    exam = note.is_exam(start)
    _titled(note, start, atoms)
    for at, atom in enumerate(atoms):
        labels = atom.labels
        if note.norms(atom.end, atom.end + 2) == ["[", "]"] and not (
            note.layout.marks and note.layout.marks[atom.start]
        ):
            continue  # a box behind its word that nobody ticked
        if "tone" in labels or "tone_word" in labels:
            _tone(note, start, end, atoms, at, exam)
        elif "gait_kind" in labels:
            _gait_kind(note, atoms, atom, exam, note.category(start))
        elif "gait_normal" in labels:
            said_of_gait = {"gait", "cadence", "ambulation", "limp"} & set(note.norms(atom.start, atom.end))
            told = note.category(start) in (
                "hpi",
                "ros",
                "complaint",
                "interval",
                "social",
                "instructions",
                "plan",
                "pmh",
                "medications",
            )
            if (exam or said_of_gait or not told) and note.assess(atom.start, atom.end).label in (
                "present",
                "absent",
            ):
                note.add("gait_abnormality", atom.start, atom.end, "absent", specific=False)
        elif "walk_test" in labels:
            _normal_walk_test(note, start, atoms, at, exam)
        elif "gait" in labels:
            _gait(note, atoms, at, exam)
        elif "slr" in labels:
            read_leg_raise(note, start, end, atoms, at)
        elif "spinal_tenderness_word" in labels or "tender" in labels:
            _tender(note, start, end, atoms, at)
        elif "babinski_up" in labels:
            note.add(
                "pathologic_reflex",
                atom.start,
                atom.end,
                standing(note, atom.start, atom.end),
                kind="Babinski",
                side=nearest_side(note, atoms, atom),
            )
        elif "babinski_down" in labels:
            note.add("pathologic_reflex", atom.start, atom.end, "absent", kind="Babinski")
        elif "babinski" in labels or "clonus" in labels or "hoffmann" in labels:
            _pathologic(note, start, end, atoms, at, exam)
        elif "anal" in labels or "bulbocavernosus" in labels:
            _sacral_reflex(note, start, end, atoms, at)
        elif "foot_drop_word" in labels:
            _foot_drop(note, start, atoms, atom, exam)


def _titled(note: Note, start: int, atoms: Sequence[Atom]) -> None:
    """ "Gait: ordinary", "Tone: increased": the title is the subject of the first word that tells."""
    named = topic(note, start)
    if (
        not named & {"gait", "tone"}
        or not atoms
        or {"gait", "tone", "gait_kind", "gait_normal", "tone_word", "strength"} & set(atoms[0].labels)
    ):
        return
    for atom in atoms[:3]:
        kind = next((label for label in atom.labels if label in ("normal", "abnormal", "abnormal_up")), None)
        if kind is None or note.is_unticked(atom.start):
            continue
        meaning = signed(note, kind, atom)
        if "gait" in named and (meaning == "normal" or note.words.norms[atom.start] == "brisk"):
            note.add("gait_abnormality", atom.start, atom.end, "absent", specific=False)
        elif "gait" in named and meaning == "abnormal" and not any("gait_kind" in a.labels for a in atoms):
            note.add("gait_abnormality", atom.start, atom.end, "present", kind="unspecified")
        elif "tone" in named and "gait" not in named and meaning != "abnormal":
            note.add("increased_tone", atom.start, atom.end, "absent" if meaning == "normal" else "present")
        return


#: What is stiff or tight without being spastic: a back, a muscle in spasm, a belly.
_STIFF_PLACES = frozenset(
    "paraspinal paraspinals paravertebral ql quadratus erector multifidus piriformis trapezius musculature muscles muscle spine spinal junction lumbar thoracolumbar "
    "thoracic neck cervical abdomen abdominal brace collar kyphosis back pelvic floor levator gluteal glutes rectus".split()
)


def _tone(note: Note, start: int, end: int, atoms: Sequence[Atom], at: int, exam: bool) -> None:
    atom = atoms[at]
    region = arm_region(atoms, atom)
    side = nearest_side(note, atoms, atom)
    if "tone" in atom.labels:
        said = predicate(note, atoms, at)
        if (
            at > 1
            and "strength" in atoms[at - 1].labels
            and "normal" in atoms[at - 2].labels
            and atom.start - atoms[at - 2].end <= 5
        ):
            said = ("normal", atoms[at - 2])  # "normal strength and tone"
        if said is not None and said[1].start - atom.end <= 8:
            label = {"normal": "absent", "abnormal_up": "present"}.get(said[0])
            if label:
                note.add(
                    "increased_tone",
                    min(atom.start, said[1].start),
                    max(atom.end, said[1].end),
                    label,
                    side=side,
                    region=region,
                )
        elif said is None and exam and note.assess(atom.start, atom.end).negated:
            note.add("increased_tone", atom.start, atom.end, "absent", region=region)
        return
    label = (
        "absent" if note.words.norms[atom.start] in ("no", "not") else standing(note, atom.start, atom.end)
    )
    weak_word = note.words.norms[atom.start] in ("rigid", "rigidity", "hypertonic", "hypertonicity")
    if weak_word and (
        _STIFF_PLACES & set(note.norms(max(start, atom.start - 5), min(end, atom.end + 6))) or not exam
    ):
        return
    arms = next(
        (
            str(o.attribute("region"))
            for o in atoms
            if "region" in o.labels and o.attribute("region") in ARMS and abs(o.start - atom.start) < 5
        ),
        None,
    )
    legs = any("region" in o.labels and o.attribute("region") == "lower_extremity" for o in atoms)
    note.add(
        "increased_tone", atom.start, atom.end, label, side=side, region=None if legs else region or arms
    )


def _normal_walk_test(note: Note, start: int, atoms: Sequence[Atom], at: int, exam: bool) -> None:
    atom = atoms[at]
    norms = note.norms(max(start, atom.start - 6), atom.start)
    unable = atom.attribute("result") == "unable" or any(
        w in norms for w in ("unable", "cannot", "can't", "not", "fails")
    )
    if unable or (not exam and note.category(start) in ("instructions", "plan")):
        return
    said = predicate(note, atoms, at, frozenset(("normal", "abnormal")))
    if said is None or said[0] == "normal":
        last = said[1].end if said is not None and said[1].start - atom.end < 6 else atom.end
        type_ = (
            "gait_abnormality"
            if {"gait", "tandem"} & set(note.norms(atom.start, atom.end))
            else "motor_weakness"
        )
        note.add(type_, atom.start, max(atom.end, last), "absent", specific=False)
        if type_ == "motor_weakness":  # walking on heels and toes is walking
            note.add("gait_abnormality", atom.start, max(atom.end, last), "absent", specific=False)


def _gait(note: Note, atoms: Sequence[Atom], at: int, exam: bool) -> None:
    atom = atoms[at]
    said = predicate(note, atoms, at)
    if said is None:
        end = note.sentence_of(atom.start)[1]
        rest = next(
            (
                a
                for a in atoms
                if a.start > atom.end
                and "normal" in a.labels
                and {"otherwise", "but"} & set(note.norms(a.start - 2, a.start))
            ),
            None,
        )
        if rest is not None and rest.start < end:  # "a little slow but otherwise unremarkable"
            note.add("gait_abnormality", atom.start, rest.end, "absent", specific=False)
        return
    gap = said[1].start - atom.end
    first, last = min(atom.start, said[1].start), max(atom.end, said[1].end)
    if (said[0] == "normal" and abs(gap) <= 8) or (
        said[0] == "abnormal_up" and note.words.norms[said[1].start] == "brisk" and abs(gap) <= 4
    ):
        note.add("gait_abnormality", first, last, "absent", specific=False)
    elif (
        said[0] == "abnormal"
        and exam
        and not any("gait_kind" in a.labels for a in atoms)
        and abs(gap) <= 3
        and note.words.norms[atom.start] not in ("romberg", "stance", "stride")
    ):
        note.add(
            "gait_abnormality",
            first,
            last,
            examined_label(note, said[1].start, said[1].end),
            kind="unspecified",
        )


def _sacral_reflex(note: Note, start: int, end: int, atoms: Sequence[Atom], at: int) -> None:
    """Anal and bulbocavernosus reflexes: the fact is their absence, so a normal reflex makes it absent."""
    atom = atoms[at]
    norms = note.words.norms
    if {"tone", "sphincter", "dre", "exam", "squeeze"} & set(note.norms(atom.start, atom.end)):
        return  # tone is no reflex
    kind = "absent_anal_reflex" if "anal" in atom.labels else "absent_bulbocavernosus"
    said = predicate(note, atoms, at)
    before, after = (
        note.norms(max(start, atom.start - 2), atom.start),
        note.norms(atom.end, min(end, atom.end + 3)),
    )
    if norms[atom.start] in ("good", "brisk", "firm") or (
        {"+", "brisk", "firm", "strong", "seen", "elicited"} & {*after[:2], *before[-1:]}
        and "not" not in after
    ):
        note.add(kind, atom.start, atom.end, "absent")
    elif said is not None and said[0] in ("normal", "abnormal_up"):
        note.add(kind, min(atom.start, said[1].start), max(atom.end, said[1].end), "absent")
    elif said is not None and said[0] == "abnormal":
        label = examined_label(note, said[1].start, said[1].end) if "cue" not in said[1].labels else "present"
        note.add(kind, min(atom.start, said[1].start), max(atom.end, said[1].end), label)
    elif note.assess(atom.start, atom.end).negated:
        note.add(kind, atom.start, atom.end, "present")


def _foot_drop(note: Note, start: int, atoms: Sequence[Atom], atom: Atom, exam: bool) -> None:
    """The term itself is a finding; a foot that slaps or catches is one only where it is examined."""
    category = note.category(start)
    label = standing(note, atom.start, atom.end)
    words = "".join(note.norms(atom.start, atom.end))
    medical = (
        "footdrop" in words
        or "dropfoot" in words
        or "droppedfoot" in words
        or note.words.raws[atom.start] == "FD"
        or (note.words.norms[atom.start] in ("drop", "dropped") and "foot" in words)
    )
    side = nearest_side(note, atoms, atom)
    if label == "present" and not medical and category != "exam":
        note.add(
            "reported_weakness", atom.start, atom.end, label, side=side, site="foot", region="lower_extremity"
        )
        return
    mention = note.add("foot_drop", atom.start, atom.end, label, side=side)
    if mention is not None:
        mention.in_exam = exam or category in ("assessment", "assessment_plan", "plan", "indication", "")


def _gait_kind(note: Note, atoms: Sequence[Atom], atom: Atom, exam: bool, category: str) -> None:
    kind = str(atom.attribute("kind"))
    norms = note.words.norms
    if (
        {"stooped", "cane", "walker"} & set(note.norms(atom.start, atom.end))
        and not any(
            a is not atom and {"gait_kind"} & set(a.labels) and a.attribute("kind") == kind for a in atoms
        )
        and (kind == "parkinsonian" or not any("gait" in a.labels for a in atoms))
    ):
        return  # a bent back or a cane alone names no gait
    others = {
        e.attributes.get("kind") for a in atoms if a is not atom for e in a.entries if e.label == "gait_kind"
    }
    if (
        kind == "cerebellar"
        and "based" in note.norms(atom.start, atom.end)
        and others - {"cerebellar", "unspecified", "antalgic"}
    ):
        return  # "myelopathic, wide based": the first word names it
    label = note.assess(atom.start, atom.end).label
    is_walk = any("gait" in a.labels or "walk_test" in a.labels for a in atoms) or "gait" in note.norms(
        atom.start, atom.end
    )
    needs_walk = kind in ("cerebellar", "parkinsonian", "antalgic", "vestibular", "myelopathic", "apraxic")
    if label == "present" and needs_walk and not is_walk and not exam:
        return
    if kind in ("antalgic",):
        if label == "present" and (exam or is_walk):
            note.add("gait_abnormality", atom.start, atom.end, "present", kind="antalgic", specific=False)
        elif label == "absent" and norms[atom.start] in ("antalgic",):
            note.add("gait_abnormality", atom.start, atom.end, "absent", specific=False)
        return
    if (
        label == "present"
        and kind == "unspecified"
        and not exam
        and category in ("hpi", "ros", "complaint", "interval", "pmh")
    ):
        return  # what the patient reports is no examined gait
    note.add("gait_abnormality", atom.start, atom.end, label, kind=kind)


_MUSCLES = frozenset(
    "paraspinal paraspinals paravertebral muscles muscle si sij facet facets paralumbar sacroiliac trochanter trochanteric psis piriformis gluteal glute buttock bursa joint joints musculature "
    "psoas ql coccyx abdomen abdominal epigastric knee hip calf cva costovertebral".split()
)
_MIDLINE = frozenset(
    "midline spine spinous bony bones bone vertebral percussion percuss process processes vertebra vertebrae".split()
)
_LEVELS = frozenset(("l1", "l2", "l3", "l4", "l5"))
_SORE = frozenset(
    "sore tender tenderness pain painful ttp hurts hurt winces wince positive reproduces reproduced elicits concordant + exquisite exquisitely tenderness discomfort".split()
)
_PAINLESS = frozenset(("painless", "nontender", "nttp", "unremarkable", "comfortable"))


def _tender(note: Note, start: int, end: int, atoms: Sequence[Atom], at: int) -> None:
    """Tenderness of the spine itself: midline, percussion, a spinous process; that of muscles and joints is none."""
    atom = atoms[at]
    words = note.norms(atom.start, atom.end)
    if {"step", "stepoff", "stepoffs"} & set(words):
        return
    low, high = _chunk(note, atom, start, end)
    label = _tender_label(note, atom, words, high, end)
    if label not in ("present", "absent"):
        return
    if "spinal_tenderness_word" in atom.labels:
        if (
            label == "present"
            and words in (["percussion"], ["fist", "percussion"])
            and {"not", "no", "non", "nontender", "without", "negative", "neg"} & set(note.norms(low, high))
        ):
            label = "absent"
        if label == "present" and not _SORE & {*words, *note.norms(low, high)}:
            return
    elif not _is_spinal(note, atoms, atom, low, high, label):
        return
    note.add("spinal_tenderness", atom.start, atom.end, label)


def _chunk(note: Note, atom: Atom, start: int, end: int) -> tuple[int, int]:
    """The words around a tenderness up to the next comma, six before and seven after at most."""
    norms = note.words.norms
    low, high = atom.start, atom.end
    while low > max(start, atom.start - 6) and norms[low - 1] not in (",", ";", "."):
        low -= 1
    while (
        high < min(end, atom.end + 7)
        and norms[high] not in (",", ";", ".")
        and norms[high] not in ("but", "except")
    ):
        high += 1
    return low, high


def _tender_label(note: Note, atom: Atom, words: Sequence[str], high: int, end: int) -> str:
    if (
        {"nontender", "nttp", "painless", "not", "none", "nt"} & set(words)
        or ("non" in words and "tender" in words)
        or _PAINLESS & set(note.norms(atom.end, min(high, atom.end + 3)))
    ):
        return "absent"
    tail = note.norms(atom.end, high)
    if {"not", "no", "never", "without", "doesn't", "didn't"} & set(tail[:3]) and {
        "bother",
        "hurt",
        "painful",
        "pain",
        "tender",
        "provoke",
        "tenderness",
        "sore",
        "reproduce",
        "discomfort",
        "reaction",
        "wince",
    } & set(tail):
        return "absent"
    following = note.norms(high, min(end, high + 4))
    if {"elsewhere", "otherwise", "else"} & set(following):  # "tender at L2, none elsewhere"
        return (
            "absent" if {"no", "without", "non"} & set(note.norms(atom.start - 3, atom.start)) else "present"
        )
    if note.norms(atom.start - 1, atom.start) == ["+"]:
        return "present"
    return standing(note, atom.start, atom.end)


def _is_spinal(note: Note, atoms: Sequence[Atom], atom: Atom, low: int, high: int, label: str) -> bool:
    near = set(note.norms(low, high))
    muscles = bool(_MUSCLES & near)
    if _MIDLINE & near and not muscles:
        return True
    if (
        _LEVELS & near
        and not muscles
        and {"at", "over", "of"} & set(note.norms(atom.end, atom.end + 3))
        and not {"bilat", "bilaterally", "b/l", "left", "right", "l", "r"} & near
    ):
        return True
    if label == "absent" and _MIDLINE & near:
        return True
    if label == "absent" and not muscles:
        lumbar = any(
            "region" in a.labels and a.attribute("region") == "lumbar" and low <= a.start < high
            for a in atoms
        )
        part = note.layout.parts[note.layout.part[atom.start]]
        title = set(note.norms(part.start, part.title_end)) if part.parent == "sub" else set()
        elsewhere = any(
            "region" in a.labels and a.attribute("region") != "lumbar" and low <= a.start < high
            for a in atoms
        )
        title |= set(note.norms(note.sentence_of(atom.start)[0], note.sentence_of(atom.start)[0] + 2))
        return lumbar or (
            bool({"back", "spine", "lumbar", "l-spine", "lumbosacral"} & title)
            and not elsewhere
            and "joints" not in note.norms(low - 6, high)
        )
    return False


def _pathologic(note: Note, start: int, end: int, atoms: Sequence[Atom], at: int, exam: bool) -> None:
    atom = atoms[at]
    norms = note.words.norms
    if {"grasp", "fascia", "fasciitis", "wart", "flexion", "flexors", "surface"} & set(
        note.norms(atom.end, atom.end + 1)
    ):
        return
    kind = next(
        (str(e.attributes["kind"]) for e in atom.entries if e.label in ("babinski", "clonus", "hoffmann")), ""
    )
    assessed = note.assess(atom.start, atom.end)
    tail = norms[atom.end : min(end, atom.end + 7)]
    region = "upper_extremity" if kind == "Hoffmann" else None
    side = nearest_side(note, atoms, atom)
    stop = next((k for k, w in enumerate(tail) if w in (";", ",")), len(tail))
    tail = tail[:stop] if kind != "Babinski" else tail
    if assessed.label in ("hypothetical", "family"):
        label = assessed.label
    elif (
        assessed.negated
        or "\u2193" in tail[:2]
        or {"negative", "neg", "absent", "none", "down", "downgoing", "flexor", "normal", "mute"} & set(tail)
        or (tail[:1] == ["-"])
    ):
        label = "absent"
    elif (
        {"positive", "pos", "present", "up", "upgoing", "extensor", "sustained", "beats", "+", "\u2191"}
        & set(tail)
        or {"positive", "sustained", "beats", "+"} & set(norms[max(start, atom.start - 3) : atom.start])
        or ("beats" in norms[atom.start : atom.end])
    ):
        label = "present"
    elif (
        kind == "clonus"
        and exam
        and {"0", "zero"} & {*norms[max(start, atom.start - 2) : atom.start], *tail[:1], *tail[1:2]}
    ):
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

"""Everything that a phrase alone says: diseases, events, congenital findings, plain symptoms, words of the request."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlp.assertions import Assertion
from nlp.exam import _nearest_side
from nlp.facts import FACT_TYPES
from nlp.mentions import Atom
from nlp.note import Mention, Note
from nlp.studies import IMAGING
from nlp.treatments import TREATMENTS

_ELSEWHERE = frozenset(
    (*TREATMENTS, *IMAGING, "emg_ncs", "lab", "low_back_pain", "radicular_pain", "motor_weakness", "sensory_deficit", "abnormal_reflex",
     "pathologic_reflex", "straight_leg_raise", "increased_tone", "reported_weakness", "reported_numbness", "bladder_dysfunction", "bowel_dysfunction")
)  # fmt: skip
HANDLED = frozenset(FACT_TYPES) - _ELSEWHERE
_LEVEL = re.compile(r"\b([CTLScts])\s?(\d{1,2})(?:\s?(?:[-/\u2013]|on|over)\s?([CTLScts])?\s?(\d{1,2}))?(?!\d)")
#: Past and done, but true of the patient for good: "history of" leaves them present.
_LASTING = frozenset(
    "cancer spine_surgery peripheral_neuropathy osteoporosis neurofibromatosis_1 neurofibromatosis_2 von_hippel_lindau tuberous_sclerosis "
    "sturge_weber scoliosis chiari tethered_cord spinal_dysraphism anorectal_malformation vertebral_anomaly dish spondyloarthropathy "
    "immunosuppression pacemaker spondylolisthesis pars_defect spinal_stenosis trauma peripheral_nerve_injury compression_fracture "
    "disc_herniation neuroinflammatory_disease primary_spinal_tumor spine_metastasis spinal_infection".split()
)
_SKIN = frozenset(("sacral_dimple", "cutaneous_stigma", "gluteal_cleft_abnormal"))
_SIZED = re.compile(r"(\d+(?:\.\d+)?)\s?(mm|cm)\b", re.IGNORECASE)
_PLANNED = frozenset("scheduled booked planned planning plan will upcoming proposed schedule pending recommended recommending awaiting set".split())
_CONSIDERED = frozenset("candidate discuss discussed consider considering considered referral refer may might possible possibly option options evaluation consult opinion if could would".split())


def read_conditions(note: Note) -> None:
    """Add the mentions of every concept whose words stand for themselves."""
    for start, end, atoms in note.sentences():
        for atom in atoms:
            for entry in atom.entries:
                if entry.is_fact and entry.label in HANDLED and not entry.attributes.get("ignore"):
                    _mention(note, start, end, atoms, atom, entry.label, dict(entry.attributes))


def _mention(note: Note, start: int, end: int, atoms: Sequence[Atom], atom: Atom, type_: str, attributes: dict[str, object]) -> None:
    scope = note.assess(atom.start, atom.end)
    label = _label(note, start, end, atom, type_, scope)
    stated = attributes.pop("assertion", None)  # a phrase that holds its own negation: "no injury"
    if stated is not None and label in ("present", "absent"):
        label = str(stated)
    if label is None:
        return
    if note.category(atom.start) == "allergies":
        return
    mention = note.add(type_, atom.start, atom.end, label, **attributes)
    if mention is None:
        return
    side = _nearest_side(note, atoms, atom, 4)
    if side and "side" not in mention.attributes:
        mention.attributes["side"] = side
    level = _level(note, start, end, atom)
    if level:
        mention.attributes.setdefault("level", level)
        if level[0] in "CT" and "region" not in mention.attributes and type_ not in ("compression_fracture",):
            mention.attributes["region"] = "cervical" if level[0] == "C" else "thoracic"
        elif level[0] == "C":
            mention.attributes["region"] = "cervical"
    if "region" not in mention.attributes and type_ in ("spine_surgery", "spinal_stenosis", "disc_herniation", "trauma", "compression_fracture", "spinal_infection"):
        for other in atoms:
            region = other.attribute("region")
            if region and -5 <= other.start - atom.end <= 6 and "muscle" not in other.labels:
                if region in ("cervical", "thoracic", "lumbar") or type_ == "trauma":
                    mention.attributes["region"] = str(region)
                    break
    _when(note, start, end, atom, mention)
    if type_ == "spine_surgery":
        _surgery(note, start, end, atom, mention)
    elif type_ == "cancer":
        _cancer(note, start, end, atom, mention)
    elif type_ in _SKIN:
        _skin(note, start, end, mention)


def _label(note: Note, start: int, end: int, atom: Atom, type_: str, scope: Assertion) -> str | None:
    label = scope.label
    before = note.norms(max(start, atom.start - 6), atom.start)
    if label == "historical" and type_ in _LASTING:
        resolved = any(kind == "historical" and start_ > note.words.starts[atom.start] for start_, _, kind in scope.cues)
        if type_ in ("disc_herniation", "spinal_stenosis", "spinal_infection", "compression_fracture", "peripheral_nerve_injury", "trauma") and not resolved and type_ not in ("trauma",):
            return "historical" if {"history", "hx", "h/o"} & set(before) and type_ in ("disc_herniation", "spinal_infection") else "present"
        if type_ == "cancer" or type_ == "spine_surgery":
            return "present"
        return "historical" if resolved else "present"
    if type_ == "spine_surgery" and label == "possible":
        return "hypothetical"
    if type_ in ("mri_changes_management", "follow_up_reason", "overlap_reason", "anesthesia_needed", "symptom_progression_on_treatment"):
        if label in ("hypothetical", "possible", "historical"):
            return "present"
    if type_ == "night_pain" and label == "historical":
        return "historical"
    return label


def _level(note: Note, start: int, end: int, atom: Atom) -> str | None:
    """The spinal level nearest to the words: "L4-5 disc herniation", "fracture of L1"."""
    words = note.words
    low, high = max(start, atom.start - 5), min(end, atom.end + 5)
    text = words.text[words.starts[low] : words.ends[high - 1]]
    best: tuple[int, str] | None = None
    middle = words.starts[atom.start] - words.starts[low]
    for match in _LEVEL.finditer(text):
        letter, number = match[1].upper(), int(match[2])
        if number > {"C": 8, "T": 12, "L": 6, "S": 5}[letter] or number == 0:
            continue
        level = f"{letter}{number}"
        if match[4]:
            level += f"-{(match[3] or '').upper()}{match[4]}"
        distance = abs(match.start() - middle)
        if best is None or distance < best[0]:
            best = (distance, level)
    return best[1] if best else None


def _when(note: Note, start: int, end: int, atom: Atom, mention: Mention) -> None:
    dates = [t for t in note.times_in(start, end) if t.kind == "date"]
    if not dates:
        if mention.type == "trauma":
            for time in note.times_in(start, end):
                if time.kind == "duration" and time.high is not None and {"ago", "since", "after", "post", "s/p"} & set(note.norms(time.start - 2, time.end + 2)):
                    mention.attributes["duration_days"] = int(time.low)
        if mention.type == "trauma":
            number = note.layout.sentence[start]
            if number + 1 < len(note.layout.sentences):
                first, last = note.layout.sentences[number + 1]
                later = [t for t in note.times_in(first, last) if t.kind == "date" and t.ago]
                if later and {"happened", "occurred", "this", "it"} & set(note.norms(first, first + 4)):
                    mention.date = later[0].iso
        return
    nearest = min(dates, key=lambda t: (t.start - atom.end if t.start >= atom.end else (atom.start - t.end) + 1) + 4 * note.norms(min(t.end, atom.end), max(t.start, atom.start)).count(","))
    distance = min(abs(nearest.start - atom.end), abs(atom.start - nearest.end))
    if distance <= 14:
        mention.date = nearest.iso


def _surgery(note: Note, start: int, end: int, atom: Atom, mention: Mention) -> None:
    norms = set(note.norms(max(start, atom.start - 8), min(end, atom.end + 9)))
    future = mention.date is not None and note.anchor is not None and mention.date > note.anchor.isoformat()[: len(mention.date)]
    category = note.category(start)
    if mention.assertion in ("absent", "family", "historical"):
        return
    if future or (norms & _PLANNED and not norms & {"underwent", "had", "performed", "s/p"} and (category in ("plan", "assessment_plan", "assessment", "hpi", "interval", "indication", "", "complaint") and mention.date is None or future)):
        mention.assertion = "hypothetical"
        mention.attributes["planned"] = True
        if norms & {"candidate", "discuss", "discussed", "consider", "considering", "considered", "option", "options", "referral", "refer", "consult", "consultation"} and not norms & {"scheduled", "booked"} and not future:
            mention.attributes["considered"] = True
            mention.attributes.pop("planned", None)
        return
    if norms & _CONSIDERED and mention.date is None and (mention.assertion == "hypothetical" or norms & {"candidate", "consider", "considering", "discuss", "options", "option", "referral", "refer", "consultation", "consult", "opinion"}) and category in ("plan", "assessment_plan", "assessment", "interval", "hpi", "indication", ""):
        mention.assertion = "hypothetical"
        mention.attributes["considered"] = True


def _cancer(note: Note, start: int, end: int, atom: Atom, mention: Mention) -> None:
    norms = set(note.norms(start, end))
    if mention.assertion != "present":
        return
    if norms & {"remission", "ned", "cured", "survivor", "resected", "lumpectomy", "mastectomy", "disease-free", "prostatectomy", "nephrectomy", "treated", "completed", "finished", "excised", "remote"} or "no evidence of" in " ".join(note.norms(start, end)):
        mention.attributes.setdefault("status", "remission")
    elif norms & {"active", "metastatic", "chemotherapy", "chemo", "radiation", "undergoing", "current", "currently", "immunotherapy", "progressive", "recurrent", "on"}:
        mention.attributes.setdefault("status", "active")
    treated = [t for t in note.times_in(start, end) if t.kind == "date"]
    if treated and norms & {"completed", "finished", "last", "ended", "through", "until", "final", "since"}:
        mention.attributes["treatment_end"] = treated[-1].iso


def _skin(note: Note, start: int, end: int, mention: Mention) -> None:
    if mention.type != "sacral_dimple" or mention.assertion not in ("present", "possible"):
        return
    number = note.layout.sentence[start]
    last = note.layout.sentences[min(number + 1, len(note.layout.sentences) - 1)][1] if number + 1 < len(note.layout.sentences) and note.layout.part[note.layout.sentences[number + 1][0]] == note.layout.part[start] else end
    text = note.words.text[note.words.starts[start] : note.words.ends[last - 1]]
    for match in _SIZED.finditer(text):
        millimetres = float(match[1]) * (10 if match[2].lower() == "cm" else 1)
        tail = text[match.end() : match.end() + 30].lower()
        if re.match(r"\s*(?:from|above|superior|cephalad|to the an)", tail) and ("anus" in tail or "anal" in tail or "verge" in tail):
            mention.attributes["distance_from_anus_mm"] = millimetres
        elif re.match(r"\s*(?:across|wide|in diameter|diameter|deep|dimple|pit|in size|$|,|\.|\()", tail) or "size_mm" not in mention.attributes:
            mention.attributes.setdefault("size_mm", millimetres)

"""Studies that were done: imaging with region, date and verdict; EMG; laboratory values.

A study that is asked for is no fact (facts.md); it tells only which regions the request covers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlp.exam import dermatomes
from nlp.mentions import Atom
from nlp.note import Mention, Note

IMAGING = frozenset(("xray", "ct", "mri", "bone_scan", "ultrasound"))
_REGION_NAMES = {"lumbar": "lumbar", "cervical": "cervical", "thoracic": "thoracic", "head": "brain", "whole_spine": "whole_spine"}
_VALUE = re.compile(r"\s*(?:level|levels|was|is|of|at|=|:|count|,)?\s*(?:today|was|is|of|at|=|:)?\s*([<>\u2264\u2265]?)\s*(\d{1,6}(?:,\d{3})*(?:\.\d+)?)\s?(%|mg/dl|mg/l|mm/hr|mm/h|g/dl|k/ul|k|x10\S*|ng/ml|u/l|iu/l|mmol/l|/ul|thousand)?", re.IGNORECASE)
_RANGE = re.compile(r"[(\[]?\s*(?:ref(?:erence)?(?: range)?|normal|nl|range)?:?\s*(?:<\s?(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)\s?[-\u2013]\s?(\d+(?:\.\d+)?))\s*[)\]]?", re.IGNORECASE)
#: Usual adult ranges where a report gives none: (low, high).
_USUAL: dict[str, tuple[float, float]] = {
    "ESR": (0, 30), "CRP": (0, 1.0), "WBC": (4.0, 11.0), "PSA": (0, 4.0), "A1c": (0, 5.7), "INR": (0.8, 1.2),
    "procalcitonin": (0, 0.1),
}  # fmt: skip


def read_studies(note: Note) -> None:
    """Add the imaging, EMG and laboratory mentions of a note."""
    for start, end, atoms in note.sentences():
        labels = {label for atom in atoms for label in atom.labels}
        if labels & IMAGING:
            _imaging(note, start, end, atoms)
        if "emg_ncs" in labels:
            _emg(note, start, end, atoms)
        if "lab" in labels:
            _labs(note, start, end, atoms)
    if note.kind == "imaging_report":
        _report(note)


def _imaging(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    category = note.category(start)
    done_here: list[Mention] = []
    studies = [a for a in atoms if IMAGING & set(a.labels)]
    for number, atom in enumerate(studies):
        type_ = next(label for label in atom.labels if label in IMAGING)
        limit = studies[number + 1].start if number + 1 < len(studies) else end
        mine = [a for a in atoms if atom.start - 8 <= a.start < limit]
        times = [t for t in note.times_in(max(start, atom.start - 6), limit) if t.kind == "date" and len(t.iso) >= 4]
        past = [t for t in times if note.anchor is None or t.iso <= note.anchor.isoformat()[: len(t.iso)]]
        ordered = [a for a in mine if "order_word" in a.labels and -10 <= a.start - atom.start <= 9 and not _is_done_order(note, a)]
        results = [a for a in mine if "study_result" in a.labels and a.start > atom.start]
        scope = note.assess(atom.start, atom.end)
        done_words = [a for a in mine if "done_study" in a.labels]
        in_plan = category in ("plan", "assessment_plan", "indication", "instructions")
        if scope.label in ("hypothetical", "family"):
            continue
        if scope.negated:
            if not ordered and {"had", "has", "prior", "previous", "recent", "any"} & set(note.norms(atom.start - 5, atom.end)):
                note.add(type_, atom.start, atom.end, "absent", region=_region(atoms, atom, limit))
            continue
        if ordered and not (past and results):
            continue
        if in_plan and not past:
            continue
        if not past and not results and not done_words and category not in ("results", "labs"):
            continue
        region = _region(atoms, atom, limit) or _heading_region(note, start)
        mention = note.add(type_, atom.start, atom.end, "present", region=region)
        if mention is None:
            continue
        if past:
            mention.date = past[0].iso
            mention.attributes["dated"] = True
        elif any(w in ("today",) for w in note.norms(start, end)) and note.anchor is not None:
            mention.date = note.anchor.isoformat()
            mention.attributes["dated"] = True
        _verdict(note, start, end, mine, mention, atom)
        if category in ("results", "interval") or any(note.words.norms[a.start] in ("reviewed", "my") for a in done_words):
            mention.attributes["reviewed_today"] = True
        done_here.append(mention)
    if done_here:
        _follow(note, start, end, done_here[-1])


def _is_done_order(note: Note, atom: Atom) -> bool:
    words = note.norms(atom.start, atom.end)
    return words[0] in ("ordered", "first", "if", "before", "until", "get", "plan", "consider", "check", "need", "needs") and words[0] not in ("ordered", "get", "consider", "need", "needs", "plan", "check") or (words == ["ordered"] and {"obtained", "and"} & set(note.norms(atom.end, atom.end + 3)))


def _region(atoms: Sequence[Atom], atom: Atom, limit: int) -> str | None:
    for entry in atom.entries:
        if entry.attributes.get("region"):
            return str(entry.attributes["region"])
    near = [a for a in atoms if a.attribute("region") and (-4 <= a.start - atom.end < 0 or 0 <= a.start - atom.end <= 6) and a.start < limit + 1]
    near.sort(key=lambda a: abs(a.start - atom.start))
    for other in near:
        return str(other.attribute("region"))
    return None


def _heading_region(note: Note, start: int) -> str | None:
    number = note.layout.sentence[start]
    for previous in range(number - 1, max(-1, number - 3), -1):
        first, last = note.layout.sentences[previous]
        if note.layout.part[first] != note.layout.part[start]:
            break
        for atom in note.atoms_in(first, last):
            if atom.attribute("region") and IMAGING & {lab for a in note.atoms_in(first, last) for lab in a.labels}:
                return str(atom.attribute("region"))
    return None


def _verdict(note: Note, start: int, end: int, atoms: Sequence[Atom], mention: Mention, study: Atom | None) -> None:
    values: list[str] = []
    for atom in atoms:
        entry = atom.get("study_result")
        if entry is None or (study is not None and atom.start < study.start and atom.start < study.start - 4):
            continue
        value = str(entry.attributes["result"])
        if value == "abnormal" and note.scopes.assess(atom.start, atom.end).negated:
            value = "normal"
        values.append(value)
    labels = {label for atom in atoms for label in atom.labels}
    # conditions found count as abnormal too
    for atom in atoms:
        if {"disc_herniation", "spinal_stenosis", "compression_fracture", "spondylolisthesis", "pars_defect", "scoliosis", "spine_metastasis", "vertebral_anomaly", "spinal_infection"} & set(atom.labels) and (study is None or atom.start > study.start):
            assessed = note.assess(atom.start, atom.end)
            values.append("normal" if assessed.negated else "abnormal" if assessed.label == "present" else "inconclusive")
    if values:
        result = "inconclusive" if "inconclusive" in values else "abnormal" if "abnormal" in values else "normal"
        mention.attributes.setdefault("result", result)
    if "recommends_mri" in labels:
        mention.attributes["recommends_mri"] = True
    if "flexion_extension" in labels:
        mention.attributes["flexion_extension"] = True
    if mention.attributes.get("flexion_extension"):
        stable = next((a for a in atoms if "stability_word" in a.labels), None)
        moving = next((a for a in atoms if "instability_word" in a.labels and not note.scopes.assess(a.start, a.end).negated), None)
        if stable is not None:
            mention.attributes["instability"] = False
        elif moving is not None:
            mention.attributes["instability"] = True


def _follow(note: Note, start: int, end: int, mention: Mention) -> None:
    """The next sentences of the same part that go on with the report."""
    number = note.layout.sentence[start]
    part = note.layout.part[start]
    for following in range(number + 1, min(number + 3, len(note.layout.sentences))):
        first, last = note.layout.sentences[following]
        if note.layout.part[first] != part or note.words.gaps[first].count("\n") >= 2:
            return
        atoms = note.atoms_in(first, last)
        if any(IMAGING & set(a.labels) or "lab" in a.labels for a in atoms):
            return
        if any({"study_result", "recommends_mri", "flexion_extension", "instability_word", "stability_word"} & set(a.labels) for a in atoms) and note.category(first) in ("results", "hpi", "interval", "exam", "", "assessment", "labs"):
            _verdict(note, first, last, atoms, mention, None)
        else:
            return


def _report(note: Note) -> None:
    """An imaging report is one study: modality and region from its head, verdict from its impression."""
    head = [a for a in note.atoms if a.start < 60]
    study = next((a for a in head if IMAGING & set(a.labels)), None) or next((a for a in note.atoms if IMAGING & set(a.labels)), None)
    if study is None:
        return
    type_ = next(label for label in study.labels if label in IMAGING)
    region = _region(head, study, study.end + 12) or next((str(a.attribute("region")) for a in head if a.attribute("region") and a.start > study.start), None)
    existing = [m for m in note.mentions if m.type == type_ and m.assertion == "present"]
    mention = next((m for m in existing if m.start == study.start), None)
    if mention is None:
        mention = note.add(type_, study.start, study.end, "present", region=region)
        if mention is None:
            return
    mention.attributes.pop("result", None)
    if region:
        mention.attributes["region"] = region
    if note.anchor is not None:
        mention.date = note.anchor.isoformat()
        mention.attributes["dated"] = True
    mention.attributes["report"] = True
    impression = [p for p in note.layout.parts if p.category in ("assessment", "assessment_plan")]
    first, last = (impression[-1].title_end, impression[-1].end) if impression else (0, len(note.words))
    _verdict(note, first, last, note.atoms_in(first, last), mention, None)
    for atom in note.atoms:
        if "flexion_extension" in atom.labels:
            _verdict(note, 0, len(note.words), [a for a in note.atoms if {"flexion_extension", "instability_word", "stability_word"} & set(a.labels)], mention, None)
            break
    if "result" not in mention.attributes:
        _verdict(note, 0, len(note.words), note.atoms, mention, None)


def _emg(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    category = note.category(start)
    for atom in atoms:
        if "emg_ncs" not in atom.labels:
            continue
        scope = note.assess(atom.start, atom.end)
        first, last = start, end
        number = note.layout.sentence[start]
        for following in range(number + 1, min(number + 4, len(note.layout.sentences))):
            a, b = note.layout.sentences[following]
            if note.layout.part[a] != note.layout.part[start] or note.words.gaps[a].count("\n") >= 2 or any("emg_ncs" in x.labels for x in note.atoms_in(a, b)):
                break
            last = b
            if note.kind not in ("emg_report",):
                break
        near = note.atoms_in(first, last)
        norms = set(note.norms(first, last))
        limb = "upper" if norms & {"arm", "arms", "upper", "hand", "hands", "wrist", "median", "ulnar", "ue"} and not norms & {"leg", "legs", "lower", "lumbar", "lumbosacral"} else "lower" if norms & {"leg", "legs", "lower", "lumbar", "lumbosacral", "le", "paraspinals", "peroneal", "tibial", "sural"} else None
        radicular = next((a for a in near if "radicular_pain" in a.labels and {"radiculopathy", "radiculopathies", "radic"} & set(note.norms(a.start, a.end))), None)
        neuropathy = next((a for a in near if {"peripheral_neuropathy", "peripheral_nerve_injury"} & set(a.labels)), None)
        ordered = [a for a in atoms if ("order_word" in a.labels or "plan_word" in a.labels) and -8 <= a.start - atom.start <= 8]
        times = [t for t in note.times_in(start, end) if t.kind == "date" and (note.anchor is None or t.iso <= note.anchor.isoformat()[: len(t.iso)])]
        result = None
        if radicular is not None:
            stands = note.assess(radicular.start, radicular.end)
            result = "radiculopathy" if stands.label == "present" else "normal" if stands.negated and neuropathy is None else None
            if result is None and neuropathy is None:
                result = "inconclusive"
        root_word = norms & {"root", "radicular", "denervation", "fibrillations"}
        if result in (None, "normal") and neuropathy is not None and note.assess(neuropathy.start, neuropathy.end).label == "present":
            result = "neuropathy"
        if result is None and root_word and not any(note.scopes.assess(a.start, a.end).negated for a in near if "root" in note.norms(a.start, a.end)):
            if "denervation" in norms or "fibrillations" in norms:
                result = "radiculopathy"
        if result is None and norms & {"normal", "negative", "unremarkable", "nl"}:
            result = "normal"
        if result is None and norms & {"neuropathy", "polyneuropathy", "axonal", "cts", "carpal"}:
            result = "neuropathy"
        if scope.label in ("hypothetical", "absent") or (ordered and result is None) or (category in ("plan", "instructions") and not times and result is None):
            pending = norms & {"pending", "awaiting", "scheduled", "ordered"} or ordered
            if scope.label == "absent" or not pending:
                continue
            mention = note.add("emg_ncs", atom.start, atom.end, "hypothetical", limb=limb, result="pending", planned=True)
            continue
        mention = note.add("emg_ncs", atom.start, atom.end, "present", limb=limb, result=result)
        if mention is not None:
            levels = dermatomes(note, first, last)
            if levels and result == "radiculopathy":
                mention.attributes["level"] = ",".join(levels)
            if times:
                mention.date = times[0].iso


def _labs(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    text = note.words.text
    category = note.category(start)
    labs = [a for a in atoms if "lab" in a.labels]
    sentence = note.norms(start, end)
    ordered = category in ("plan", "instructions", "assessment_plan") or {"order", "ordered", "check", "repeat", "obtain", "pending"} & set(sentence)
    for number, atom in enumerate(labs):
        entry = atom.get("lab")
        assert entry is not None
        test = str(entry.attributes.get("test", ""))
        scope = note.assess(atom.start, atom.end)
        if scope.label in ("hypothetical", "family"):
            continue
        limit = labs[number + 1].start if number + 1 < len(labs) else end
        tail_start = note.words.ends[atom.end - 1]
        tail_end = note.words.starts[limit] if limit < len(note.words) else len(text)
        tail_end = min(tail_end, tail_start + 70)
        match = _VALUE.match(text, tail_start, tail_end)
        value = float(match[2].replace(",", "")) if match is not None and not re.match(r"\s?/\s?\d", text[match.end() : match.end() + 3]) else None
        flags = [a for a in atoms if "lab_high" in a.labels and 0 <= a.start - atom.end <= 6 and a.start < limit and not note.scopes.assess(a.start, a.end).negated]
        before = [a for a in atoms if "lab_high" in a.labels and 0 <= atom.start - a.end <= 1 and note.words.norms[a.start] not in ("h", "up")]
        fine = any(w in ("normal", "negative", "nl", "wnl", "unremarkable", "within", "neg", "nonreactive", "fine", "ok", "stable") for w in note.norms(atom.end, min(limit, atom.end + 6)))
        if value is None and not flags and not before and not fine:
            continue
        if ordered and value is None:
            continue
        abnormal: bool | None = None
        if flags or before:
            abnormal = True
        elif value is not None and match is not None:
            ranged = _RANGE.match(text, match.end(), tail_end) or _RANGE.search(text[match.end() : tail_end][:22])
            if ranged and ranged[1]:
                abnormal = value >= float(ranged[1])
            elif ranged and ranged[2]:
                abnormal = not float(ranged[2]) <= value <= float(ranged[3])
            elif test in _USUAL:
                low, high = _USUAL[test]
                if test == "CRP" and ((match[3] or "").lower() == "mg/l" or value > 1.0):
                    high = 10.0 if (match[3] or "").lower() != "mg/dl" else 1.0
                if test == "WBC" and value > 1000:
                    value = value / 1000
                abnormal = not low <= value <= high and match[1] != "<"
        elif fine:
            abnormal = False
        mention = note.add("lab", atom.start, atom.end, "present", test=test or None, value=value, unit=(match[3] if match and value is not None and match[3] else None), abnormal=abnormal)
        if mention is not None:
            times = [t for t in note.times_in(start, end) if t.kind == "date"]
            if times:
                mention.date = times[0].iso

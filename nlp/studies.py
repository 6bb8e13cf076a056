"""Studies that were done: imaging with region, date and verdict; EMG; laboratory values.

A study that is asked for is no fact (facts.md); it tells only which regions the request covers.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from nlp.assertions import Assertion
from nlp.exam import dermatomes
from nlp.mentions import Atom
from nlp.note import Mention, Note
from nlp.times import Time

_DOINGS = frozenset(("done", "obtained", "had", "taken", "performed", "been"))
_JOINTS = frozenset(("and", ",", "/", "&", "+", "plus"))
_LISTED = _JOINTS | {"of", "the", "ap", "views", "view", "films", "plain"}
_SPINE = frozenset(("lumbar", "thoracic", "cervical", "whole_spine"))
_UNITS = frozenset(("mg/l", "mg/dl", "mm/h", "mm/hr", "k/ul", "g/dl", ""))
IMAGING = frozenset(("xray", "ct", "mri", "bone_scan", "ultrasound"))
#: Findings that make a picture abnormal, and what they are called in its attribute `shows`.
_SHOWS = {
    "compression_fracture": "fracture", "spine_metastasis": "metastasis", "primary_spinal_tumor": "tumor",
    "spinal_infection": "infection", "spinal_dysraphism": "dysraphism", "tethered_cord": "tethered_cord",
    "pars_defect": "pars_defect", "spondyloarthropathy": "spondyloarthropathy",
    "drop_metastasis": "metastasis", "leptomeningeal_disease": "metastasis",
}  # fmt: skip
_SEEN = frozenset(
    (
        *_SHOWS,
        "disc_herniation",
        "spinal_stenosis",
        "spondylolisthesis",
        "scoliosis",
        "vertebral_anomaly",
        "csf_leak",
    )
)
_RELATIVES = frozenset(
    ("mother", "father", "sister", "brother", "daughter", "son", "aunt", "uncle", "cousin", "wife",
     "husband", "mom", "dad", "grandmother")
)  # fmt: skip
_OPENS = frozenset(("findings", "technique", "comparison"))
_BULLETS = frozenset(("-", "*", "\u2022", "\u00b7"))
_DECIDES = frozenset(
    ("impression", "conclusion", "opinion", "impressions", "interpretation", "interp", "summary", "imp")
)
_AHEAD = frozenset(("will", "would", "can", "could", "may", "might", "should"))
#: The lines of a report that say why it was asked for.
_ASKED = frozenset(
    ("reason", "indication", "history", "clinical", "hx", "comparison", "technique", "compared")
)
_DENERVATED = frozenset(("denervation", "fibrillations", "fibrillation", "fibs", "psw", "psws"))
_SHOWN = frozenset(
    ("showed", "shows", "show", "showing", "demonstrated", "demonstrates", "revealed", "reveals", "read",
     "reviewed", "reported", "report", "done", "obtained", "taken", "performed", "completed",
     "described", "describes", "confirmed", "confirms", "was", "were", "negative", "normal",
     "unremarkable", "found")
)  # fmt: skip
_VALUE = re.compile(
    r"\s*(?:level|levels|was|is|of|at|=|:|count|,)?\s*"
    r"(?:(?:last|this) (?:week|month|year|visit)|yesterday|recently|in (?:january|february|march|april|may|"
    r"june|july|august|september|october|november|december))?\s*(?:today|was|is|of|at|=|:)?\s*"
    r"([<>\u2264\u2265]?)\s*(\d{1,6}(?:,\d{3})*(?:\.\d+)?)\s?"
    r"(%|mg/dl|mg/l|mm/hr|mm/h|g/dl|k/ul|k|x10\S*|ng/ml|u/l|iu/l|mmol/l|/ul|thousand)?",
    re.IGNORECASE,
)
_RANGE = re.compile(
    r"[(\[]?\s*(?:ref(?:erence)?(?: range)?|normal|nl|range)?:?\s*"
    r"(?:<\s?(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)\s?[-\u2013]\s?(\d+(?:\.\d+)?))\s*[)\]]?",
    re.IGNORECASE,
)
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
            _whole_panel(note, start, end, atoms)
    _lab_tables(note)
    if note.kind == "imaging_report":
        _report(note)
    _settle(note)


def _imaging(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    """The studies of one sentence or table row that were done, or that the notes say were not."""
    done: list[Mention] = []
    studies = [a for a in atoms if IMAGING & set(a.labels)]
    for number, atom in enumerate(studies):
        type_ = next(label for label in atom.labels if label in IMAGING)
        limit = studies[number + 1].start if number + 1 < len(studies) else end
        scope = note.assess(atom.start, atom.end)
        if _is_of_relative(note, atom):
            continue
        if scope.family or (scope.hypothetical and not _is_told(note, start, end)):
            continue
        if _is_denied(note, atom, scope):
            if {"had", "has", "prior", "previous", "recent", "any", "ever", "never", "been", "done"} & set(
                note.norms(atom.start - 5, atom.end + 8)
            ):
                note.add(type_, atom.start, atom.end, "absent", region=_region(note, atoms, atom, limit))
            continue
        # "CT head and CT neck negative": a study with nothing of its own shares what is said of the next.
        reach = limit
        if (
            limit < end
            and limit - atom.end <= 5
            and {"and", ",", "/", "&", "+"} & set(note.norms(atom.end, limit))
        ):
            reach = studies[number + 2].start if number + 2 < len(studies) else end
        mine = [a for a in atoms if atom.start - 8 <= a.start < reach]
        when = _study_date(note, start, reach, atom, end)
        results = [
            a
            for a in mine
            if a.start > atom.start
            and (_is_result(a) or _is_denial(note, a))
            and not note.assess(a.start, a.end).hypothetical
        ]
        inside = _embedded(note, start, end) if when is None or not results else ()
        if not inside and not _was_done(note, atom, mine, when, results):
            continue
        region = _region(note, atoms, atom, limit) or _heading_region(note, start)
        mention = note.add(type_, atom.start, atom.end, "present", region=region)
        if mention is None:
            continue
        if when is not None:
            mention.date = when.iso
            mention.attributes["dated"] = True
        _verdict(note, inside or mine, mention, None if inside else atom)
        if _is_reviewed(note, atom, mine, results):
            mention.attributes["reviewed_today"] = True
        done.append(mention)
    if done:
        _follow(note, start, done[-1])


def _embedded(note: Note, start: int, end: int) -> Sequence[Atom]:
    """What a report copied into a note says under its title: "LUMBAR SPINE 3 VIEWS", then "FINDINGS: ..."."""
    number = note.layout.sentence[start]
    if end - start > 14 or note.kind == "imaging_report":
        return ()
    sentences = note.layout.sentences
    opens = next(
        (
            n
            for n in range(number + 1, min(number + 6, len(sentences)))
            if note.words.norms[sentences[n][0]] in _OPENS
            and note.norms(sentences[n][0] + 1, sentences[n][0] + 2) == [":"]
        ),
        None,
    )
    if opens is None:
        return ()
    last = opens
    while last + 1 < min(opens + 25, len(sentences)):
        first = sentences[last + 1][0]
        parts = note.layout.parts[note.layout.part[first]]
        new_title = first == parts.start and note.words.norms[first] not in _OPENS | _DECIDES
        if new_title and parts.category in (
            "exam",
            "plan",
            "hpi",
            "medications",
            "pmh",
            "vitals",
            "family",
            "social",
            "assessment_plan",
        ):
            break
        last += 1
    begin = sentences[opens][0]
    deciding = next(
        (sentences[n][0] for n in range(opens, last + 1) if note.words.norms[sentences[n][0]] in _DECIDES),
        begin,
    )
    return note.atoms_in(deciding, sentences[last][1]) or note.atoms_in(begin, sentences[last][1])


def _is_of_relative(note: Note, atom: Atom) -> bool:
    """As in "her sister's EMG", "Father's chest CT"."""
    for i in range(max(0, atom.start - 3), atom.start):
        if note.words.norms[i] in _RELATIVES and note.words.raws[i].endswith(("'s", "\u2019s")):
            return True
    return False


def _is_told(note: Note, start: int, end: int) -> bool:
    """A study that a letter or plan cites with its date and verdict is no precaution."""
    return bool(_SHOWN & set(note.norms(start, end))) and any(
        t.kind == "date" and not t.ago for t in note.times_in(start, end)
    )


def _is_denied(note: Note, atom: Atom, scope: Assertion) -> bool:
    """As in "never had an MRI": a denial of the study itself, not of what it shows ("no fracture on CT")."""
    starts = note.words.starts
    for cue_start, cue_end, kind in scope.cues:
        if kind != "negated":
            continue
        if cue_start > starts[atom.start]:
            cue_at = bisect_left(starts, cue_start)
            behind = bisect_left(starts, cue_end)
            if cue_at - atom.end <= 6 and (
                _DOINGS & set(note.norms(cue_at, behind + 3)) or note.norms(cue_at, behind) == ["none"]
            ):
                return True
            continue
        first = bisect_left(starts, cue_end)
        inside = note.atoms_in(first, atom.start)
        words = set(note.norms(first, atom.start))
        if (
            atom.start - first <= 7
            and not words
            & {
                ",",
                "on",
                "in",
                "from",
                "by",
                "with",
                "after",
                "since",
                "to",
                "per",
            }
            and not any(
                _is_result(a) or any(e.is_fact and e.label not in IMAGING for e in a.entries) for a in inside
            )
        ):
            return True
    return False


def _is_result(atom: Atom) -> bool:
    return "study_result" in atom.labels or bool(_SEEN & set(atom.labels))


def _is_denial(note: Note, atom: Atom) -> bool:
    """As in "negative for clot", "without hydronephrosis": a verdict, whatever is denied."""
    if "cue" not in atom.labels or note.words.norms[atom.start] not in ("negative", "neg", "without"):
        return False
    following = note.norms(atom.start + 1, atom.end + 2)
    return not {"contrast", "and", "with", "iv", "gadolinium", "gad", "dye", "relief", "improvement"} & set(
        following
    )


def _study_date(note: Note, start: int, limit: int, atom: Atom, end: int) -> Time | None:
    """The day of a study: after its name, before it in a row that dates begin, or in a line beside it."""
    times = [
        t
        for t in note.times_in(max(start, atom.start - 9), limit)
        if t.kind == "date" and len(t.iso) >= 4 and note.has_come(t.iso)
    ]
    before = [t for t in times if t.start < atom.start]
    after = [t for t in times if t.start >= atom.start]
    if before and before[-1].start - start <= 3:
        return before[-1]
    if after and (not before or after[0].start - atom.end <= 12):
        compared = {"since", "compared", "comparison", "versus", "than"} & set(
            note.norms(after[0].start - 3, after[0].start)
        )
        if not compared or not before:
            return after[0]
    if before:
        return before[-1]
    number = note.layout.sentence[atom.start]
    for beside in (number + 1, number - 1):
        if not 0 <= beside < len(note.layout.sentences):
            continue
        first, last = note.layout.sentences[beside]
        if note.layout.part[first] != note.layout.part[atom.start] or last - first > 10:
            continue
        if any(IMAGING & set(a.labels) for a in note.atoms_in(first, last)):
            continue
        found = [t for t in note.times_in(first, last) if t.kind == "date" and not t.ago]
        if found and (
            set(note.norms(first, first + 4)) & {"date", "done", "performed", "exam", "obtained"}
            or (found[0].start == first and note.norms(last - 1, last) == [":"])
        ):
            return found[0]
    return None


def _was_done(
    note: Note, atom: Atom, mine: Sequence[Atom], when: Time | None, results: Sequence[Atom]
) -> bool:
    """A study that is asked for, planned or due is no fact."""
    category = note.category(atom.start)
    said = set(note.norms(atom.end, atom.end + 16))
    after = note.norms(atom.end, min(atom.end + 5, note.sentence_of(atom.start)[1]))
    if (when is None or when.ago) and {"please", "stat", "asap", "requested"} & set(
        note.norms(atom.end, note.sentence_of(atom.start)[1])
    ):
        return False
    if when is None and (
        (after[:1] and after[0] in _AHEAD) or any("anesthesia_needed" in a.labels for a in mine)
    ):
        return False
    ordered = [
        a
        for a in mine
        if "order_word" in a.labels and -10 <= a.start - atom.start <= 9 and not _is_done_order(note, a)
    ]
    before_today = when is not None and (
        not when.ago or when.iso != (note.anchor.isoformat() if note.anchor else "")
    )
    explicit = (
        when is not None
        and not when.ago
        and before_today
        and (note.anchor is None or when.iso < note.anchor.isoformat()[: len(when.iso)] or len(when.iso) < 10)
    )
    if category in ("plan", "indication", "instructions") or note.kind == "order":
        prior = set(note.norms(atom.start - 5, atom.end + 6)) & {
            "prior",
            "previous",
            "last",
            "comparison",
            "report",
            "outside",
            "reviewed",
            "old",
        }
        return explicit and (bool(results) or bool(prior) or bool(_SHOWN & said))
    dated = when is not None and not when.ago and before_today and 0 <= when.start - atom.end <= 4
    if dated and when is not None and not any(atom.end <= a.start < when.start for a in ordered):
        return True  # "the MRI of 4/20 was limited; repeat needed"
    asked = any(0 <= atom.start - a.end <= 3 for a in ordered)
    if asked and when is not None and when.start < atom.start:
        return False  # "on March 2 he wrote: needs MRI"
    if ordered:
        return before_today and (bool(results) or bool((_SHOWN - {"was", "were", "found"}) & said))
    if category in ("assessment_plan", "assessment"):
        return (when is not None and not (when.ago and not results)) or (
            bool(results) and bool(_SHOWN & said)
        )
    if when is None and results and not _SHOWN & said:
        between = note.norms(atom.end, results[0].start)
        if {"for", "because", "given"} & set(between) and ":" not in between:
            return False  # "MRI lumbar spine for L4-5 herniation"
    if (
        when is not None
        or results
        or (":" in note.norms(atom.end, atom.end + 8) and category not in ("complaint", "administrative"))
    ):
        return True
    return any("done_study" in a.labels for a in mine) or category in ("results", "labs")


def _is_reviewed(note: Note, atom: Atom, mine: Sequence[Atom], results: Sequence[Atom]) -> bool:
    """This visit goes over the study: it stands among the results, or the words say so."""
    if note.category(atom.start) in ("results", "interval") and results:
        return True
    return any(
        note.words.norms[a.start] in ("reviewed", "my", "personally", "independently")
        or note.norms(a.start, a.end)[:2] == ["on", "review"]
        for a in mine
        if "done_study" in a.labels
    )


def _is_done_order(note: Note, atom: Atom) -> bool:
    """As in "if", "before", "first" of another clause; "ordered and obtained"."""
    words = note.norms(atom.start, atom.end)
    return words[0] in ("first", "if", "before", "until") or (
        words == ["ordered"]
        and bool({"obtained", "and", "by", "in"} & set(note.norms(atom.end, atom.end + 3)))
    )


def _region(note: Note, atoms: Sequence[Atom], atom: Atom, limit: int) -> str | None:
    for entry in atom.entries:
        if entry.attributes.get("region"):
            return str(entry.attributes["region"])
    near = [
        a
        for a in atoms
        if a.attribute("region")
        and (0 <= atom.start - a.end <= 3 or 0 <= a.start - atom.end <= 6)
        and a.start < limit + 1
    ]
    near.sort(key=lambda a: abs(a.start - atom.start))
    if "bone_scan" in atom.labels:  # of the whole skeleton, whatever lights up
        near = [a for a in near if a.attribute("region") in _SPINE and abs(a.start - atom.end) <= 2]
    if not near:
        return None
    # "X-ray of pelvis and lumbar spine": of a list, the lumbar spine is what the request is about.
    last = near[0].end
    named = {str(near[0].attribute("region"))}
    for other in sorted(
        (a for a in atoms if a.attribute("region") and a.start >= last), key=lambda a: a.start
    ):
        between = set(note.norms(last, other.start))
        if other.start - last > 3 or not between <= _LISTED or not between & _JOINTS:
            break
        named.add(str(other.attribute("region")))
        last = other.end
    if {"cervical", "thoracic", "lumbar"} <= named:
        return "whole_spine"
    if "lumbar" in named:
        return "lumbar"
    return str(near[0].attribute("region"))


def _heading_region(note: Note, start: int) -> str | None:
    number = note.layout.sentence[start]
    for previous in range(number - 1, max(-1, number - 3), -1):
        first, last = note.layout.sentences[previous]
        if note.layout.part[first] != note.layout.part[start]:
            break
        for atom in note.atoms_in(first, last):
            if atom.attribute("region") and IMAGING & {
                lab for a in note.atoms_in(first, last) for lab in a.labels
            }:
                return str(atom.attribute("region"))
    return None


def _verdict(note: Note, atoms: Sequence[Atom], mention: Mention, study: Atom | None) -> None:
    """What `atoms`, the words after the study or its impression, say that it found."""
    values: list[str] = []
    shows: list[str] = []
    for atom in atoms:
        if study is not None and atom.start < study.start - (4 if "study_result" in atom.labels else 0):
            continue
        entry = atom.get("study_result")
        if entry is not None:
            value = str(entry.attributes["result"])
            stands = note.assess(atom.start, atom.end)
            if stands.hypothetical:
                continue
            values.append("normal" if value == "abnormal" and stands.negated else value)
        elif _is_denial(note, atom):
            values.append("normal")
        for label in _SEEN & set(atom.labels):
            stands = note.assess(atom.start, atom.end)
            ignored = any(e.label == label and e.attributes.get("ignore") for e in atom.entries)
            lone = any(e.label == label and e.attributes.get("denied_only") for e in atom.entries)
            if ignored or stands.family or stands.hypothetical:
                continue
            denies = any(e.label == label and e.attributes.get("assertion") == "absent" for e in atom.entries)
            absent = denies or (stands.negated and not is_new_finding(note, atom.start, atom.end, stands))
            doubted = stands.possible or bool(
                {"indeterminate", "equivocal", "inconclusive"} & set(note.norms(atom.start - 3, atom.start))
            )
            values.append("normal" if absent else "inconclusive" if doubted else "abnormal")
            if not absent and not lone and label in _SHOWS and (not doubted or label == "spinal_infection"):
                shows.append(_SHOWS[label])
    if values:
        result = (
            "inconclusive" if "inconclusive" in values else "abnormal" if "abnormal" in values else "normal"
        )
        mention.attributes.setdefault("result", result)
    if mention.attributes.get("result") == "inconclusive" and "level" not in mention.attributes:
        level = _open_vertebra(note, atoms)
        if level:
            mention.attributes["level"] = level
        elif _is_sacroiliac(note, atoms):
            mention.attributes["site"] = "sacroiliac"
    if shows:
        old = str(mention.attributes.get("shows", ""))
        mention.attributes["shows"] = ",".join(dict.fromkeys([*filter(None, old.split(",")), *shows]))
    labels = {label for atom in atoms for label in atom.labels}
    if "recommends_mri" in labels:
        mention.attributes["recommends_mri"] = True
    for key in ("changed", "highly_suspicious"):
        if key in labels:
            mention.attributes[key] = True
    if "flexion_extension" in labels:
        mention.attributes["flexion_extension"] = True
    if mention.attributes.get("flexion_extension"):
        _motion(note, atoms, mention)


def _open_vertebra(note: Note, atoms: Sequence[Atom]) -> str | None:
    """The lumbar vertebra whose finding stays open: "indeterminate L3 lesion" on a CT of the abdomen."""
    for atom in atoms:
        entry = atom.get("study_result")
        if entry is None or entry.attributes["result"] != "inconclusive":
            continue
        start, end = note.sentence_of(atom.start)
        for norm in note.norms(max(start, atom.start - 14), min(end, atom.end + 9)):
            if len(norm) == 2 and norm[0] == "l" and norm[1] in "12345":
                return norm.upper()
    return None


def _is_sacroiliac(note: Note, atoms: Sequence[Atom]) -> bool:
    """Is all that stays open a finding of the sacroiliac joints?"""
    unclear = [a for a in atoms if (e := a.get("study_result")) and e.attributes["result"] == "inconclusive"]
    around = [set(note.norms(max(note.sentence_of(a.start)[0], a.start - 6), a.end + 7)) for a in unclear]
    return bool(around) and any(words & {"sacroiliac", "si", "sij", "sijs"} for words in around)


def _motion(note: Note, atoms: Sequence[Atom], mention: Mention) -> None:
    """Whether bending films show the segment to move."""
    moving = [a for a in atoms if "instability_word" in a.labels or "spinal_instability" in a.labels]
    stands = [note.assess(a.start, a.end) for a in moving]
    if any("stability_word" in a.labels for a in atoms) or any(s.negated for s in stands):
        mention.attributes["instability"] = False
    elif any(s.label == "present" for s in stands):
        mention.attributes["instability"] = True


def is_new_finding(note: Note, start: int, end: int, stands: Assertion) -> bool:
    """As in "not there on films of 2023": what an older picture lacks is new."""
    starts = note.words.starts
    cues = [c for c in stands.cues if c[2] == "negated"]
    if not cues or any(c[0] < starts[start] for c in cues):
        return False
    after = bisect_left(starts, max(c[1] for c in cues))
    tail = note.norms(after, after + 8)
    if not {"on", "in", "at"} & set(tail[:3]):
        return False
    older = {
        "prior",
        "previous",
        "old",
        "older",
        "earlier",
        "last",
        "first",
        "original",
        "initial",
        "comparison",
    }
    dated = any(t.kind == "date" for t in note.times_in(after, min(after + 8, note.sentence_of(start)[1])))
    return bool(older & set(tail)) or dated


def _follow(note: Note, start: int, mention: Mention) -> None:
    """The next sentences of the same part that go on with the report."""
    number = note.layout.sentence[start]
    part = note.layout.part[start]
    for following in range(number + 1, min(number + 4, len(note.layout.sentences))):
        first, last = note.layout.sentences[following]
        if note.layout.part[first] != part or note.words.gaps[first].count("\n") >= 2:
            return
        atoms = note.atoms_in(first, last)
        if any(IMAGING & set(a.labels) or "lab" in a.labels for a in atoms):
            return
        going_on = {
            "study_result",
            "recommends_mri",
            "flexion_extension",
            "instability_word",
            "stability_word",
        }
        if not any(going_on & set(a.labels) for a in atoms) or note.category(first) not in (
            "results",
            "hpi",
            "interval",
            "exam",
            "",
            "assessment",
            "labs",
        ):
            return
        told = dict(mention.attributes)
        _verdict(note, atoms, mention, None)
        if told.get("result") == "normal" and note.category(first) == "results":
            mention.attributes.pop("result")
            _verdict(note, atoms, mention, None)


def _report(note: Note) -> None:
    """An imaging report is one study: modality and region from its head, verdict from its impression."""
    head = [a for a in note.atoms if a.start < 60]
    study = next((a for a in head if IMAGING & set(a.labels)), None) or next(
        (a for a in note.atoms if IMAGING & set(a.labels)), None
    )
    if study is None:  # "LUMBAR SPINE FLEXION / EXTENSION" are films
        study = next((a for a in head if "flexion_extension" in a.labels), None)
    if study is None:
        return
    type_ = next((label for label in study.labels if label in IMAGING), "xray")
    region = _region(note, head, study, study.end + 12) or next(
        (
            str(a.attribute("region"))
            for a in head
            if a.attribute("region") and a.start > study.start and type_ != "bone_scan"
        ),
        None,
    )
    existing = [m for m in note.mentions if m.type == type_ and m.assertion == "present"]
    mention = next((m for m in existing if m.start == study.start), None)
    if mention is None:
        mention = note.add(type_, study.start, study.end, "present", region=region)
        if mention is None:
            return
    for key in ("result", "shows", "recommends_mri"):
        mention.attributes.pop(key, None)
    if region:
        mention.attributes["region"] = region
    mention.date = _exam_day(note)
    # What its own title and text say of it again is the same study; an earlier one has a day of its own.
    again = [m for m in existing if m is not mention and (m.date is None or m.date == mention.date)]
    note.mentions = [m for m in note.mentions if not any(m is other for other in again)]
    if mention.date is not None:
        mention.attributes["dated"] = True
    mention.attributes["report"] = True
    impression = [p for p in note.layout.parts if p.category in ("assessment", "assessment_plan")]
    asked = ("indication", "administrative", "complaint", "hpi", "pmh")
    body = [
        a
        for a in note.atoms
        if a.start > study.start
        and note.category(a.start) not in asked
        and note.words.norms[note.sentence_of(a.start)[0]] not in _ASKED
    ]
    deciding = [a for p in impression for a in note.atoms_in(p.title_end, p.end)]
    _verdict(note, deciding or body, mention, None)
    if "result" not in mention.attributes:
        _verdict(note, body, mention, None)
    if any("flexion_extension" in a.labels for a in note.atoms):
        mention.attributes["flexion_extension"] = True
        _motion(note, body, mention)
    if any("recommends_mri" in a.labels for a in body):
        mention.attributes["recommends_mri"] = True


def _exam_day(note: Note) -> str | None:
    """The day that the head of a report calls that of the examination, else that of the document."""
    anchor = note.anchor.isoformat() if note.anchor is not None else None
    for time in note.times_in(0, 70):
        if (
            time.kind != "date"
            or len(time.iso) < 10
            or time.ago
            or (anchor is not None and time.iso > anchor)
        ):
            continue
        before = set(note.norms(time.start - 4, time.start))
        if before & {"exam", "study", "performed", "dos", "service", "examination"} and not before & {
            "comparison",
            "dob",
            "birth",
        }:
            return time.iso
    return anchor


def _settle(note: Note) -> None:
    """An addendum that calls the open finding benign has settled it: it was unclear and is so no longer."""
    norms = note.words.norms
    if "addendum" not in norms:
        return
    at = -1
    for i, norm in enumerate(norms):
        tail = set(norms[i : i + 70]) if norm == "addendum" else set()
        if tail & {"benign", "identical", "island", "stable", "unchanged", "hemangioma"} and (
            "no" in tail or not tail & {"recommended", "advised", "suspicious"}
        ):
            at = i
    if at < 0:
        return
    for mention in [
        m for m in note.mentions if m.type in IMAGING and m.assertion == "present" and m.start < at + 70
    ]:
        unclear = mention.attributes.get("result") == "inconclusive" or mention.attributes.pop(
            "recommends_mri", False
        )
        if unclear:
            was = note.add(
                mention.type,
                mention.start,
                mention.end,
                "historical",
                region=mention.attributes.get("region"),
                result="inconclusive",
            )
            if was is not None:
                was.date = mention.date
            mention.attributes["result"] = "abnormal"


def _concluded(note: Note, first: int, last: int, end: int) -> tuple[int, int]:
    """The impression of a report, which outranks the single nerves and muscles that it lists before."""
    words, parts = note.words, note.layout.parts
    stop = len(words) if note.kind == "emg_report" else last
    for number in range(note.layout.part[first] + 1, len(parts)):
        part = parts[number]
        title = set(note.norms(part.start, part.title_end))
        if note.kind != "emg_report" and (part.start - last > 3 or words.gaps[part.start].count("\n") >= 2):
            break
        if title & _DECIDES and "plan" not in title:
            return part.title_end, min(part.end, part.title_end + 40)
    for i in range(first if note.kind == "emg_report" else end, stop - 1):
        if words.norms[i] in _DECIDES and words.norms[i + 1] == ":":
            return i, max(stop, note.sentence_of(i)[1])
    return first, last


def _emg(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    words = note.words
    category = note.category(start)
    for atom in atoms:
        if "emg_ncs" not in atom.labels:
            continue
        scope = note.assess(atom.start, atom.end)
        if _is_of_relative(note, atom) or _is_half(note, atom):
            continue
        first, last = start, end
        number = note.layout.sentence[start]
        # "ELECTRODIAGNOSTIC STUDY: ..." goes on to the next title of a dictated line.
        titled = atom.start - start <= 1 and note.norms(atom.end, atom.end + 1) == [":"]
        for following in range(number + 1, min(number + 6, len(note.layout.sentences))):
            a, b = note.layout.sentences[following]
            if titled and ":" in note.norms(a, min(b, a + 4)):
                break
            if (
                note.layout.part[a] != note.layout.part[start]
                or note.words.gaps[a].count("\n") >= 2
                or any("emg_ncs" in x.labels and not _is_half(note, x) for x in note.atoms_in(a, b))
            ):
                break
            last = b
            if titled:
                continue
            bulleted = words.norms[a] in _BULLETS or words.norms[first] in _BULLETS or last - first <= 14
            if note.kind != "emg_report" and not bulleted:
                break
        part = note.layout.parts[note.layout.part[start]]
        if atom.start - part.start <= 3 and part.title_end > atom.start:
            last = max(last, min(part.end, part.start + 160))  # a paragraph under the title of the study
        first, last = _concluded(note, first, last, end)
        near = note.atoms_in(first, last)
        norms = set(note.norms(first, last))
        limb = (
            "upper"
            if norms & {"arm", "arms", "upper", "hand", "hands", "wrist", "median", "ulnar", "ue"}
            and not norms & {"leg", "legs", "lower", "lumbar", "lumbosacral"}
            else "lower"
            if norms
            & {
                "leg",
                "legs",
                "lower",
                "lumbar",
                "lumbosacral",
                "le",
                "paraspinals",
                "peroneal",
                "tibial",
                "sural",
            }
            else None
        )
        radicular = next((a for a in near if "radicular_result" in a.labels), None)
        neuropathy = next(
            (a for a in near if {"peripheral_neuropathy", "peripheral_nerve_injury"} & set(a.labels)), None
        )
        ordered = [
            a
            for a in atoms
            if ("order_word" in a.labels or "plan_word" in a.labels) and -8 <= a.start - atom.start <= 8
        ]
        times = [t for t in note.times_in(start, end) if t.kind == "date" and note.has_come(t.iso)]
        result = None
        if radicular is not None:
            stands = note.assess(radicular.start, radicular.end)
            result = (
                "radiculopathy"
                if stands.label == "present"
                else "normal"
                if stands.negated and neuropathy is None
                else None
            )
            if result is None and neuropathy is None:
                result = "inconclusive"
        if (
            result in (None, "normal")
            and neuropathy is not None
            and note.assess(neuropathy.start, neuropathy.end).label == "present"
        ):
            result = "neuropathy"
        if result is None and _is_denervated(note, first, last):
            result = "radiculopathy"
        if result is None and norms & {"normal", "negative", "unremarkable", "nl"}:
            result = "normal"
        if result is None and norms & {"neuropathy", "polyneuropathy", "axonal", "cts", "carpal"}:
            result = "neuropathy"
        told = _SHOWN & set(note.norms(atom.end, min(end, atom.end + 14)))
        dated = bool(times) and 0 <= times[0].start - atom.end <= 1  # "EMG/NCS 3/2 because podiatry asked"
        if dated:
            ordered = []
        if ordered and not times and not told:
            result = None
        if (
            scope.label in ("hypothetical", "absent")
            or (ordered and result is None)
            or (
                category in ("plan", "instructions", "assessment_plan")
                and not times
                and result is None
                and not told
            )
        ):
            pending = (
                category != "assessment_plan"
                or norms & {"pending", "awaiting", "scheduled", "ordered"}
                or ordered
            )
            if scope.label == "absent" or not pending:
                continue
            mention = note.add(
                "emg_ncs", atom.start, atom.end, "hypothetical", limb=limb, result="pending", planned=True
            )
            continue
        mention = note.add("emg_ncs", atom.start, atom.end, "present", limb=limb, result=result)
        if mention is not None:
            levels = dermatomes(note, first, last)
            if levels and result == "radiculopathy":
                mention.attributes["level"] = ",".join(levels)
            if times:
                mention.date = times[0].iso


def _is_half(note: Note, atom: Atom) -> bool:
    """The needle or the conduction part of a study that the same part of the note has named before."""
    part = note.layout.part[atom.start]
    return note.words.norms[atom.start] in ("needle", "nerve", "conduction") and any(
        other.start < atom.start and "emg_ncs" in other.labels and note.layout.part[other.start] == part
        for other in note.atoms
    )


def _is_denervated(note: Note, first: int, last: int) -> bool:
    """Needle findings of a damaged root, told without the verdict."""
    return any(
        word in _DENERVATED and not note.assess(i, i + 1).negated
        for i, word in enumerate(note.norms(first, last), start=first)
    )


def _lab_tables(note: Note) -> None:
    """Tables with a test in each column and a day in each row."""
    words, text = note.words, note.words.text
    if sum("lab" in atom.labels for atom in note.atoms) < 2 or len(text) > 200_000:
        return
    lines = [m.span() for m in re.finditer(r"[^\n]+", text)]
    for number, (first, last) in enumerate(lines):
        columns = [
            a
            for a in note.atoms_in(*_words_of(note, first, last))
            if "lab" in a.labels and (entry := a.get("lab")) is not None and entry.attributes.get("test")
        ]
        if len(columns) < 2 or any(c.isdigit() for c in text[first:last]):
            continue
        newest: tuple[Time, list[str]] | None = None
        for row_first, row_last in lines[number + 1 : number + 9]:
            dated = next(
                (t for t in note.times_in(*_words_of(note, row_first, row_last)) if t.kind == "date"), None
            )
            if dated is None:
                break
            day_end = words.ends[dated.end - 1]
            cells = [
                c
                for c in re.split(r"\s*\|\s*|\s+|,\s*", text[day_end:row_last].strip(" |:"))
                if c not in _UNITS
            ]
            if len(cells) != len(columns):
                break
            if newest is None or dated.iso >= newest[0].iso:
                newest = (dated, cells)
        if newest is not None:
            _table_row(note, columns, newest[1], newest[0])


def _words_of(note: Note, first: int, last: int) -> tuple[int, int]:
    """The words between two characters of the text."""
    return bisect_left(note.words.starts, first), bisect_left(note.words.starts, last)


def _table_row(note: Note, columns: Sequence[Atom], cells: Sequence[str], day: Time) -> None:
    for atom, cell in zip(columns, cells, strict=True):
        entry = atom.get("lab")
        match = re.match(r"([<>]?)(\d+(?:\.\d+)?)(\*|[hHlL])?$", cell)
        if entry is None or match is None:
            continue
        test = str(entry.attributes["test"])
        value = float(match[2])
        mention = note.add(
            "lab",
            atom.start,
            atom.end,
            "present",
            test=test,
            value=value,
            abnormal=_is_abnormal(test, value, match[3]),
        )
        if mention is not None:
            mention.date = day.iso


def _is_abnormal(test: str, value: float, flag: str | None) -> bool | None:
    """By its flag, else by the usual range; a CRP without its unit may be in mg/l."""
    if flag:
        return True
    if test not in _USUAL:
        return None
    low, high = _USUAL[test]
    if test == "CRP":
        high = 10.0
    return not low <= (value / 1000 if test == "WBC" and value > 1000 else value) <= high


_SINCE = re.compile(r"\b(?:back to|down to|normali[sz]ed to|now)\s+(\d+(?:\.\d+)?)", re.IGNORECASE)
_CELL = re.compile(r"(?<![\d.<-])(\d+(?:\.\d+)?)(?![\d.]|\s?[-\u2013]\s?\d)")


def _newest_column(note: Note, start: int, atom: Atom) -> tuple[float, bool | None, str, bool] | None:
    """The newest value of a row under a line of days: value, abnormal by the row's range, day, higher than before."""
    layout, words = note.layout, note.words
    number = layout.sentence[start]
    if number not in layout.rows:
        return None
    for above in range(number - 1, max(-1, number - 9), -1):
        if above not in layout.rows:
            return None
        first, last = layout.sentences[above]
        days = [t for t in note.times_in(first, last) if t.kind == "date"]
        if len(days) < 2:
            continue
        line_end = words.text.find("\n", words.starts[start])
        line = words.text[words.ends[atom.end - 1] : line_end if line_end >= 0 else len(words.text)]
        cells = [float(cell) for cell in _CELL.findall(line)]
        if len(cells) < len(days):
            return None
        newest = max(range(len(days)), key=lambda k: days[k].iso)
        ranged = _RANGE.search(line)
        abnormal = None
        if ranged is not None and ranged[1]:
            abnormal = cells[newest] >= float(ranged[1])
        elif ranged is not None and ranged[2]:
            abnormal = not float(ranged[2]) <= cells[newest] <= float(ranged[3])
        older = [cells[k] for k in range(len(days)) if days[k].iso < days[newest].iso]
        return cells[newest], abnormal, days[newest].iso, bool(older) and cells[newest] > older[-1] * 1.15
    return None


def _whole_panel(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    """As in "Labs:" as a title with the verdict on all of them in the next sentence."""
    number = note.layout.sentence[start]
    if (
        end - start > 3
        or number + 1 >= len(note.layout.sentences)
        or any(m.type == "lab" and start <= m.start < end for m in note.mentions)
    ):
        return
    first, last = note.layout.sentences[number + 1]
    text = " ".join(note.norms(first, min(last, first + 5)))
    if (
        text.startswith(
            (
                "within normal",
                "wnl",
                "normal",
                "unremarkable",
                "negative",
                "all normal",
                "all within normal",
                "nl",
            )
        )
        and last - first <= 8
    ):
        atom = next(a for a in atoms if "lab" in a.labels)
        note.add("lab", atom.start, atom.end, "present", abnormal=False)


def _labs(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    text = note.words.text
    category = note.category(start)
    labs = [a for a in atoms if "lab" in a.labels]
    sentence = note.norms(start, end)
    ordered = category in ("plan", "instructions", "assessment_plan") or {
        "order",
        "ordered",
        "check",
        "repeat",
        "obtain",
        "pending",
    } & set(sentence)
    for number, atom in enumerate(labs):
        entry = atom.get("lab")
        assert entry is not None
        test = str(entry.attributes.get("test", ""))
        scope = note.assess(atom.start, atom.end)
        if _is_of_relative(note, atom):
            continue
        if scope.label in ("hypothetical", "family"):
            continue
        limit = labs[number + 1].start if number + 1 < len(labs) else end
        following = (
            number + 1
        )  # "TSH and B12 normal": a test with nothing of its own shares what is said of the next
        while (
            following < len(labs)
            and labs[following].start > labs[following - 1].end
            and set(note.norms(labs[following - 1].end, labs[following].start)) <= _JOINTS
        ):
            following += 1
        shared = labs[following].start if following < len(labs) else end
        tail_start = note.words.ends[atom.end - 1]
        tail_end = note.words.starts[limit] if limit < len(note.words) else len(text)
        tail_end = min(tail_end, tail_start + 70)
        match = _VALUE.match(text, tail_start, tail_end)
        value = (
            float(match[2].replace(",", ""))
            if match is not None and not re.match(r"\s?/\s?\d", text[match.end() : match.end() + 3])
            else None
        )
        flags = [
            a
            for a in atoms
            if "lab_high" in a.labels
            and 0 <= a.start - labs[following - 1].end <= 6
            and a.start < shared
            and note.words.norms[a.start - 1] != "/"  # "22 mm/h"
            and not note.scopes.assess(a.start, a.end).negated
        ]
        before = [
            a
            for a in atoms
            if "lab_high" in a.labels
            and 0 <= atom.start - a.end <= 1
            and note.words.norms[a.start] not in ("h", "up")
        ]
        fine = any(
            w
            in (
                "normal",
                "negative",
                "nl",
                "wnl",
                "unremarkable",
                "within",
                "neg",
                "nonreactive",
                "fine",
                "ok",
                "stable",
                "clean",
                "sterile",
                "clear",
                "unrevealing",
                "benign",
                "undetectable",
            )
            for w in note.norms(labs[following - 1].end, min(shared, labs[following - 1].end + 6))
        )
        known = entry.attributes.get("abnormal")
        none = re.match(
            r".{0,25}\b(?:showed|shows|with|without)? ?(?:no|without a) "
            r"(?:growth|spike|monoclonal|m[ -]?spike|abnormal)",
            text[tail_start:tail_end],
            re.IGNORECASE | re.DOTALL,
        )
        fine = fine or none is not None
        if value is None and not flags and not before and not fine and known is None:
            continue
        if (
            ordered
            and value is None
            and known is None
            and not (fine and {"sent", "last", "was", "were"} & set(sentence))
        ):
            continue
        since = _SINCE.search(text, tail_end - 60 if tail_end - 60 > tail_start else tail_start, tail_end)
        if value is not None and since is not None and match is not None and since.start() >= match.end():
            value = float(since[1])  # "CRP 41 last August, back to 3 by September"
        column = _newest_column(note, start, atom) if number == 0 else None
        if column is not None:
            value, match = column[0], None
        abnormal: bool | None = known
        if column is not None:
            abnormal = column[1] if column[1] is not None else _is_abnormal(test, column[0], None)
        elif flags or before:
            abnormal = True
        elif value is not None and match is not None:
            ranged = _RANGE.match(text, match.end(), tail_end) or _RANGE.search(
                text[match.end() : tail_end][:22]
            )
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
        mention = note.add(
            "lab",
            atom.start,
            atom.end,
            "present",
            test=test or None,
            value=value,
            unit=(match[3] if match and value is not None and match[3] else None),
            abnormal=abnormal,
        )
        if mention is not None and column is not None:
            mention.date = column[2]
            if column[3]:
                mention.attributes["worsening"] = True
        elif mention is not None:
            times = [t for t in note.times_in(start, end) if t.kind == "date"]
            if times:
                mention.date = times[0].iso

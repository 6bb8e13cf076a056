"""Records of therapists and chiropractors, read as one course from its first to its last visit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from nlp.mentions import Atom
from nlp.note import Mention, Note
from nlp.outcomes import trends
from nlp.times import Time

_WORDS_IN_HEAD = 60
_YEAR_OF_CARE = timedelta(days=420)
_SIGNED = frozenset(
    "dpt pt mpt pta rpt lpt ptmsc mspt ocs mcsp apam physio physiotherapist physiotherapy therapist therapy dc chiropractor chiropractic".split()
)
_CREDENTIALS = frozenset("DPT PT MPT PTA RPT DC Physiotherapist Chiropractor OCS".split())
_PHYSICIAN = frozenset("MD DO NP FNP PA PA-C M.D D.O MBBS AGNP-C APRN CNP".split())
_RECORD_WORDS = frozenset(
    "chart tx care visits discharge evaluation eval progress daily treatment summary note notes re-examination examination visit log episode record hold intake report".split()
)
_EXCLUDED = frozenset(
    "birth dob born onset surgery mri injury doi next certification expires cert poc xray x-ray xr script referral referred appointment scheduled phone "
    "phoned called call spoke cancelled canceled cancel cx ns dns auth authorization authorized valid prepared printed faxed ct film films returns moi".split()
)
_BEGINS = re.compile(
    r"start of care|soc|initial|\beval|first|started|began|begin|start|\bie\b|since|presented|intake|came to|commenced"
)
_ENDS = re.compile(
    r"\blast|discharge|d / c|\bdc\b|final|through|thru|until|re - ?eval|reeval|re ?eval|closed|today"
)
_TO = frozenset(("-", "to", "through", "thru", "until", "till", "\u2013", "\u2014"))
_VISIT_NUMBER = re.compile(
    r"\bvisits?\s*(?:#|no\.?|number|total)?\s*:?\s*(\d{1,3})\b(?!\s*(?:/|wk|x|per|w/))"
    r"|#\s*(?:of\s*)?visits?\s*(?:attended)?\s*:?\s*(\d{1,3})\b",
    re.IGNORECASE,
)
_TREATED = frozenset("treated seen care sessions visits occasions attended course program treatments".split())
_PLANNED = frozenset("plan recommend recommended authorized request requested frequency rec poc".split())


def read_record(note: Note) -> Mention | None:
    """Add the course that a record documents by its visits; None where a note is no record of treatment."""
    type_ = _modality(note)
    if type_ is None:
        return None
    days = _Days(note)
    today = note.anchor.isoformat() if note.anchor is not None else None
    head = set(note.norms(0, _WORDS_IN_HEAD))
    is_first = bool({"evaluation", "eval", "ie"} & head) and not head & {
        "discharge", "summary", "re-evaluation", "re", "reeval", "re-eval", "closed", "progress", "re-examination",
    }  # fmt: skip
    is_closed = bool(head & {"discharge", "closed", "d/c", "summary"}) or note.kind == "letter"
    was_seen = not is_closed and not head & {"hold", "cancelled", "canceled", "missed"}
    begin = min(days.starts, default=None) or min(days.sessions, default=None)
    finish = max([*days.ends, *days.sessions], default=None)
    if is_first:
        begin = begin or today
        finish = max(filter(None, (finish, begin)), default=None)
    elif was_seen and today is not None:
        finish = max(finish or today, today)
    elif finish is None and begin is not None and note.kind != "letter":
        finish = today
    if begin is None and finish is None and not days.told and note.kind != "physical_therapy":
        return None
    at = days.first_word
    mention = note.add(type_, at, at + 1, "present")
    if mention is None:
        return None
    keep = mention.attributes
    keep["record"] = True
    if is_closed and finish is not None:
        keep["closed"] = True
    if begin is not None:
        keep["start"] = begin
    if finish is not None and (begin is None or finish >= begin):
        keep["end"] = finish
    if days.length is not None and not {"start", "end"} <= set(keep):
        keep["duration_days"] = days.length
    count = 1 if is_first and days.visits is None else days.visits
    count = count or (len(days.sessions) if len(days.sessions) >= 3 else None)
    if count:
        keep["visits"] = count
    if days.per_week and not is_first:
        keep["per_week"] = (
            int(days.per_week) if days.per_week == int(days.per_week) else round(days.per_week, 2)
        )
    return mention


def _modality(note: Note) -> str | None:
    head = [a for a in note.atoms if a.start < 80]
    norms = note.words.norms
    signed, titles = set(norms[-30:]), set(note.words.raws[-30:])
    chiropractor = any("chiropractic" in a.labels for a in head) or ("DC" in titles)
    if note.kind != "physical_therapy":
        title = next((i for i in range(1, len(norms)) if "\n" in note.words.gaps[i]), 14)
        titled = any(
            {"chiropractic", "physical_therapy"} & set(a.labels) and a.start < min(title, 14) for a in head
        ) and bool(_RECORD_WORDS & set(norms[:30]))
        by_hand = bool(_SIGNED & signed) and not _PHYSICIAN & titles
        if note.kind == "office_note":
            if not (titled and by_hand and _CREDENTIALS & set(note.words.raws[-12:])):
                return None
        elif note.kind not in ("other", "letter") or not (titled or by_hand):
            return None
        if not any({"chiropractic", "physical_therapy"} & set(a.labels) for a in note.atoms):
            return None
    first = {
        label: a.start
        for a in reversed(head)
        for label in a.labels
        if label in ("chiropractic", "physical_therapy")
    }
    earlier = first.get("chiropractic", 98) <= first.get("physical_therapy", 99)
    return "chiropractic" if chiropractor and earlier else "physical_therapy"


@dataclass
class _Days:
    """The days of a record, sorted into beginnings, ends and sessions, with what it counts."""

    note: Note
    starts: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)
    visits: int | None = None
    per_week: float | None = None
    length: int | None = None
    first_word: int = 0

    def __post_init__(self) -> None:
        times = self.note.times
        joined: set[int] = set()
        for number, time in enumerate(times):
            if time.kind == "date" and self._may_be_visit(time):
                following = times[number + 1] if number + 1 < len(times) else None
                if number in joined:
                    continue
                if following is not None and self._is_range(time, following):
                    joined.add(number + 1)
                    self._keep(time, self.starts)
                    self._keep(following, self.ends)
                else:
                    self._sort(time, times[number - 1] if number else None)
            else:
                self._count(time)
        match = _VISIT_NUMBER.search(self.note.words.text)
        if match is not None and self.visits is None:
            self.visits = int(match[1] or match[2])

    @property
    def told(self) -> bool:
        return bool(self.visits or self.length)

    def _may_be_visit(self, time: Time) -> bool:
        note, words = self.note, self.note.words
        if len(time.iso) != 10 or not note.has_come(time.iso):
            return False
        if note.anchor is not None and time.iso < (note.anchor - _YEAR_OF_CARE).isoformat():
            return False
        start, _ = note.sentence_of(time.start)
        if _EXCLUDED & set(words.norms[max(start, time.start - 4) : time.start]):
            return False
        raw = words.text[words.starts[time.start] : words.ends[time.end - 1]]
        if raw.count("/") == 1 and words.norms[max(start, time.start - 1) : time.start] in (
            ["visit"],
            ["visits"],
            ["session"],
            ["#"],
        ):
            return False  # "visit 7/12": of twelve
        return not (
            raw.count("/") == 1 and raw.endswith(("/10", "/5")) and time.start != start
        )  # a score, no day

    def _is_range(self, first: Time, second: Time) -> bool:
        between = self.note.norms(first.end, second.start)
        return (
            second.kind == "date"
            and 0 < len(between) <= 2
            and bool(_TO & set(between))
            and self._may_be_visit(second)
            and first.iso <= second.iso
        )

    def _keep(self, time: Time, days: list[str]) -> None:
        days.append(time.iso)
        self.first_word = self.first_word or time.start

    def _sort(self, time: Time, previous: Time | None) -> None:
        note, norms = self.note, self.note.words.norms
        start, _ = note.sentence_of(time.start)
        before = norms[max(start, time.start - 4) : time.start]
        text = " ".join(before)
        if _ENDS.search(text) and not _BEGINS.search(text.rsplit("last", 1)[-1]):
            self._keep(time, self.ends)
        elif _BEGINS.search(text) and not re.search(r"onset|pain|symptom|since starting", text):
            self._keep(time, self.starts)
        elif (
            time.start == start
            or before[-1:] in (["-"], ["*"], [":"])
            or "\n" in note.words.gaps[time.start]
            or {"visit", "visits", "seen", "attended", "treated", "dates", "sessions", "dos"} & set(before)
            or (
                before[-1:] in ([","], ["and"], ["&"], ["("])
                and previous is not None
                and previous.iso in self.sessions
            )
            or (
                before[-1:] == ["on"]
                and {"vas", "nprs", "odi", "pain", "oswestry"} & set(norms[start : time.start])
            )
        ):
            self._keep(time, self.sessions)

    def _count(self, time: Time) -> None:
        note = self.note
        start, end = note.sentence_of(time.start)
        sentence = set(note.norms(start, end))
        is_plan = note.category(time.start) == "plan" or bool(sentence & _PLANNED)
        if time.kind == "visits" and self.visits is None and not is_plan:
            self.visits = int(time.low)
        elif time.kind == "frequency" and self.per_week is None:
            self.per_week = time.low
        elif (
            time.kind == "duration"
            and self.length is None
            and not is_plan
            and sentence & _TREATED
            and {"over", "for", "of", "x"} & set(note.norms(time.start - 2, time.start))
        ):
            self.length = int(time.low)


def response_of_record(note: Note, sentence_responses: Sequence[str]) -> str | None:
    """The result of a course: its scores at both ends, else what the record says last."""
    measured = trends(note.words.text) if len(note.words.text) < 40_000 else []
    if measured:
        order = ("worse", "none", "partial", "improved")
        return min((trend.response for trend in measured), key=order.index)
    if "improved" in sentence_responses and not {"none", "worse"} & set(sentence_responses):
        return "improved"
    return sentence_responses[-1] if sentence_responses else None


_DIAGNOSIS = frozenset("dx diagnosis diagnoses reason condition s/p referral problem region".split())
#: A lumbar level, and movements that are named after a joint: "hip hinge".
_LEVEL = re.compile(r"\bL[1-5](?:\b|[-/][LS]?\d)|\blumb|\blumbosacral")
_MOVES = (
    ["hinge"],
    ["hinges"],
    ["thrust"],
    ["thrusts"],
    ["bridge"],
    ["bridges"],
    ["abduction"],
    ["strengthening"],
)
_REPLACED = re.compile(
    r"\b(?:TKA|THA|TSA|ACLR?|total (?:knee|hip|shoulder)|arthroplasty|rotator cuff repair|meniscectomy)\b",
    re.IGNORECASE,
)
_JOINTS_REPLACED = frozenset(("knee", "hip", "shoulder"))
_OF_LOW_BACK = frozenset(("low_back_pain", "radicular_pain", "disc_herniation", "spinal_stenosis"))


def region_of_record(note: Note, other_regions: frozenset[str]) -> str | None:
    """The part of the body that a record treats: by its diagnosis, else by what its head names most."""
    for start, end, atoms in note.sentences():
        if start > 220:
            break
        label = next(
            (
                i
                for i in range(start, end)
                if note.words.norms[i] in _DIAGNOSIS
                and (i - start < 3 or note.words.norms[i + 1 : i + 2] == [":"])
            ),
            None,
        )
        if label is None:
            continue
        named = _regions([a for a in atoms if a.start > label])
        if named:
            return "lumbar" if "lumbar" in named else named[0] if named[0] in other_regions else None
    regions = _regions(
        [a for a in note.atoms if a.start <= 140 and note.words.norms[a.end : a.end + 1] not in _MOVES]
    )
    if regions and regions[0] in _JOINTS_REPLACED and _REPLACED.search(note.words.text, 0, 600):
        return regions[0]  # after a joint replacement
    if "lumbar" in regions or _LEVEL.search(note.words.text, 0, 1200):
        return "lumbar"
    return next((region for region in regions if region in other_regions), None)


def _regions(atoms: Sequence[Atom]) -> list[str]:
    named: list[str] = []
    for atom in atoms:
        region = atom.attribute("region")
        if region and not {"muscle", "reflex"} & set(atom.labels):
            named.append(str(region))
        if _OF_LOW_BACK & set(atom.labels):
            named.append("lumbar")
    return named


def merge_record(note: Note, course: Mention) -> None:
    """The other mentions of that treatment in its own record tell of the same course."""
    kept: list[Mention] = []
    for mention in note.mentions:
        same = (
            mention is not course
            and mention.type == course.type
            and mention.assertion in ("present", "hypothetical", "absent")
        )
        own_region = course.attributes.get("region")
        same = same and mention.attributes.get("region", own_region) == own_region
        if same and str(mention.attributes.get("end", "9")) >= str(course.attributes.get("start", "")):
            for key in ("response", "medical_reason", "stopped_reason"):
                if key in mention.attributes:
                    course.attributes.setdefault(key, mention.attributes[key])
            if not (course.end - course.start > 1) and mention.assertion == "present":
                course.start, course.end = mention.start, mention.end
            continue
        kept.append(mention)
    note.mentions[:] = kept

"""Mentions to facts: the documents of a case put together.

Several mentions of one thing make one fact; newer examinations outrank older ones, specific wording outranks generic
wording, equal ones that contradict each other are marked (criteria.md G3 to G7).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from spacy.language import Language

from nlp.facts import (
    ACTIVE_TREATMENTS,
    FACT_TYPES,
    INACTIVE_TREATMENTS,
    MEDICATIONS,
    CaseFacts,
    Document,
    Evidence,
    Fact,
    Remark,
    Value,
    span_of,
)  # fmt: skip
from nlp.modifiers import apply_modifiers
from nlp.note import Mention, Note
from nlp.reader import read

_ORDER = {name: number for number, name in enumerate(FACT_TYPES)}
_EXAM_TYPES = frozenset(
    ("motor_weakness", "abnormal_reflex", "pathologic_reflex", "sensory_deficit", "increased_tone", "foot_drop", "gait_abnormality",
     "straight_leg_raise", "absent_achilles_bilateral", "absent_anal_reflex", "absent_bulbocavernosus", "spinal_tenderness")
)  # fmt: skip
_KEYS: dict[str, tuple[str, ...]] = {
    "motor_weakness": ("side", "muscle", "region"), "abnormal_reflex": ("side", "reflex", "region"), "sensory_deficit": ("side", "dermatome", "site", "region"),
    "straight_leg_raise": ("side",), "foot_drop": ("side",), "lab": ("test", "value"), "cancer": ("site",), "spine_surgery": ("procedure", "level", "region"),
    "disc_herniation": ("level",), "spinal_stenosis": ("level",), "spondylolisthesis": ("level",), "compression_fracture": ("level",),
    "cutaneous_stigma": ("kind",), "chiari": ("type",), "gait_abnormality": ("kind",), "trauma": ("mechanism",), "injection": ("kind",),
    "medical_device": ("kind",), "radicular_pain": ("region",), "reported_weakness": ("region",), "reported_numbness": ("region", "side"),
    "pathologic_reflex": ("kind", "side"), "increased_tone": ("region",), "peripheral_nerve_injury": ("region",), "immunosuppression": ("cause",),
}  # fmt: skip
_SIDES = frozenset(("left", "right", "l", "r", "bilateral", "lt", "rt", "both"))
_ADULT = 18
_PAINS = frozenset(("low_back_pain", "radicular_pain", "neurogenic_claudication"))
_STUDIES = ("xray", "ct", "mri", "bone_scan", "ultrasound", "emg_ncs")
#: Types whose own date the rules ask for (`date` among the attributes): never that of the document.
_DATED = frozenset(
    (*_STUDIES, "lab", "injection", "spine_surgery", "trauma", "cancer", "compression_fracture")
)
_CPT_REGIONS = {"72141": "cervical", "72142": "cervical", "72156": "cervical", "72146": "thoracic", "72147": "thoracic", "72157": "thoracic",
                "72148": "lumbar", "72149": "lumbar", "72158": "lumbar"}  # fmt: skip
_CPT_LUMBAR_CT = frozenset(("72131", "72132", "72133"))
_AGE_SEX = re.compile(
    r"\b(\d{1,3})\s?(?:y/?o|yr|yrs|y\.o\.)?\s{0,6}(?:[MF]\b|male\b|female\b|man\b|woman\b|boy\b|girl\b)",
    re.IGNORECASE,
)


@dataclass
class _Read:
    document: Document
    note: Note
    when: date | None


def read_case(
    reader: Language, documents: Sequence[Document], *, service_date: date | None, cpt_codes: Sequence[str] = (),
    age_years: float | None = None, birth_date: date | None = None,
) -> CaseFacts:  # fmt: skip
    """Read the documents of one case into the facts that the rules see.

    Without a service date the newest document date is taken; documents dated after the service date are left out
    (criteria.md G3). Raises ValueError where neither gives a date.
    """
    remarks: list[Remark] = []
    reads: list[_Read] = []
    for document in documents:
        note = read(reader, document.text, document.kind, document.date, service_date)
        if _is_unreadable(note):
            note.mentions.clear()
            remarks.append(
                Remark(
                    "unreadable_text",
                    f"Document {document.document_id} holds no readable text; nothing was taken from it.",
                )
            )
        reads.append(_Read(document, note, note.own_date))
    if service_date is None:
        dates = [r.when or r.note.anchor for r in reads if r.when or r.note.anchor]
        if not dates:
            raise ValueError("no service date and no date in any document: give a service date")
        service_date = max(d for d in dates if d is not None)
        remarks.append(
            Remark(
                "no_service_date",
                f"No service date was given; {service_date.isoformat()}, the newest document date, is taken.",
            )
        )
    if not cpt_codes:
        remarks.append(Remark("no_cpt", "No CPT code was given; 72148 is assumed."))
    kept: list[_Read] = []
    for item in reads:
        if item.when is not None and item.when > service_date:
            remarks.append(
                Remark(
                    "document_after_service_date",
                    f"Document {item.document.document_id} is dated after the service date and was left out.",
                )
            )
        else:
            kept.append(item)
    if birth_date is not None and birth_date <= service_date and age_years is None:
        age_years = round((service_date - birth_date).days / 365.25, 2)
    if age_years is None:
        age_years = next((age for item in kept if (age := _age(item.note)) is not None), None)
    for item in kept:
        apply_modifiers(item.note, [other.note for other in kept])
    facts = _merge(kept, service_date)
    if age_years is not None and age_years >= _ADULT:  # posture is a finding of a child (facts.md)
        facts = tuple(fact for fact in facts if fact.type != "postural_change")
    regions, ct = _requested(kept, cpt_codes)
    clinical = [r for r in kept if r.document.kind not in ("order", "lab_report", "imaging_report")]
    newest = max((r.when for r in clinical if r.when is not None), default=None)
    return CaseFacts(
        service_date=service_date, facts=facts, cpt_codes=tuple(cpt_codes), age_years=age_years, requested_regions=regions,
        lumbar_ct_requested=ct, clinical_content=any(r.note.mentions for r in kept), newest_note=newest, remarks=tuple(remarks),
    )  # fmt: skip


# The case ----------------------------------------------------------------------------------------------------------------


def _is_unreadable(note: Note) -> bool:
    """Hardly a word of three letters among many marks: bytes of another kind, a failed scan."""
    raws = note.words.raws
    if len(raws) < 50:
        return False
    raws = raws[:: max(1, len(raws) // 100)]  # a sample tells
    return sum(len(raw) > 2 and raw.isascii() and raw.isalpha() for raw in raws) < 0.12 * len(raws)


def _age(note: Note) -> float | None:
    words = note.words
    for time in note.times:
        if words.starts[time.start] > 2500:
            break
        if time.kind != "age":
            continue
        before = set(words.norms[max(0, time.start - 4) : time.start])
        if before & {
            "brother",
            "sister",
            "mother",
            "father",
            "son",
            "daughter",
            "at",
            "since",
            "cousin",
            "aunt",
            "uncle",
            "by",
            "her",
            "his",
            "wife",
            "husband",
            "was",
        } and not before & {"is", "patient"}:
            continue
        if note.scopes.assess(time.start, time.end).family:
            continue
        return (
            round(time.low / 365, 2)
            if time.low < 730
            else float(int(time.low / 365))
            if time.low % 365 == 0
            else round(time.low / 365, 2)
        )
    head = words.text[:700]
    years = re.search(
        r"\b(\d{1,2})\s?(?:years?|yrs?|y)\s{0,2}(\d{1,2})\s?(?:months?|mos?|m)\b", head, re.IGNORECASE
    )
    if years is not None:
        return round(int(years[1]) + int(years[2]) / 12, 2)
    for pattern in (re.compile(r"\bage(?:/sex|d)?\b\s*:?\s*(\d{1,3})(?!\d|/\d)", re.IGNORECASE), _AGE_SEX):
        match = pattern.search(head)
        if match is not None and 0 < int(match[1]) < 116:
            tail = head[match.end(1) : match.end(1) + 12].strip().lower()
            if tail.startswith(("mo", "month")):
                return round(int(match[1]) / 12, 2)
            if tail.startswith(("week", "wk")):
                return round(int(match[1]) * 7 / 365, 3)
            if tail.startswith(("day",)):
                return round(int(match[1]) / 365, 3)
            return float(match[1])
    return None


def _requested(reads: Sequence[_Read], cpt_codes: Sequence[str]) -> tuple[frozenset[str], bool]:
    """The spine regions that the request names, and whether a lumbar CT is asked for with it."""
    regions = {_CPT_REGIONS[c] for c in cpt_codes if c in _CPT_REGIONS}
    ct = any(c in _CPT_LUMBAR_CT for c in cpt_codes)
    for item in reads:
        note = item.note
        for start, end, atoms in note.sentences():
            if not any("mri" in a.labels for a in atoms):
                continue
            category = note.category(start)
            orders = (
                category in ("plan", "assessment_plan", "indication")
                or any("order_word" in a.labels for a in atoms)
                or note.kind in ("order", "letter")
            )
            if not orders or any(t.kind == "date" and not t.ago for t in note.times_in(start, end)):
                continue
            norms = note.norms(start, end)
            named = {str(a.attribute("region")) for a in atoms}
            if "whole_spine" in named or {"c", "t", "l"} <= set(norms):
                regions |= {"cervical", "thoracic", "lumbar"}
            elif (
                "lumbar" in named
                and named & {"cervical", "thoracic"}
                and not {"neck"} & set(norms)
                and not ({"pain", "prior", "last"} & set(norms))
            ):
                regions |= named & {"cervical", "thoracic", "lumbar"}
    return frozenset(regions or {"lumbar"}), ct


# Merging -----------------------------------------------------------------------------------------------------------------


@dataclass
class _Item:
    mention: Mention
    read: _Read
    when: date | None


def _merge(reads: Sequence[_Read], service_date: date) -> tuple[Fact, ...]:
    items: list[_Item] = []
    for document in reads:
        for mention in document.note.mentions:
            items.append(_Item(mention, document, _date_of(mention, document)))
    _supersede(items)
    _resolve_courses(items, service_date)
    conflicts = _conflicts(items)
    groups: dict[tuple[Any, ...], list[_Item]] = {}
    for item in items:
        mention = item.mention
        if mention.type in ACTIVE_TREATMENTS and mention.assertion == "present":
            continue
        groups.setdefault(_key(mention), []).append(item)
    facts = [_fact(group, conflicts, service_date) for group in groups.values()]
    facts += _episodes(
        [i for i in items if i.mention.type in ACTIVE_TREATMENTS and i.mention.assertion == "present"],
        service_date,
    )
    facts.sort(
        key=lambda f: (
            _ORDER[f.type],
            f.assertion,
            f.evidence[0].document_id,
            f.evidence[0].start,
            f.evidence[0].end,
        )
    )
    return tuple(facts)


def _date_of(mention: Mention, item: _Read) -> date | None:
    if mention.type in _EXAM_TYPES and mention.date:
        return span_of(mention.date)[1]
    copied = item.note.anchor_at(mention.start)
    return copied if copied is not None and copied != item.note.anchor else item.when


def _key(mention: Mention) -> tuple[Any, ...]:
    keys = _KEYS.get(mention.type, ())
    if mention.type in MEDICATIONS:
        keys = ("drug",)
    if mention.type in _STUDIES:
        return (mention.type, mention.assertion, mention.attributes.get("region"), mention.date)
    if mention.assertion == "absent" and mention.type in _EXAM_TYPES:
        keys = (
            tuple(k for k in keys if k in ("side", "muscle", "region")) if mention.specific else ("region",)
        )
    if mention.type == "spine_surgery" and mention.date:
        return (mention.type, mention.assertion, mention.attributes.get("procedure"), mention.date[:4])
    if mention.type == "trauma":
        return (
            mention.type,
            mention.assertion,
            mention.attributes.get("mechanism"),
            (mention.date or "")[:7],
        )
    return (mention.type, mention.assertion, mention.specific, *(mention.attributes.get(k) for k in keys))


def _evidence(item: _Item) -> Evidence:
    words = item.read.note.words
    first, last = item.mention.quote or (item.mention.start, item.mention.end)
    if (
        item.mention.quote is None
        and first
        and words.norms[first - 1] in _SIDES
        and item.read.note.layout.sentence[first - 1] == item.read.note.layout.sentence[first]
    ):
        first -= 1
    start, end = words.starts[first], words.ends[last - 1]
    return Evidence(item.read.document.document_id, start, end, words.text[start:end])


def _fact(group: list[_Item], conflicts: set[int], service_date: date) -> Fact:
    newest = sorted(group, key=lambda i: i.when or date.min, reverse=True)
    attributes: dict[str, Value] = {}
    told = _aligned(newest) if newest[0].mention.type in _PAINS else [i.mention.attributes for i in newest]
    for item, own in zip(newest, told, strict=True):
        for key, value in own.items():
            if key == "severity_0_10" and key in attributes:
                if item.when == newest[0].when:
                    attributes[key] = max(int(value), int(attributes[key]))
            else:
                attributes.setdefault(key, value)
    first = newest[0].mention
    type_ = first.type
    assertion: Any = first.assertion
    when = next((i.mention.date for i in newest if i.mention.date), None)
    if type_ in INACTIVE_TREATMENTS:
        assertion = _treatment_dates(attributes, assertion, when, service_date, newest)
    for passing in ("record", "closed", "on"):
        attributes.pop(passing, None)
    if when is not None and type_ in _DATED:
        attributes["date"] = when
    if when is None and type_ not in ("spine_surgery", "trauma", "cancer", *_STUDIES):
        dated = next((i.when for i in newest if i.when), None)
        when = dated.isoformat() if dated else None
    evidence = tuple(dict.fromkeys(_evidence(i) for i in group))
    return Fact(
        type_,
        assertion,
        dict(sorted(attributes.items())),
        when,
        evidence,
        any(id(i.mention) in conflicts for i in group),
        first.specific,
    )


def _aligned(newest: list[_Item]) -> list[dict[str, Value]]:
    """What the notes say of when a pain began, seen from the newest: its length grows from note to note.

    A beginning later than a note that tells of the pain, or than the length told beside it, is that of a flare.
    """
    first_told = min((i.when for i in newest if i.when is not None), default=None)
    aligned = []
    for item in newest:
        own = dict(item.mention.attributes)
        length = own.get("duration_days")
        onset = span_of(str(own["onset"]))[0] if "onset" in own else None
        if onset is not None and (
            (first_told is not None and onset > first_told)
            or (
                item.when is not None
                and length is not None
                and onset > item.when - timedelta(days=0.6 * float(length))
            )
        ):
            del own["onset"]
        if item.when is not None and newest[0].when is not None:
            for key in ("duration_days", "duration_days_min", "duration_days_max"):
                if key in own:
                    own[key] = int(own[key]) + (newest[0].when - item.when).days
        aligned.append(own)
    return aligned


def _treatment_dates(
    attributes: dict[str, Value], assertion: str, when: str | None, service_date: date, group: list[_Item]
) -> str:
    on = attributes.pop("on", None)
    if on and "start" not in attributes and "end" not in attributes:
        attributes["start"] = on
    if assertion != "present":
        return assertion
    window = _window(service_date)
    last = attributes.get("end") or (when if group[0].mention.type == "injection" and when else None)
    if (
        last is None
        and on
        and not attributes.get("ongoing")
        and len(str(on)) <= 7
        and span_of(str(on))[1] < window
        and group[0].read.note.category(group[0].mention.start) not in ("medications",)
    ):
        last = on
    if last is not None and span_of(str(last))[1] < window:
        return "historical"
    return assertion


def _window(service_date: date) -> date:
    month = service_date.month - 6
    year = service_date.year
    if month <= 0:
        month, year = month + 12, year - 1
    day = service_date.day
    while True:
        try:
            return date(year, month, day)
        except ValueError:
            day -= 1


# Treatment episodes --------------------------------------------------------------------------------------------------------


def _episodes(items: list[_Item], service_date: date) -> list[Fact]:
    """Mentions of one course become one fact: same kind and region, and dates that can be the same."""
    episodes: list[list[_Item]] = []
    _adopt_region(items)
    items.sort(
        key=lambda i: (
            not i.mention.attributes.get("record"),
            not {"start", "end"} <= set(i.mention.attributes),
            not {"start", "end"} & set(i.mention.attributes),
        )
    )
    for item in items:
        for episode in episodes:
            if all(_same_course(item, other) for other in episode):
                episode.append(item)
                break
        else:
            episodes.append([item])
    return [_episode_fact(episode, service_date) for episode in episodes]


def _adopt_region(items: list[_Item]) -> None:
    """Therapy without a place is that of the only course that has one: "two months of therapy" of a knee patient."""
    for type_ in ACTIVE_TREATMENTS:
        courses = [i for i in items if i.mention.type == type_]
        elsewhere = [
            i
            for i in courses
            if _course_region(i.mention.attributes) != "lumbar"
            and {"start", "end", "duration_days", "visits"} & set(i.mention.attributes)
        ]
        here = [
            i
            for i in courses
            if i.mention.attributes.get("region") in ("lumbar", "lower_extremity", "whole_spine")
        ]
        _adopt_told(courses, elsewhere)
        if not elsewhere or here:
            continue
        for item in courses:
            if "region" not in item.mention.attributes and _within(
                item.mention.attributes, elsewhere[0].mention.attributes
            ):
                item.mention.attributes["region"] = elsewhere[0].mention.attributes["region"]


def _adopt_told(courses: Sequence[_Item], elsewhere: Sequence[_Item]) -> None:
    """ "She finished 10 weeks of PT and the back still hurts": as long as, and just after, the recorded course of a knee."""
    if any(i.mention.attributes.get("record") and i not in elsewhere for i in courses):
        return
    for record in elsewhere:
        own = record.mention.attributes
        if not (own.get("record") and {"start", "end"} <= set(own)):
            continue
        first, last = span_of(str(own["start"]))[0], span_of(str(own["end"]))[1]
        for item in courses:
            told = item.mention.attributes
            length = told.get("duration_days")
            if item in elsewhere or {"start", "end", "on"} & set(told) or item.when is None:
                continue
            soon = last <= item.when <= last + timedelta(days=31)
            if soon and (length is None or abs(int(length) - (last - first).days) <= 0.25 * int(length)):
                told["region"] = own["region"]


def _resolve_courses(items: Sequence[_Item], service_date: date) -> None:
    """A home program handed out at an earlier visit was begun; "prior PT" is the only course known, long over."""
    for item in items:
        mention = item.mention
        given = mention.attributes.pop("given", None)
        if (
            given
            and mention.assertion == "hypothetical"
            and item.when is not None
            and item.when <= service_date - timedelta(days=21)
        ):
            mention.assertion = "present"
            mention.attributes.pop("planned", None)
            mention.attributes.setdefault("start", item.when.isoformat())
            mention.attributes.setdefault("prescribed_by", "physician")
    for type_ in ACTIVE_TREATMENTS:
        courses = [
            i for i in items if i.mention.type == type_ and _course_region(i.mention.attributes) == "lumbar"
        ]
        over = [i for i in courses if i.mention.assertion == "historical"]
        current = [i for i in courses if i.mention.assertion == "present"]
        if over and not any(
            {"start", "end", "on", "duration_days", "visits", "record"} & set(i.mention.attributes)
            for i in current
        ):
            for item in current:
                item.mention.assertion = "historical"


def _within(vague: dict[str, Value], course: dict[str, Value]) -> bool:
    """Could the dates of a mention be those of the course?"""
    dates = [str(vague[key]) for key in ("start", "end", "on") if key in vague]
    known = [str(course[key]) for key in ("start", "end") if key in course]
    return (
        not dates
        or not known
        or all(
            span_of(min(known))[0] - timedelta(days=31) <= span_of(d)[1]
            and span_of(d)[0] <= span_of(max(known))[1] + timedelta(days=31)
            for d in dates
        )
    )


def _same_course(a: _Item, b: _Item) -> bool:
    if a.mention.type != b.mention.type:
        return False
    x, y = a.mention.attributes, b.mention.attributes
    if _course_region(x) != _course_region(y):
        return False
    if x.get("record") and y.get("record"):
        return _overlaps(
            str(x.get("end") or x.get("start") or a.when), str(y.get("start") or y.get("end") or b.when), 75
        )
    if _differs_from_record(a, b):
        return True
    for key in ("start", "end"):
        if key in x and key in y and not _overlaps(str(x[key]), str(y[key]), 21):
            return False
    for one, other in ((x, y), (y, x)):
        if "on" in one and ("start" in other or "end" in other):
            low, high = span_of(str(one["on"]))
            first = span_of(str(other.get("start") or other.get("end")))[0]
            last = span_of(str(other.get("end") or other.get("start")))[1]
            if low > last + timedelta(days=45) or high < first - timedelta(days=45):
                return False
        elif "on" in one and "on" in other and not _overlaps(str(one["on"]), str(other["on"]), 30):
            return False
        if (
            "end" in one
            and "start" in other
            and "start" not in one
            and span_of(str(one["end"]))[1] < span_of(str(other["start"]))[0]
        ):
            return False
    return True


def _differs_from_record(a: _Item, b: _Item) -> bool:
    """Is a course told longer than the closed record of the same course shows it (G6)?"""
    record, told = (a, b) if a.mention.attributes.get("closed") else (b, a)
    x, y = record.mention.attributes, told.mention.attributes
    return (
        bool(x.get("closed"))
        and not y.get("record")
        and {"start", "end"} <= set(x)
        and {"start", "end"} <= set(y)
        and _overlaps(str(x["start"]), str(y["start"]), 21)
        and span_of(str(y["end"]))[0] > span_of(str(x["end"]))[1] + timedelta(days=21)
    )


def _course_region(attributes: dict[str, Value]) -> str:
    region = attributes.get("region")
    return (
        "lumbar" if region in (None, "lumbar", "lower_extremity", "thoracic", "whole_spine") else str(region)
    )


def _overlaps(a: str, b: str, slack: int) -> bool:
    (a0, a1), (b0, b1) = span_of(a), span_of(b)
    return a0 <= b1 + timedelta(days=slack) and b0 <= a1 + timedelta(days=slack)


def _episode_fact(episode: list[_Item], service_date: date) -> Fact:
    ranked = sorted(
        episode, key=lambda i: (bool(i.mention.attributes.get("record")), i.when or date.min), reverse=True
    )
    attributes: dict[str, Value] = {}
    responses = [
        (i.when or date.min, str(i.mention.attributes["response"]))
        for i in episode
        if "response" in i.mention.attributes
    ]
    for item in ranked:
        for key, value in item.mention.attributes.items():
            if key == "followup_documented":
                attributes[key] = bool(attributes.get(key)) or bool(value)
            elif key not in attributes:
                attributes[key] = value
    records = [i.mention.attributes for i in episode if i.mention.attributes.get("record")]
    if len(records) > 1:
        attributes["start"] = min(str(r[k]) for r in records for k in ("start", "end") if k in r)
        attributes["end"] = max(str(r[k]) for r in records for k in ("start", "end") if k in r)
    if responses:
        attributes["response"] = max(responses, key=lambda r: r[0])[1]
    on = attributes.pop("on", None)
    attributes.pop("record", None)
    attributes.pop("closed", None)
    conflict = any(_differs_from_record(a, b) for a in episode for b in episode)
    window = _window(service_date)
    if on and not {"start", "end"} & set(attributes):
        if len(str(on)) == 10:
            attributes["start"] = on
        elif span_of(str(on))[1] < window:
            attributes["start"] = attributes["end"] = on
    assertion: Any = "present"
    last = attributes.get("end")
    dates = [i.when for i in episode if i.when]
    if last is None and "start" not in attributes and len(dates) == len(episode) and max(dates) < window:
        last = max(dates).isoformat()
    if last is not None and not attributes.get("ongoing") and span_of(str(last))[1] < window:
        assertion = "historical"
    first = ranked[0]
    evidence = tuple(dict.fromkeys(_evidence(i) for i in episode))
    when = first.when.isoformat() if first.when else None
    return Fact(first.mention.type, assertion, dict(sorted(attributes.items())), when, evidence, conflict)


# Newer against older, specific against generic ---------------------------------------------------------------------------------


def _supersede(items: Sequence[_Item]) -> None:
    """An older examination's finding that a newer one shows gone is history (G3, G6)."""
    # What each day's examinations say, one mention for each place: a long record repeats itself.
    days: dict[tuple[str, bool], dict[date, dict[tuple[object, ...], Mention]]] = {}
    for item in items:
        mention = item.mention
        if (
            mention.type in _EXAM_TYPES
            and item.when is not None
            and mention.assertion in ("absent", "present")
        ):
            told = days.setdefault((mention.type, _is_arm(mention)), {}).setdefault(item.when, {})
            told.setdefault((mention.assertion, *map(mention.attributes.get, _PLACE)), mention)
    newest = {key: max(by_day) for key, by_day in days.items()}
    said = {
        key: [(mention, mention.assertion) for mention in by_day[newest[key]].values()]
        for key, by_day in days.items()
    }
    for item in items:
        mention = item.mention
        if mention.type not in _EXAM_TYPES or mention.assertion != "present" or item.when is None:
            continue
        key = (mention.type, _is_arm(mention))
        if newest[key] <= item.when:
            continue
        latest = {assertion for other, assertion in said[key] if _same_place(mention, other)}
        if latest == {"absent"}:
            mention.assertion = "historical"


_PLACE = ("side", "muscle", "reflex", "dermatome")


def _is_arm(mention: Mention) -> bool:
    return mention.attributes.get("region") in ("upper_extremity", "cervical", "shoulder", "head")


def _same_limb(a: Mention, b: Mention) -> bool:
    return _is_arm(a) == _is_arm(b)


def _same_place(a: Mention, b: Mention) -> bool:
    """Can both speak of the same muscle, reflex or territory on the same side?"""
    left, right = a.attributes.get("side"), b.attributes.get("side")
    if left and right and left != right and "bilateral" not in (left, right):
        return False
    for key in ("muscle", "reflex", "dermatome"):
        one, two = str(a.attributes.get(key) or ""), str(b.attributes.get(key) or "")
        if one and two and not set(re.split(r"[,/]\s*", one)) & set(re.split(r"[,/]\s*", two)):
            return False
    return True


def _conflicts(items: Sequence[_Item]) -> set[int]:
    """Mentions that an equally specific one of the same day, in another document, contradicts (G6)."""
    found: set[int] = set()
    if len({id(item.read) for item in items}) < 2:
        return found
    present = [
        i
        for i in items
        if i.mention.assertion == "present"
        and i.mention.type in ("motor_weakness", "abnormal_reflex", "sensory_deficit", "foot_drop")
    ]
    absent: dict[tuple[str, date], list[_Item]] = {}
    for item in items:
        if item.mention.assertion == "absent" and item.mention.specific and item.when is not None:
            absent.setdefault((item.mention.type, item.when), []).append(item)
    for item in present:
        for other in absent.get((item.mention.type, item.when), ()) if item.when else ():
            if (
                other.read is not item.read
                and item.mention.attributes.get(
                    "muscle", item.mention.attributes.get("dermatome", item.mention.attributes.get("reflex"))
                )
                and (
                    other.mention.attributes.get("muscle")
                    or other.mention.attributes.get("dermatome")
                    or other.mention.attributes.get("reflex")
                )
                and _same_limb(item.mention, other.mention)
                and _same_place(item.mention, other.mention)
            ):
                found |= {id(item.mention), id(other.mention)}
    clashing = {i.mention.type for i in items if id(i.mention) in found}
    for item in present:  # "right leg weakness" of the assessment is the finding that the examiners dispute
        if item.mention.type in clashing and not {"muscle", "dermatome", "reflex"} & set(
            item.mention.attributes
        ):
            found.add(id(item.mention))
    return found

"""Treatment episodes: what was tried, when, how long, with what result; what is only planned; what was refused.

A mention takes its dates, spans, visits and response from its own sentence, and from the sentences that go on about
it. Therapy and chiropractic records are read as one course from their first to their last visit.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from nlp.assertions import Assertion
from nlp.facts import ACTIVE_TREATMENTS, INACTIVE_TREATMENTS, MEDICATIONS, span_of
from nlp.mentions import Atom
from nlp.note import Mention, Note
from nlp.outcomes import trends
from nlp.therapy_record import merge_record, read_record, region_of_record, response_of_record
from nlp.times import Time

TREATMENTS = frozenset((*ACTIVE_TREATMENTS, *INACTIVE_TREATMENTS, "conservative_treatment"))
_ACTIVE = frozenset(ACTIVE_TREATMENTS)
_DRUGS = frozenset(MEDICATIONS)
_OTHER_REGIONS = frozenset(
    ("cervical", "knee", "shoulder", "upper_extremity", "hip", "head", "thoracic", "abdomen", "chest")
)
_PERCENT = re.compile(
    r"(\d{1,3})\s?(?:-\s?\d{1,3}\s?)?(?:%|percent)\s?(?:\w+\s){0,3}?(?:better|improve\w*|relief|reduction|decrease|benefit|help\w*|less|resolved|gone|recovered|of normal)",
    re.IGNORECASE,
)
_START_WORDS = frozenset(
    "since start started starting begin began beginning begun first initial initiated soc eval evaluation from onset commenced prescribed rx'd given intake".split()
)
_END_WORDS = frozenset(
    "through thru until till ended end ending last final discharge discharged d/c dc completed finished to stopped stop quit discontinued concluding concluded graduated released".split()
)
#: Before the day of a paper, not of a treatment: "portal upload 1/10/26".
_PAPER = frozenset(
    "visit note last dated upload uploaded printed faxed scanned received rec'd sent copy".split()
)
_TO = frozenset(("-", "to", "through", "thru", "until", "till", "\u2013"))
_ONGOING = frozenset("present now current currently ongoing date continues continuing continue still".split())
_PLAN_PARTS = frozenset(("plan", "assessment_plan", "instructions"))


def read_treatments(note: Note) -> None:
    """Add every treatment mention of a note."""
    course = _record(note)
    carried: list[Mention] = []
    carried_part = -1
    distance = 0
    for start, end, atoms in note.sentences():
        part = note.layout.part[start]
        found = [atom for atom in atoms if TREATMENTS & set(atom.labels)]
        mentions: list[tuple[Atom, Mention]] = []
        for atom in found:
            for entry in atom.entries:
                if entry.label in TREATMENTS:
                    mention = _mention(note, start, end, atoms, atom, entry.label, dict(entry.attributes))
                    if mention is not None:
                        mentions.append((atom, mention))
        if (
            mentions
            and carried
            and part == carried_part
            and all(m.type == "home_exercise_program" for _, m in mentions)
            and {"attended", "sessions", "visits"} & set(note.norms(start, end))
        ):
            course_before = [m for m in carried if m.type in _ACTIVE and m.type != "home_exercise_program"]
            _times(note, start, end, course_before[-1:])
            _responses(note, start, end, atoms, course_before)
        if mentions:
            _details(note, start, end, atoms, mentions)
            live = [m for _, m in mentions if m.assertion in ("present", "historical")]
            sent = [
                m
                for _, m in mentions
                if m.type in _ACTIVE
                and m.assertion == "hypothetical"
                and note.category(start) not in _PLAN_PARTS
            ]
            carried, carried_part, distance = live or sent or carried, part, 0
        elif (
            carried and part == carried_part and distance < 3 and note.category(start) not in ("ros", "exam")
        ):
            distance += 1
            _continue(note, start, end, atoms, carried)
        _progression(note, start, end, atoms, [m for _, m in mentions])
    if course is not None:
        merge_record(note, course)
    _place_injections(note)


_UPPER_LEVEL = re.compile(r"\b(?:C[2-7](?:\s?[-/]\s?(?:C?[3-7]|T1))?|T[1-9](?:\s?[-/]\s?T?\d{1,2})?)\b")
_LUMBAR_LEVEL = re.compile(r"\b[LS][1-5]\b|lumb|caudal|sacr", re.IGNORECASE)


def _place_injections(note: Note) -> None:
    """Injections at a level of the neck; those without a place in the same note are there too."""
    injections = [m for m in note.mentions if m.type == "injection"]
    for mention in injections:
        start, end = note.sentence_of(mention.start)
        text = note.words.text[note.words.starts[start] : note.words.ends[end - 1]]
        if (
            "region" not in mention.attributes
            and _UPPER_LEVEL.search(text)
            and not _LUMBAR_LEVEL.search(text)
        ):
            mention.attributes["region"] = "cervical"
    regions = {str(m.attributes["region"]) for m in injections if m.attributes.get("region")}
    if len(regions) == 1 and regions <= {"cervical", "knee", "shoulder", "hip"}:
        for mention in injections:
            mention.attributes.setdefault("region", next(iter(regions)))


def _record(note: Note) -> Mention | None:
    """The course of a therapist's own record, with the part that it treats and its result."""
    course = read_record(note)
    if course is None:
        return None
    region = region_of_record(note, _OTHER_REGIONS)
    if region:
        course.attributes["region"] = region
    told: list[str] = []
    for start, end, atoms in note.sentences():
        if note.category(start) != "plan":
            probe = Mention(course.type, start, start + 1, "present")
            _responses(note, start, end, atoms, [probe])
            if "response" in probe.attributes:
                told.append(str(probe.attributes["response"]))
    response = response_of_record(note, told)
    if response:
        course.attributes["response"] = response
    return course


def _progression(note: Note, start: int, end: int, atoms: Sequence[Atom], mentions: list[Mention]) -> None:
    """ "The pain has climbed in spite of brace and tramadol", "worse with every session"."""
    live = [m for m in mentions if m.assertion == "present" and m.type != "conservative_treatment"]
    if not live:
        return
    for atom in atoms:
        entry = atom.get("response")
        if entry is None or entry.attributes["response"] != "worse":
            continue
        scope = note.scopes.assess(atom.start, atom.end)
        if scope.label != "present":
            continue
        between = note.norms(atom.end, end)
        linked = {"despite", "spite", "during", "while", "with", "under", "through", "since", "on"} & set(
            between[:14]
        ) or any(m.attributes.get("response") == "worse" for m in live)
        if linked:
            if not any(
                m.type == "symptom_progression_on_treatment" and start <= m.start < end for m in note.mentions
            ):
                note.add("symptom_progression_on_treatment", atom.start, atom.end, "present")
            return


# One mention -------------------------------------------------------------------------------------------------------------


def _mention(
    note: Note,
    start: int,
    end: int,
    atoms: Sequence[Atom],
    atom: Atom,
    type_: str,
    attributes: dict[str, object],
) -> Mention | None:
    norms = note.words.norms
    category = note.category(start)
    if attributes.pop("ignore", False):
        return None
    if attributes.pop("ambiguous", False) and not _is_physical_therapy(note, start, end, atom):
        return None
    if category == "allergies" or (category == "family"):
        return None
    if type_ in _DRUGS and _is_allergy(note, start, end, atom):
        return None
    scope = note.assess(atom.start, atom.end)
    label = scope.label
    before = norms[max(start, atom.start - 8) : atom.start]
    if ";" in before:
        before = before[len(before) - before[::-1].index(";") :]
    after = norms[atom.end : min(end, atom.end + 8)]
    if label == "present" and _row_says_none(note, start, end, atom):
        label = "absent"
    plan = [a for a in atoms if "plan_word" in a.labels and not note.scopes.assess(a.start, a.end).negated]
    done = [a for a in atoms if "done_word" in a.labels]
    declined = next((a for a in atoms if "declined" in a.labels and abs(a.start - atom.start) <= 25), None)
    if label == "possible":
        label = (
            "hypothetical"
            if {"consider", "may", "might", "could", "considering"} & set(before)
            else "present"
        )
    elif label == "historical":
        label = "present"
    if label == "hypothetical" and category not in _PLAN_PARTS and {"if"} & set(before) and type_ in _DRUGS:
        label = "hypothetical"
    if label == "absent" and _none_now(note, scope):
        label = "historical"
    if label == "absent" and _response_between(note, atoms, atom):
        label = "present"
    if label in ("present", "absent") and _is_relatives(note, start, atom):
        label = "family"
    if label == "family" and {"from"} & set(after):
        label = "present"
    if any(
        (0 <= atom.start - p.end <= 2 and {"not", "hasn't", "yet"} & set(note.norms(p.start, p.end)))
        or (
            -2 <= p.start - atom.end - 1 <= 2
            and {"never", "not", "didn't", "didnt"} & set(note.norms(p.start, p.end))
        )
        for p in plan
    ):
        label = "absent"  # "has not started therapy", "PT: never got started"
    opened = norms[atom.end : atom.end + 6]
    if opened[:1] in ([":"], ["-"]) and {"never", "not"} & set(opened[1:3]) and _BEGUN & set(opened[2:6]):
        label = "absent"
    if label in ("present", "hypothetical") and any(
        ("avoided" in a.labels and -4 <= a.start - atom.end <= 4)
        or ("avoided" in a.labels and 0 <= atom.start - a.end <= 5)
        for a in atoms
    ):
        label = "absent"
    mention_attributes: dict[str, Any] = {k: v for k, v in attributes.items()}
    if (
        declined is not None
        and label in ("present", "absent", "hypothetical")
        and not _is_done(note, start, end, atom, done)
    ):
        label = "absent"
        mention_attributes["declined"] = True
        mention_attributes["stopped_reason"] = "declined"
        mention_attributes["medical_reason"] = False
    elif label == "present" and _is_planned(
        note, start, end, atom, plan, done, category, type_, before, after
    ):
        label = "hypothetical"
    if label == "hypothetical" and "planned" not in mention_attributes:
        thought = type_ == "injection" and {
            "consider",
            "considering",
            "considered",
            "discuss",
            "discussed",
            "may",
            "might",
            "possible",
            "candidate",
            "option",
            "options",
            "could",
            "if",
        } & {*before[-5:], *after[:3]}
        mention_attributes["considered" if thought else "planned"] = True
        if type_ == "home_exercise_program" and {
            "gave",
            "given",
            "went",
            "taught",
            "printed",
            "provided",
            "handout",
            "instructed",
            "reviewed",
            "written",
            "demonstrated",
            "showed",
            "issued",
        } & set(norms[start:end]):
            mention_attributes["given"] = True
    region = _region(note, start, end, atoms, atom, type_)
    if type_ == "home_exercise_program" and region in (
        "abdomen",
        "chest",
        "hip",
        "head",
        "thoracic",
        "pelvis",
    ):
        region = None  # pelvic tilts and hip hinges are exercises for the back
    if "region" not in mention_attributes and region:
        mention_attributes["region"] = region
    return note.add(type_, atom.start, atom.end, label, **mention_attributes)


def _row_says_none(note: Note, start: int, end: int, atom: Atom) -> bool:
    """A table row or form line whose answer is "never", "none", "no", "not done"."""
    words = note.words
    if note.layout.sentence[start] not in note.layout.rows or atom.start - start > 4:
        return False
    for i in range(atom.end, end):
        if words.norms[i] in ("never", "none", "no", "not", "nil", "denied", "denies", "declined") and (
            len(words.gaps[i]) >= 2 or words.norms[i - 1] in ("|", ":", "-", "_", ".", "..", "...", "....")
        ):
            following = words.norms[i + 1] if i + 1 < end else ""
            if words.norms[i] == "no" and following in (
                "relief",
                "help",
                "benefit",
                "improvement",
                "change",
                "effect",
                "better",
            ):
                return False
            return not (
                words.norms[i] == "not"
                and following not in ("done", "tried", "doing", "yet", "started", "used", "had", "taken")
            )
        if words.norms[i][0].isdigit():
            return False
    return False


def _is_physical_therapy(note: Note, start: int, end: int, atom: Atom) -> bool:
    """ "PT" is physical therapy, the patient, prothrombin time or a pulse."""
    words = note.words
    norms = words.norms
    before = norms[atom.start - 1] if atom.start > start else ""
    after = norms[atom.end] if atom.end < end else ""
    after2 = norms[atom.end + 1] if atom.end + 1 < end else ""
    raw = words.raws[atom.start]
    if (
        after in ("was", "has", "is")
        and {
            "offered",
            "ordered",
            "recommended",
            "completed",
            "started",
            "discussed",
            "helpful",
            "tried",
            "prescribed",
            "scheduled",
            "not",
            "done",
            "stopped",
            "declined",
            "been",
            "begun",
            "initiated",
            "attempted",
            "held",
            "paused",
            "interrupted",
            "suspended",
            "tolerated",
        }
        & set(norms[atom.end + 1 : atom.end + 3])
        and raw == "PT"
        and "denies" not in norms[start:end]
    ):
        return after2 not in ("been",) or not {"seen", "taking", "having"} & set(
            norms[atom.end : atom.end + 4]
        )
    if after in _PATIENT_AFTER and before not in _DOES:
        return False
    lead = norms[max(start, atom.start - 3) : atom.start]
    if raw != "PT" and ((lead[-2:-1] and lead[-2] in _SPOKEN) or lead[-2:] == ["w", "/"]):
        return False
    if (
        after in ("inr", "ptt", "pulses", "pulse")
        or (after == "/" and after2 in ("inr", "ptt", "pulses", "dp"))
        or (before == "/" and norms[max(start, atom.start - 2)] in ("dp", "dorsalis"))
    ):
        return after == "/" and after2 == "ot"
    if after[:1].isdigit() and (
        after2 in ("sec", "s", "seconds", "secs", ".")
        or "." in after
        or "inr" in norms[atom.end : atom.end + 6]
    ):
        return False
    if raw == "pt" and not (
        before in _DOES or after in _COUNTED or (after[:1] == "x" and after[1:].isdigit())
    ):
        return False  # small letters are the patient, but in "finished pt", "pt 2x/wk"
    if (
        before in _PT_BEFORE
        or after in _PT_AFTER
        or (after in ("x", "@") or (after[:1] == "x" and after[1:].isdigit()))
    ):
        return True
    if after in _PATIENT_AFTER or before in ("the", "this", "a", "that", "each"):
        return False
    if raw != "PT" and not (raw == "pt" and before in _PT_BEFORE):
        return False
    if note.category(atom.start) == "labs":
        return False
    if atom.start == start:
        if raw != "PT":
            return False
        return (
            after in (":", "-", "(", ",", ".", "and", "&", "/", "+", ";")
            or (after == "" and end - start <= 3)
            or after[:1].isdigit()
        )
    return True


_BEGUN = frozenset("started begun began got going gotten done tried attended scheduled went".split())
_DOES = frozenset(
    "completed failed finished of from after weeks started began start in doing attending continue continues tried did attended outpatient formal "
    "physical lumbar via through despite wks wk months mos had course sessions".split()
)
_COUNTED = frozenset(
    "twice three 2x 3x 1x sessions session referral eval evaluation weekly for program visits visit x".split()
)
_SPOKEN = frozenset("reviewed discussed spoke talked shared counseled explained d/w went".split())
_PT_BEFORE = frozenset(
    "of in did does completed finished started attended attending began doing to tried failed lumbar outpatient formal "
    "aquatic after weeks wks wk months no cont continue continued continuing more some with and for prior recent supervised "
    "land pool course sessions from during additional her his further further any his low begin start resume home had has "
    "having refer referral ordered order trial rx skilled pelvic spine aqua completing without , / + & declined declines "
    "through until since despite both undergoing done post previous between initiated recommend recommended one initial "
    "keep offered another mo visits begun extensive local neck knee shoulder vestibular physical undergone underwent hydro or "
    "including via plus 6 8 12 4 10 weekly by her".split()
)
_PT_AFTER = frozenset(
    "twice for visits sessions referral referred eval evaluation discharge discharged d/c dc ordered helped course notes note "
    "at since from twice three 2x 3x 1x program started completed records record report wk weeks weekly treatment exercises "
    "began initiated consult rx script hep only visit session x attendance to with and & / until through without order".split()
)
_PATIENT_AFTER = frozenset(
    "reports states is was has had denies complains presents here says notes endorses c/o did feels would will can cannot who "
    "with comes came tolerated seen education verbalized understands tells describes does wants agrees stated doing rates "
    "ambulates walks could should remains currently also returns given instructed advised continues still s education "
    "reported arrived lives works takes took tried wishes requests asks".split()
) - frozenset(("with", "did"))


def _is_allergy(note: Note, start: int, end: int, atom: Atom) -> bool:
    near = set(note.norms(max(start, atom.start - 4), min(end, atom.end + 6)))
    return bool(
        near
        & {
            "allergy",
            "allergies",
            "allergic",
            "allergen",
            "hives",
            "anaphylaxis",
            "rash",
            "nkda",
            "intolerance",
            "anaphylactic",
        }
    )


def _none_now(note: Note, scope: Assertion) -> bool:
    """ "Adjustments in her twenties, none for this": what is denied is the present."""
    for start, _, kind in scope.cues:
        i = bisect_left(note.words.starts, start)
        if (
            kind == "negated"
            and note.words.norms[i] == "none"
            and note.words.norms[i + 1 : i + 2]
            and note.words.norms[i + 1] in ("now", "since", "for", "currently")
        ):
            return True
    return False


def _is_relatives(note: Note, start: int, atom: Atom) -> bool:
    """ "Mother is on methadone", "brother takes prednisone": somebody else's treatment."""
    for other in note.atoms_in(max(start, atom.start - 8), atom.start):
        if any(e.label == "cue" and e.attributes.get("kind") == "family" for e in other.entries):
            between = note.norms(other.end, atom.start)
            if (
                between
                and between[0] in _TAKES
                and not {"he", "she", "patient", "pt", "him"} & set(between)
                and ";" not in between
            ):
                return True
    return False


_TAKES = frozenset(
    "takes took is was did does had has uses used lived underwent needed got developed been on receives attended".split()
)


def _response_between(note: Note, atoms: Sequence[Atom], atom: Atom) -> bool:
    """ "no relief from PT", "failed PT": what is denied is the benefit."""
    for other in atoms:
        if (
            "response" in other.labels
            and other.start < atom.start
            and atom.start - other.end <= 6
            and ";" not in note.norms(other.end, atom.start)
        ):
            return True
    return False


def _is_done(note: Note, start: int, end: int, atom: Atom, done: list[Atom]) -> bool:
    strong = {"completed", "finished", "did", "attended", "underwent", "tried", "received"}
    return any(
        other.start < atom.start and atom.start - other.end <= 4 and note.words.norms[other.start] in strong
        for other in done
    )


_DID = frozenset(("completed", "finished", "did", "attended", "failed", "tried"))
_DID_OR_TOOK = _DID | {"underwent", "took", "takes", "taking"}
_DID_OR_AFTER = _DID | {"after", "despite", "s/p", "through"}


def _is_planned(
    note: Note, start: int, end: int, atom: Atom, plan: list[Atom], done: list[Atom], category: str, type_: str,
    before: list[str], after: list[str],
) -> bool:  # fmt: skip
    norms = note.words.norms
    in_plan = category in _PLAN_PARTS
    near_plan = [p for p in plan if (0 <= atom.start - p.end <= 9) or (0 <= p.start - atom.end <= 4)]
    near_plan = [p for p in near_plan if not _is_past_plan(note, p, atom, category, type_)]
    continuing = {
        "continue",
        "continues",
        "cont",
        "continuing",
        "keep",
        "stay",
        "refill",
        "refilled",
        "maintain",
        "stays",
        "remains",
        "remain",
        "already",
        "finish",
        "complete",
    }
    if before[-1:] == ["keep"] and after[:1] in (
        ["appt"],
        ["appointment"],
        ["appts"],
        ["appointments"],
        ["eval"],
    ):
        return True  # "keep PT appt"
    if continuing & set(before[-5:]) or before[-1:] == ["by"]:
        return False
    times = note.times_in(start, end)
    if (
        any(
            (t.kind == "visits" and -3 <= t.start - atom.end <= 3)
            or (t.kind == "visits" and 0 <= atom.start - t.end <= 2)
            for t in times
        )
        and not in_plan
        and not {"will", "authorized", "ordered", "recommend"} & set(before)
    ):
        return False
    if set(note.norms(atom.start, atom.end)) & {"therapist", "chiropractor", "physiotherapist"}:
        near_plan = [
            p
            for p in near_plan
            if 0 <= atom.start - p.end <= 7 and not set(note.norms(p.start, p.end)) & {"placed"}
        ]
    if near_plan:
        strong = [d for d in done if 0 <= atom.start - d.end <= 2 and norms[d.start] in _DID_OR_TOOK]
        if strong and not in_plan:
            return False
        return not (
            not in_plan
            and any(
                t.kind == "date"
                and len(t.iso) >= 7
                and note.anchor is not None
                and t.iso < note.anchor.isoformat()
                and abs(t.start - atom.end) <= 8
                for t in times
            )
            and type_ in _DRUGS
        )
    if in_plan and type_ in _ACTIVE:
        if _response_near(note, atom, start, end) or any(
            d for d in done if 0 <= atom.start - d.end <= 3 and norms[d.start] in _DID_OR_AFTER
        ):
            return False
        if any(
            t.kind == "date"
            and len(t.iso) == 10
            and note.anchor is not None
            and t.iso < note.anchor.isoformat()
            for t in times
        ):
            return False
        return (
            category != "assessment_plan"
            or start == atom.start
            or norms[start] in ("-", "*", "\u2022")
            or atom.start - start <= 4
        )
    if in_plan and type_ in (_DRUGS | {"injection", "medical_device"}):
        if _response_near(note, atom, start, end) or {
            "after",
            "despite",
            "failed",
            "with",
            "given",
            "on",
            "stop",
            "discontinue",
            "stopped",
            "d/c",
            "hold",
        } & set(before[-4:]):
            return False
        return category in ("plan", "instructions") and atom.start - start <= 4
    return False


def _is_past_plan(note: Note, plan: Atom, atom: Atom, category: str, type_: str) -> bool:
    """ "was prescribed naproxen in March" in a history is a treatment, "PT ordered" is not."""
    words = set(note.norms(plan.start, plan.end))
    if category in _PLAN_PARTS or category == "assessment":
        return False
    if type_ in _DRUGS and words & {
        "prescribed",
        "given",
        "started",
        "rx'd",
        "provided",
        "added",
        "tried",
        "sent",
        "written",
    }:
        return True
    if words & {"started", "starting", "began"} and type_ in _ACTIVE:
        return True
    if type_ == "home_exercise_program" and words & {
        "prescribed",
        "given",
        "rx'd",
        "provided",
        "instructed",
        "written",
        "recommended",
    }:
        return True
    if (
        type_ in _ACTIVE
        and words & {"sent", "referred", "prescribed"}
        and {"where", "went", "attended", "completed", "did", "through", "until", "finished"}
        & set(note.norms(atom.end, note.sentence_of(atom.start)[1]))
    ):
        return True
    return bool(words & {"needs", "will", "give", "next", "plan", "plans"}) and note.category(plan.start) in (
        "medications",
        "pmh",
    )


def _response_near(note: Note, atom: Atom, start: int, end: int) -> bool:
    return any(
        "response" in other.labels
        and abs(other.start - atom.start) <= 10
        and "if" not in note.norms(other.start - 2, other.start)
        for other in note.atoms_in(start, end)
    )


def _region(note: Note, start: int, end: int, atoms: Sequence[Atom], atom: Atom, type_: str) -> str | None:
    if type_ in _DRUGS:
        near = [
            o
            for o in atoms
            if o.attribute("region")
            and 0 <= o.start - atom.end <= 6
            and "for" in note.norms(atom.end, o.start)
        ]
        regions = [str(o.attribute("region")) for o in near]
        return regions[0] if regions and regions[0] in _OTHER_REGIONS else None
    near = [
        o
        for o in atoms
        if o.attribute("region") and -7 <= o.start - atom.end <= 9 and "muscle" not in o.labels
    ]
    is_row = note.layout.sentence[start] in note.layout.rows
    if is_row:
        near = [o for o in atoms if o.attribute("region")]
    regions = [str(o.attribute("region")) for o in near]
    if "balance" in note.norms(max(start, atom.start - 3), min(end, atom.end + 5)):
        return "other"
    if "lumbar" in regions or "whole_spine" in regions:
        return "lumbar"
    adjacent = [
        o
        for o in near
        if -3 <= o.start - atom.end <= 5
        and not note.has_comma(min(o.end, atom.end), max(o.start, atom.start))
    ]
    for other in adjacent or (near if is_row else []):
        region = str(other.attribute("region"))
        if region in _OTHER_REGIONS:
            return region
    return _topic(note, start)


def _topic(note: Note, start: int) -> str | None:
    """The region of the paragraph: "Right knee: ...", "Neck. She has ..."."""
    part = note.layout.parts[note.layout.part[start]]
    if part.title_end > part.start:
        for other in note.atoms_in(part.start, part.title_end):
            region = other.attribute("region")
            if region:
                return str(region) if region in _OTHER_REGIONS or region == "lumbar" else None
    number = note.layout.sentence[start]
    for previous in range(number, max(-1, number - 4), -1):
        first, last = note.layout.sentences[previous]
        if note.layout.part[first] != note.layout.part[start]:
            break
        if last - first <= 4 and note.words.norms[last - 1] in (".", ":"):
            named = [a for a in note.atoms_in(first, last) if a.attribute("region")]
            if named and sum(a.end - a.start for a in named) >= last - first - 1 and first != start:
                return str(named[0].attribute("region"))
        if "\n\n" in note.words.gaps[first]:
            break
    return note.other_region(start)


# Details of the mentions of one sentence --------------------------------------------------------------------------------------


def _details(
    note: Note, start: int, end: int, atoms: Sequence[Atom], mentions: list[tuple[Atom, Mention]]
) -> None:
    live = [(a, m) for a, m in mentions if m.assertion in ("present", "historical")]
    if not live:
        return
    _times(note, start, end, [m for _, m in live])
    _responses(note, start, end, atoms, [m for _, m in live])
    _stops(note, start, end, atoms, [m for _, m in mentions])
    for _, mention in live:
        if mention.type == "home_exercise_program":
            _home_program(note, start, end, atoms, mention)
        _is_over(note, start, mention)
        _quote(note, start, end, mention)


def _quote(note: Note, start: int, end: int, mention: Mention) -> None:
    """Show a course with its dates and its result where they stand close by."""
    first, last = mention.start, mention.end
    for time in note.times_in(start, end):
        if time.kind != "age" and -12 <= time.start - mention.end <= 16:
            first, last = min(first, time.start), max(last, time.end)
    for atom in note.atoms_in(start, end):
        if "response" in atom.labels and -8 <= atom.start - last <= 6:
            first, last = min(first, atom.start), max(last, atom.end)
    if (
        {"start", "end", "duration_days", "visits", "response", "duration_days_min"} & set(mention.attributes)
        and last - first <= 36
        and mention.type in _ACTIVE
    ):
        mention.quote = (first, last)


def _is_over(note: Note, start: int, mention: Mention) -> None:
    """ "Physical therapy in 2019", "facet injections five years back": a course that ended over half a year ago."""
    if (
        note.anchor is None
        or mention.attributes.get("ongoing")
        or note.layout.sentence[start] in note.layout.rows
    ):
        return
    last = (
        mention.attributes.get("end")
        or mention.date
        or (mention.attributes.get("on") if len(str(mention.attributes.get("on", ""))) <= 7 else None)
    )
    if (
        last is None
        or note.category(start) in ("medications",)
        or ("start" in mention.attributes and "end" not in mention.attributes)
    ):
        return
    if span_of(str(last))[1] < note.anchor - timedelta(days=185):
        mention.assertion = "historical"


def _continue(note: Note, start: int, end: int, atoms: Sequence[Atom], carried: list[Mention]) -> None:
    """A sentence without a treatment of its own goes on about the last ones."""
    norms = note.norms(start, end)
    times = note.times_in(start, end)
    elsewhere = {str(a.attribute("region")) for a in atoms} & _OTHER_REGIONS
    if elsewhere and not any(m.attributes.get("region") in elsewhere for m in carried):
        return  # "Was there again in March for the shoulder"
    active = [m for m in carried if m.type in _ACTIVE]
    _went_there(note, start, end, active, times)
    active = [m for m in active if m.assertion != "hypothetical"]
    sessions = {
        "session",
        "sessions",
        "visit",
        "visits",
        "therapist",
        "discharged",
        "attended",
        "therapy",
        "treatment",
        "treatments",
        "course",
        "finished",
        "completed",
        "stopped",
        "quit",
        "program",
        "appointments",
        "exercises",
        "them",
        "log",
        "sheet",
    } & set(norms)
    spans = (
        len(times) > 1
        and _TO & set(note.norms(times[0].end, times[1].start))
        and times[1].start - times[0].end <= 2
    )
    if active and times and (sessions or spans or any(t.kind in ("visits", "frequency") for t in times)):
        _times(note, start, end, active[-1:])
    text = note.words.text[note.words.starts[start] : note.words.ends[end - 1]]
    if trends(text) or _PERCENT.search(text):
        _responses(note, start, end, atoms, [m for m in carried if "response" not in m.attributes])
    if any("response" in a.labels for a in atoms) and (
        {
            "it",
            "this",
            "these",
            "them",
            "they",
            "that",
            "none",
            "nothing",
            "neither",
            "all",
            "any",
            "pain",
            "symptoms",
            "relief",
            "improvement",
            "better",
            "change",
            "therapy",
            "session",
            "both",
            "still",
            "result",
            "treatment",
        }
        & set(norms)
    ):
        _responses(note, start, end, atoms, [m for m in carried if "response" not in m.attributes])
    if sessions or any("stopped" in a.labels for a in atoms):
        _stops(note, start, end, atoms, active)
    for mention in carried:
        if mention.type == "home_exercise_program":
            _home_program(note, start, end, atoms, mention)


def _went_there(note: Note, start: int, end: int, active: list[Mention], times: Sequence[Time]) -> None:
    """ "I sent her to therapy. First session June 9, last session August 1": what was planned took place."""
    norms = set(note.norms(start, end))
    if not norms & {
        "session",
        "sessions",
        "visit",
        "visits",
        "attended",
        "completed",
        "went",
        "therapist",
        "finished",
        "stopped",
        "quit",
        "goes",
        "did",
    }:
        return
    past = [
        t
        for t in times
        if t.kind in ("duration", "visits")
        or (t.kind == "date" and note.anchor is not None and note.has_come(t.iso))
    ]
    came = norms & {"session", "sessions", "visit", "visits", "evaluation"} and norms & {
        "went",
        "got",
        "attended",
        "made",
        "did",
        "completed",
    }
    if (past or came) and not norms & {"will", "scheduled", "next", "starts"}:
        for mention in active:
            if mention.assertion == "hypothetical":
                mention.assertion = "present"
                mention.attributes.pop("planned", None)


def _times(note: Note, start: int, end: int, mentions: list[Mention]) -> None:
    times = [t for t in note.times_in(start, end) if t.kind != "age"]
    claimed: dict[int, list[Time]] = {}
    for time in times:
        best: tuple[float, int] | None = None
        for index, mention in enumerate(mentions):
            if time.end <= mention.start:
                gap = mention.start - time.end
                between = note.norms(time.end, mention.start)
                cost = gap + 4.0 * between.count(",") + (0 if "of" in between[:1] else 3)
            elif time.start >= mention.end:
                gap = time.start - mention.end
                between = note.norms(mention.end, time.start)
                cost = gap * 0.7 + 2.0 * between.count(",") + 8 * between.count(";")
            else:
                cost = 0
            crossing = sum(
                1
                for other in mentions
                if other is not mention
                and min(time.start, mention.start) < other.start < max(time.end, mention.start)
            )
            cost += 6 * crossing
            if mention.type in _ACTIVE and time.kind in ("visits", "frequency", "duration"):
                cost -= 4
            if mention.type in _DRUGS and time.kind in ("visits", "frequency"):
                cost += 30
            if best is None or cost < best[0]:
                best = (cost, index)
        if best is not None:
            claimed.setdefault(best[1], []).append(time)
    for index, mention in enumerate(mentions):
        if index in claimed:
            _set_times(note, start, end, mention, claimed[index])
    # "PT and chiropractic for 8 weeks": a span behind a list is everybody's
    if len(mentions) > 1:
        for mention in mentions:
            if (
                not {"start", "end", "duration_days", "duration_days_min"} & set(mention.attributes)
                and mention.type in _ACTIVE
            ):
                other = next(
                    (
                        m
                        for m in mentions
                        if m is not mention
                        and m.type in _ACTIVE
                        and {"duration_days", "start"} & set(m.attributes)
                    ),
                    None,
                )
                if other is not None and abs(other.start - mention.start) <= 5:
                    for key in ("start", "end", "duration_days", "ongoing"):
                        if key in other.attributes:
                            mention.attributes[key] = other.attributes[key]


def _set_times(note: Note, start: int, end: int, mention: Mention, times: list[Time]) -> None:
    norms = note.words.norms
    dates = [t for t in times if t.kind == "date"]
    used: set[int] = set()
    keep = mention.attributes
    for first, second in itertools.pairwise(dates):
        between = norms[first.end : second.start]
        joined = {"-", "to", "through", "thru", "until", "till", "and", "into", "\u2013"} & set(
            between
        ) and len(between) <= 3
        named = (_END_WORDS | {"last"}) & set(between) and len(between) <= 9
        if joined or named:
            if "and" in between and not (
                {"between", "both"} & set(norms[max(start, first.start - 3) : first.start]) or named
            ):
                continue
            keep["start"], keep["end"] = _ordered(first.iso, second.iso)
            used |= {id(first), id(second)}
            break
    for time in dates:
        if id(time) in used:
            continue
        before = norms[max(start, time.start - 5) : time.start]
        after = norms[time.end : min(end, time.end + 4)]
        if "than" in before[-2:]:
            continue
        if {"-", "to", "until", "through", "thru"} & set(after[:1]) and _ONGOING & set(after[1:3]):
            keep["start"], keep["ongoing"] = time.iso, True
        elif "since" in before[-4:]:
            keep.setdefault("start", time.iso)
            keep["ongoing"] = True
        elif (_END_WORDS - {"to"}) & set(before[-3:]) and not (
            {"started", "since", "first"} & set(before[-2:])
        ):
            keep.setdefault("end", time.iso)
        elif _START_WORDS & set(before):
            keep.setdefault("start", time.iso)
        elif (
            mention.type in ("injection",)
            or mention.type in _ACTIVE
            or mention.type in _DRUGS
            or mention.type == "medical_device"
        ):
            if mention.type == "injection":
                mention.date = mention.date or time.iso
            elif time.ago and mention.type in _DRUGS:
                keep.setdefault("start", time.iso)
            elif len(time.iso) < 10 or not (_PAPER & set(before)):
                keep.setdefault("on", time.iso)
    for time in times:
        if time.kind == "duration":
            before = norms[max(start, time.start - 4) : time.start]
            after = norms[time.end : time.end + 4]
            if {"after", "in", "within", "next", "every", "until"} & set(before[-1:]) and not {"after"} & set(
                before[-1:]
            ):
                if before[-1] == "in" and "to" in norms[max(0, time.start - 5) : time.start]:
                    continue
                if before[-1] in ("within", "next", "every", "until"):
                    continue
            if ({"pain", "symptoms", "lbp", "history"} & set(after[:3]) and "of" in after[:1]) or {
                "pain",
                "lbp",
                "ache",
            } & set(before):
                continue
            if {"relief", "benefit", "improvement"} & set(after[:3]) or {"relief", "lasted"} & set(
                before[-2:]
            ):
                continue
            if "for" in before[-1:] and any(
                "response" in a.labels for a in note.atoms_in(max(start, time.start - 4), time.start)
            ):
                continue  # "a little better for a few weeks"
            lately = "last" in before[-2:] or "past" in before[-2:]
            if lately and not {"for", "over", "x", "during"} & set(before):
                continue
            if time.high is not None and time.low == time.high:
                keep.setdefault("duration_days", int(time.low))
            elif "duration_days" not in keep:
                keep.setdefault("duration_days_min", int(time.low + 0.5) if time.low % 1 else int(time.low))
                if time.high is not None:
                    keep.setdefault("duration_days_max", int(time.high))
        elif time.kind == "frequency" and mention.type in _ACTIVE:
            keep.setdefault("per_week", int(time.low) if time.low == int(time.low) else round(time.low, 2))
        elif time.kind == "visits" and mention.type in _ACTIVE:
            keep.setdefault("visits", int(time.low))


def _ordered(first: str, second: str) -> tuple[str, str]:
    """A yearless range that runs over the turn of the year: the start is the earlier day."""
    if first > second and len(first) == 10:
        return f"{int(first[:4]) - 1:04d}{first[4:]}" if first[5:] > second[5:] and first[:4] == second[
            :4
        ] else first, second
    return first, second


def _responses(note: Note, start: int, end: int, atoms: Sequence[Atom], mentions: list[Mention]) -> None:
    found: list[tuple[int, str]] = []
    for atom in atoms:
        entry = atom.get("response")
        if entry is None or note.is_unticked(atom.start):
            continue
        value = str(entry.attributes["response"])
        scope = note.scopes.assess(atom.start, atom.end)
        if scope.hypothetical:
            continue
        words = note.norms(atom.start, atom.end)
        if value == "improved" and (
            scope.negated or {"not", "any", "without", "nor"} & set(note.norms(atom.start - 3, atom.start))
        ):
            value = "none"
        elif (
            value == "none"
            and words
            in (
                ["unchanged"],
                ["nothing"],
                ["not", "met"],
                ["failed"],
                ["the", "same", "pain"],
                ["about", "same"],
            )
            and note.category(start) == "exam"
        ) or (
            value == "improved"
            and words
            in (
                ["better"],
                ["works"],
                ["relief"],
                ["help"],
                ["helps"],
                ["improved"],
                ["resolved"],
                ["cleared"],
            )
            and {
                "what",
                "anything",
                "makes",
                "sitting",
                "leaning",
                "when",
                "to",
                "if",
                "until",
                "pain",
                "for",
            }
            & set(note.norms(atom.start - 3, atom.start))
            and words != ["improved"]
        ):
            continue
        found.append((atom.start, value))
    text = note.words.text[note.words.starts[start] : note.words.ends[end - 1]]
    for match in _PERCENT.finditer(text):
        value = "improved" if int(match[1]) >= 50 else "none" if int(match[1]) == 0 else "partial"
        found = [(p, v) for p, v in found if v not in ("improved", "partial")]
        found.append((start + text[: match.start()].count(" "), value))
    for trend in trends(text):
        found.append((start + text[: trend.start].count(" "), trend.response))
    if not found:
        return
    for mention in mentions:
        if "response" in mention.attributes:
            continue
        if len(found) == 1:
            mention.attributes["response"] = found[0][1]
            continue
        best = min(
            found,
            key=lambda item: (
                (item[0] - mention.end if item[0] >= mention.end else (mention.start - item[0]) + 3)
                + 3 * note.norms(min(item[0], mention.end), max(item[0], mention.start)).count(",")
            ),
        )
        mention.attributes["response"] = best[1]


def _stops(note: Note, start: int, end: int, atoms: Sequence[Atom], mentions: list[Mention]) -> None:
    stopped = next((a for a in atoms if "stopped" in a.labels), None)
    if stopped is None:
        return
    medical = next((a for a in atoms if "medical" in a.labels and a.start >= stopped.start - 12), None)
    # "could not tolerate the exercises, and I have stopped treatment": the inability is the reason
    stopped = next(
        (a for a in atoms if "stopped" in a.labels and "tolerate" in note.norms(a.start, a.end)), stopped
    )
    other = next((a for a in atoms if "not_medical" in a.labels and abs(a.start - stopped.start) <= 15), None)
    for mention in mentions:
        if mention.type not in _ACTIVE or (
            abs(mention.start - stopped.start) > 25 and start <= mention.start < end
        ):
            continue
        if medical is not None and (
            other is None or abs(medical.start - stopped.end) < abs(other.start - stopped.end)
        ):
            mention.attributes["medical_reason"] = True
            mention.attributes.setdefault(
                "stopped_reason",
                note.words.text[note.words.starts[medical.start] : note.words.ends[medical.end - 1]].lower(),
            )
        elif other is None and {"tolerate", "intolerant"} & set(note.norms(stopped.start, stopped.end)):
            mention.attributes["medical_reason"] = True
            mention.attributes.setdefault("stopped_reason", "not tolerated")
        elif other is not None:
            mention.attributes["medical_reason"] = False
            mention.attributes.setdefault(
                "stopped_reason",
                note.words.text[note.words.starts[other.start] : note.words.ends[other.end - 1]].lower(),
            )


def _home_program(note: Note, start: int, end: int, atoms: Sequence[Atom], mention: Mention) -> None:
    norms = set(note.norms(start, end))
    if "prescribed_by" not in mention.attributes:
        if norms & {"therapist", "pt", "dpt", "therapy"}:
            mention.attributes["prescribed_by"] = "physical therapist"
        elif norms & {"chiropractor", "dc", "chiro", "chiropractic"}:
            mention.attributes["prescribed_by"] = "chiropractor"
        elif norms & {
            "dr",
            "physician",
            "doctor",
            "pcp",
            "provider",
            "prescribed",
            "gave",
            "given",
            "rx'd",
            "instructed",
            "taught",
            "handout",
            "printed",
            "written",
            "supervised",
            "md",
            "do",
            "np",
            "pa",
            "directed",
            "issued",
            "provided",
            "rx",
            "physiatrist",
            "ordered",
            "reviewed",
            "orthopedist",
            "surgeon",
        }:
            mention.attributes["prescribed_by"] = "physician"
    done = norms & {
        "completed",
        "finished",
        "log",
        "daily",
        "compliant",
        "compliance",
        "faithfully",
        "diligently",
        "adherent",
        "performed",
        "completion",
        "logged",
        "religiously",
        "consistently",
        "did",
        "done",
        "regularly",
    }
    if done == {"daily"} and not norms & {
        "has",
        "been",
        "doing",
        "did",
        "reports",
        "performing",
        "compliant",
    }:
        done = set()  # "home exercise program daily for six weeks" is the prescription
    if (
        done
        and (
            note.times_in(start, end) or norms & {"completed", "log", "compliance", "completion", "compliant"}
        )
        and mention.assertion == "present"
    ):
        plan = norms & {"instructed", "will", "advised", "should", "start", "begin", "encouraged"}
        if not plan:
            mention.attributes["followup_documented"] = True

"""The course of a pain: how severe it is now, whether it grows, when it began (criteria.md 3.1, 3.3, 3.7,
3.9).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from nlp.mentions import Atom
from nlp.note import Mention, Note
from nlp.times import Time

_SCORE = re.compile(
    r"(\d{1,2})(?:\.\d)?(?:\s?(?:-|to|\u2013)\s?(\d{1,2}))?\s?(?:/|out of|of)\s?10(?!\d)", re.IGNORECASE
)
_VAS = re.compile(
    r"(?:vas|nprs|nrs|pain (?:score|scale|level|rating|now|intensity)(?: is| of|:)?"
    r"|rates? (?:it|the pain|her pain|his pain|this)?(?: at| as)?(?: an?)?)\s*:?\s*"
    r"(?:of\s*)?(?:at\s*)?(?:an?\s*)?"
    r"(\d{1,2})(?!\s*(?:/\s*\d|weeks|months|days|years|%|\d|-week|mg|visits))",
    re.IGNORECASE,
)
_FROM_TO = re.compile(
    r"\b(?:from|was)\s+(?:an?\s+)?(\d{1,2})(?:/10)?\s*(?:to|->|\u2192)\s*(?:an?\s+)?(\d{1,2})"
    r"(?=/10|\s*(?:[.,;)]|$|despite|while|over|since|when|with|in the|on the|during))",
    re.IGNORECASE,
)
_THEN = frozenset(
    [
        "was",
        "were",
        "initially",
        "previously",
        "originally",
        "first",
        "formerly",
        "entry",
        "then",
        "visit",
        "before",
        "earlier",
        "best",
    ]
)
_NOW = frozenset(["now", "today", "currently", "current", "presently"])
_STEP = 2  # points between two scores that make a trend

_SITUATION = frozenset(
    [
        "with",
        "w",
        "w/",
        "when",
        "whenever",
        "after",
        "on",
        "by",
        "in",
        "at",
        "while",
        "sitting",
        "standing",
        "walking",
        "bending",
        "lifting",
        "driving",
        "lying",
        "if",
        "prolonged",
        "mornings",
        "evenings",
        "nights",
        "than",
        "upon",
        "under",
        "during",
        "coughing",
        "first",
        "as",
    ]
)
_TIMES_ON = frozenset(["last", "past", "recent", "each", "every", "time", "this"])
_SITUATED = frozenset(
    [
        "worse",
        "worsened",
        "worsens",
        "aggravated",
        "increased",
        "increases",
        "worst",
        "gets",
        "get",
        "getting",
    ]
)
_NOT_PAIN = frozenset(
    ["numb", "weak", "weakness", "numbness", "reported_numbness", "reported_weakness", "fever", "weight_loss"]
)
_DOSES = frozenset(
    [
        "dose",
        "doses",
        "mg",
        "motion",
        "activity",
        "activities",
        "tolerance",
        "mobility",
        "function",
        "walking",
        "range",
        "exercise",
        "exercises",
        "bmi",
        "gap",
        "uptake",
        "lordosis",
        "kyphosis",
        "signal",
        "risk",
        "water",
        "fluids",
        "fiber",
        "well",
        "nicely",
        "mileage",
    ]
)
_DRUGS = frozenset(
    ["nsaid", "opioid", "neuropathic_agent", "muscle_relaxant", "analgesic", "oral_steroid", "drug"]
)
_TREATMENTS = frozenset(
    [
        "physical_therapy",
        "chiropractic",
        "home_exercise_program",
        "nsaid",
        "injection",
        "conservative_treatment",
        "muscle_relaxant",
        "spine_surgery",
        "mri",
        "xray",
        "ct",
        "opioid",
        "neuropathic_agent",
        "analgesic",
        "oral_steroid",
    ]
)
_ELSEWHERE = frozenset(
    ("cervical", "thoracic", "upper_extremity", "head", "chest", "abdomen", "knee", "shoulder", "hip")
)
_ONSET = frozenset(
    ["since", "began", "begin", "started", "start", "onset", "first", "came", "developed", "from", "appeared"]
)
_GOES_ON = frozenset(
    [
        "going",
        "began",
        "started",
        "onset",
        "happened",
        "occurred",
        "since",
        "ago",
        "duration",
        "present",
        "woke",
    ]
)
_LEADS = frozenset(
    [
        "for",
        "x",
        "past",
        "last",
        "over",
        "about",
        "now",
        "approximately",
        "~",
        "nearly",
        "almost",
        "been",
        "of",
        "duration",
        "lasting",
        "these",
    ]
)
_NOT_LEADS = frozenset(
    ["after", "within", "every", "in", "q", "next", "per", "lasts", "until", "hours", "another"]
)
_GLUE = frozenset(
    (",", ":", "(", "-", "~", "about", "approx", "approximately", ">", "x", "roughly", "around", "the")
)
_EVENTS = frozenset(
    [
        "fall",
        "injury",
        "accident",
        "mva",
        "mvc",
        "mvas",
        "collision",
        "crash",
        "incident",
        "event",
        "wreck",
        "tumble",
        "slip",
        "lift",
        "lifting",
        "strain",
        "fell",
        "crashed",
        "slipped",
    ]
)
_EVENT_WORDS = _EVENTS | {"doi", "d/i"}
_BEGUN = ("onset", "duration_days", "duration_days_min", "duration_days_max")
_PAINS = ("low_back_pain", "radicular_pain", "neurogenic_claudication")
_TOLD = frozenset(("hpi", "complaint", "", "interval", "assessment", "assessment_plan", "other", "plan"))
_SUMS_UP = frozenset(("assessment", "assessment_plan", "plan"))
_PRONOUNS = frozenset(["it", "this", "that", "symptoms"])


def read_course(note: Note, mention: Mention, head: Atom) -> None:
    """Give a pain what its own sentence, and of scores and beginnings the next ones, say of its course."""
    start, end = note.sentence_of(mention.start)
    number = note.layout.sentence[start]
    part = note.layout.part[start]
    last = end
    if number + 1 < len(note.layout.sentences):
        following = note.layout.sentences[number + 1]
        if note.layout.part[following[0]] == part and note.category(start) not in (
            "ros",
            "pmh",
            "assessment",
            "plan",
        ):
            last = following[1]
    severity, trend = _scores(note, start, last)
    if severity is not None:
        mention.attributes["severity_0_10"] = severity
    _severe(note, mention, head, start, end)
    _trend(note, mention, start, end)
    if trend is not None:
        mention.attributes.setdefault("worsening", trend)
    if mention.attributes.get("worsening"):
        mention.attributes["new_or_increasing"] = True
    for atom in note.atoms_in(max(start, mention.start - 6), min(end, mention.end + 6)):
        is_feast = note.norms(atom.end, atom.end + 1) in (["year"], ["years"])
        if "new" in atom.labels and not is_feast and not note.assess(atom.start, atom.end).negated:
            mention.attributes["new_or_increasing"] = True
    read_onset(note, mention, start, end)
    for later in range(number + 1, min(number + 4, len(note.layout.sentences))):
        if set(_BEGUN) & set(mention.attributes):
            return
        first, last = note.layout.sentences[later]
        if note.layout.part[first] != part or note.category(first) in ("ros", "pmh", "exam", "medications"):
            return
        if _tells_beginning(note, first, last):
            read_onset(note, mention, first, last)


def _tells_beginning(note: Note, first: int, last: int) -> bool:
    norms = set(note.norms(first, last))
    return (
        bool(norms & _GOES_ON)
        and not any(a.attribute("region") in _ELSEWHERE for a in note.atoms_in(first, last))
        and not norms & {"numbness", "tingling", "surgery", "injection", "fever"}
    )


def _severe(note: Note, mention: Mention, head: Atom, start: int, end: int) -> None:
    for atom in note.atoms_in(start, end):
        if "severe" in atom.labels and abs(atom.start - head.start) < 12:
            if not note.assess(atom.start, atom.end).negated:
                mention.attributes["severe"] = True
            return


def _scores(note: Note, start: int, end: int) -> tuple[int | None, bool | None]:
    """The pain's score of today, and whether it rose: "now 8/10, was 5/10", "from 4 to 7"."""
    words = note.words
    base = words.starts[start]
    text = words.text[base : words.ends[end - 1]]
    past: list[int] = []
    now: list[int] = []
    plain: list[int] = []
    pairs = list(_FROM_TO.finditer(text))
    for pair in pairs:
        if int(pair[1]) <= 10 and int(pair[2]) <= 10:
            past.append(int(pair[1]))
            now.append(int(pair[2]))
    for match in (*_SCORE.finditer(text), *_VAS.finditer(text)):
        if any(pair.start() <= match.start() <= pair.end() for pair in pairs):
            continue
        numbers = [int(n) for n in match.groups() if n]
        if max(numbers) > 10:
            continue
        i = bisect_right(words.starts, base + match.start()) - 1
        j = bisect_right(words.starts, base + match.end() - 1)
        (
            past if _is_then(note, i, j, start, end) else now if _is_now(note, i, j, start, end) else plain
        ).append(max(numbers))
    current = now or plain
    if past and current and abs(max(current) - max(past)) >= _STEP:
        return max(current), max(current) > max(past)
    return (max(current or past), None) if current or past else (None, None)


def _is_then(note: Note, i: int, j: int, start: int, end: int) -> bool:
    before, after = _clause(note, i, j, start, end)
    return (bool((set(before) | set(after[:3])) & _THEN) and not set(before) & _NOW) or before[-1:] == [
        "from"
    ]


def _is_now(note: Note, i: int, j: int, start: int, end: int) -> bool:
    before, after = _clause(note, i, j, start, end)
    return bool((set(before) | set(after[:2])) & _NOW) or before[-1:] == ["is"]


def _clause(note: Note, i: int, j: int, start: int, end: int) -> tuple[list[str], list[str]]:
    """The words beside a score up to the next mark."""
    before, after = note.norms(max(start, i - 5), i), note.norms(j, min(end, j + 5))
    for k in range(len(before) - 1, -1, -1):
        if before[k] in (",", "(", ";", ".", ")"):
            before = before[k + 1 :]
            break
    for k, word in enumerate(after):
        if word in (",", "(", ";", ".", ")") or word.isdigit():
            after = after[:k]
            break
    return before, after


def _trend(note: Note, mention: Mention, start: int, end: int) -> None:
    """ "Keeps getting worse", "no worse"; not "worse with sitting"."""
    steady = False
    for atom in note.atoms_in(start, end):
        if "worse" in atom.labels or atom.attribute("response") == "worse":
            if "symptom_progression_on_treatment" in atom.labels:
                continue
            state = note.assess(atom.start, atom.end)
            if state.negated:
                steady = True
            elif state.label == "present" and _is_growing(note, atom):
                mention.attributes["worsening"] = True
                return
        elif "not_worse" in atom.labels:
            steady = True
    if steady:
        mention.attributes.setdefault("worsening", False)


def _is_growing(note: Note, worse: Atom) -> bool:
    """Do these words mean a pain that grows with time, not one that a posture or a dose raises?"""
    norms = note.words.norms
    before, after = note.norms(worse.start - 4, worse.start), note.norms(worse.end, worse.end + 3)
    if before[-1:] == ["not"] or "neither" in before or "if" in before:
        return False
    situated = set(norms[worse.start : worse.end]) & _SITUATED
    if situated and after and after[0] in _SITUATION and not _TIMES_ON & set(after[1:]):
        return (
            after[:1] == ["than"]
            and set(after[1:]) & {"before", "ever", "last", "usual", "previously"} != set()
        )
    if set(after) & _DOSES:
        return False
    for atom in note.atoms_in(worse.end, worse.end + 2):
        if (_DRUGS | _NOT_PAIN) & set(atom.labels):
            return False
    near = [a for a in note.atoms_in(worse.start - 4, worse.start) if worse.start - a.end <= 2]
    return not any(_NOT_PAIN & set(a.labels) and not note.has_comma(a.end, worse.start) for a in near)


def read_onset(note: Note, mention: Mention, start: int, end: int) -> None:
    """When it began: "for 3 months", "since May 12", "x 4 days", "pain, 5 weeks", "since the fall"."""
    candidates = [
        (abs(time.start - mention.start), time)
        for time in note.times_in(start, end)
        if (time.kind == "duration" and _is_length(note, time, start, end))
        or (time.kind == "date" and _is_beginning(note, mention, time, start))
    ]
    if not candidates:
        event = _since_event(note, start, end)
        if event:
            mention.attributes["onset"] = event
        return
    time = min(candidates, key=lambda pair: pair[0])[1]
    if time.kind == "date":
        mention.attributes["onset"] = time.iso
    elif time.high is not None and time.high == time.low:
        mention.attributes["duration_days"] = int(time.low)
    else:
        mention.attributes["duration_days_min"] = int(time.low)
        if time.high is not None:
            mention.attributes["duration_days_max"] = int(time.high)


def _is_length(note: Note, time: Time, start: int, end: int) -> bool:
    """Is this span the length of a complaint, and of no treatment?"""
    norms = note.words.norms
    before = norms[max(start, time.start - 4) : time.start]
    after = norms[time.end : time.end + 3]
    good = (
        bool(_LEADS & set(before))
        or norms[time.start][0] == "x"
        or after[:2] == ["of", "pain"]
        or bool({"history", "hx", "duration", "now", "of"} & set(after[:2]))
        or "-" in norms[time.start : time.end]
        or _follows_pain(note, time, start)
    )
    if _NOT_LEADS & set(before[-2:]) or (time.high is not None and time.high < 1):
        good = False
    if before[-1:] == ["last"] and {"for", "over", "past", "the"} & set(before) and (time.high or 0) >= 1:
        good = True
    if after[:1] in (["post"], ["out"], ["postop"], ["later"], ["course"]):
        return False
    near = note.atoms_in(max(start, time.start - 6), min(end, time.end + 5))
    near = [a for a in near if a.start < time.end or not note.has_comma(time.end, a.start)]
    return good and not any(label in _TREATMENTS for atom in near for label in atom.labels)


def _follows_pain(note: Note, time: Time, start: int) -> bool:
    """ "Low back pain, 5 weeks", "LBP: 14 months", "ache (8 weeks)": nothing but marks between."""
    i = time.start - 1
    while i >= start and note.words.norms[i] in _GLUE:
        i -= 1
    return any(
        atom.end > i and {"pain", "low_back_pain", "radicular_pain"} & set(atom.labels)
        for atom in note.atoms_in(max(start, i - 5), i + 1)
    )


def _is_beginning(note: Note, mention: Mention, time: Time, start: int) -> bool:
    norms = note.words.norms
    before = norms[
        max(start, time.start - (6 if norms[time.start - 1 : time.start] == ["of"] else 4)) : time.start
    ]
    if norms[max(start, time.start - 1) : time.start] in (["today"], ["until"], ["till"]) or (
        norms[time.start] in ("today", "tonight") and not set(before) & _ONSET
    ):
        return False
    begun = (
        set(before) & _ONSET
        or (
            time.ago
            and not {"seen", "visit", "injection", "xray", "mri", "surgery", "taken", "than"} & set(before)
        )
        or ("on" in before and abs(time.start - mention.end) < 6)
        or (before == ["on"] and _ONSET & set(norms[time.end : mention.start]))
        or (before[-1:] in (["around"], ["about"]) and {"noticed", "pain"} & set(norms[start : time.start]))
    )
    if not begun:
        return False
    if _WORK & set(norms[max(start, time.start - 7) : time.start]):
        return False  # "off work since 4/20" dates no pain
    near = note.atoms_in(max(start, time.start - 5), time.start)
    return not any(label in _TREATMENTS for atom in near for label in atom.labels)


_WORK = frozenset("work job duty leave employed retired married disability off patient practice".split())


def _since_event(note: Note, start: int, end: int) -> str:
    """The date of the fall that "since the fall" means, told in another sentence."""
    norms = note.words.norms
    for i in range(start, end):
        if norms[i] in ("since", "following") and _EVENTS & set(norms[i + 1 : min(end, i + 4)]):
            return injury_date(note)
    return ""


def injury_date(note: Note) -> str:
    """The date of the only dated injury of a note, or "" ."""
    found: list[str] = []
    for time in note.times:
        if time.kind != "date" or len(time.iso) < 7:
            continue
        start, end = note.sentence_of(time.start)
        near = note.norms(max(start, time.start - 6), time.start)
        told = _EVENT_WORDS & set(near) or any(
            "trauma" in atom.labels and note.assess(atom.start, atom.end).label in ("present", "historical")
            for atom in note.atoms_in(max(start, time.start - 12), min(end, time.end + 8))
        )
        if told and time.iso not in found:
            found.append(time.iso)
    return found[0] if len(found) == 1 else ""


def read_later_course(note: Note) -> None:
    """Sentences on "the pain" belong to the back or leg pain told last: "the pain has been worsening"."""
    told: dict[int, list[Mention]] = {}
    for mention in note.mentions:
        if mention.type in _PAINS:
            told.setdefault(note.layout.sentence[mention.start], []).append(mention)
    if not told:
        return
    topic: Mention | None = None
    since = 0
    for number, (start, end) in enumerate(note.layout.sentences):
        own = [m for m in told.get(number, ()) if m.assertion == "present"]
        if own:
            topic, since = next((m for m in own if m.type == "low_back_pain"), own[0]), number
        elif topic is not None and number not in told and note.category(start) in _TOLD:
            atoms = note.atoms_in(start, end)
            if any(a.attribute("region") in _ELSEWHERE for a in atoms):
                if any("pain" in a.labels for a in atoms):
                    topic = None
            else:
                _add_later(note, topic, atoms, start, end, number - since)
    _date_by_injury(note, [m for mentions in told.values() for m in mentions if m.type == "low_back_pain"])


def _add_later(note: Note, topic: Mention, atoms: Sequence[Atom], start: int, end: int, far: int) -> None:
    norms = note.words.norms
    about = any("pain" in a.labels and norms[a.start][:4] in ("pain", "ache", "disc", "symp") for a in atoms)
    severity, trend = _scores(note, start, end)
    worse = any("worse" in a.labels for a in atoms)
    pronoun = bool(_PRONOUNS & set(norms[start : start + 3])) and (
        far == 1 or severity is not None or (far <= 4 and worse)
    )
    opened = norms[start] in ("onset", "duration", "since", "began", "started", "timing", "woke")
    grows = (
        far == 1 and worse and _NOW & set(norms[start:end]) and not any("region" in a.labels for a in atoms)
    )
    if not (about or pronoun or opened or grows):
        return
    if far <= 10 or note.category(start) in _SUMS_UP:
        if trend is not None:
            topic.attributes.setdefault("worsening", trend)
        if topic.attributes.get("worsening") is not True:
            before = topic.attributes.pop("worsening", None)
            _trend(note, topic, start, end)
            if before is not None:
                topic.attributes.setdefault("worsening", before)
        if topic.attributes.get("worsening"):
            topic.attributes["new_or_increasing"] = True
    if far <= 4 and severity is not None:
        topic.attributes.setdefault("severity_0_10", severity)
    if far <= 4 and not set(_BEGUN) & set(topic.attributes) and _tells_beginning(note, start, end):
        read_onset(note, topic, start, end)


def _date_by_injury(note: Note, pains: Sequence[Mention]) -> None:
    """A form with its "Date of injury" dates the complaint that nothing else dates."""
    if any(set(_BEGUN) & set(m.attributes) for m in pains):
        return
    for time in note.times:
        if time.kind != "date" or len(time.iso) != 10:
            continue
        lead = note.norms(time.start - 5, time.start)
        if "doi" in lead or ("date" in lead and {"injury", "accident", "loss"} & set(lead)):
            for mention in pains:
                if mention.assertion == "present":
                    mention.attributes["onset"] = time.iso
            return

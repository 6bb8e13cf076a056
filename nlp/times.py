"""Dates, spans, frequencies, visits and ages in a text, anchored to the date of its document.

Candidates are found by the first word alone (a digit, a month, a number word), so that the cost is that of
the few words which can begin a time. Dates keep the precision that the text gives ("2025-03"); vague words
make bounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from nlp.tokens import Words

Kind = Literal["date", "duration", "frequency", "visits", "age", "nothing"]

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sept sep", "october oct", "november nov", "december dec"), 1)
    for name in names.split()
}  # fmt: skip
_NUMBERS = {
    "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "seven": 7.0, "eight": 8.0,
    "nine": 9.0, "ten": 10.0, "eleven": 11.0, "twelve": 12.0, "thirteen": 13.0, "fourteen": 14.0,
    "fifteen": 15.0,
    "sixteen": 16.0, "eighteen": 18.0, "twenty": 20.0, "thirty": 30.0, "a": 1.0, "an": 1.0,
    "single": 1.0, "dozen": 12.0, "half": 0.5,
}  # fmt: skip
_VAGUE = {
    "several": (3.0, 12.0),
    "few": (2.0, 5.0),
    "couple": (2.0, 2.0),
    "many": (4.0, None),
    "multiple": (2.0, None),
    "some": (2.0, None),
}
_UNITS = {
    "d": 1,
    "day": 1,
    "w": 7,
    "wk": 7,
    "week": 7,
    "m": 30,
    "mo": 30,
    "mon": 30,
    "mth": 30,
    "month": 30,
    "y": 365,
    "yr": 365,
    "year": 365,
    "fortnight": 14,
}
_UNIT = r"(days?|d|fortnights?|weeks?|wks?|w|months?|mos?|mths?|m|years?|yrs?|y)"
_WEEKDAYS = {
    "monday": 0,
    "tuesday": 1,
    "wednesday": 2,
    "thursday": 3,
    "friday": 4,
    "saturday": 5,
    "sunday": 6,
}
_SEASONS = {"spring": (3, 5), "summer": (6, 8), "autumn": (9, 11), "fall": (9, 11), "winter": (12, 2)}
_FEASTS = {
    "christmas": (12, 25),
    "thanksgiving": (11, 26),
    "halloween": (10, 31),
    "easter": (4, None),
    "new year": (1, 1),
    "labor day": (9, 1),
    "labour day": (9, 1),
    "memorial day": (5, 25),
    "new years": (1, 1),
    "independence day": (7, 4),
    "fourth of july": (7, 4),
    "4th of july": (7, 4),
    "veterans day": (11, 11),
    "columbus day": (10, 10),
    "valentine day": (2, 14),
    "valentines day": (2, 14),
    "mothers day": (5, 10),
    "mother day": (5, 10),
    "fathers day": (6, 17),
    "father day": (6, 17),
    "boxing day": (12, 26),
    "presidents day": (2, 18),
    "xmas": (12, 25),
    "st patrick day": (3, 17),
    "st patricks day": (3, 17),
}
_WORD_NUMBER = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
    r"|eighteen|twenty|thirty|half)"
)
_NUM = rf"(?:\d{{1,3}}(?:\.\d)?|{_WORD_NUMBER})"
_SPAN = re.compile(
    rf"(?:a\s+(?=few|couple))?({_NUM}|a|an|several|few|couple|many|multiple)(?:\s*(\+))?(?:\s+of)?(?:\s*(?:-|\u2013|to|or)\s*({_NUM}))?"
    rf"(?:\s+and\s+a\s+(half|quarter))?[\s-]*(full|solid|straight|consecutive|good|long)?[\s-]*{_UNIT}(?![A-Za-z])\.?(\s+and\s+a\s+half)?(?:\s*,?\s*(?:and\s+)?(\d{{1,2}})\s*(days?|d|weeks?|wks?|months?|mos?)\b)?",
    re.IGNORECASE,
)
_FREQUENCY = re.compile(
    rf"({_NUM}|once|twice|thrice)(?:\s*(?:-|\u2013|to|or)\s*({_NUM}))?\s*(?:x|times?|sessions?|visits?|days?|v)?\s*(?:/|a|an|per|each|every|x)?\s*(weekly|week|wk|w|month|monthly|mo)(?![A-Za-z])",
    re.IGNORECASE,
)
_VISITS = re.compile(
    rf"({_NUM})\s*(?:/|of|out\s+of)?\s*(\d{{1,3}})?[\s-]*(?:(?:total|scheduled|outpatient|supervised|skilled"
    r"|formal|PT|physical therapy|physio|therapy|chiropractic|chiro|treatment|aquatic|land|more|authorized)"
    rf"\s*){{0,3}}(visits?|sessions?|treatments?|appointments?|appts?|v|vs|adjustments?|times|tx)(?![A-Za-z])",
    re.IGNORECASE,
)
_UK_SPAN = re.compile(r"(\d{1,2})(?:\s?(?:-|\u2013)\s?(\d{1,2}))?/(52|12|7)(?![\d/])")
_UK_UNITS = {"52": 7, "12": 30, "7": 1}
_UK_WORDS = re.compile(
    r"/52\b|\bphysio\b|\bparacetamol\b|\bco-codamol\b|\bA&E\b|\bGP\b|\banaesth", re.IGNORECASE
)
_UK_LEADS = frozenset(
    ["for", "x", "past", "last", "over", "previous", "next", "approx", "about", "nearly", "almost"]
)
_DAY_LEADS = frozenset(
    [
        "on",
        "since",
        "from",
        "dated",
        "until",
        "till",
        "to",
        "by",
        "between",
        "seen",
        "began",
        "started",
        "of",
        "and",
        "@",
        "after",
        "before",
        ",",
        "(",
    ]
)
_AGE = re.compile(
    r"(\d{1,3})(?:\.\d)?[\s-]*(years?|yrs?|y|months?|mos?|weeks?|wks?|wk|days?)[\s./-]*(?:(\d{1,2})[\s-]*(months?|mos?|mo|m|weeks?|wks?|days?|d)[\s.-]*)?"
    r"(?:old\b|of\s+age|(?<=[yY])/?o\b|(?<=[yY]r)/?o\b|(?<=[yY])\.o\.)",
    re.IGNORECASE,
)
_ISO = re.compile(r"((?:19|20)\d\d)-(\d{1,2})-(\d{1,2})(?!\d)")
_MDY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-]((?:19|20)?\d\d)(?![\d/])")
_MY = re.compile(r"(\d{1,2})/((?:19|20)\d\d)(?![\d/])")
_MD = re.compile(r"(\d{1,2})/(\d{1,2})(?![\d/])")
_DAY_MONTH = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th)?\s+(?:of\s+)?([A-Za-z]{3,9})\.?(?:,?\s+((?:19|20)\d\d|'\d\d))?", re.IGNORECASE
)
_MONTH_DAY = re.compile(
    r"([A-Za-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?(?![\d/:%])(?:\s*,?\s*((?:19|20)\d\d|'\d\d)(?!\d))?",
    re.IGNORECASE,
)
_MONTH_YEAR = re.compile(r"([A-Za-z]{3,9})\.?,?\s+(?:of\s+)?((?:19|20)\d\d|'\d\d)(?!\d)", re.IGNORECASE)
_YEAR = re.compile(
    r"((?:19|20)\d\d)(?![\d/]|\.\d)(?!\s*(?:mg|mcg|iu|units|ml|cc|cal|kcal|steps))", re.IGNORECASE
)
_AGO = re.compile(r"\s+(ago|back|prior|earlier|previously)\b", re.IGNORECASE)
_DATE_LEADS = frozenset(
    ["on", "since", "from", "by", "to", "through", "thru", "until", "till", "-", "(", ",", "started",
    "began", "beginning", "starting", "ended", "seen", "visit", "visits", "dated", "of", "labs", "lab",
    "xr", "mri", "ct", "xray", "x-ray", "films", "film", "starting", "last", "first", "dc", "d/c", "eval",
    "between", "and", "as", "note", "in", "initial", "re-eval", "recheck", "discharged", "onset", "injury",
    "fell", "mvc", "doi", "esi", "tfesi", "injection", "surgery", "@", "after", "before", "around", "about",
    "~", "about's", "study", "done", "tx", "rx'd", "rx", "visited", "report", "performed", "ordered", "[",
    "approximately", "approx", "emg", "lp", "patch", "taken", "recheck", "exam", "review", "reviewed",
    "discharge"]
)  # fmt: skip
_DATED_VERBS = frozenset(
    [
        "discharged",
        "started",
        "began",
        "since",
        "ended",
        "completed",
        "finished",
        "initial",
        "soc",
        "eval",
        "evaluated",
        "first",
        "last",
        "stopped",
        "quit",
        "injury",
        "surgery",
        "labs",
        "visit",
        "seen",
        "onset",
    ]
)
_MONTH_LEADS = frozenset(
    [
        "in",
        "since",
        "of",
        "last",
        "early",
        "mid",
        "late",
        "from",
        "to",
        "through",
        "thru",
        "until",
        "till",
        "by",
        "between",
        "and",
        "this",
        "during",
        "before",
        "after",
        "around",
        "about",
        "next",
        "middle",
        "end",
        "beginning",
        "start",
        ",",
        "(",
        "-",
        "mid-",
    ]
)
_AT_LEAST = frozenset(("over", "least", ">", "\u2265", "than", "beyond", "exceeding", "past"))
_OVER_LEADS = frozenset(
    ("for", "lasting", "well", "now", "been", "onset", "since", "duration", "lasted", "ongoing", "of", "x")
)
_AT_MOST = frozenset(("under", "<", "almost", "nearly", "within", "\u2264", "barely"))


@dataclass(frozen=True)
class Time:
    """A time expression: words `start` to `end`.

    date: `iso`, as precise as the text. duration, age: `low` and `high` days (high None: open). frequency:
    times a
    week. visits: their number. `ago` marks a date counted back from the document.
    """

    start: int
    end: int
    kind: Kind
    iso: str = ""
    low: float = 0
    high: float | None = None
    ago: bool = False


def find_times(
    words: Words,
    anchor: date | None,
    blocks: Sequence[tuple[int, int, date]] = (),
    first: int = 0,
    last: int | None = None,
) -> list[Time]:  # fmt: skip
    """Return the time expressions of a text in their order; dates without a year need `anchor`.

    `blocks` are stretches of words with a date of their own (older notes copied into this one), in their order.
    """
    times: list[Time] = []
    size = len(words) if last is None else last
    starts, norms = words.starts, words.norms
    own = anchor
    i = first
    block = 0
    while i < size:
        if blocks:
            while block < len(blocks) and blocks[block][1] <= i:
                block += 1
            anchor = blocks[block][2] if block < len(blocks) and blocks[block][0] <= i else own
        norm = norms[i]
        finder = _FINDERS.get(norm)
        if finder is None:
            if norm[0].isdigit():
                finder = _from_digit
            elif norm[0] in "x\u00d7" and norm[1:2].isdigit():
                found = _number_span(words, i, starts[i] + 1, anchor)
                if found is not None:
                    times.append(found)
                    i = found.end
                    continue
                i += 1
                continue
            else:
                i += 1
                continue
        found = finder(words, i, anchor)
        if found is None:
            i += 1
        else:
            if found.kind != "nothing":
                times.append(found)
            i = max(found.end, i + 1)
    return times


def _end_word(words: Words, i: int, offset: int) -> int:
    while i < len(words) and words.starts[i] < offset:
        i += 1
    return i


def _number(raw: str) -> float:
    raw = raw.lower()
    return _NUMBERS[raw] if raw in _NUMBERS else float(raw)


def _from_digit(words: Words, i: int, anchor: date | None) -> Time | None:
    text, at = words.text, words.starts[i]
    for pattern, build in ((_ISO, _iso), (_MDY, _mdy), (_MY, _my)):
        match = pattern.match(text, at)
        if match is not None:
            iso = build(match)
            return Time(i, _end_word(words, i, match.end()), "date" if iso else "nothing", iso)  # "2/30/2026"
    age = _AGE.match(text, at)
    if age is not None:
        days = float(age[1]) * _UNITS[age[2].lower().rstrip("s")]
        if age[3]:
            days += float(age[3]) * _UNITS[age[4].lower().rstrip("s")]
        return Time(i, _end_word(words, i, age.end()), "age", low=days, high=days)
    found = _uk_span(words, i, anchor) or _number_span(words, i, at, anchor)
    if found is not None:
        return found
    match = _MD.match(text, at)
    if match is not None and anchor is not None and _is_month_day(words, i, match):
        iso = _yearless(anchor, int(match[1]), int(match[2]), words, i)
        return Time(i, _end_word(words, i, match.end()), "date", iso) if iso else None
    match = _DAY_MONTH.match(text, at)
    if (
        match is not None
        and match[2].lower() in _MONTHS
        and int(match[1]) <= 31
        and (match[2][0].isupper() or match[3])
    ):
        month = _MONTHS[match[2].lower()]
        if match[3]:
            iso = _full(_year(match[3]), month, int(match[1]))
        else:
            iso = _yearless(anchor, month, int(match[1]), words, i) if anchor else ""
        return Time(i, _end_word(words, i, match.end()), "date", iso) if iso else None
    match = _YEAR.match(text, at)
    if match is not None and 1930 <= int(match[1]) <= (anchor.year if anchor else 2100) + 1:
        before = words.norms[i - 1] if i else ""
        if before not in ("d", "d3", "$", "#", "dose", "apt", "suite", ".") and not before.isdigit():
            return Time(i, i + 1, "date", match[1])
    return None


def _uk_span(words: Words, i: int, anchor: date | None) -> Time | None:
    """ "9/52" are nine weeks, "3/12" three months, "5/7" five days where the text is British."""
    match = _UK_SPAN.match(words.text, words.starts[i])
    if match is None:
        return None
    before = words.norms[i - 1] if i else ""
    end = _end_word(words, i, match.end())
    follows = words.norms[end] if end < len(words) else ""
    said = match[3] == "52" or before in _UK_LEADS or follows in ("history", "hx", "ago")
    if not said and (match[3] == "7" or before in _DAY_LEADS or _UK_WORDS.search(words.text) is None):
        return None
    unit = _UK_UNITS[match[3]]
    low, high = int(match[1]) * unit, int(match[2] or match[1]) * unit
    if follows == "ago" and anchor is not None:
        return Time(i, end + 1, "date", _ago(anchor, (low + high) / 2, unit), low=low, high=high, ago=True)
    return Time(i, end, "duration", low=low, high=high)


def _number_span(words: Words, i: int, at: int, anchor: date | None) -> Time | None:
    """Visits, frequency or a span that begins at offset `at`."""
    text = words.text
    match = _FREQUENCY.match(text, at)
    if match is not None and _is_frequency(match):
        first = {"once": 1.0, "twice": 2.0, "thrice": 3.0}.get(match[1].lower()) or _number(match[1])
        last = _number(match[2]) if match[2] else first
        scale = 1.0 if match[3].lower()[0] == "w" else 12 / 52
        return Time(i, _end_word(words, i, match.end()), "frequency", low=first * scale, high=last * scale)
    match = _VISITS.match(text, at)
    if match is not None:
        count = _number(match[1])
        return Time(i, _end_word(words, i, match.end()), "visits", low=count, high=count)
    match = _SPAN.match(text, at)
    if match is None:
        return None
    if match[6].lower() in ("d", "m", "w", "y") and (
        text[match.end(1) : match.start(6)].strip() not in ("", "-") or match[1].lower() in _NUMBERS
    ):
        return None
    if match[6] in ("M", "D", "W", "Y") or (
        match[6] == "m" and words.norms[i - 1 : i] not in (["x"], ["for"])
    ):
        return None
    unit = _UNITS[match[6].lower().rstrip("s") if len(match[6]) > 1 else match[6].lower()]
    raw = match[1].lower()
    low, high = _VAGUE.get(raw, (0.0, None))
    if raw not in _VAGUE:
        low = high = _number(raw)
        if match[3]:
            high = _number(match[3])
        if match[4] or match[7]:
            low, high = low + 0.5, (high or low) + 0.5
    low, top = low * unit, None if high is None else high * unit
    if match[8]:
        extra = float(match[8]) * _UNITS[match[9].lower().rstrip("s")]
        low, top = low + extra, None if top is None else top + extra
    end = _end_word(words, i, match.end())
    ago = _AGO.match(text, match.end())
    if ago is not None and anchor is not None and (ago[1].lower() in ("ago", "back")):
        return Time(
            i, end + 1, "date", _ago(anchor, (low + (top or low)) / 2, unit), low=low, high=top, ago=True
        )
    before = words.norms[max(0, i - 3) : i]
    if match[2] or (
        before
        and (
            before[-1] in _AT_LEAST
            or (before[-1] == "than" and "more" in before)
            or (before[-1:] == ["="] and ">" in before)
        )
    ):
        if before[-2:] == ["less", "than"] or before[-2:] == ["fewer", "than"]:
            low, top = 0, (top or low) - 1
        elif not match[2] and (
            before[-1:] == ["past"] or (before[-1:] == ["over"] and not set(before[-2:-1]) <= _OVER_LEADS)
        ):
            pass  # "over the past 6 weeks" is six weeks
        else:
            top = None
            if before[-1:] in (["over"], [">"], ["than"], ["beyond"], ["exceeding"]):
                low += 0.5
    elif before and before[-1] in _AT_MOST:
        low, top = low * 0.75, (top or low) - 0.5
    return Time(i, end, "duration", low=low, high=top)


def _is_frequency(match: re.Match[str]) -> bool:
    between = match.string[match.end(2) if match[2] else match.end(1) : match.start(3)].lower()
    if match[3].lower() in ("weekly", "monthly"):
        return (
            bool(between.strip(" -")) or match[1].lower() in ("once", "twice", "thrice") or match[1].isdigit()
        )
    return any(mark in between for mark in ("/", "x", " a ", "per", "each", "every", "times a", "times per"))


_STUDY_NAMES = frozenset(("ncs", "ncv", "emg", "mri", "ct", "xr", "xray", "x-ray", "films", "dexa", "labs"))


def _is_month_day(words: Words, i: int, match: re.Match[str]) -> bool:
    """Is "3/2" a date and no grade, score or ratio?"""
    month, day = int(match[1]), int(match[2])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return False
    before = words.norms[i - 1] if i else ""
    if before in (
        "pain",
        "strength",
        "motor",
        "grade",
        "power",
        "vas",
        "nprs",
        "score",
        "a",
        "is",
        "rated",
        "nrs",
    ):
        return False
    if before in _STUDY_NAMES or before in _WEEKDAYS:
        return True  # "EMG/NCS 3/2 because podiatry asked"
    end = match.end()
    tail = words.text[end : end + 12].lstrip().lower()
    if tail.startswith(
        ("pain", "l ", "r ", "left", "right", "systolic", "b/l", "bilat", "in all", "throughout", "strength")
    ):
        return False
    grade_like = day in (4, 5, 6, 10) and month <= day
    if day == 10 and _is_score(words, i, end):
        return False
    lately = set(words.norms[max(0, i - 6) : i])
    if (
        lately & _DATED_VERBS
        and not lately & {"pain", "strength", "grade", "from"}
        and before not in ("is", "at")
    ):
        return True
    if before in _DATE_LEADS:
        return not (
            grade_like
            and before in (",", "(", "-", "and", "of", "to", "about", "from", "in", "around")
            and not _dated_range(words, i, end)
        )
    if not grade_like and month > 4:
        return True
    return _dated_range(words, i, end) or (not grade_like and day > 4)


def _is_score(words: Words, i: int, end: int) -> bool:
    """Is "5/10" one of the pain scores of "from 5/10 to 9/10", "since 4/20, 8/10", "was 5/10"?"""
    if words.norms[i - 1 : i] in (
        ["on"],
        ["since"],
        ["until"],
        ["till"],
        ["dated"],
        ["began"],
        ["started"],
        ["by"],
        ["visit"],
        ["seen"],
    ):
        return False
    near = words.text[max(0, words.starts[i] - 25) : words.starts[i]] + words.text[end : end + 25]
    return "/10" in near or words.norms[i - 1 : i] in (
        [","],
        ["was"],
        ["now"],
        ["currently"],
        ["at"],
        ["up"],
        ["down"],
        ["about"],
    )


def _dated_range(words: Words, i: int, end: int) -> bool:
    """Is this one end of "3/5 - 4/20" or "3/5 to 4/20"?"""
    if re.match(
        r"\s*(?:-|\u2013|to|through|thru|until|till|and)\s*\d{1,2}/\d{1,2}", words.text[end : end + 20]
    ):
        return True
    return (
        re.search(
            r"\d{1,2}/\d{1,2}(?:/\d{2,4})?\s*(?:-|\u2013|to|through|thru|until|till|and)\s*$",
            words.text[max(0, words.starts[i] - 25) : words.starts[i]],
        )
        is not None
    )


def _from_number_word(words: Words, i: int, anchor: date | None) -> Time | None:
    return _number_span(words, i, words.starts[i], anchor)


def _from_month(words: Words, i: int, anchor: date | None) -> Time | None:
    text, at = words.text, words.starts[i]
    month = _MONTHS[words.norms[i]]
    before = words.norms[i - 1] if i else ""
    for pattern in (_MONTH_YEAR, _MONTH_DAY):
        match = pattern.match(text, at)
        if match is None or match[1].lower().rstrip(".") not in _MONTHS:
            continue
        end = _end_word(words, i, match.end())
        if pattern is _MONTH_YEAR:
            return Time(i, end, "date", f"{_year(match[2]):04d}-{month:02d}")
        if not 1 <= int(match[2]) <= 31 or (
            words.norms[i] in ("may", "mar") and not words.raws[i][0].isupper()
        ):
            continue
        if match[3]:
            iso = _full(_year(match[3]), month, int(match[2]))
        else:
            iso = _yearless(anchor, month, int(match[2]), words, i) if anchor else ""
        return Time(i, end, "date", iso) if iso else None
    if anchor is None or (
        words.norms[i] in ("may", "march", "mar", "sep", "dec", "jan")
        and not (before in _MONTH_LEADS and words.raws[i][0].isupper())
    ):
        return None
    if before not in _MONTH_LEADS and not words.raws[i][0].isupper():
        return None
    year = anchor.year if month <= anchor.month else anchor.year - 1
    if before == "last" and month == anchor.month:
        year -= 1
    following = words.norms[i + 1 : i + 5]
    if len(following) >= 3 and following[0] in ("and", "to", "through", "-") and following[1] in _MONTHS:
        told = next((w for w in following[2:] if len(w) == 4 and w.isdigit() and w[:2] in ("19", "20")), None)
        if told is not None:  # "in March and April of 2025"
            return Time(i, i + 1, "date", f"{told}-{month:02d}")
    if following[:1] == ["of"] and following[1:3] in (["last", "year"],):
        year = anchor.year - 1
    elif following[:1] == ["of"] and following[1:3] == ["this", "year"]:
        year = anchor.year
    if before == "next":
        year = anchor.year if month > anchor.month else anchor.year + 1
    return Time(i, i + 1, "date", f"{year:04d}-{month:02d}")


_SPAN_DAYS = {"week": 7, "wk": 7, "month": 30, "mo": 30, "year": 365, "yr": 365}


def _from_last(words: Words, i: int, anchor: date | None) -> Time | None:
    """last week, last month, last year, last autumn, last Tuesday; this morning, this month."""
    if anchor is None or i + 1 >= len(words):
        return None
    unit = words.norms[i + 1]
    this = words.norms[i] == "this"
    before = words.norms[max(0, i - 2) : i]
    if (
        unit in _SPAN_DAYS
        and not this
        and {"for", "over", "during"} & set(before[-1:] if before[-1:] != ["the"] else before[-2:-1])
    ):
        days = _SPAN_DAYS[unit]
        return Time(i, i + 2, "duration", low=days, high=days)  # "for the past month or so"
    if words.norms[i] == "past":
        return None
    back = {
        "week": 7,
        "wk": 7,
        "month": 30,
        "mo": 30,
        "year": 365,
        "yr": 365,
        "night": 1,
        "weekend": 5,
        "evening": 1,
        "pm": 1,
        "morning": 0,
        "am": 0,
        "afternoon": 0,
    }
    if unit in _SEASONS:
        iso = _season(anchor, unit, this)
        return Time(i, i + 2, "date", iso)
    if unit in _WEEKDAYS:
        return Time(i, i + 2, "date", _weekday(anchor, unit).isoformat(), ago=True)
    if unit not in back:
        return None
    if unit in ("year", "yr"):
        return Time(i, i + 2, "date", str(anchor.year - (not this)))
    if unit in ("month", "mo"):
        first = anchor.replace(day=1)
        when = first if this else first - timedelta(days=1)
        return Time(i, i + 2, "date", f"{when.year:04d}-{when.month:02d}", ago=True)
    if this and unit not in ("morning", "week", "am", "pm", "afternoon", "evening"):
        return None
    return Time(i, i + 2, "date", (anchor - timedelta(days=0 if this else back[unit])).isoformat(), ago=True)


def _from_day_word(words: Words, i: int, anchor: date | None) -> Time | None:
    if anchor is None:
        return None
    if words.norms[i] in ("yesterday",):
        return Time(i, i + 1, "date", (anchor - timedelta(days=1)).isoformat(), ago=True)
    if words.norms[i] in ("today", "tonight"):
        return Time(i, i + 1, "date", anchor.isoformat(), ago=True)
    if (
        words.norms[i] in _WEEKDAYS
        and i
        and words.norms[i - 1] in ("on", "since", "last", "until", "by", "this", "past")
    ):
        if "next" in words.norms[max(0, i - 2) : i]:
            return None
        dated = i + 1 + (words.norms[i + 1 : i + 2] == [","])
        if dated < len(words) and (words.norms[dated] in _MONTHS or words.norms[dated][0].isdigit()):
            find = _from_month if words.norms[dated] in _MONTHS else _from_digit
            day = find(words, dated, anchor)  # "on Monday, January 13": the date says more
            return Time(i, day.end, "date", day.iso) if day is not None and day.kind == "date" else None
        return Time(i, i + 1, "date", _weekday(anchor, words.norms[i]).isoformat(), ago=True)
    return None


def _from_season(words: Words, i: int, anchor: date | None) -> Time | None:
    season = words.norms[i]
    before = words.norms[i - 1] if i else ""
    after = words.norms[i + 1] if i + 1 < len(words) else ""
    if after == "of" and i + 2 < len(words):
        after = words.norms[i + 2]
    if len(after) == 4 and after.isdigit() and after[:2] in ("19", "20"):
        first, last = _SEASONS[season]
        return Time(i, i + 2, "date", f"{after}-{first:02d}" if first != last else after)
    if anchor is None or (
        season == "fall" and before not in ("this", "last", "since", "early", "late", "during")
    ):
        return None
    if before in (
        "since",
        "in",
        "the",
        "this",
        "last",
        "early",
        "late",
        "mid",
        "during",
        "that",
        "by",
        "until",
        "over",
        "from",
    ):
        return Time(i, i + 1, "date", _season(anchor, season, True))
    return None


def _from_feast(words: Words, i: int, anchor: date | None) -> Time | None:
    if anchor is None:
        return None
    for length in (3, 2, 1):
        name = " ".join(words.norms[i : i + length])
        feast = _FEASTS.get(name)
        if feast is None or (name == "new year" and words.norms[i - 1 : i] in (["the"], ["in"])):
            continue
        month, day = feast
        if day is None or (name.endswith(" day") and length == 2):  # a day that moves
            year = anchor.year if month <= anchor.month else anchor.year - 1
            return Time(i, i + length, "date", f"{year:04d}-{month:02d}")
        iso = _yearless(anchor, month, day, words, i)
        return Time(i, i + length, "date", iso) if iso else None
    return None


def _season(anchor: date, season: str, this: bool) -> str:
    first, _ = _SEASONS[season]
    year = anchor.year if anchor.month >= first else anchor.year - 1
    return f"{year:04d}-{first:02d}"


def _weekday(anchor: date, name: str) -> date:
    back = (anchor.weekday() - _WEEKDAYS[name]) % 7 or 7
    return anchor - timedelta(days=back)


def _ago(anchor: date, days: float, unit: int) -> str:
    if unit >= 365:
        return str(anchor.year - round(days / 365))
    when = anchor - timedelta(days=round(days))
    return when.isoformat() if unit <= 7 else f"{when.year:04d}-{when.month:02d}"


def _year(raw: str) -> int:
    digits = raw.lstrip("'")
    value = int(digits)
    if value >= 100:
        return value
    return 2000 + value if value < 60 else 1900 + value


def _full(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""


def _iso(match: re.Match[str]) -> str:
    return _full(int(match[1]), int(match[2]), int(match[3]))


def _mdy(match: re.Match[str]) -> str:
    month, day, year = int(match[1]), int(match[2]), _year(match[3])
    return _full(year, month, day) or _full(year, day, month)


def _my(match: re.Match[str]) -> str:
    return f"{match[2]}-{int(match[1]):02d}" if 1 <= int(match[1]) <= 12 else ""


def _yearless(anchor: date, month: int, day: int, words: Words, i: int) -> str:
    """The last such day up to the anchor; the next one where the words before plan it."""
    iso = _full(anchor.year, month, day)
    if not iso or date.fromisoformat(iso) <= anchor:
        return iso
    ahead = date.fromisoformat(iso)
    planned = {
        "scheduled",
        "booked",
        "planned",
        "for",
        "next",
        "schedule",
        "return",
        "appointment",
        "appt",
        "casting",
        "due",
        "starts",
        "starting",
        "will",
    }
    if (ahead - anchor).days <= (
        200 if {"scheduled", "booked"} & set(words.norms[max(0, i - 8) : i]) else 75
    ) and planned & set(words.norms[max(0, i - 6) : i]):
        return iso
    if (ahead - anchor).days <= 3:
        return iso
    return _full(anchor.year - 1, month, day)


def document_date(words: Words) -> date | None:
    """The date that the head of a document gives itself, or None."""
    best: date | None = None
    limit = 1200
    for i, norm in enumerate(words.norms):
        if words.starts[i] > limit:
            break
        if not (norm[0].isdigit() or norm in _MONTHS):
            continue
        found = _from_digit(words, i, None) if norm[0].isdigit() else _from_month(words, i, None)
        if found is None or found.kind != "date" or len(found.iso) != 10:
            continue
        before = words.norms[max(0, i - 4) : i]
        if {"dob", "birth", "born", "birthdate"} & set(before):
            continue
        when = date.fromisoformat(found.iso)
        if {"date", "dos", "visit", "seen", "service", "encounter", "exam", "performed"} & set(before):
            return when
        best = best or when
    return best


_FINDERS: dict[str, Callable[[Words, int, date | None], Time | None]] = {
    **dict.fromkeys(_MONTHS, _from_month),
    **dict.fromkeys(
        (*(n for n in _NUMBERS if n not in ("half",)), *_VAGUE, "once", "twice", "thrice"), _from_number_word
    ),
    "last": _from_last,
    "past": _from_last,
    "this": _from_last,
    **dict.fromkeys(("today", "yesterday", "tonight", *_WEEKDAYS), _from_day_word),
    **dict.fromkeys(_SEASONS, _from_season),
    **dict.fromkeys((f.split()[0] for f in _FEASTS if not f[0].isdigit()), _from_feast),
}

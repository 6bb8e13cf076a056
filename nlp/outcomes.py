"""Outcome measures told twice: pain and disability scores at the beginning and at the end of a treatment."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import NamedTuple

#: A named scale, or a number out of ten; days ("2/26"), spans, doses and counts are no readings.
_TOKEN = re.compile(
    r"\b(?P<scale>nprs|nrs|vas|odi|oswestry|roland[ -]morris|rmdq|pain|scores?)\b"
    r"|(?<![\d./:-])(?P<value>\d{1,3}(?:\.\d)?)"
    r"(?P<of>\s?/\s?10\b|\s?/\s?100\b|\s?%|\s(?:out\s)?of\s(?:10|ten)\b)?"
    r"(?!\d|[/-]\d|\s?(?:x\b|mg|mcg|w(?:ee)?ks?\b|days?\b|mo(?:nth)?s?\b|y(?:ea)?rs?\b|visits?\b|sessions?\b"
    r"|min|hours?\b|hrs?\b|deg|times?\b|reps?\b|yo?\b|y/o|lbs?\b|beats?\b|st\b|nd\b|rd\b|th\b))"
    r"|(?P<arrow>-+>|=>|\u2192|\u21d2)|(?P<to>\bto\b)"
    r"|(?P<move>\b(?:from|went|gone|rose|risen|climb\w*|increas\w+|decreas\w+|drop\w*|fell|fallen|up|down|improv\w+|reduced)\b)"
    r"|(?P<first>\b(?:initial(?:ly)?|intake|eval(?:uation)?|baseline|start(?:ed|ing)?|first|began|beginning|before"
    r"|then|previous(?:ly)?|admission|was|onset|soc|ie)\b)"
    r"|(?P<last>\b(?:now|today|current(?:ly)?|last|final|discharge|d/c|remains?|remained|still|present(?:ly)?|later"
    r"|end|after|finish|completion)\b)"
    r"|(?P<aside>\b(?:worst|best|average|avg|goal|goals|target)\b)"
    r"|(?P<stop>;|\.\s|\n)",
    re.IGNORECASE,
)
_DATED = re.compile(r"\s*\(?\s*(?:on\s)?\d{1,2}/\d{1,2}")
_LISTED = re.compile(r"\s*[/,]\s*(?:and\s)?")
_COLUMN = re.compile(r"[ \t]{3,}")
_NEAR = 14


class Trend(NamedTuple):
    """How a measure moved, as a response to treatment, and the character where its first reading stands."""

    start: int
    response: str


@dataclass
class _Reading:
    start: int
    end: int
    value: float
    role: str = ""
    arrow: bool = False  # an arrow, or "to", stands before it


def trends(text: str) -> list[Trend]:
    """Return the measures of a stretch of text that are told at two points in time."""
    series: dict[str, list[_Reading]] = {}
    scale, role, arrow, aside, moving = "", "", False, False, False
    before: re.Match[str] | None = None
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup if match.lastgroup != "of" else "value"
        if kind == "scale":
            scale = "disability" if match["scale"][0] in "oOrR" else "pain"
        elif kind == "value":
            if (match["of"] or scale) and float(match["value"]) <= 100:
                reading = _Reading(match.start(), match.end(), float(match["value"]), role, arrow)
                if not aside or arrow or _arrow_follows(text, match.end()):
                    series.setdefault(scale or "pain", []).append(reading)
            role, arrow, aside = "", False, False
        elif kind == "arrow" or (kind == "to" and moving):  # "6/10 to 7/10" alone is a range
            arrow = True
        elif kind in ("to", "move"):
            moving = moving or kind == "move"
        elif kind == "aside":
            aside = True
        elif kind == "stop":
            scale, role, arrow, aside, moving = "", "", False, False, False
        elif kind is not None:
            known = series.get(scale or "pain", [])
            if (
                before is not None
                and before["value"]
                and known
                and not known[-1].role
                and match.start() - known[-1].end <= _NEAR
            ):
                known[-1].role = kind  # "6/10 then", "46 at intake"
            else:
                role = kind
        before = match
    return [trend for readings in series.values() if (trend := _trend(text, readings)) is not None]


def _arrow_follows(text: str, end: int) -> bool:
    match = _TOKEN.search(text, end, end + 6)
    return match is not None and bool(match["arrow"])


def _trend(text: str, readings: list[_Reading]) -> Trend | None:
    if len(readings) < 2:
        return None
    first = next((r for r in readings if r.role == "first"), None)
    last = next((r for r in reversed(readings) if r.role == "last"), None)
    moved = next((k for k in range(1, len(readings)) if readings[k].arrow), None)
    if first is not None or last is not None:
        begin = first or next(r for r in readings if r is not last)
        finish = last or next(r for r in reversed(readings) if r is not begin)
    elif moved is not None:
        begin, finish = readings[moved - 1], readings[-1]
    elif _is_series(text, readings):
        begin, finish = readings[0], readings[-1]
    else:
        return None
    return Trend(readings[0].start, _response(begin.value, finish.value))


def _is_series(text: str, readings: list[_Reading]) -> bool:
    """ "NPRS 6 / 5 / 6", "ODI 38% (2/26) 36% (4/2)"."""
    if all(_DATED.match(text, r.end) for r in readings):
        return True
    pairs = list(itertools.pairwise(readings))
    if all(_COLUMN.fullmatch(text, a.end, b.start) for a, b in pairs):
        return True  # a row with a column for each day
    return len(readings) > 2 and all(_LISTED.fullmatch(text, a.end, b.start) for a, b in pairs)


def _response(first: float, last: float) -> str:
    if last > first:
        return "worse" if last - first >= max(1.0, 0.1 * first) else "none"
    if last > 0.8 * first:
        return "none"
    return "improved" if last <= first / 2 else "partial"

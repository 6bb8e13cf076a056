"""Calendar sums for dates that a note gives by the day, the month or only the year.

A date is handled as its first and last possible day, so that what depends on an unknown day stays unknown.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from nlp.facts import span_of


class Span(NamedTuple):
    """The first and the last day that a date can be."""

    first: date
    last: date


@lru_cache(maxsize=4096)
def days_of(iso: object) -> Span | None:
    """Return the days that a (partial) ISO date can mean, None for anything else ("age 19").

    >>> days_of("2025-02").last
    datetime.date(2025, 2, 28)
    >>> days_of("age 19") is None
    True
    """
    if not isinstance(iso, str):
        return None
    try:
        return Span(*span_of(iso))
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def months_before(day: date, months: int) -> date:
    """Return the same day of the month, `months` earlier; the month's last day where it has no such day.

    >>> months_before(date(2025, 8, 31), 6)
    datetime.date(2025, 2, 28)
    """
    count = day.year * 12 + day.month - 1 - months
    year, month = divmod(count, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def moved(day: date, days: float) -> date:
    """Return the day `days` after `day` (before it where negative), or the calendar's end on that side."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def is_within(span: Span, first: date, last: date) -> bool | None:
    """Say whether a date lies in [first, last]; None where its unknown day decides."""
    if span.first >= first and span.last <= last:
        return True
    if span.last < first or span.first > last:
        return False
    return None

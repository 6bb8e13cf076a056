"""Conservative treatment (criteria.md 3.3): an active and an inactive component, six weeks, and its failure.

Dates in notes are often open at one end or known only by the month, so every course is kept as the shortest
and the longest time that it can have lasted in the window. A length that may be either side of six weeks is
missing, never guessed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from criteria.chart import Chart, duration_of, is_plan, number_of, says
from criteria.dates import Span, days_of, months_before, moved
from criteria.logic import (
    CONFLICT_NAME,
    Assessment,
    Requirement,
    Standing,
    contradicted,
    documented,
    judge,
    missing,
    shown_by,
)
from nlp.facts import ACTIVE_TREATMENTS, INACTIVE_TREATMENTS, MEDICATIONS, Fact

_HOME = "home_exercise_program"
_LACKING = (Standing.MISSING, Standing.CONFLICT)


# --- how long a course lasted ---------------------------------------------------------------------


class Window(NamedTuple):
    """The days that count, both ends included: the service date and the six calendar months before it."""

    first: date
    last: date


def window_of(chart: Chart) -> Window:
    """The window begins on the same day of the month six months earlier (from 14 October: 14 April)."""
    months = int(chart.numbers["conservative.window_months"])
    return Window(months_before(chart.service_date, months), chart.service_date)


@dataclass(frozen=True)
class Course:
    """A course of treatment: the days on which it can have begun and ended, and its stated length."""

    fact: Fact
    start: Span
    end: Span
    shortest: int
    longest: int
    #: False where its place in time is only supposed (a length without dates ends with the note).
    is_placed: bool = True

    def is_outside(self, window: Window) -> bool:
        """Say whether the course was certainly over before the window begins, or begins after it."""
        return self.end.last < window.first or self.start.first > window.last

    def core(self, window: Window) -> tuple[int, int] | None:
        """The days of the window on which the course certainly ran, as ordinals."""
        return _clip(self.start.last, self.end.first, window)

    def hull(self, window: Window) -> tuple[int, int] | None:
        """The days of the window on which the course can have run, as ordinals."""
        if not self.is_placed:
            return _clip(window.first, window.last, window)
        return _clip(self.start.first, self.end.last, window)

    def at_least(self, window: Window) -> int:
        """The least number of days that the course lasted in the window."""
        if self.start.first >= window.first and self.end.last <= window.last:
            return max(self.shortest, _length(self.core(window)))
        # A course of known length whose place is not known to the day: the less favourable end decides.
        early = _clip(self.start.first, moved(self.start.first, self.shortest - 1), window)
        late = _clip(moved(self.end.last, 1 - self.shortest), self.end.last, window)
        return max(_length(self.core(window)), min(_length(early), _length(late)))

    def at_most(self, window: Window) -> int:
        """The greatest number of days that the course can have lasted in the window."""
        return min(self.longest, _length(self.hull(window)))


def _clip(first: date, last: date, window: Window) -> tuple[int, int] | None:
    begin, end = max(first, window.first).toordinal(), min(last, window.last).toordinal()
    return (begin, end) if begin <= end else None


def _length(days: tuple[int, int] | None) -> int:
    return 0 if days is None else days[1] - days[0] + 1


def course_of(fact: Fact, window: Window) -> Course:
    """Return when a treatment ran, from its dates, its stated length or its visits, trusted in that order."""
    shortest, longest = _stated_length(fact)
    start, end = days_of(fact.attributes.get("start")), days_of(fact.attributes.get("end"))
    told = days_of(fact.date) or Span(window.last, window.last)
    if start and end and end.last < start.first:
        start = end = None  # the dates contradict each other: neither is believed
    if start and end:
        return _between(fact, start, end, shortest, longest)
    if end:
        return Course(fact, _before(end, shortest, longest), end, shortest or 1, longest or _FOREVER)
    if start and (longest is None or says(fact, "ongoing", True)):
        # Still running when the note was written, and perhaps until the request.
        until = told.first if says(fact, "ongoing", True) else start.first
        end = Span(max(start.first, until), max(start.last, window.last))
        return _between(fact, start, end, shortest, None)
    if start:
        return Course(fact, start, _after(start, shortest, longest), shortest or 1, longest or _FOREVER)
    if shortest is None and longest is None:
        return Course(fact, Span(date.min, window.last), Span(date.min, window.last), 1, _FOREVER)
    # "PT for 6 weeks", no date: taken to end on the day of the note (criteria.md 3.3, item 3).
    last = Span(min(told.first, window.last), min(told.last, window.last))
    if says(fact, "ongoing", True):
        return _between(fact, _before(last, shortest, longest), Span(last.first, window.last), shortest, None)
    return Course(fact, _before(last, shortest, longest), last, shortest or 1, longest or _FOREVER, False)


#: More days than any window has.
_FOREVER = 100_000


def _stated_length(fact: Fact) -> tuple[int | None, int | None]:
    """The stated length in days; visits count only with their frequency."""
    shortest, longest = duration_of(fact)
    visits, per_week = number_of(fact, "visits"), number_of(fact, "per_week")
    if shortest is None and longest is None and visits and per_week:
        shortest = longest = math.ceil(visits / per_week * 7)
    return (
        None if shortest is None else max(1, int(shortest)),
        None if longest is None else max(1, int(longest)),
    )


def _between(fact: Fact, start: Span, end: Span, shortest: int | None, longest: int | None) -> Course:
    """Dates win over a stated length, which only narrows what dates known by the month leave open."""
    least, most = max(1, (end.first - start.last).days + 1), (end.last - start.first).days + 1
    if shortest is not None and least <= shortest <= most:
        least = shortest
    if longest is not None and least <= longest <= most:
        most = longest
    return Course(fact, start, end, least, most)


def _before(end: Span, shortest: int | None, longest: int | None) -> Span:
    first = date.min if longest is None else moved(end.first, 1 - longest)
    return Span(first, moved(end.last, 1 - (shortest or 1)))


def _after(start: Span, shortest: int | None, longest: int | None) -> Span:
    last = date.max if longest is None else moved(start.last, longest - 1)
    return Span(moved(start.first, (shortest or 1) - 1), last)


def days_of_union(courses: Sequence[Course], window: Window) -> tuple[int, int]:
    """Return the least and the greatest number of days in the window that the courses cover together."""
    least = max([course.at_least(window) for course in courses] + [_union(c.core(window) for c in courses)])
    most = min(sum(course.at_most(window) for course in courses), _union(c.hull(window) for c in courses))
    return least, most


def _union(intervals: Iterable[tuple[int, int] | None]) -> int:
    covered, reached = 0, 0
    for first, last in sorted(interval for interval in intervals if interval is not None):
        first = max(first, reached + 1)
        if last >= first:
            covered += last - first + 1
            reached = last
    return covered


# --- what was done --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Care:
    """What one case has of conservative treatment. `active` may be several: a home program's two."""

    active: tuple[Requirement, ...]
    inactive: Requirement
    duration: Requirement
    failure: Requirement
    #: A documented medical reason stands in for the course (3.3, item 4).
    medical_reason: tuple[Fact, ...]
    #: False where a reason that is not medical, or a refusal, is on record.
    may_have_medical_reason: bool


def care_of(chart: Chart) -> Care:
    """Read the conservative treatment of a case."""
    window = window_of(chart)
    done = [fact for fact in chart.present(*ACTIVE_TREATMENTS) if not is_plan(fact)]
    reasons = _medical_reasons(chart)
    courses = [course_of(fact, window) for fact in done if _is_complete(fact)]
    inside = [course for course in courses if not course.is_outside(window)]
    return Care(
        active=_active(chart, window, inside, courses, done),
        inactive=_inactive(chart, window),
        duration=_duration(chart, window, inside),
        failure=_failure(chart, inside),
        medical_reason=tuple(reasons),
        may_have_medical_reason=not _refusals(chart),
    )


def _is_complete(fact: Fact) -> bool:
    """A home program counts only with its prescription and its follow-up (3.3, item 1)."""
    return fact.type != _HOME or not _home_gaps(fact)


def _home_gaps(fact: Fact) -> list[str]:
    gaps = [] if fact.attributes.get("prescribed_by") else ["hep_prescription"]
    # Inability to finish for a medical reason is follow-up too.
    if not says(fact, "followup_documented", True) and not says(fact, "medical_reason", True):
        gaps.append("hep_followup")
    return gaps


def _medical_reasons(chart: Chart) -> list[Fact]:
    types = (*ACTIVE_TREATMENTS, "conservative_treatment")
    told = [*chart.present(*types), *chart.absent(*types)]
    return [fact for fact in told if says(fact, "medical_reason", True) and not fact.conflict]


def _refusals(chart: Chart) -> list[Fact]:
    told = [*chart.present(*ACTIVE_TREATMENTS), *chart.absent(*ACTIVE_TREATMENTS)]
    return [fact for fact in told if says(fact, "medical_reason", False) or says(fact, "declined", True)]


def _active(
    chart: Chart, window: Window, inside: list[Course], courses: list[Course], done: list[Fact]
) -> tuple[Requirement, ...]:
    name = "active_component"
    if inside:
        return (shown_by(name, [course.fact for course in inside]),)
    home = [
        fact for fact in done if not _is_complete(fact) and not course_of(fact, window).is_outside(window)
    ]
    if home:
        least = min(home, key=lambda fact: (len(_home_gaps(fact)), _home_gaps(fact)))
        return tuple(missing(gap, home) for gap in _home_gaps(least))
    past = [*chart.historical(*ACTIVE_TREATMENTS), *(course.fact for course in courses)]
    if past and not _is_new_episode(chart):
        return (contradicted("within_6_months", past),)
    denied = chart.absent(*ACTIVE_TREATMENTS, "conservative_treatment")
    planned = [f for f in chart.hypothetical(*ACTIVE_TREATMENTS) if says(f, "planned", True)]
    planned += [f for f in chart.present(*ACTIVE_TREATMENTS) if is_plan(f)]
    return (shown_by(name, [], [*denied, *planned]),)


def _inactive(chart: Chart, window: Window) -> Requirement:
    name = "inactive_component"
    given = [fact for fact in chart.present(*INACTIVE_TREATMENTS) if not is_plan(fact)]
    current = [fact for fact in given if not _is_over(fact, window)]
    if current:
        return shown_by(name, current)
    planned = [f for f in chart.hypothetical(*INACTIVE_TREATMENTS) if says(f, "planned", True)]
    planned += [f for f in chart.present(*INACTIVE_TREATMENTS) if is_plan(f)]
    past = [*given, *chart.historical(*INACTIVE_TREATMENTS)]
    # One just ordered is no treatment; beside an older one the record only lacks what came in between.
    return shown_by(name, [], [*_denials(chart), *([] if past else planned)], open_=past)


def _is_over(fact: Fact, window: Window) -> bool:
    """Say whether an inactive treatment certainly ended before the window."""
    span = days_of(fact.attributes.get("end")) or (
        days_of(fact.attributes.get("date")) if fact.type == "injection" else None
    )
    return span is not None and span.last < window.first


def _denials(chart: Chart) -> list[Fact]:
    """Return what denies *every* inactive component: one class denied leaves the others open (3.3)."""
    everything = chart.absent("conservative_treatment")
    # "No pain medication": an analgesic denied without a drug's name. "NSAIDs contraindicated" is not that.
    no_medication = [f for f in chart.absent("analgesic") if "drug" not in f.attributes]
    return [*everything, *no_medication]


def _duration(chart: Chart, window: Window, inside: list[Course]) -> Requirement:
    name = "duration_6_weeks"
    needed = chart.numbers["conservative.minimum_days"]
    facts = [course.fact for course in inside]
    sound = [course for course in inside if not course.fact.conflict]
    least, most = days_of_union(sound, window) if sound else (0, _FOREVER)
    if least >= needed:
        return documented(name, facts)
    if most < needed:
        return contradicted(name, facts)
    # Broken off for a reason that is not medical, and no other active treatment: no full course (3.3).
    if sound and all(says(course.fact, "medical_reason", False) for course in sound):
        return contradicted(name, facts)
    recent = onset_under(chart, needed)
    return contradicted(name, recent) if recent else missing(name, facts)


def _failure(chart: Chart, inside: list[Course]) -> Requirement:
    """Judged by the active component where its response is known, else by what else was tried."""
    name = "failure"
    progression = chart.present("symptom_progression_on_treatment")
    tried = [
        [course.fact for course in inside],
        [*chart.present(*INACTIVE_TREATMENTS), *chart.present("conservative_treatment")],
    ]
    for facts in tried:
        facts = [fact for fact in facts if not is_plan(fact)]
        failed = [fact for fact in facts if says(fact, "response", "none", "partial", "worse", "temporary")]
        improved = [fact for fact in facts if says(fact, "response", "improved")]
        if failed or progression or improved:
            return shown_by(name, [*failed, *progression], improved)
    return missing(name)


# --- when the pain began --------------------------------------------------------------------------


def pain_began(chart: Chart) -> list[tuple[Fact, Span]]:
    """Return when the pain began, as far as the notes say: the low back pain if dated, else the leg pain."""
    for types in (("low_back_pain",), ("radicular_pain", "neurogenic_claudication")):
        facts = chart.present(*types)
        if any(says(fact, "old_or_new", "old", "worse") for fact in facts):
            return []  # chronic pain: whatever is dated is a flare of it
        dated = [(fact, span) for fact in facts if (span := chart.began(fact)) is not None]
        if dated:
            return dated
    return []


def onset_under(chart: Chart, days: float) -> list[Fact]:
    """Return the pain that began certainly less than `days` before the service date."""
    dated = pain_began(chart)
    if dated and all((chart.service_date - span.first).days < days for _, span in dated):
        return [fact for fact, _ in dated]
    return []


def _is_new_episode(chart: Chart) -> bool:
    """Pain younger than six weeks: treatment of more than six months ago was for another episode."""
    return bool(onset_under(chart, chart.numbers["conservative.minimum_days"]))


# --- the two indications that need it -------------------------------------------------------------


def failed(chart: Chart, raised_by: Sequence[Fact]) -> Assessment:
    """Back pain, bullet 2 with its note and the Overview: failure of six weeks of treatment in six months."""
    care = care_of(chart)
    if care.medical_reason and not care.failure.is_contradicted:
        names = ("active_component", "duration_6_weeks", "failure")
        return judge([*(documented(n, care.medical_reason) for n in names), care.inactive], raised_by)
    requirements = [*care.active, care.inactive, care.duration, care.failure]
    lacks_active = any(requirement.standing in _LACKING for requirement in care.active)
    if any(requirement.is_contradicted for requirement in requirements):
        return judge(requirements, raised_by)
    # Without an active component only that is named, not its length or its failure (criteria.md 1, Missing).
    named = [*care.active, care.inactive] if lacks_active else requirements
    return judge(named, raised_by, _ways(care, requirements))


def _ways(care: Care, requirements: Sequence[Requirement]) -> tuple[frozenset[str], ...]:
    """The course that the record lacks, or a medical reason for its lack; each with what else is missing."""
    lacking = {
        CONFLICT_NAME if requirement.standing is Standing.CONFLICT else requirement.name
        for requirement in requirements
        if requirement.standing in _LACKING
    }
    course = lacking - {"inactive_component"}
    ways = [frozenset(lacking)]
    if course and CONFLICT_NAME not in course and care.may_have_medical_reason:
        ways.append(frozenset((lacking - course) | {"medical_reason"}))
    return tuple(ways)


def worsened(chart: Chart, raised_by: Sequence[Fact] = ()) -> Assessment:
    """Back pain, bullet 3: worsening during treatment; both components, no minimum length."""
    care = care_of(chart)
    stated = worsening_on_treatment(chart)
    requirements = [*care.active, care.inactive, shown_by("worsening_on_treatment", stated, [], ())]
    return judge(requirements, [*raised_by, *stated])


def worsening_on_treatment(chart: Chart) -> list[Fact]:
    """Return the statements that symptoms grew worse during treatment; "no relief" is none."""
    treated = [
        fact
        for fact in chart.present(*ACTIVE_TREATMENTS, *MEDICATIONS, "injection", "medical_device")
        if says(fact, "response", "worse") and not is_plan(fact)
    ]
    return [*chart.present("symptom_progression_on_treatment"), *treated]

"""The straight leg raise: results, degrees and sides, each side with its own result whatever their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nlp.exam_base import column_order, in_row, standing, topic
from nlp.layout import UNTICKED
from nlp.mentions import Atom
from nlp.note import Note

_NEGATIVE = frozenset(
    "negative neg normal unremarkable nl clear free painless nonprovocative wnl nonpainful nonirritable full ok fine unrestricted benign comfortable unlimited unimpeded comfortably painlessly easily".split()
)
_POSITIVE = frozenset(
    "positive pos + reproduces reproduced reproducing provokes provoked provoking radiates elicits elicited recreates recreated concordant causes caused produces produced brings "
    "brought painful lights lit provoke bring reproduce reproduction cause produce elicit recreate shoots shot triggers triggered irritable limited evokes evoked".split()
)
_NOT = frozenset(
    "not no non nor without neither doesn't didn't does did never fails failed nothing w/o none cannot".split()
)
_FELT = frozenset(
    "pain painful pains symptoms radicular radiation radiating radiates leg reproduction sciatic sciatica discomfort tension shooting paresthesia paresthesias tingling pn".split()
)
_BELOW = frozenset(
    "leg calf foot ankle toes toe shin posterior radicular sciatic shoot shoots shooting buttock thigh heel symptoms pain pn radiating radiation".split()
)
_TIGHT = frozenset("hamstring hamstrings tight tightness stretch pull pulling".split())
_SIDES = {
    **dict.fromkeys(("l", "left", "lt", "lle", "l's"), "left"),
    **dict.fromkeys(("r", "right", "rt", "rle"), "right"),
    **dict.fromkeys(("bilaterally", "bilateral", "bilat", "both", "b", "b/l", "bl", "each", "either"), "bilateral"),
}  # fmt: skip
_LIMITS = frozenset(
    (
        "slr",
        "reflex",
        "strength",
        "sensation",
        "gait",
        "gait_kind",
        "spinal_tenderness_word",
        "tender",
        "babinski",
        "babinski_up",
        "babinski_down",
        "clonus",
        "tone",
        "walk_test",
    )
)
_OTHER_TESTS = frozenset(
    "faber fabere faber's fadir patrick kemp thomas ober stinchfield gaenslen thrust distraction compression hoover waddell spurling lachman mcmurray tinel phalen "
    "loading roll logroll scour hip hips trendelenburg stork minor milgram quadrant flexion extension motor dtr dtrs".split()
)
_EXERCISE = frozenset(("sets", "reps", "repetitions", "hold", "holds", "daily", "exercise", "exercises"))


@dataclass
class _Result:
    """What one side shows."""

    start: int
    end: int
    side: str | None = None
    label: str | None = None
    degrees: int | None = None


def read_leg_raise(note: Note, start: int, end: int, atoms: Sequence[Atom], at: int) -> None:
    """Add the results of the leg raise named at atoms[at]."""
    atom = atoms[at]
    if atom.attribute("kind") == "femoral":
        return
    if _EXERCISE & set(note.norms(atom.end, min(end, atom.end + 6))):
        return
    limit = _limit(note, atoms, at, end)
    marks = _marks(note, start, atom, limit)
    results = _results(note, start, atom, limit, marks)
    for result in results[:4]:
        if result.label is None:
            result.label = _from_degrees(note, result, limit)
        if result.label is None:
            continue
        label = standing(note, atom.start, atom.end)
        if label not in ("hypothetical", "family"):
            label = result.label
        note.add(
            "straight_leg_raise", min(atom.start, result.start), max(atom.end, result.end), label, side=result.side,
            degrees=result.degrees if label == "present" and result.degrees and result.degrees <= 90 else None,
        )  # fmt: skip


def read_titled_leg_raise(note: Note, start: int, end: int, atoms: Sequence[Atom]) -> None:
    """The results under a title of their own: "SLR:" and then "negative bilaterally"."""
    if "slr" not in topic(note, start):
        return
    title = Atom(start, start, ())
    limit = next((a.start for a in atoms if _LIMITS & set(a.labels)), end)
    for result in _results(note, start, title, limit, _marks(note, start, title, limit))[:4]:
        label = result.label or _from_degrees(note, result, limit)
        if label is not None:
            note.add(
                "straight_leg_raise",
                result.start,
                max(result.end, result.start + 1),
                label,
                side=result.side,
                degrees=result.degrees if label == "present" else None,
            )


def _limit(note: Note, atoms: Sequence[Atom], at: int, end: int) -> int:
    for other in atoms[at + 1 :]:
        if _LIMITS & set(other.labels) or (
            "muscle" in other.labels and note.words.norms[other.start] not in _TIGHT
        ):
            end = other.start
            while end > atoms[at].end and (
                note.words.norms[end - 1] in _SIDES
                or note.words.norms[end - 1] in ("+", "-", "positive", "negative")
            ):
                end -= 1  # they belong to what follows: "left leg raise", "-SLR R"
            break
    for i in range(atoms[at].end, end):
        if note.words.norms[i] in _OTHER_TESTS:
            return i
    return end


def _marks(note: Note, start: int, atom: Atom, limit: int) -> list[tuple[int, str, object]]:
    """Sides, results and degrees from right before the test's name to its limit, in their order."""
    norms, gaps = note.words.norms, note.words.gaps
    ticks = note.layout.marks
    found: list[tuple[int, str, object]] = []
    first = atom.start
    while (
        first > start
        and atom.start - first < 4
        and norms[first - 1] not in (",", ";", ".", ":", "and", ")", "]", "|")
    ):
        first -= 1
    i = first
    while i < limit:
        norm = norms[i]
        side = _SIDES.get(norm)
        if atom.start <= i < atom.end and side is not None:
            found.append((i, "side", side))
        if atom.start <= i < atom.end or (ticks and ticks[i] == UNTICKED):
            i += 1
            continue
        if side is not None or (norm == "b" and norms[i + 1 : i + 3] == ["/", "l"]):
            paired = (
                norms[i + 1 : i + 2] in (["/"], [">"], ["<"], ["="])
                and norms[min(i + 2, limit - 1)] in _SIDES
            ) or side is None
            found.append((i, "side", "bilateral" if paired else side))
            i += 2 if paired else 0
        elif norm == "-" and i + 1 == atom.start and not gaps[i + 1]:
            found.append((i, "result", "absent"))
        elif norm in _NEGATIVE or _is_minus(note, i, limit):
            found.append((i, "result", (norms[i - 1] not in ("not", "isn't") and "absent") or "present"))
        elif norm in _NOT and (_FELT | _POSITIVE) & set(norms[i + 1 : min(i + 4, limit)]):
            found.append((i, "result", "absent"))
            while i + 1 < limit and norms[i + 1] not in (",", ";", "and", "but", "on", "at", "."):
                i += 1
        elif norm in _POSITIVE and (
            norm != "+" or i < atom.start or gaps[i] or not (i and norms[i - 1].isdigit())
        ):
            found.append((i, "result", _positive(note, i, limit)))
        elif (
            norm.isdigit()
            and 10 <= int(norm) <= 120
            and norms[i - 1] != "x"
            and "%" not in norms[i + 1 : i + 2]
        ):
            found.append((i, "degrees", int(norm)))
        i += 1
    if not any(kind == "result" for _, kind, _ in found) and {"no", "without"} & set(
        norms[max(start, atom.start - 3) : atom.start]
    ):
        found.append((atom.start, "result", "absent"))
    return found


def _is_minus(note: Note, i: int, limit: int) -> bool:
    """A minus sign that is a result: "SLR -", "L -, R +", "- R", "(-)"; not a dash before words."""
    norms, gaps = note.words.norms, note.words.gaps
    if norms[i] != "-":
        return False
    after = norms[i + 1] if i + 1 < limit else ""
    if after in ("/", ",", ".", ";", "", ")") or norms[i - 1] in ("/", "("):
        return True
    return bool(gaps[i]) and (after in _SIDES or norms[i - 1] in _SIDES)


def _positive(note: Note, i: int, limit: int) -> str:
    """Pain in the back or a tight hamstring alone makes no positive test."""
    norms = note.words.norms
    if {"not", "no", "non", "nor", "never", "without"} & set(norms[i - 2 : i]):
        return "absent"
    tail = norms[i + 1 : min(limit, i + 9)]
    for stop in (";", "left", "right", "l", "r"):
        if stop in tail:
            tail = tail[: tail.index(stop)]
    only = (
        "only" in tail
        or "alone" in tail
        or "not" in tail
        or "no" in tail
        or "without" in tail
        or "just" in tail
    )
    backward = "back" in tail or "lbp" in tail or bool(_TIGHT & set(tail))
    return (
        "absent" if (only and backward) or (norms[i] == "limited" and not _BELOW & set(tail)) else "present"
    )


def _results(
    note: Note, start: int, atom: Atom, limit: int, marks: Sequence[tuple[int, str, object]]
) -> list[_Result]:
    kinds = [kind for _, kind, _ in marks]
    if "side" not in kinds:
        return _unsided(note, start, marks)
    facts = [k for k, kind in enumerate(kinds) if kind != "side"]
    if not facts:  # a side without a result may still be called equivocal
        return [_Result(position, position + 1, str(value)) for position, _, value in marks[-1:]]
    results = _side_first(marks) if kinds.index("side") < facts[0] else _side_last(marks)
    told = {result.label for result in results if result.side}
    results = [result for result in results if result.side or result.label not in told]
    if len(results) == 2 and results[0].label and not results[1].label and results[1].degrees is None:
        results[1].label = results[0].label  # "negative right and left"
    return results


def _side_first(marks: Sequence[tuple[int, str, object]]) -> list[_Result]:
    results: list[_Result] = []
    extra: tuple[int, str] | None = None
    for k, (position, kind, value) in enumerate(marks):
        if kind == "side":
            if results and results[-1].side == value and results[-1].label is None:
                continue
            results.append(_Result(position, position + 1, str(value)))
            if extra is not None and (k + 1 == len(marks) or marks[k + 1][1] == "side"):
                results[-1].label, results[-1].start = extra[1], extra[0]  # "L + 40, - R"
            extra = None
        elif results:
            last = results[-1]
            last.end = position + 1
            if kind == "degrees":
                last.degrees = last.degrees or (value if isinstance(value, int) else None)
            elif last.label is None:
                last.label = str(value)
            else:
                extra = (position, str(value))
    return results


def _side_last(marks: Sequence[tuple[int, str, object]]) -> list[_Result]:
    results: list[_Result] = []
    open_: _Result | None = None
    for position, kind, value in marks:
        if kind == "side":
            if open_ is None:
                label = results[-1].label if results else None
                results.append(_Result(position, position + 1, str(value), label))
            else:
                open_.side, open_.end = str(value), position + 1
            open_ = None
        elif kind == "degrees":
            target = open_ or (results[-1] if results else None)
            if target is None:
                open_ = target = _Result(position, position + 1)
                results.append(target)
            target.degrees = target.degrees or (value if isinstance(value, int) else None)
            target.end = position + 1
        elif open_ is None or open_.label is not None:
            open_ = _Result(position, position + 1, None, str(value))
            results.append(open_)
        else:
            open_.label, open_.end = str(value), position + 1
    return results


def _unsided(note: Note, start: int, marks: Sequence[tuple[int, str, object]]) -> list[_Result]:
    """Results without sides: one for both, or one a column."""
    results = [
        _Result(position, position + 1, None, str(value))
        for position, kind, value in marks
        if kind == "result"
    ]
    degrees = [
        (position, value) for position, kind, value in marks if kind == "degrees" and isinstance(value, int)
    ]
    if not results and degrees:
        lowest = min(degrees, key=lambda item: item[1])
        return [_Result(lowest[0], degrees[-1][0] + 1, None, None, lowest[1])]
    for result in results:
        result.degrees = next(
            (
                value
                for position, value in degrees
                if position > result.start and not any(result.start < r.start < position for r in results)
            ),
            None,
        )
    if len(results) == 2 and (in_row(note, start) or "/" in note.norms(results[0].end, results[1].start)):
        results[0].side, results[1].side = column_order(note, start)
    return results


def _from_degrees(note: Note, result: _Result, limit: int) -> str | None:
    """ "SLR R 40 deg to calf" is positive; "to 80", "90/90" is negative."""
    tail = set(note.norms(result.start, min(limit, result.end + 8)))
    if {"equivocal", "questionable", "indeterminate"} & set(
        note.norms(result.start - 3, min(limit, result.end + 4))
    ):
        return "possible"
    if _TIGHT & tail and not {"pain", "calf", "foot", "radicular", "pn", "shoots"} & tail:
        return "absent"
    if result.degrees is None:
        return None
    if result.degrees >= 70:
        return "absent"
    return "present" if _BELOW & tail else None

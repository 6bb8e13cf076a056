"""A document's text cut into pieces, each with the labels, findings and cues that cover it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

#: C0 and C1 controls but tab and line ends, and the characters that turn the direction of writing around.
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Mark:
    """Characters `start` to `end` of a document that bear on row number `row` of a case.

    `source` is gold, found or cue; `kind` is the row's (`agree`, `assertion`, `missed`, `extra`).
    """

    start: int
    end: int
    source: str
    kind: str
    row: int


@dataclass(frozen=True)
class Ref:
    """Where a mark ends: a reference to its row. `is_first` is True once a row, for links into the text."""

    row: int
    kind: str
    is_cue: bool
    is_first: bool


@dataclass(frozen=True)
class Piece:
    """Some text that the same marks cover, with their classes, and references to rows that end with it."""

    text: str
    classes: tuple[str, ...] = ()
    refs: tuple[Ref, ...] = ()


def pieces(text: str, marks: Iterable[Mark], seen: set[int]) -> list[Piece]:
    """Cut a text at the borders of its marks. The pieces' texts make up the whole text.

    `seen` are the rows that have been referred to already; it is added to.
    """
    inside = [mark for mark in marks if 0 <= mark.start < mark.end <= len(text)]
    borders = sorted({0, len(text), *(mark.start for mark in inside), *(mark.end for mark in inside)})
    opening = deque(sorted(inside, key=lambda mark: mark.start))
    found: list[Piece] = []
    covering: list[Mark] = []
    for start, end in pairwise(borders):
        while opening and opening[0].start == start:
            covering.append(opening.popleft())
        found.append(Piece(visible(text[start:end]), _classes(covering), _refs(covering, end, seen)))
        covering = [mark for mark in covering if mark.end > end]
    return found


def visible(text: str) -> str:
    """Replace what a page cannot or should not show, character by character."""
    return _INVISIBLE.sub("\ufffd", text)


def _classes(marks: Sequence[Mark]) -> tuple[str, ...]:
    """The classes of a piece: who marked it, and the worst that was found about it."""
    if not marks:
        return ()
    sources = {mark.source for mark in marks}
    kinds = {mark.kind for mark in marks if mark.source != "cue"}
    worst = next((kind for kind in ("assertion", "missed", "extra", "agree") if kind in kinds), None)
    return tuple(name for name in ("gold", "found", "cue") if name in sources) + ((worst,) if worst else ())


def _refs(marks: Sequence[Mark], end: int, seen: set[int]) -> tuple[Ref, ...]:
    """References to the marks that end here, one for each row (two for a row's fact and its cue)."""
    ending = {(mark.row, mark.source == "cue"): mark.kind for mark in marks if mark.end == end}
    refs = []
    for (row, is_cue), kind in sorted(ending.items()):
        refs.append(Ref(row, kind, is_cue, is_first=not is_cue and row not in seen))
        if not is_cue:
            seen.add(row)
    return tuple(refs)

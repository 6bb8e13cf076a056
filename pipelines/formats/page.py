"""Words with places on a page, put into the order in which a person reads them.

Rows are words at one height. A page with a gutter down its middle and running text on both sides of it is
read column by column; a table, whose cells are short, is read row by row, its columns kept apart by blanks so
that they line up as they do on the page.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple


class PlacedWord(NamedTuple):
    """A word and its box on the page; `sure` is whether it was read with confidence."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    sure: bool = True


class Row:
    """Words at one height, left to right. `wraps`: the sentence goes on in the next row for want of room."""

    __slots__ = ("blank_after", "height", "middle", "origin", "words", "wraps")

    def __init__(self, words: list[PlacedWord]) -> None:
        self.words = words
        self.wraps = self.blank_after = False
        #: Where its column begins.
        self.origin = words[0].left
        self.middle = sum(word.top + word.bottom for word in words) / (2 * len(words))
        self.height = max(word.bottom - word.top for word in words)

    def add(self, word: PlacedWord) -> None:
        """Take in a word of the same height."""
        count = len(self.words)
        self.words.append(word)
        self.middle += ((word.top + word.bottom) / 2 - self.middle) / (count + 1)
        self.height = max(self.height, word.bottom - word.top)

    @property
    def left(self) -> float:
        return self.words[0].left

    @property
    def right(self) -> float:
        return self.words[-1].right

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


@dataclass
class Page:
    """The rows of a page in reading order."""

    rows: list[Row] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0
    #: Width of a usual character, to line up columns with.
    letter: float = 1.0
    blank: float = 1.0
    #: Distances were made with blanks, not with places.
    is_typed: bool = False
    #: Where text begins on the left, and how far to the right the last column may go.
    margin: float = 0.0
    edge: float = 0.0
    #: What turns its units into those in which boxes are told.
    scale: tuple[float, float] = (1.0, 1.0)


#: A distance of this many heights between two words sets columns apart; justified lines stay below it.
_WIDE = 0.68

#: Columns stand more blanks apart than a sentence has between two words.
_FAR = 3.5

_STARTS_ANEW = re.compile(
    r"(?:[-*\u2022\u25cf\u25aa\u2023\u25e6\u00b7\u2013\u2014\u2610\u2611\u2612#>|]"
    r"|\[|\(?[0-9A-Za-z]{1,2}[.)](?:\s|$)"
    r"|[A-Z][A-Za-z/&-]{0,25}(?: [A-Za-z/&-]{1,25}){0,4}:)"
)


def read_page(words: list[PlacedWord], width: float, height: float) -> Page:
    """Put the words of one page into rows, in reading order."""
    if not words:
        return Page(width=width, height=height)
    lengths = sum(len(word.text) for word in words)
    letter = sum(word.right - word.left for word in words) / max(1, lengths)
    page = Page(width=width, height=height, letter=max(letter, 0.01), margin=min(word.left for word in words))
    rows = _rows(words)
    page.blank = _blank_width(rows)
    page.is_typed = _is_typed(rows, page)
    far = width - page.margin
    for block in _columns(rows, width, 1.8 * page.blank):
        origin = min(row.left for row in block)
        for row in block:
            row.origin = origin
        starts_beside = [row.left for row in rows if row.left > max(r.right for r in block)]
        page.edge = min(far, *starts_beside) if len(starts_beside) >= _LEAST_ROWS else far
        _mark_wraps(block, page.edge)
        page.rows += block
    return page


def _is_typed(rows: list[Row], page: Page) -> bool:
    """Were wide distances made with blanks? Then nearly all of them are whole numbers of blanks wide."""
    gaps = [(b.left - a.right) / page.blank for row in rows for a, b in pairwise(row.words)]
    gaps += [(row.left - page.margin) / page.blank for row in rows]
    wide = [gap for gap in gaps if gap > 1.5]
    if sum(abs(gap - round(gap)) < 0.12 for gap in wide) > 0.9 * len(wide):
        return True
    # A scan is not that exact. What was placed stands under something else; what was typed mostly does not.
    apart = [(number, b.left) for number, row in enumerate(rows) for a, b in pairwise(row.words)
             if b.left - a.right > _FAR * page.blank]  # fmt: skip
    near = 0.4 * page.letter
    lined_up = sum(any(n != number and abs(x - left) < near for n, x in apart) for number, left in apart)
    return len(apart) > 5 and lined_up < 0.6 * len(apart)


def _blank_width(rows: list[Row]) -> float:
    """The width of one blank: the usual distance between two words, in typewriter letters nearly their
    height."""
    height = statistics.median(row.height for row in rows)
    gaps = sorted(gap for row in rows for a, b in pairwise(row.words) if (gap := b.left - a.right) > 0)
    if len(gaps) < 2:
        return 0.26 * height
    return min(gaps[int(0.35 * (len(gaps) - 1))], height)


def _rows(words: list[PlacedWord]) -> list[Row]:
    """Group words whose middles lie at one height."""
    rows: list[Row] = []
    for word in sorted(words, key=lambda w: (w.top + w.bottom, w.left)):
        middle, height = (word.top + word.bottom) / 2, word.bottom - word.top
        for row in rows[:-4:-1]:
            last = row.words[-1]
            near = (
                abs((last.top + last.bottom) / 2 - middle) < 0.5 * min(height, last.bottom - last.top) + 0.5
            )
            if near and abs(row.middle - middle) < 0.6 * max(height, row.height):
                row.add(word)
                break
        else:
            rows.append(Row([word]))
    for row in rows:
        row.words.sort(key=lambda w: w.left)
    return rows


# --- columns -----------------------------------------------------------------------------------------

_LEAST_ROWS = 5


def _columns(rows: list[Row], width: float, least: float) -> list[list[Row]]:
    """Cut rows at a gutter of some width: what is above it, its left side, its right side, what is below."""
    edge = _gutter(rows, width, least)
    if edge is None:
        return [rows]
    blocks: list[list[Row]] = []
    left: list[Row] = []
    right: list[Row] = []
    for row in [*rows, None]:
        parts = _split(row, edge, least) if row is not None else None
        if row is not None and parts is not None:
            left += [Row(parts[0])] if parts[0] else []
            right += [Row(parts[1])] if parts[1] else []
            continue
        if left or right:
            blocks += _settle(left, right)
            left, right = [], []
        if row is not None:
            if blocks and blocks[-1] and blocks[-1][0].left < edge < blocks[-1][0].right:
                blocks[-1].append(row)
            else:
                blocks.append([row])
    return blocks


def _settle(left: list[Row], right: list[Row]) -> list[list[Row]]:
    """Rows above and below the right column that only the left side has belong to no column."""
    if not right or not left:
        return [left or right]
    first, last = right[0].middle, right[-1].middle
    pitch = max(row.height for row in left) * 2.2
    above = [row for row in left if row.middle < first - pitch]
    below: list[Row] = []
    for row in left:
        reached = max([last, *(r.middle for r in left if r.middle < row.middle and r not in below)])
        if row.middle > last + pitch and row.middle - reached > pitch:
            below = [r for r in left if r.middle >= row.middle]
            break
    inner = [row for row in left if row not in above and row not in below]
    return [block for block in (above, inner, right, below) if block]


def _split(row: Row, edge: float, least: float) -> tuple[list[PlacedWord], list[PlacedWord]] | None:
    """The words left and right of the gutter, or None where the row runs across it."""
    left = [word for word in row.words if word.right <= edge]
    right = [word for word in row.words if word.left >= edge - 1]
    if len(left) + len(right) < len(row.words):
        return None
    if left and right and right[0].left - left[-1].right < max(0.8 * row.height, least):
        return None
    return left, right


def _gutter(rows: list[Row], width: float, least: float) -> float | None:
    """The left edge of a second column of running text, if there is one."""
    starts: Counter[int] = Counter()
    for row in rows:
        for before, word in pairwise(row.words):
            if word.left - before.right > max(0.8 * row.height, least):
                starts[round(word.left / 4)] += 1
        if row.left > 0.3 * width:
            starts[round(row.left / 4)] += 1
    for place, _ in starts.most_common(6):
        edge = place * 4 - 3.0
        if starts[place - 1] + starts[place] + starts[place + 1] < _LEAST_ROWS:
            break
        if 0.3 * width < edge < 0.75 * width and _is_prose(rows, edge, least):
            return edge
    return None


def _is_prose(rows: list[Row], edge: float, least: float) -> bool:
    """Do both sides of an edge hold lines of several words that fill their column?"""
    parts = [parts for row in rows if (parts := _split(row, edge, least)) is not None]
    sides = [[p[side] for p in parts if p[side]] for side in (0, 1)]
    if len(parts) < 0.5 * len(rows):
        return False
    for lines in sides:
        if len(lines) < _LEAST_ROWS:
            return False
        widths = sorted(line[-1].right - line[0].left for line in lines)
        full = widths[int(0.9 * (len(widths) - 1))]
        gaps = [b.left - a.right > 1.5 * (a.bottom - a.top) for line in lines for a, b in pairwise(line)]
        if statistics.mean(len(line) for line in lines) < 3.5 or statistics.median(widths) < 0.6 * full:
            return False
        if gaps and sum(gaps) > 0.1 * len(gaps):
            return False
    return True


# --- line ends -----------------------------------------------------------------------------------------


def _mark_wraps(rows: list[Row], far: float) -> None:
    """Tell line ends that the width of the page made from those that the writer made."""
    if len(rows) < 2:
        return
    steps = sorted(b.middle - a.middle for a, b in pairwise(rows) if b.middle > a.middle)
    pitch = steps[int(0.3 * (len(steps) - 1))] if steps else 0.0
    edge = right_edge(rows, far)
    for row, following in pairwise(rows):
        row.blank_after = following.middle - row.middle > 1.45 * pitch
        row.wraps = not row.blank_after and goes_on(row, following, edge)


def goes_on(row: Row, following: Row, edge: float) -> bool:
    """Would the first word of the next row not have fitted into this one?"""
    first = following.words[0]
    room = edge - row.right
    return room < (first.right - first.left) + 0.15 * row.height and not _STARTS_ANEW.match(following.text)


def right_edge(rows: list[Row], far: float) -> float:
    """Where lines end: the edge that several long ones reach, else as far as they could go."""
    furthest = max(row.right for row in rows)
    left = min(row.left for row in rows)
    near = [row for row in rows if row.right > furthest - 0.12 * (far - left)]
    is_reached = len(near) >= 3 and furthest - left > 0.6 * (far - left)
    return furthest if is_reached else max(furthest, far)


def indent(row: Row, page: Page) -> int:
    """How many blanks to begin a row with."""
    return _blanks(row.left - row.origin, 0, row, page) if row.left - row.origin > page.blank * 1.5 else 0


def blanks_before(index: int, column: int, row: Row, page: Page) -> int:
    """How many blanks to write before a word of a row, `column` characters from where its column begins."""
    word, before = row.words[index], row.words[index - 1]
    gap = word.left - before.right
    if gap <= max(_WIDE * (before.bottom - before.top), 1.8 * page.blank):
        return 1
    return max(2, _blanks(gap, column, row, page, word.left))


def _blanks(gap: float, column: int, row: Row, page: Page, left: float | None = None) -> int:
    typed = round(gap / page.blank)
    if page.is_typed:
        return typed
    lined_up = round(((row.left if left is None else left) - row.origin) / page.letter) - column
    return max(min(typed, 4), lined_up)

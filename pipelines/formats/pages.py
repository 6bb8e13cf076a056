"""Pages put together to one text, with what stands on top and at the foot of every page recognised."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from pipelines.formats.document import Box, Extracted
from pipelines.formats.page import Page, PlacedWord, blanks_before, goes_on, indent, right_edge

#: Between pages: a line end and a form feed, as printers have it.
PAGE_BREAK = "\n\f"
_EDGE_ROWS = 4
_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"\W{0,5}(?:page|pg|p)?\W{0,3}\d{1,4}\s{0,3}(?:(?:of|/)\s{0,3}\d{1,4})?\W{0,5}", re.IGNORECASE
)
_TIME = re.compile(r"\b\d{1,2}:\d{2}\b")
_FAX_LINE = re.compile(
    r"(?=.{0,160}\bfax)(?=.{0,160}(?:\bp(?:age|g)?\b|\d{1,2}:\d{2}))|.{0,160}\bpage\s{0,3}\d{1,4}\s{0,3}(?:of|/)\s{0,3}\d{1,4}\b",
    re.IGNORECASE,
)


def write_pages(document: Extracted, pages: Sequence[Page]) -> None:
    """Write the text of pages into a document, with the place of every word."""
    repeated = repeated_rows([[row.text for row in page.rows] for page in pages], document.recognised)
    ends: dict[tuple[int, int], int] = {}
    out: list[str] = []
    at = 0

    def put(text: str) -> None:
        nonlocal at
        out.append(text)
        at += len(text)

    for number, page in enumerate(pages):
        if number:
            put(PAGE_BREAK)
        document.pages.append(at)
        for place, row in enumerate(page.rows):
            if place:
                if page.rows[place - 1].wraps:
                    document.wrapped.append(at)
                put("\n\n" if page.rows[place - 1].blank_after else "\n")
            start = at
            put(" " * indent(row, page))
            for index, word in enumerate(row.words):
                if index:
                    put(" " * blanks_before(index, at - start, row, page))
                document.words.append((at, at + len(word.text), number, *_box(word, page)))
                if not word.sure:
                    document.unsure.append((at, at + len(word.text)))
                put(word.text)
            if (number, place) in repeated:
                document.repeated.append((start, at))
            else:
                ends[number, place] = at
    document.text = "".join(out)
    document.wrapped += _page_wraps(ends, pages)
    document.wrapped.sort()


def _box(word: PlacedWord, page: Page) -> Box:
    across, down = page.scale
    return (
        round(word.left * across, 1),
        round(word.top * down, 1),
        round(word.right * across, 1),
        round(word.bottom * down, 1),
    )


def _page_wraps(ends: dict[tuple[int, int], int], pages: Sequence[Page]) -> list[int]:
    """The page ends in mid-sentence: where the last row of the page ends. `ends` has the rows that are
    text."""
    found = []
    for number in range(len(pages) - 1):
        before = [n for n in range(len(pages[number].rows)) if (number, n) in ends]
        after = [n for n in range(len(pages[number + 1].rows)) if (number + 1, n) in ends]
        if not before or not after:
            continue
        rows = [pages[number].rows[n] for n in before]
        if goes_on(rows[-1], pages[number + 1].rows[after[0]], right_edge(rows, pages[number].edge)):
            found.append(ends[number, before[-1]])
    return found


def repeated_rows(pages: Sequence[Sequence[str]], recognised: bool = False) -> set[tuple[int, int]]:
    """Rows (page, row) that belong to no sentence: page numbers, fax lines, and what neighbouring pages share
    at their top or foot. The first page keeps its head: it may be the only one that names the patient and the
    day."""
    found: set[tuple[int, int]] = set()
    for number, rows in enumerate(pages):
        for edge in (_top(rows), _foot(rows)):
            for depth, place in enumerate(edge):
                if (depth < 2 and is_page_number(rows[place])) or is_fax_line(rows[place], number == 0):
                    found.add((number, place))
    within = {_key(row) for rows in pages for row in rows[_EDGE_ROWS : len(rows) - _EDGE_ROWS]}
    for number, rows in enumerate(pages):
        others = [pages[n] for n in (number - 1, number + 1) if 0 <= n < len(pages)]
        for edge_of in (_top, _foot):
            if edge_of is _top and number == 0:
                continue
            shared = [_key(other[place]) for other in others for place in edge_of(other)]
            for place in edge_of(rows):
                key = _key(rows[place])
                # Rows of a log or a table look alike too, but not only where pages meet.
                if key not in within and any(_alike(key, other, recognised) for other in shared):
                    found.add((number, place))
    return found


def _top(rows: Sequence[str]) -> range:
    return range(min(_EDGE_ROWS, len(rows) // 2))


def _foot(rows: Sequence[str]) -> range:
    return range(len(rows) - 1, len(rows) - 1 - min(_EDGE_ROWS, len(rows) // 2), -1)


def is_page_number(line: str) -> bool:
    """Is a line a page number and nothing else?"""
    return len(line) < 40 and any(c.isdigit() for c in line) and _PAGE_NUMBER.fullmatch(line) is not None


def is_fax_line(line: str, is_first: bool = False) -> bool:
    """Is a line what a fax machine or a printer puts on top of a page? On the first page a letterhead with a
    fax number looks like one: there it needs a time as well."""
    if is_first and not _TIME.search(line):
        return False
    return len(line) < 160 and _FAX_LINE.match(line) is not None


def _key(line: str) -> str:
    return _DIGITS.sub("#", line.lower())


def _alike(one: str, other: str, recognised: bool) -> bool:
    """Equal but for digits and, in a scan, a letter that recognition got wrong; "Motor:" is too short to
    tell."""
    if one == other:
        return len(one) > 3
    if not recognised or not 12 <= len(one) <= 200 or abs(len(one) - len(other)) > 0.1 * len(one):
        return False
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio() > 0.88

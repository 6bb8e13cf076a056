"""Running text written piece by piece: blocks, line breaks, lists and tables, as markup has them."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Blanks are tried from where they begin, so that a run of them costs no more than its length.
_BREAKS = re.compile(r"(?<![ \t])[ \t]*[\r\n]\s*")
_NO_TEXT = str.maketrans({"\xa0": " ", "\u200b": "", "\ufeff": "", "\xad": ""})
#: Cells longer than this are not lined up with those below.
_NARROW = 40
_BETWEEN_CELLS = "    "


class Flow:
    """Collects the text of a document."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._size = 0
        self._ends = 2  # line ends at the end of what is written; a document begins as a new paragraph
        self._blank = True

    def __len__(self) -> int:
        return self._size

    @property
    def text(self) -> str:
        return "".join(self._out)

    def inline(self, text: str) -> None:
        """Words within a paragraph; line ends in the source are white space."""
        text = _BREAKS.sub(" ", text)
        if self._blank and text[:1] in (" ", "\t") and text[1:2] not in (" ", "\t", "\xa0"):
            text = text[1:]
        if text:
            self._put(text.translate(_NO_TEXT))

    def verbatim(self, text: str) -> None:
        """Words whose line ends and blanks mean what they show."""
        text = text.translate(_NO_TEXT).replace("\r\n", "\n").replace("\r", "\n")
        if text:
            self._put(text)

    def line(self) -> None:
        """End the line."""
        self._put("\n")

    def block(self, lines: int = 1) -> None:
        """Begin a new line, or a new paragraph (`lines` = 2)."""
        if self._ends < lines:
            self._put("\n" * (lines - self._ends))

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Write a table, one row a line, its columns set apart by blanks and lined up where they are
        narrow."""
        widths: list[int] = []
        for row in rows:
            for column, cell in enumerate(row):
                widths += [0] * (column + 1 - len(widths))
                if len(cell) <= _NARROW:
                    widths[column] = max(widths[column], len(cell))
        self.block()
        for row in rows:
            line = _BETWEEN_CELLS.join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
            if line.strip():
                self.verbatim(line.rstrip())
                self.line()

    def _put(self, text: str) -> None:
        self._out.append(text)
        self._size += len(text)
        bare = text.rstrip("\n")
        self._ends = (0 if bare else self._ends) + len(text) - len(bare)
        self._blank = text[-1] in " \n\t"


def one_line(text: str) -> str:
    """The words of a table cell on one line."""
    return " ".join(text.translate(_NO_TEXT).split())

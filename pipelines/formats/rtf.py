"""RTF: the text of a rich text file. Pictures and embedded objects are left out; nothing in it is run."""

from __future__ import annotations

import re
from collections.abc import Callable

from striprtf.striprtf import rtf_to_text

from pipelines.formats import limits
from pipelines.formats.document import Extracted, Reading
from pipelines.formats.sandbox import damaged

_ENDS = re.compile(rb"\}\s*\x00*\s*$")
_CELL = re.compile(r"(?<![ \t])[ \t]*\|[ \t]*")


def read(data: bytes, name: str, tick: Callable[[float], None]) -> Reading:
    """Read an RTF file.

    Raises CaseError: `too_large`, `damaged_file` where it is cut off.
    """
    if len(data) > limits.MAX_RTF_BYTES:
        raise limits.too_large(name, f"over {limits.MAX_RTF_BYTES >> 20} MB as RTF")
    if not _ENDS.search(data[-64:]):
        raise damaged(name)
    text = rtf_to_text(data.decode("latin-1"), encoding="cp1252", errors="replace")
    lines = [
        _row(line) if line.count("|") > 1 or line.rstrip().endswith("|") else line
        for line in text.split("\n")
    ]
    return Reading([Extracted(name, "rtf", "\n".join(lines).strip("\n"))])


def _row(line: str) -> str:
    """A table row: cells set apart by blanks, as in every other format."""
    return _CELL.sub("    ", line).rstrip()

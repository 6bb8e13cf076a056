"""What a reader makes of one submitted file: its text, and where in the file each piece of the text
stands."""

from __future__ import annotations

import base64
import bisect
from dataclasses import asdict, dataclass, field
from typing import Any

#: Left, top, right, bottom.
Box = tuple[float, float, float, float]


@dataclass
class Person:
    """Whom a document is about, as far as it says: `birth_date` is an ISO day."""

    name: str | None = None
    birth_date: str | None = None
    sex: str | None = None

    def __bool__(self) -> bool:
        return bool(self.name or self.birth_date)


@dataclass
class Extracted:
    """The text of one document and all that its format says about it.

    Offsets count characters of `text`. `pages` holds the offset at which each page begins, `sections` those
    of titled sections. `words` are (start, end, page from 0, left, top, right, bottom): points from the top
    left corner of a PDF page, pixels of a picture. `unsure` are spans that were recognised with low
    confidence, `repeated` are page headers and footers, `wrapped` are line ends that only the width of the
    page made.
    """

    name: str
    format: str
    text: str = ""
    kind: str | None = None
    date: str | None = None
    author_role: str | None = None
    patient: Person = field(default_factory=Person)
    cpt_codes: list[str] = field(default_factory=list)
    service_date: str | None = None
    pages: list[int] = field(default_factory=list)
    sections: list[tuple[int, str]] = field(default_factory=list)
    words: list[tuple[int, int, int, float, float, float, float]] = field(default_factory=list)
    unsure: list[tuple[int, int]] = field(default_factory=list)
    repeated: list[tuple[int, int]] = field(default_factory=list)
    wrapped: list[int] = field(default_factory=list)
    remarks: list[tuple[str, str]] = field(default_factory=list)
    recognised: bool = False

    def page_at(self, offset: int) -> int | None:
        """The page (from 1) of a character; None where the format has no pages."""
        return bisect.bisect_right(self.pages, offset) or 1 if self.pages else None

    def section_at(self, offset: int) -> str | None:
        """The title of the section that holds a character, where the format has sections."""
        place = bisect.bisect_right(self.sections, offset, key=lambda item: item[0])
        return self.sections[place - 1][1] if place else None

    def boxes(self, start: int, end: int) -> list[tuple[int, Box]]:
        """The places of a span: (page from 1, box) for each line of it."""
        first = bisect.bisect_right(self.words, start, key=lambda word: word[1])
        lines: list[tuple[int, Box]] = []
        for left, _, page, x0, y0, x1, y1 in self.words[first:]:
            if left >= end:
                break
            if lines and lines[-1][0] == page + 1 and _same_line(lines[-1][1], y0, y1, x0):
                a, b, c, d = lines[-1][1]
                lines[-1] = page + 1, (min(a, x0), min(b, y0), max(c, x1), max(d, y1))
            else:
                lines.append((page + 1, (x0, y0, x1, y1)))
        return lines

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Extracted:
        data["patient"] = Person(**data["patient"])
        for key in ("sections", "words", "unsure", "repeated", "remarks"):
            data[key] = [tuple(item) for item in data[key]]
        return cls(**data)


def _same_line(box: Box, top: float, bottom: float, left: float) -> bool:
    middle = (top + bottom) / 2
    return box[1] <= middle <= box[3] and left >= box[0]


@dataclass
class Part:
    """A file inside of a file: an attachment, a member of a packet. What the outer one says of it goes
    along."""

    name: str
    data: bytes
    about: Extracted | None = None


@dataclass
class Reading:
    """What one file holds: documents that are read, parts that still have to be."""

    documents: list[Extracted] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "documents": [document.to_json() for document in self.documents],
            "parts": [
                {
                    "name": part.name,
                    "data": base64.b64encode(part.data).decode("ascii"),
                    "about": part.about.to_json() if part.about else None,
                }
                for part in self.parts
            ],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Reading:
        return cls(
            [Extracted.from_json(item) for item in data["documents"]],
            [
                Part(
                    item["name"],
                    base64.b64decode(item["data"]),
                    Extracted.from_json(item["about"]) if item["about"] else None,
                )
                for item in data["parts"]
            ],
        )

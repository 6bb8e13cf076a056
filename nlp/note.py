"""One note read as far as its words go: what the fact builders work on."""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from nlp.assertions import PASSING, Assertion, Scopes, with_lost_cues
from nlp.facts import Value, span_of
from nlp.layout import UNTICKED, Layout, read_layout
from nlp.lexicon import Lexicon
from nlp.mentions import Atom, find_atoms
from nlp.times import Time, document_date, find_times
from nlp.tokens import Words


@dataclass
class Mention:
    """A fact in the making: words `start` to `end` of one note say it. `specific` is False for generic wording."""

    type: str
    start: int
    end: int
    assertion: str
    attributes: dict[str, Value] = field(default_factory=dict)
    specific: bool = True
    in_exam: bool = False
    date: str | None = None
    quote: tuple[int, int] | None = None  # the words to show where more than the mention says it


_NOT_THE_BACK = frozenset(("cervical", "shoulder", "upper_extremity", "knee", "head", "ankle"))
_OF_BACK = frozenset(("low_back_pain", "radicular_pain", "disc_herniation", "spinal_stenosis"))


class Note:
    """A document with its words, shape, atoms, times and scopes of assertion."""

    def __init__(
        self,
        words: Words,
        kind: str = "office_note",
        anchor: date | None = None,
        fallback: date | None = None,
    ) -> None:
        """`anchor` is the date that the request gives the document; without it the document's own date holds.

        `fallback`, the service date, stands in where neither is known or the text seems to be younger.
        """
        self.words = words
        self.kind = kind
        self.own_date = anchor or document_date(words)
        if anchor is None and self.own_date is not None and fallback is not None and self.own_date > fallback:
            self.own_date = None
        self.anchor = self.own_date or fallback
        self.mentions: list[Mention] = []
        self._seen = frozenset(words.norms)

    def find_layout(self, known: Lexicon) -> None:
        self.layout: Layout = read_layout(self.words, known.headings)
        self.blocks = _copied_blocks(self.words, self.layout)

    def anchor_at(self, i: int) -> date | None:
        """The date from which times at word `i` count: that of an older note copied into this one, or its own."""
        for start, end, when in self.blocks:
            if start <= i < end:
                return when
        return self.anchor

    def find_atoms(self, known: Lexicon) -> None:
        self.set_atoms(find_atoms(self.words, self.layout, known.trie))

    def set_atoms(self, atoms: list[Atom]) -> None:
        self.atoms = atoms
        self._atom_starts = [atom.start for atom in atoms]
        self._with_atoms: list[tuple[int, int, Sequence[Atom]]] | None = None

    def find_scopes(self) -> None:
        self.scopes = Scopes(self.words, self.layout, with_lost_cues(self.words, self.layout, self.atoms))

    def find_times(self) -> None:
        self.times: list[Time] = find_times(self.words, self.anchor, self.blocks)
        self._time_starts = [time.start for time in self.times]

    def sentence_of(self, i: int) -> tuple[int, int]:
        return self.layout.sentences[self.layout.sentence[i]]

    def holds(self, *words: str) -> bool:
        """Does one of the words stand anywhere in the text?"""
        return not self._seen.isdisjoint(words)

    @functools.cached_property
    def tells_of_spine(self) -> bool:
        """Is a note about the low back, or about no place at all? An operation of the past tells neither."""
        past = {
            i for atom in self.atoms if "spine_surgery" in atom.labels for i in range(atom.start, atom.end)
        }
        regions = {atom.attribute("region") for atom in self.atoms if atom.start not in past}
        return "lumbar" in regions or not regions - {None}

    def category(self, i: int) -> str:
        """The category of the part of the note that holds word `i`."""
        return self.layout.parts[self.layout.part[i]].category

    def atoms_in(self, start: int, end: int) -> Sequence[Atom]:
        return self.atoms[bisect_left(self._atom_starts, start) : bisect_left(self._atom_starts, end)]

    def times_in(self, start: int, end: int) -> Sequence[Time]:
        return self.times[bisect_left(self._time_starts, start) : bisect_left(self._time_starts, end)]

    def sentences(self) -> Sequence[tuple[int, int, Sequence[Atom]]]:
        """Every sentence that holds an atom: its first word, its end and its atoms. Every stage goes over them."""
        if self._with_atoms is None:
            rows = ((start, end, self.atoms_in(start, end)) for start, end in self.layout.sentences)
            self._with_atoms = [row for row in rows if row[2]]
        return self._with_atoms

    def other_region(self, i: int) -> str | None:
        """The part of the body, not the back, that the paragraph around word `i` is about: "Right shoulder. ..."; None if none.

        Its first sentence names it, and nothing up to the word speaks of the back.
        """
        layout, gaps = self.layout, self.words.gaps
        number = layout.sentence[i]
        first = number
        category = self.category(i)
        while first and self.category(layout.sentences[first - 1][0]) == category:
            start = layout.sentences[first][0]
            if (
                gaps[start].count("\n") >= 2
                or self.words.norms[start][0].isdigit()
                or self.words.norms[start] == "#"
            ):
                break
            first -= 1
        start, end = layout.sentences[first]
        named = {atom.attribute("region") for atom in self.atoms_in(start, end)} - {None}
        if not named or not named <= _NOT_THE_BACK:
            return None
        of_back = _OF_BACK if "cervical" not in named else _OF_BACK - {"radicular_pain"}
        about_back = any(
            atom.attribute("region") == "lumbar" or of_back & set(atom.labels)
            for atom in self.atoms_in(start, i)
        )
        return None if about_back else min(map(str, named))

    def has_come(self, day: str) -> bool:
        """Does a date (YYYY, YYYY-MM or YYYY-MM-DD) lie no later than the note's? All do if the note has none."""
        return self.anchor is None or day <= self.anchor.isoformat()[: len(day)]

    def is_unticked(self, i: int) -> bool:
        return bool(self.layout.marks) and self.layout.marks[i] == UNTICKED

    def assess(self, start: int, end: int) -> Assertion:
        return self.scopes.assess(start, end)

    def norms(self, start: int, end: int) -> list[str]:
        return self.words.norms[max(0, start) : end]

    def has_comma(self, start: int, end: int) -> bool:
        norms = self.words.norms
        return any(norms[i] in (",", ";", ".", ":") for i in range(start, end))

    def add(
        self, type_: str, start: int, end: int, assertion: str, specific: bool = True, **attributes: Any
    ) -> Mention | None:
        """Keep a mention, unless it stands at a box that nobody ticked."""
        if self.is_unticked(start):
            return None
        if assertion == "present" and start in self.scopes.copied and type_ in PASSING:
            assertion = "historical"
        kept = {key: value for key, value in attributes.items() if value is not None and value != ""}
        mention = Mention(type_, start, end, assertion, kept, specific, self.is_exam(start))
        self.mentions.append(mention)
        return mention

    def is_exam(self, i: int) -> bool:
        """Does word `i` stand in an examination?"""
        if self.category(i) in ("exam", "vitals"):
            return True
        start, end = self.sentence_of(i)
        return not _EXAM_WORDS.isdisjoint(self.words.norms[start:end])


_COPIED = re.compile(
    r"(?:copied|carried|pulled|imported|brought)[\s-]*(?:forward|from|over)?|from (?:prior|previous|last) (?:note|visit)|(?:prior|previous) (?:note|visit)",
    re.IGNORECASE,
)
_COPY_MARKS = ("copied", "carried", "pulled", "imported", "forward", "prior", "previous", "last")
_COPY_ENDS = frozenset(
    ("interval", "exam", "assessment", "plan", "assessment_plan", "instructions", "vitals")
)


def _copied_blocks(words: Words, layout: Layout) -> list[tuple[int, int, date]]:
    """Words of older notes copied into this one under a dated line ("[copied from 03/09/2023]")."""
    known = words.norms
    if not any(mark in known for mark in _COPY_MARKS) or _COPIED.search(words.text) is None:
        return []
    blocks: list[tuple[int, int, date]] = []
    open_at: tuple[int, date] | None = None
    headings = {part.start: part for part in layout.parts if part.title_end > part.start}
    for start, end in layout.sentences:
        text = words.text[words.starts[start] : words.ends[end - 1]]
        marked = _COPIED.search(text) if end - start <= 30 else None
        dates = (
            [t for t in find_times(words, None, (), start, end) if t.kind == "date" and len(t.iso) >= 7]
            if marked
            else []
        )
        heading = headings.get(start)
        ends = open_at is not None and (
            (heading is not None and heading.category in _COPY_ENDS)
            or text.lower().lstrip("-*[> ").startswith(("end ", "today", "update", "now"))
        )
        if open_at is not None and (ends or dates):
            blocks.append((open_at[0], start, open_at[1]))
            open_at = None
        if dates and words.norms[start] in (
            "[",
            "-",
            "*",
            ">",
            "=",
            "(",
            "copied",
            "carried",
            "from",
            "prior",
        ):
            open_at = (start, span_of(dates[0].iso)[0])
    if open_at is not None:
        blocks.append((open_at[0], len(words), open_at[1]))
    return blocks


_EXAM_WORDS = frozenset(
    "examination exam examined tested testing palpation percussion auscultation inspection elicited".split()
)


def side_of(atom: Atom) -> str | None:
    value = atom.attribute("side")
    return str(value) if value else None

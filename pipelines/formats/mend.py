"""Text as it was meant, for the reader, out of text as it was sent; every offset leads back.

Paper breaks a note in ways that its writer did not: lines end where the page does, words are hyphenated,
headers and footers stand in mid-sentence, a fax turns 5 into S. What is mended here is only what paper and
recognition do; spelling is the reader's affair.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pipelines.formats.document import Extracted
from pipelines.formats.pages import is_fax_line, is_page_number, repeated_rows

#: Start and end in the submitted text, what to read instead, and whether that is a guess.
Edit = tuple[int, int, str, bool]


@dataclass
class Mended:
    """A mended text with the way back to the submitted one: `at[i]` in it is `source[i]` there."""

    text: str
    at: list[int] = field(default_factory=list)
    source: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def start_of(self, offset: int) -> int:
        """Where a character of the mended text stands in the submitted one."""
        piece = bisect.bisect_right(self.at, offset) - 1
        if piece < 0:
            return offset
        return min(
            self.source[piece] + offset - self.at[piece], max(self.source[piece], self.ends[piece] - 1)
        )

    def span_of(self, start: int, end: int) -> tuple[int, int]:
        """The span of the submitted text that a span of the mended text comes from."""
        if not self.at:
            return start, end
        piece = bisect.bisect_right(self.at, end - 1) - 1
        last = self.source[piece] + end - self.at[piece]
        is_replaced = piece + 1 < len(self.at) and self.at[piece + 1] - self.at[piece] != (
            self.ends[piece] - self.source[piece]
        )
        return self.start_of(start), self.ends[piece] if is_replaced else min(last, self.ends[piece])


def mend(document: Extracted, knows: Callable[[str], bool]) -> Mended:
    """Mend the text of a document; `knows` says whether a word is one that notes use.

    Words that were guessed are added to `document.unsure`.
    """
    text = document.text
    if document.format == "text" and not document.recognised and _FROM_PAPER.search(text) is None:
        return Mended(text)
    skipped = document.repeated or _printed_lines(text)
    edits = _line_ends(document, text, skipped, knows)
    edits += _without_printed(text, skipped)
    if document.recognised or any(is_fax_line(line) for line in text.split("\n")):
        edits += _confusions(text, knows)
    if document.recognised:
        edits += _specks(document, knows)
    edits += [(match.start(), match.end(), _LIGATURES[match[0]], False) for match in _LIGATURE.finditer(text)]
    edits += [(match.start(), match.end(), "", False) for match in _FORM_FEED.finditer(text)]
    if not edits:
        return Mended(text)
    mended, done = _apply(text, edits)
    document.unsure += [(start, end) for start, end, _, guessed in done if guessed]
    return mended


#: What makes plain text worth a closer look.
_FROM_PAPER = re.compile(r"[\f\ufb00-\ufb04]|-\r?\n|\bfax\b|\bpage\b", re.IGNORECASE)


def _apply(text: str, edits: list[Edit]) -> tuple[Mended, list[Edit]]:
    mended = Mended("")
    out: list[str] = []
    done: list[Edit] = []
    at = reached = 0

    def put(piece: str, start: int, end: int) -> None:
        nonlocal at
        if piece:
            mended.at.append(at)
            mended.source.append(start)
            mended.ends.append(end)
            out.append(piece)
            at += len(piece)

    for edit in sorted(edits, key=lambda e: (e[0], -e[1])):
        start, end, instead, _ = edit
        if start < reached:
            continue
        put(text[reached:start], reached, start)
        put(instead, start, end)
        reached = end
        done.append(edit)
    put(text[reached:], reached, len(text))
    mended.text = "".join(out)
    return mended, done


# --- what paper adds ------------------------------------------------------------------------------------

_FORM_FEED = re.compile(r"\f")
_LIGATURES = {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl"}
_LIGATURE = re.compile("[\ufb00-\ufb04]")


def _line_end(text: str, end: int) -> int:
    """Take the line end after a header or footer along."""
    while end < len(text) and text[end] in "\r\n\f":
        end += 1
    return end


def _without_printed(text: str, skipped: list[tuple[int, int]]) -> list[Edit]:
    """Take headers and footers out; where a sentence goes on behind them, the blank lines around them too."""
    edits: list[Edit] = []
    over = dict(skipped)
    reached = 0
    for start, end in skipped:
        after = _line_end(text, end)
        edits.append((start, after, "", False))
        if start < reached:
            continue  # what stands around it has been looked at with the one before
        while after < len(text) and (text[after].isspace() or after in over):
            after = over.get(after, after + 1)
        reached, before = after, start
        while before and text[before - 1].isspace():
            before -= 1
        if before and after < len(text) and text[after].islower() and text[before - 1] not in ".:?!":
            edits.append((before, after, "\n", False))
    return edits


def _printed_lines(text: str) -> list[tuple[int, int]]:
    """Fax lines, page numbers and what else is repeated where pages meet, in plain text."""
    pages: list[list[tuple[int, int]]] = [[]]
    printed: list[tuple[int, int]] = []
    for start, end, is_new_page in _pieces(text):
        line = text[start:end].strip()
        is_top = is_fax_line(line) or (is_page_number(line) and "p" in line.lower())
        if is_new_page or (is_top and pages[-1]):
            pages.append([])
        if is_top and len(pages) > 1:
            printed.append((start, end))
        elif line:
            pages[-1].append((start, end))
    rows = repeated_rows([[text[start:end].strip() for start, end in page] for page in pages])
    return sorted({*printed, *(pages[number][place] for number, place in rows)}) if len(pages) > 1 else []


def _pieces(text: str) -> Iterator[tuple[int, int, bool]]:
    """The lines of a text, and whether a form feed begins each."""
    at = 0
    for line in text.split("\n"):
        for number, piece in enumerate(line.split("\f")):
            at += number > 0
            yield at, at + len(piece), number > 0
            at += len(piece)
        at += 1


# --- line ends -------------------------------------------------------------------------------------------

_HYPHENATED = re.compile(r"(?<![\w-])([^\W\d_]{2,})(-)(\r?\n[ \t]*|\s*\f\s*)([^\W\d_]{2,})([^\s]*[ ])?")


def _line_ends(
    document: Extracted, text: str, skipped: list[tuple[int, int]], knows: Callable[[str], bool]
) -> list[Edit]:
    """Join hyphenated words, and lines that end only because the page does."""
    edits: list[Edit] = []
    ends = set(document.wrapped)
    for match in _HYPHENATED.finditer(_without(text, skipped) if skipped else text):
        first, second = match[1], match[4]
        if not second[0].islower() and not (first.isupper() and second.isupper()):
            continue
        if document.format == "text" and match[3].strip(" \t") == "\n":
            continue  # the reader joins these itself
        keeps = not knows((first + second).lower()) and knows(first.lower()) and knows(second.lower())
        edits.append((match.start(3) if keeps else match.start(2), match.end(3), "", False))
        if match[5] and match.start(3) not in ends:  # the line ends behind the whole word instead
            edits.append((match.end(5) - 1, match.end(5), "\n", False))
    over = dict(skipped)
    for place in document.wrapped:
        end = place
        while end < len(text) and (text[end] in "\n\f " or end in over):
            end = over.get(end, end + 1)
        edits.append((place, end, " ", False))
    return edits


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with headers and footers blanked out as line space, so that a word broken by one is seen
    whole."""
    out = list(text)
    for start, end in spans:
        for place in range(start, _line_end(text, end)):
            out[place] = "\f"
    return "".join(out)


# --- what recognition gets wrong ---------------------------------------------------------------------------

_UNIT = r"(?=\s{1,3}(?:weeks?|wks?|months?|mos?|days?|years?|yrs?|visits?|sessions?|times|mg|hours?|hrs?)\b)"
#: What is certain from the words around it.
_SURE = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"(?<=\bL[1-5][-/])L?S(?=\b(?![1lI|]))", "L5"),
        (r"\bLS(?=\s?[-/]\s?S[1lI|]\b)", "L5"),
        (r"(?<![A-Za-z0-9])[Il|1](?=[1-5]\s?[-/]\s?(?:[LS][1-5l]\b))", "L"),
        (r"(?<=\bL[1-5][-/])[S5][lI|](?![A-Za-z0-9])", "S1"),
        (r"(?<=\bL5[-/])51(?![0-9])", "S1"),
        (r"(?<![A-Za-z0-9])(?:S[l|]|\$1)(?![A-Za-z0-9])", "S1"),
        (r"(?<=\b[0-5]/)S(?![A-Za-z0-9])", "5"),
        (r"(?<=\b[0-5][+-]/)S(?![A-Za-z0-9])", "5"),
        (r"(?<=\d/1)[Oo](?![A-Za-z0-9])", "0"),
        # A side and a grade run together, specks read as strokes.
        (r"(?<![A-Za-z0-9])R(?=[0-5][+-]?/5)", "R "),
        (r"(?<![A-Za-z0-9])L(?=[0-5][+-]?/5)", "L "),
        (r"(?<=[A-Za-z0-9])[_~]+(?=[\s.,;]|$)", ""),
    )
)
#: What is only likely: a number or a negation that is not there as such.
_LIKELY = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (rf"(?<![A-Za-z0-9'\u2019])[Ss]{_UNIT}", "5"),
        (rf"(?<![A-Za-z0-9])[lI|]{_UNIT}", "1"),
        (rf"(?<![A-Za-z0-9])B{_UNIT}", "8"),
        (r"(?<![A-Za-z0-9])S(?=/(?:5|10)\b)", "5"),
        (r"(?:(?<=[.:;]\s)|(?<=\n)|(?<=,\s))(?:Neo|N0|No0)(?=\s[a-z])", "No"),
    )
)
_NUMBER = re.compile(
    r"(?<![\w|])(?![A-Z]\d\d\.)(?=[\dOolI|S/.-]{0,12}\d)[\dOolI|S]{1,4}(?:[/.-][\dOolI|S]{1,4}){1,2}(?![\w|])"
    r"|(?<![\w|])\d[\dOo]{1,3}(?![\w|])"
)
_TO_DIGIT = str.maketrans("OolI|S", "001115")
_WORD = re.compile(r"(?<![\w-])[A-Za-z|][A-Za-z0-9|]{3,24}(?![\w-])")
_LOOK_ALIKE = (("rn", "m"), ("m", "rn"), ("cl", "d"), ("vv", "w"), ("ii", "u"), ("ri", "n"), ("l", "i"), ("|", "l"))  # fmt: skip


def _confusions(text: str, knows: Callable[[str], bool]) -> list[Edit]:
    edits: list[Edit] = []
    for pattern, instead in _SURE:
        edits += [(m.start(), m.end(), instead, False) for m in pattern.finditer(text)]
    for pattern, instead in _LIKELY:
        edits += [(m.start(), m.end(), instead, True) for m in pattern.finditer(text)]
    for match in _NUMBER.finditer(text):
        number = match[0].translate(_TO_DIGIT)
        share = sum(c.isdigit() for c in match[0]) / sum(c.isdigit() for c in number)
        if number != match[0] and share >= 0.5:
            edits.append((match.start(), match.end(), number, share < 0.7))
    for match in _WORD.finditer(text):
        word = _word(match[0].lower(), knows)
        if word is not None:
            is_upper = sum(c.isupper() for c in match[0]) * 2 > len(match[0])
            written = word.upper() if is_upper else word.capitalize() if match[0][0].isupper() else word
            edits.append((match.start(), match.end(), written, False))
    return edits


#: A box as forms print it, and what recognition makes of one.
_BOX = re.compile(r"\[ ?([xX])? ?\]")
_BROKEN_BOX = re.compile(
    r"(?<![\w\[({])(?:\[\]|(?:[\[{(]{1,2}|[fIL|&])[xX]?[\])}1l|](?!\w)|[{&]\]?(?=\s|$)|[xX]\](?=\s|$)|\[[J)lI|.]\])"
    r"|\[[xX][|lI](?=\s|$)"
)
_LONE_X = re.compile(r"(?<=\s\s)[xX]{1,2}(?=\s*$)")
#: The head of two columns; recognition sees a ring before the N.
_YES_NO = re.compile(r"\b(Y(?:es|ES)?)\s{2,40}[oO0]?(N(?:o|O)?)\b(?=\s{2}|\s*$)")
#: Dust between the words of a question and its box.
_BEFORE_BOX = re.compile(r"(?<=\S)\s+[-\u2014\u2013_.~>]{1,2} ?(?=\[ ?[xX]?\])")
_STROKE = re.compile(r"(?m)^([^|\n]*(?<![^\s(]))\|(?=[\s.,;)])([^|\n]*)$|^\|(?= [a-z][^|\n]*$)")
_GLUED = re.compile(r"(?<![\w.])([a-z]{2,20})\.([a-z]{2,20})(?![\w.])")


def _specks(document: Extracted, knows: Callable[[str], bool]) -> list[Edit]:
    """Undo what dust does: full stops within sentences, strokes for letters, broken boxes."""
    text = document.text
    edits: list[Edit] = []
    at = 0
    columns: tuple[int, int] | None = None
    for line in text.split("\n"):
        columns = _columns_of(line) or columns
        cross = _LONE_X.search(line)
        if cross and not _stands_under_one(cross.start(), columns):
            document.unsure.append((at + cross.start(), at + cross.end()))
        edits += [(at + start, at + end, instead, False) for start, end, instead in _boxes(line)]
        boxes = list(_BOX.finditer(line))
        are_both = len(boxes) == 2 and all(box[1] for box in boxes)  # yes and no: one of them is dirt
        rest = _BROKEN_BOX.sub("", _BOX.sub("", line))
        if are_both or (boxes and ("[" in rest or "]" in rest)):
            document.unsure += [(at + box.start(), at + box.end()) for box in boxes]
        at += len(line) + 1
    for match in _STROKE.finditer(text):
        place = text.index("|", match.start())
        edits.append((place, place + 1, "I", False))
    for match in _GLUED.finditer(text):
        if knows(match[1]) or knows(match[2]):
            edits.append((match.end(1), match.start(2), " ", False))
    for start, end in document.unsure:
        word, after = text[start:end], text[end : end + 2]
        if word[-1] in ".:" and word[:-1].isalpha() and after[:1] == " " and after[1:].islower():
            edits.append((end - 1, end, "", False))
    return edits


def _columns_of(line: str) -> tuple[int, int] | None:
    """The columns of a line that ends in "Yes   No"."""
    match = _YES_NO.search(line)
    return (match.start(1), match.start(2)) if match else None


def _stands_under_one(place: int, columns: tuple[int, int] | None) -> bool:
    """Does a cross clearly stand under yes or under no?"""
    if columns is None:
        return False
    yes, no = columns
    return min(abs(place - yes), abs(place - no)) <= 0.35 * (no - yes)


def _boxes(line: str) -> Iterator[tuple[int, int, str]]:
    """The boxes of a line as forms print them; a line without one whole box has none."""
    yield from ((m.start(), m.end(), "X") for m in _LONE_X.finditer(line) if len(m[0]) > 1)
    yield from (
        (m.start(2) - 1, m.start(2), " ")
        for m in _YES_NO.finditer(line)
        if m[0][m.start(2) - m.start() - 1] in "oO0"
    )
    if not _BOX.search(line) and len(_BROKEN_BOX.findall(line)) < 2:
        return
    for match in _BEFORE_BOX.finditer(line):
        yield match.start(), match.end(), "  "
    for match in _BROKEN_BOX.finditer(line):
        if not _BOX.fullmatch(match[0]) or " " not in match[0]:
            yield match.start(), match.end(), "[x]" if "x" in match[0].lower() or "&" in match[0] else "[ ]"


def _word(word: str, knows: Callable[[str], bool]) -> str | None:
    """The known word that an unknown one looks like, if letters were taken for others that look the same."""
    if knows(word):
        return None
    for wrong, right in _LOOK_ALIKE:
        place = word.find(wrong)
        while place >= 0:
            other = word[:place] + right + word[place + len(wrong) :]
            if len(other) >= 4 and knows(other):
                return other
            place = word.find(wrong, place + 1)
    return None

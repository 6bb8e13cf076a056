"""The shape of a note: lines, parts under their headings, sentences, clauses, table rows, ticked boxes.

One pass over the words; every answer is a list with one entry a word or a list of ranges of words.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from dataclasses import dataclass, field

from nlp.lexicon import Trie
from nlp.tokens import Words

_STOPS = frozenset((".", "?", "!"))
#: Words; a longer run without a stop is cut, so that cost stays linear in the length of a text.
_LONGEST = 250
#: Boxes that one line of a form can have; a line with more is noise.
_MOST_BOXES = 40
_CLOSING = frozenset(('"', "\u201d", "'", ")"))
_BULLETS = frozenset("*-\u2022\u25cf\u25aa\u2023\u25e6\u00b7\u2013\u2014#>+o~")
_ABBREVIATIONS = frozenset(
    "dr mr mrs ms vs approx hx fx wt st eg ie rt lt bilat lat no inc dept min sec hr hrs wk wks mo mos yr yrs tib "
    "ant post med max incl prob pt jr sr prof est resp temp neg pos ext flex abd add ph cont meds tabs tab cap caps "
    "p.o q.d mg dx tx rx sx s.p w.o jan feb mar apr jun jul aug sept sep oct nov dec esp etc cf fig sens dtr nl".split()
)
_WRAPPED_AFTER = frozenset(
    ", and or with of the to no in for a an is was are were has had at on by from not without denies that his her "
    "as than but which who be been into over after since per about both left right".split()
)
#: Lines that a fax machine or a printer adds belong to no sentence. Tried on short lines only.
_FAX_LINE = re.compile(
    r".*\bfax\b.*\bp(?:g|age)?\b|\d{1,2}/\d{1,2}/\d{2,4}\s+\d{1,2}:\d{2}\b.*\b(?:fax|p\.)|[\s-]*(?:page|pg\.?)\s*\d+\s*(?:(?:of|/)\s*\d+)?[\s-]*$",
    re.IGNORECASE,
)
_RULE = frozenset(" -_=*.~#\t")
_BOX = re.compile(
    r"\[ ?([xX\u2713\u2714*])? {0,3}\]|\( ?([xX\u2713\u2714])? {0,3}\)|([\u2611\u2612\u2713\u2714])|(\u2610)"
)
_YES_NO = {"yes": True, "y": True, "no": False, "n": False}

NONE, YES, NO, UNTICKED = 0, 1, 2, 3


@dataclass
class Part:
    """A part of a note under one heading: words `start` to `end`, the heading included."""

    category: str
    start: int
    end: int
    title_end: int
    parent: str = ""


@dataclass
class Layout:
    """`sentence`, `clause` and `part` number each word's sentence, clause and part; `marks` holds ticked boxes."""

    sentences: list[tuple[int, int]]
    sentence: list[int]
    parts: list[Part]
    part: list[int]
    noise: frozenset[int] = frozenset()
    marks: list[int] = field(default_factory=list)
    rows: frozenset[int] = frozenset()


def read_layout(words: Words, headings: Trie) -> Layout:
    """Find the shape of the text behind `words`."""
    noise = _noise_words(words)
    lines = _lines(words, noise)
    parts = _parts(words, lines, headings, noise)
    titles = {part.start: part for part in parts if part.title_end > part.start}
    sentences, rows = _sentences(words, lines, titles, noise)
    sentence = [0] * len(words)
    for number, (start, end) in enumerate(sentences):
        for i in range(start, end):
            sentence[i] = number
    part_of = [0] * len(words)
    for number, part in enumerate(parts):
        for i in range(part.start, part.end):
            part_of[i] = number
    return Layout(sentences, sentence, parts, part_of, noise, _marks(words, lines), frozenset(rows))


def _noise_words(words: Words) -> frozenset[int]:
    spans: list[tuple[int, int]] = []
    at = 0
    for line in words.text.split("\n"):
        size = len(line)
        if (
            3 < size <= 200
            and (_RULE.issuperset(line) or _FAX_LINE.match(line) is not None)
            and not line.isspace()
        ):
            spans.append((at, at + size))
        at += size + 1
    noise: set[int] = set()
    for start, end in spans:
        i = bisect_left(words.starts, start)
        while i < len(words) and words.starts[i] < end:
            noise.add(i)
            i += 1
    return frozenset(noise)


def _lines(words: Words, noise: frozenset[int]) -> list[tuple[int, int, int]]:
    """Return (first word, end word, line breaks before) of each line."""
    lines: list[tuple[int, int, int]] = []
    start, breaks = 0, 2
    for i, gap in enumerate(words.gaps):
        if "\n" in gap or "\r" in gap:
            if i > start:
                lines.append((start, i, breaks))
            start, breaks = i, gap.count("\n") or gap.count("\r")
    if len(words) > start:
        lines.append((start, len(words), breaks))
    return [line for line in lines if line[0] not in noise] if noise else lines


def _parts(
    words: Words, lines: list[tuple[int, int, int]], headings: Trie, noise: frozenset[int]
) -> list[Part]:
    norms, gaps, raws = words.norms, words.gaps, words.raws
    root = headings.root
    found: list[tuple[int, int, str]] = []
    for start, end, breaks in lines:
        first = start
        while first < end and (
            norms[first] in _BULLETS or (first - start < 4 and _is_number_label(words, first, end))
        ):
            first += 1
        if first >= end:
            continue
        hit = _heading_at(norms, headings, first, end)
        if hit is not None:
            stop, category = hit
            if _closes_title(words, first, stop, end, category):
                found.append((first, stop + (stop < end and norms[stop] == ":"), category))
        elif _names_exam(words, first, end):
            found.append((first, end, "exam"))
        elif (
            breaks >= 2
            and end - first <= 7
            and all(r.isupper() or not r.isalpha() for r in raws[first:end])
            and (end - first >= 2 and any(len(r) > 3 and r.isupper() for r in raws[first:end]))
        ):
            found.append((first, end, "other"))
    # headings in the middle of a dictated line: "... reading. PAST SURGICAL HISTORY: Tonsillectomy. MEDICATIONS: ..."
    titled = {i for start, stop, _ in found for i in range(start, stop)}
    for colon, norm in enumerate(norms):
        if norm != ":" or colon in titled:
            continue
        for i in range(colon - 1, max(-1, colon - 6), -1):
            if i in titled or "\n" in gaps[i]:
                break
            if (
                norms[i] in root
                and raws[i][0].isupper()
                and i
                and (norms[i - 1] in ".;:|" or len(gaps[i]) > 1)
            ):
                hit = _heading_at(norms, headings, i, colon)
                if hit is not None and hit[0] == colon:
                    found.append((i, colon + 1, hit[1]))
    found.sort()
    return _nest(found, norms)


def _names_exam(words: Words, first: int, end: int) -> bool:
    """A line of its own such as "Serial R leg exam" or "Exam today:"."""
    last = end - (words.norms[end - 1] == ":")
    line = words.norms[first:last]
    return (
        0 < len(line) <= 5
        and bool({"exam", "examination", "exams"} & {line[0], line[-1]})
        and all(word.isalpha() for word in line)
        and words.raws[first][0].isupper()
    )


def _is_number_label(words: Words, i: int, end: int) -> bool:
    """ "1." "2)" "A." before a title."""
    norm = words.norms[i]
    if norm in (".", ")", "(", "#", "section", "part"):
        return True
    if i > 0 and words.norms[i - 1] in ("section", "part") and len(norm) <= 2:
        return True
    return (
        i + 1 < end
        and (norm.isdigit() or len(norm) == 1)
        and words.norms[i + 1] in (".", ")")
        and not words.gaps[i + 1]
    )


def _heading_at(norms: list[str], headings: Trie, i: int, end: int) -> tuple[int, str] | None:
    root = node = headings.root
    best: tuple[int, str] | None = None
    while i < end:
        word = norms[i]
        if word == "-" and node is not root and i + 1 < end and norms[i + 1] in node:
            i += 1
            continue
        following = node.get(word)
        if following is None:
            break
        node = following
        i += 1
        if "" in node:
            best = (i, headings.found[node[""]][0].attributes["section"])
    return best


def _closes_title(words: Words, first: int, stop: int, end: int, category: str) -> bool:
    """A known title counts where it stands alone, ends in a colon or stop, is set in capitals, or a gap follows it."""
    if stop >= end:
        return len(words.raws[first]) > 1 or category != "sub"
    following = words.norms[stop]
    if following == ":":
        return True
    raw = words.raws[first:stop]
    capital = raw[0][0].isupper()
    single = len(raw) == 1 and len(raw[0]) <= 2
    if following in ("-", "\u2014", "=") and capital and len(words.gaps[stop]) > 0 and not single:
        return True
    if single:
        return following == "." and category not in ("sub",) and words.raws[first].isupper() and first == 0
    if following == "." and capital:
        return True
    if len(words.gaps[stop]) > 1 and capital:
        return category != "sub" or words.gaps[stop].count(" ") > 1
    if following == "(" and capital:
        return True
    return all(r.isupper() or not r.isalpha() for r in raw) and len("".join(raw)) > 3 and category != "sub"


_TOLD = frozenset(
    "she he started began since after worse hurts hurt hurting aches ago weeks months bent lifted woke felt says reports states denies complains bothers bothering".split()
)


def _is_told(norms: list[str], title_end: int) -> bool:
    """Does a history stand behind a title, and no finding?"""
    return bool(_TOLD & set(norms[title_end : title_end + 14]))


def _nest(found: list[tuple[int, int, str]], norms: list[str]) -> list[Part]:
    size = len(norms)
    parts = [Part("", 0, size, 0)]
    top = ""
    for start, title_end, category in found:
        if category == "sub":
            actual = (
                top if top in ("ros", "exam", "hpi_ros", "labs", "results", "treatment", "allergies") else ""
            )
            if not actual and not top and _is_told(norms, title_end):
                actual = "hpi"  # "Back: on Thanksgiving she bent down and ..."
            if not actual:
                actual = (
                    "exam" if top not in ("assessment", "plan", "assessment_plan", "pmh", "family") else top
                )
            parent = "sub"
        else:
            top = actual = category
            parent = ""
        parts[-1].end = start
        parts.append(Part(actual, start, size, title_end, parent))
    return [part for part in parts if part.end > part.start] or [Part("", 0, size, 0)]


def _sentences(
    words: Words, lines: list[tuple[int, int, int]], titles: dict[int, Part], noise: frozenset[int]
) -> tuple[list[tuple[int, int]], set[int]]:
    norms, gaps, raws, starts, ends = words.norms, words.gaps, words.raws, words.starts, words.ends
    breaks: list[int] = []
    row_starts: set[int] = set()
    title_ends = {part.title_end for part in titles.values()}
    widths = [ends[e - 1] - starts[s] for s, e, _ in lines]
    wide = sorted(widths)[int(len(widths) * 0.85)] if widths else 0
    previous: tuple[int, int, int] | None = None
    was_row = False
    for number, line in enumerate(lines):
        start, end, blank = line
        is_row = _is_row(words, start, end)
        if is_row:
            row_starts.add(start)
        if previous is not None:
            last = previous[1] - 1
            if (
                blank >= 2
                or is_row
                or was_row
                or start in titles
                or norms[start] in _BULLETS
                or raws[start] in ("[", "\u2610", "\u2611", "\u2612")
                or _is_number_label(words, start, end)
                or norms[last] in ".?!:"
                or not _wraps(raws[start], norms[last], widths[number - 1], wide)
            ):
                breaks.append(start)
        previous, was_row = line, is_row
    if not len(words):
        return [], set()
    breaks.extend(titles)
    breaks.extend(i for i in title_ends if i < len(words))
    for i, norm in enumerate(norms[:-1], 1):
        if (norm in _STOPS and gaps[i] and _ends_sentence(words, i)) or (
            norm in _CLOSING
            and i > 1
            and gaps[i]
            and norms[i - 2] in _STOPS
            and not gaps[i - 1]
            and words.raws[i][0].isupper()
        ):
            breaks.append(i)
    bounds = sorted({0, *breaks, len(words)})
    sentences = [
        (first, min(first + _LONGEST, end))
        for start, end in itertools.pairwise(bounds)
        for first in range(start, end, _LONGEST)
    ]
    return sentences, {n for n, (s, _) in enumerate(sentences) if s in row_starts}


def _is_row(words: Words, start: int, end: int) -> bool:
    """A table row or form line: columns that blanks or bars set apart."""
    gaps = words.gaps
    if words.norms[start] == "|" or words.norms[start:end].count("|") >= 2:
        return True
    wide = [len(gaps[i]) for i in range(start + 1, end) if len(gaps[i]) > 2]
    return len(wide) >= 2 or (len(wide) == 1 and wide[0] > 3)


def _wraps(first: str, last: str, width: int, wide: int) -> bool:
    """Does the next line go on with the sentence?"""
    if last in _WRAPPED_AFTER or last == "-":
        return True
    if first[0].islower() and len(first) > 1:
        return True
    return width >= 50 and width >= 0.75 * wide and last != ";"


def _ends_sentence(words: Words, i: int) -> bool:
    before = words.norms[i - 2] if i >= 2 else ""
    if words.norms[i - 1] == "?" and words.gaps[i - 1] and i - 1:
        return False  # "LBP, ? AS" doubts what follows
    if words.norms[i - 1] != ".":
        return True
    first = words.raws[i][0]
    if first in '"\u201c(' and i + 1 < len(words):
        first = words.raws[i + 1][0]
    if before in _ABBREVIATIONS:
        return first.isupper() and before in (
            "no",
            "pt",
            "neg",
            "pos",
            "med",
            "meds",
            "nl",
            "wks",
            "wk",
            "mo",
            "yrs",
            "hx",
            "etc",
            "bilat",
            "mg",
            "sx",
            "dtr",
            "max",
            "rt",
            "lt",
            "tabs",
            "est",
            "min",
            "prob",
            "tx",
            "dx",
            "yr",
            "mos",
        )
    if len(before) == 1 and before.isalpha() and words.raws[i - 2].isupper():
        return before in "lrbxi" or (i >= 3 and words.gaps[i - 2] == "")
    return True


def _marks(words: Words, lines: list[tuple[int, int, int]]) -> list[int]:
    """What ticked boxes and Y/N columns say of each word: NONE, YES, NO or UNTICKED."""
    text = words.text
    has_boxes = "[" in text or "\u2610" in text or "( )" in text or "\u2611" in text
    boxes = [(m.start(), m.end(), any(m.groups()[:3])) for m in _BOX.finditer(text)] if has_boxes else []
    columns: tuple[int, int] | None = None
    marks: list[int] = []
    at = 0
    for start, end, _ in lines:
        begin, stop = words.starts[start], words.ends[end - 1]
        while at < len(boxes) and boxes[at][1] <= begin:
            at += 1
        mine = []
        k = at
        while k < len(boxes) and boxes[k][0] < stop:
            mine.append(boxes[k])
            k += 1
        header = _yes_no_columns(words, start, end)
        if header is not None:
            columns = header
            continue
        if mine and len(mine) <= _MOST_BOXES:
            marks = marks or [NONE] * len(words)
            for first, last, boxes_of in _questions(words, start, end, mine):
                _mark_boxes(words, first, last, boxes_of, marks)
        elif columns is not None and end - start >= 2:
            tick = words.norms[end - 1]
            if tick in ("x", "\u2713", "\u2714") and len(words.gaps[end - 1]) > 2:
                marks = marks or [NONE] * len(words)
                line_start = text.rfind("\n", 0, begin) + 1
                column = words.starts[end - 1] - line_start
                answer = YES if abs(column - columns[0]) <= abs(column - columns[1]) else NO
                for i in range(start, end - 1):
                    marks[i] = answer
    return marks


def _yes_no_columns(words: Words, start: int, end: int) -> tuple[int, int] | None:
    """The columns of a line that ends in "Y   N" or "Yes   No"."""
    for i in range(max(start, end - 3), end - 1):
        if (
            words.norms[i] in ("y", "yes")
            and words.norms[i + 1] in ("n", "no")
            and len(words.gaps[i + 1]) > 1
        ):
            if i > start and len(words.gaps[i]) < 2:
                return None
            line_start = words.text.rfind("\n", 0, words.starts[start]) + 1
            return words.starts[i] - line_start, words.starts[i + 1] - line_start
    return None


def _questions(
    words: Words, start: int, end: int, boxes: list[tuple[int, int, bool]]
) -> list[tuple[int, int, list[tuple[int, int, bool]]]]:
    """The questions of one line, each with its own boxes: "Cancer [ ] Y [x] N    Trauma [x] Y [ ] N"."""
    found: list[tuple[int, int, list[tuple[int, int, bool]]]] = []
    first, mine = start, [boxes[0]]
    for before, box in itertools.pairwise(boxes):
        between = [i for i in range(first, end) if before[1] <= words.starts[i] < box[0]]
        if (
            len(between) > 1
            and words.norms[between[0]] in _YES_NO
            and len(words.gaps[between[1]]) > 1
            and len(mine) > 1
        ):
            found.append((first, between[1], mine))
            first, mine = between[1], []
        mine.append(box)
    return [*found, (first, end, mine)]


def _mark_boxes(
    words: Words, start: int, end: int, boxes: list[tuple[int, int, bool]], marks: list[int]
) -> None:
    text, starts, ends = words.text, words.starts, words.ends

    def inside(a: int, b: int) -> list[int]:
        return [i for i in range(start, end) if a <= starts[i] < b]

    label = inside(starts[start], boxes[0][0])
    label = [i for i in label if words.norms[i] not in _BULLETS]
    options: list[tuple[str, bool, list[int]]] = []
    for number, (_, box_end, ticked) in enumerate(boxes):
        until = boxes[number + 1][0] if number + 1 < len(boxes) else ends[end - 1]
        option = inside(box_end, until)
        options.append((" ".join(text[starts[i] : ends[i]].lower() for i in option[:2]), ticked, option))
    first_words = [name.split()[0].strip(".,:;") if name else "" for name, _, _ in options]
    if label and words.norms[label[-1]] in _YES_NO and first_words[-1] not in _YES_NO and len(boxes) >= 1:
        # the box stands after its word: "yes [ ] no [x]"
        names = [words.norms[label[-1]], *[f for f in first_words[:-1]]]
        answers = {
            _YES_NO[name]: ticked
            for name, (_, ticked, _) in zip(names, options, strict=False)
            if name in _YES_NO
        }
        _answer(label[:-1], answers, marks)
        return
    if len(boxes) == 2 and label and not options[0][2]:
        # bare columns: first yes, then no; words after the second are details of a yes
        _answer(label, {True: options[0][1], False: options[1][1]}, marks)
        return
    answers = {_YES_NO[w]: options[n][1] for n, w in enumerate(first_words) if w in _YES_NO}
    if answers and label:
        _answer(label, answers, marks)
        for name, (_, ticked, option) in zip(first_words, options, strict=True):
            if name in _YES_NO and not ticked:
                for i in option:
                    marks[i] = UNTICKED
        return
    previous_label = label
    for number, (name, ticked, option) in enumerate(options):
        if first_words[number] in _YES_NO and previous_label:
            continue
        for i in option:
            if not ticked:
                marks[i] = UNTICKED
        del name
    if label and not any(ticked for _, ticked, _ in options) and len(boxes) > 1:
        for i in label:
            marks[i] = UNTICKED


def _answer(label: list[int], answers: dict[bool, bool], marks: list[int]) -> None:
    value = YES if answers.get(True) else NO if answers.get(False) else UNTICKED
    for i in label:
        marks[i] = value

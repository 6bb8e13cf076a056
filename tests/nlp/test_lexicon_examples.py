"""Every marked sentence of the lexicon files, read by the reader: each mention of the concept is found as marked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest
from spacy.language import Language

from nlp.lexicon import lexicon_files
from nlp.reader import build, read

_TAG = re.compile(
    r"<(present|absent|possible|hypothetical|historical|family)((?:\s+\w+=(?:\"[^\"]*\"|[^\s>]+))*)\s*>(.*?)</\1>",
    re.DOTALL,
)
#: The date of the note that every example stands in.
_ANCHOR = date(2026, 8, 20)
_PAIR = re.compile(r"(\w+)=(?:\"([^\"]*)\"|([^\s>]+))")


def _plain(text: str) -> tuple[str, list[tuple[int, int, str, dict[str, str]]]]:
    """The sentence without its tags, and the marked spans: start, end, assertion, attributes."""
    plain, marks, at = "", [], 0
    for tag in _TAG.finditer(text):
        plain += text[at : tag.start()]
        start = len(plain)
        plain += tag[3]
        wanted = {key: quoted or bare for key, quoted, bare in _PAIR.findall(tag[2])}
        marks.append((start, len(plain), tag[1], wanted))
        at = tag.end()
    return plain + text[at:], marks


def examples() -> Iterator[object]:
    for file in lexicon_files():
        for number, (text, miss) in enumerate(file.examples, 1):
            yield pytest.param(file.label, text, miss, id=f"{file.label}-{number}")


@pytest.fixture(scope="module")
def reader() -> Language:
    return build()


def failures(reader: Language, concept: str, text: str) -> list[str]:
    plain, marks = _plain(text)
    note = read(reader, plain, "office_note", _ANCHOR)
    starts, ends = note.words.starts, note.words.ends
    found = [(starts[m.start], ends[m.end - 1], m) for m in note.mentions if m.type == concept]
    wrong = []
    for start, end, assertion, wanted in marks:
        hits = [m for s, e, m in found if s < end and e > start]
        if not any(m.assertion == assertion for m in hits):
            wrong.append(
                f"{plain[start:end]!r} is {[m.assertion for m in hits] or 'not found'}, not {assertion}"
            )
            continue
        for key, value in wanted.items():
            if not any(
                str(m.attributes.get(key)).lower() == value.lower() for m in hits if m.assertion == assertion
            ):
                wrong.append(
                    f"{plain[start:end]!r}: {key} is {[m.attributes.get(key) for m in hits]}, not {value}"
                )
    for start, end, mention in found:
        if not any(start < e and end > s for s, e, _, _ in marks):
            wrong.append(f"{plain[start:end]!r} was taken for {concept}/{mention.assertion}")
    return wrong


@pytest.mark.parametrize(("concept", "text", "miss"), examples())
def test_marked_example_is_read_as_marked(
    reader: Language, concept: str, text: str, miss: str | None
) -> None:
    wrong = failures(reader, concept, text)
    if miss is None:
        assert wrong == []
    else:
        assert wrong, f"no longer a miss, take the mark away: {miss}"

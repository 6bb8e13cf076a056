"""From the text that was read back to what was submitted: offsets, quotes, pages, sections and boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nlp.facts import Evidence, Fact
from pipelines.decoding import without_surrogates
from pipelines.formats.document import Extracted
from pipelines.formats.mend import Mended


@dataclass
class Source:
    """A document as it was submitted, and the text that the reader was given of it."""

    extracted: Extracted
    mended: Mended

    @property
    def is_as_read(self) -> bool:
        return self.mended.text == self.extracted.text


def as_submitted(facts: Sequence[Fact], sources: Mapping[str, Source]) -> tuple[Fact, ...]:
    """Facts with their quotes as they stand in the submitted text."""
    changed = {name: source for name, source in sources.items() if not source.is_as_read}
    if not changed:
        return tuple(facts)
    return tuple(
        replace(fact, evidence=tuple(_quote(item, changed) for item in fact.evidence))
        if any(item.document_id in changed for item in fact.evidence)
        else fact
        for fact in facts
    )


def _quote(item: Evidence, sources: Mapping[str, Source]) -> Evidence:
    source = sources.get(item.document_id)
    if source is None:
        return item
    start, end = source.mended.span_of(item.start, item.end)
    return Evidence(item.document_id, start, end, without_surrogates(source.extracted.text[start:end]))


def add_places(quotes: Sequence[dict[str, Any]], sources: Mapping[str, Source]) -> None:
    """Add page, section and boxes to quotes of documents whose format has them."""
    for quote in quotes:
        source = sources.get(quote["document_id"])
        if source is None:
            continue
        document = source.extracted
        page, section = document.page_at(quote["start"]), document.section_at(quote["start"])
        if page is not None:
            quote["page"] = page
        if section is not None:
            quote["section"] = section
        if document.words:
            boxes = document.boxes(quote["start"], quote["end"])
            quote["boxes"] = [{"page": number, "box": list(box)} for number, box in boxes]


def described(sources: Mapping[str, Source]) -> list[dict[str, Any]]:
    """The documents of a case with the text that offsets count in."""
    return [
        {
            "document_id": name,
            "format": source.extracted.format,
            "kind": source.extracted.kind,
            "date": source.extracted.date,
            "author_role": source.extracted.author_role,
            "pages": source.extracted.pages,
            "text": without_surrogates(source.extracted.text),
        }
        for name, source in sources.items()
    ]

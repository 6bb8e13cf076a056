"""A submitted file to its documents: sniffed, read, and taken apart as deep as packets go."""

from __future__ import annotations

from pipelines.decoding import decode
from pipelines.errors import CaseError
from pipelines.formats import limits
from pipelines.formats.document import Extracted, Part
from pipelines.formats.sandbox import read_apart
from pipelines.formats.sniff import sniff


def documents_of(data: bytes, name: str) -> list[Extracted]:
    """Read a file and all that is in it.

    A part of a packet that cannot be read leaves an empty document with the reason among its remarks.
    Raises CaseError where the file itself cannot be read.
    """
    if len(data) > limits.MAX_BYTES:
        raise limits.too_large(name, f"over {limits.MAX_BYTES >> 20} MB")
    found: list[Extracted] = []
    waiting = [(Part(name, data), 0)]
    size = count = 0
    while waiting:
        part, depth = waiting.pop(0)
        count += 1
        try:
            documents, parts = _read(part, depth)
            size += sum(len(inner.data) for inner in parts)
            if size > limits.MAX_UNPACKED or count + len(waiting) + len(parts) > limits.MAX_PARTS:
                raise limits.too_large(name, "a packet that holds more than may be read")
        except CaseError as error:
            if depth == 0:
                raise
            failed = part.about or Extracted(part.name, "unreadable")
            failed.name = part.name
            failed.remarks.append((error.code, error.message))
            found.append(failed)
            continue
        found += documents
        waiting[:0] = [(inner, depth + 1) for inner in parts]
    return found


def _read(part: Part, depth: int) -> tuple[list[Extracted], list[Part]]:
    if depth > limits.MAX_DEPTH:
        raise limits.too_large(part.name, "packed inside of too many packets")
    format_ = sniff(part.data, part.name)
    if format_ == "text":
        documents, parts = [_plain(part)], list[Part]()
    else:
        reading = read_apart(part.data, part.name, format_)
        documents, parts = reading.documents, reading.parts
    if part.about is not None:
        for document in documents:
            inherit(document, part.about)
        for inner in parts:
            inner.about = inner.about or part.about
    return documents, parts


def _plain(part: Part) -> Extracted:
    decoded = decode(part.data)
    document = Extracted(part.name, "text", decoded.text)
    if decoded.guessed:
        words = f"{part.name} is not UTF-8; it was read as {decoded.encoding}. Check accented letters."
        document.remarks.append(("encoding_guessed", words))
    return document


def inherit(document: Extracted, about: Extracted) -> None:
    """Let what an envelope says of a document stand before what the document's own format says."""
    document.kind = about.kind or document.kind
    document.date = about.date or document.date
    document.author_role = about.author_role or document.author_role
    document.patient = about.patient or document.patient
    document.cpt_codes = document.cpt_codes or about.cpt_codes
    document.service_date = document.service_date or about.service_date
    document.remarks = [*about.remarks, *document.remarks]

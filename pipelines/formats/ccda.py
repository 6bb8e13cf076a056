"""C-CDA and other CDA documents: the narrative of each section under its title, who, when and what kind."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from xml.etree.ElementTree import Element

from pipelines.formats import limits
from pipelines.formats.codes import day_of, kind_of
from pipelines.formats.document import Extracted, Part, Person, Reading
from pipelines.formats.flow import Flow, one_line
from pipelines.formats.sandbox import damaged
from pipelines.formats.xml import parse

_N = "{urn:hl7-org:v3}"
_BLOCKS = frozenset({"paragraph", "caption", "list", "item", "table"})
_MEDIA = {"text/plain": "txt", "application/pdf": "pdf", "text/html": "html", "text/rtf": "rtf"}


def read(data: bytes, name: str, tick: Callable[[float], None]) -> Reading:
    """Read a CDA document; a body that is a file of its own (PDF, RTF) becomes a part.

    Raises CaseError: `unsafe_xml`, `damaged_file`, `too_large`.
    """
    root = parse(data, name)
    if root.tag != f"{_N}ClinicalDocument":
        raise damaged(name)
    document = _header(root, name)
    flow = Flow()
    body = root.find(f"{_N}component/{_N}structuredBody")
    if body is not None:
        _write_sections(body, flow, document, 0)
    document.text = flow.text.rstrip("\n")
    attached = root.find(f"{_N}component/{_N}nonXMLBody/{_N}text")
    if attached is not None:
        return Reading([], [_attachment(attached, document)])
    return Reading([document])


def _header(root: Element, name: str) -> Extracted:
    code = root.find(f"{_N}code")
    title = _words(root.find(f"{_N}title"))
    words = title or (code.get("displayName") if code is not None else None)
    document = Extracted(name, "ccda")
    document.kind = kind_of(code.get("code") if code is not None else None, words)
    happened = root.find(f"{_N}componentOf/{_N}encompassingEncounter/{_N}effectiveTime")
    document.date = _day(happened) or _day(root.find(f"{_N}effectiveTime"))
    document.author_role = _author(root)
    document.patient = _patient(root)
    return document


def _day(time: Element | None) -> str | None:
    if time is None:
        return None
    low = time.find(f"{_N}low")
    return day_of(time.get("value")) or day_of(low.get("value") if low is not None else None)


def _author(root: Element) -> str | None:
    author = root.find(f"{_N}author/{_N}assignedAuthor")
    if author is None:
        return None
    code = author.find(f"{_N}code")
    suffix = _words(author.find(f"{_N}assignedPerson/{_N}name/{_N}suffix"))
    return (code.get("displayName") if code is not None else None) or suffix or None


def _patient(root: Element) -> Person:
    patient = root.find(f"{_N}recordTarget/{_N}patientRole/{_N}patient")
    if patient is None:
        return Person()
    name = patient.find(f"{_N}name")
    parts = [
        _words(part)
        for part in (name if name is not None else ())
        if part.tag in (f"{_N}given", f"{_N}family")
    ]
    birth, sex = patient.find(f"{_N}birthTime"), patient.find(f"{_N}administrativeGenderCode")
    return Person(
        " ".join(part for part in parts if part) or _words(name) or None,
        day_of(birth.get("value")) if birth is not None else None,
        {"F": "female", "M": "male"}.get(sex.get("code") or "") if sex is not None else None,
    )


def _words(element: Element | None) -> str:
    return one_line("".join(element.itertext())) if element is not None else ""


# --- narrative -----------------------------------------------------------------------------------------


def _write_sections(parent: Element, flow: Flow, document: Extracted, depth: int) -> None:
    if depth > limits.MAX_NESTING:
        raise limits.too_large(document.name, f"nested over {limits.MAX_NESTING} levels deep")
    for component in parent.findall(f"{_N}component"):
        section = component.find(f"{_N}section")
        if section is None:
            continue
        title, text = _words(section.find(f"{_N}title")), section.find(f"{_N}text")
        flow.block(2)
        if title:
            document.sections.append((len(flow), title))
            flow.verbatim(title if title.endswith(":") else f"{title}:")
            flow.line()
        if text is not None:
            _write_text(text, flow)
        _write_sections(section, flow, document, depth + 1)


def _write_text(text: Element, flow: Flow) -> None:
    """Narrative markup; where there is none, line ends are all the shape that the text has and are kept."""
    has_markup = any(_tag(child) in (*_BLOCKS, "br") for child in text.iter() if child is not text)
    content = Flow()
    _write(text, content, verbatim=not has_markup)
    flow.verbatim(content.text.strip("\n"))
    flow.line()


def _write(element: Element, flow: Flow, verbatim: bool, depth: int = 0) -> None:
    put = flow.verbatim if verbatim else flow.inline
    if element.text:
        put(element.text)
    for child in element:
        tag = _tag(child)
        if depth < limits.MAX_NESTING and child.get("revised") != "delete":
            _write_child(child, tag, flow, verbatim, depth + 1)
        if child.tail and not (tag in _BLOCKS and not child.tail.strip()):
            put(child.tail)


def _write_child(child: Element, tag: str, flow: Flow, verbatim: bool, depth: int) -> None:
    if tag == "br":
        flow.line()
    elif tag == "table":
        rows = [[_words(cell) for cell in row if _tag(cell) in ("td", "th")] for row in child.iter(f"{_N}tr")]
        flow.table(rows)
    elif tag == "item":
        flow.block()
        flow.inline("- ")
        _write(child, flow, verbatim, depth)
        flow.block()
    elif tag in _BLOCKS:
        flow.block()
        _write(child, flow, verbatim, depth)
        flow.block()
    elif tag != "renderMultiMedia":
        _write(child, flow, verbatim, depth)


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _attachment(text: Element, document: Extracted) -> Part:
    if text.get("representation") != "B64":
        return Part(document.name, "".join(text.itertext()).encode(), document)
    try:
        data = base64.b64decode("".join(text.itertext()), validate=False)
    except (binascii.Error, ValueError):
        raise damaged(document.name) from None
    ending = _MEDIA.get(text.get("mediaType") or "", "file")
    return Part(f"{document.name}/body.{ending}", data, document)

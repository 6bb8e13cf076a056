"""Word documents: paragraphs and tables in their order, content controls included, tracked deletions left
out.

The parts are read with defusedxml out of a ZIP opened with limits; python-docx would do the same but skips
content controls, which clinics' templates are made of, and brings lxml along (12 MB).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree.ElementTree import Element

from pipelines.errors import CaseError
from pipelines.formats import limits
from pipelines.formats.archive import Archive
from pipelines.formats.document import Extracted, Reading
from pipelines.formats.flow import Flow, one_line
from pipelines.formats.sandbox import damaged
from pipelines.formats.xml import parse

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
_SKIPPED = frozenset(
    {"del", "moveFrom", "pPr", "rPr", "sectPr", "tblPr", "tblGrid", "sdtPr", "instrText", "delText"}
)
_MAIN = re.compile(r"word/document\d?\.xml")
_EDGES = re.compile(r"word/(header|footer)\d*\.xml")
_BULLET = "- "


def read(data: bytes, name: str, tick: Callable[[float], None]) -> Reading:
    """Read a Word document (DOCX).

    Raises CaseError: `macros`, `damaged_file`, `encrypted`, `unsafe_archive`, `unsafe_xml`, `too_large`.
    """
    archive = Archive(data, name)
    parts = {member.filename: member for member in archive.members}
    if any(path.endswith("vbaProject.bin") for path in parts):
        raise CaseError(
            "macros", f"{name} holds macros and was not opened. Save it as DOCX or PDF without them."
        )
    main = next((path for path in sorted(parts) if _MAIN.fullmatch(path)), None)
    if main is None:
        raise damaged(name)
    flow = Flow()
    heads: list[str] = []
    feet: list[str] = []
    for path in sorted(parts):
        edge = _EDGES.fullmatch(path)
        if edge:
            (heads if edge[1] == "header" else feet).append(_text(archive.read(parts[path]), name))
    _write_once(flow, heads)
    _Writer(flow, name).write(_parsed(archive.read(parts[main]), name))
    _write_once(flow, feet)
    return Reading([Extracted(name, "docx", flow.text.strip("\n"))])


def _write_once(flow: Flow, texts: list[str]) -> None:
    for text in dict.fromkeys(text for text in texts if text.strip()):
        flow.block()
        flow.verbatim(text)
        flow.block()


def _parsed(data: bytes, name: str) -> Element:
    return parse(data.replace(_STRICT, _W[1:-1].encode()), name)


def _text(data: bytes, name: str) -> str:
    flow = Flow()
    _Writer(flow, name).write(_parsed(data, name))
    return flow.text.strip("\n")


class _Writer:
    """Writes the elements of a document part in their order."""

    def __init__(self, flow: Flow, name: str) -> None:
        self.flow = flow
        self.name = name

    def write(self, element: Element, depth: int = 0) -> None:
        if depth > limits.MAX_NESTING:
            raise limits.too_large(self.name, f"nested over {limits.MAX_NESTING} levels deep")
        for child in element:
            tag = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else ""
            if tag == "p":
                self._paragraph(child, depth)
            elif tag == "tbl":
                self._table(child, depth)
            elif tag == "t":
                self.flow.verbatim(child.text or "")
            elif tag in ("br", "cr"):
                self.flow.line()
            elif tag in ("tab", "ptab"):
                self.flow.verbatim("    ")
            elif tag in ("noBreakHyphen", "softHyphen"):
                self.flow.verbatim("-" if tag == "noBreakHyphen" else "")
            elif tag == "sym":
                self.flow.verbatim(_symbol(child))
            elif tag == "sdt":
                self._control(child, depth)
            elif tag == "AlternateContent":
                self.write(child[0], depth + 1) if len(child) else None  # its fallback says the same again
            elif tag not in _SKIPPED:
                self.write(child, depth + 1)

    def _paragraph(self, paragraph: Element, depth: int) -> None:
        flow = self.flow
        flow.block()
        properties = paragraph.find(f"{_W}pPr")
        if properties is not None and _is_listed(properties):
            flow.verbatim(_BULLET)
        self.write(paragraph, depth + 1)
        flow.line()

    def _table(self, table: Element, depth: int) -> None:
        rows = []
        for row in table.iter(f"{_W}tr"):
            cells = [cell for cell in row.iter(f"{_W}tc")]
            if any(cell.find(f".//{_W}tbl") is not None for cell in cells):
                continue  # the rows of the inner table come by themselves
            rows.append([self._cell(cell, depth) for cell in cells])
        self.flow.table(rows)

    def _cell(self, cell: Element, depth: int) -> str:
        flow = Flow()
        _Writer(flow, self.name).write(cell, depth + 1)
        return one_line(flow.text)

    def _control(self, control: Element, depth: int) -> None:
        """A content control: its content, a tick box as [x] or [ ]."""
        box = control.find(f"{_W}sdtPr/{_W14}checkbox")
        if box is not None:
            checked = box.find(f"{_W14}checked")
            value = checked.get(f"{_W14}val") if checked is not None else "0"
            self.flow.verbatim("[x]" if value in ("1", "true") else "[ ]")
            return
        content = control.find(f"{_W}sdtContent")
        if content is not None:
            self.write(content, depth + 1)


def _is_listed(properties: Element) -> bool:
    style = properties.find(f"{_W}pStyle")
    listed = style is not None and (style.get(f"{_W}val") or "").startswith("List")
    numbering = properties.find(f"{_W}numPr/{_W}numId")
    return listed or (numbering is not None and numbering.get(f"{_W}val") != "0")


def _symbol(element: Element) -> str:
    """The ticks and boxes of Wingdings; other symbols are bullets and arrows."""
    code = (element.get(f"{_W}char") or "").upper()[-2:]
    return {"FE": "\u2611", "FD": "\u2612", "A8": "\u2610", "6F": "\u2610", "FC": "\u2713"}.get(
        code, "\u2022"
    )

"""HTML pages and messages: the text that a browser would show."""

from __future__ import annotations

import re
from collections.abc import Callable

from selectolax.lexbor import LexborHTMLParser, LexborNode

from pipelines.decoding import decode
from pipelines.formats import limits
from pipelines.formats.document import Extracted, Reading
from pipelines.formats.flow import Flow, one_line

_HIDDEN = frozenset({*"script style head template noscript svg iframe object title -comment".split()})
_BLOCKS = frozenset(
    "p div section article header footer main aside nav form fieldset blockquote dl dt dd ul ol h1 h2 h3 h4 "
    "h5 h6 hr address center body figure figcaption details summary".split()
)
_PARAGRAPHS = frozenset("p h1 h2 h3 h4 h5 h6 blockquote".split())
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{2,30})", re.IGNORECASE)
_NOT_SHOWN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def read(data: bytes, name: str, tick: Callable[[float], None]) -> Reading:
    """Read an HTML file."""
    document = Extracted(name, "html")
    document.text = text_of(_decoded(data), name)
    return Reading([document])


def text_of(markup: str, name: str) -> str:
    """The text of HTML markup.

    Raises CaseError(`too_large`) where elements are nested beyond reason.
    """
    tree = LexborHTMLParser(markup)
    flow = Flow()
    body = tree.body or tree.root
    if body is not None:
        has_blocks = body.css_first("p,div,br,pre,table,li,h1,h2,h3,h4") is not None
        _write(body, flow, verbatim=not has_blocks, depth=0, name=name)
    return flow.text.strip("\n")


def _decoded(data: bytes) -> str:
    decoded = decode(data)
    declared = _CHARSET.search(data[:4096])
    if decoded.guessed and declared:
        try:
            return data.decode(declared[1].decode("ascii"), "replace")
        except LookupError:
            pass
    return decoded.text


def _write(node: LexborNode, flow: Flow, verbatim: bool, depth: int, name: str) -> None:
    if depth > limits.MAX_NESTING:
        raise limits.too_large(name, f"nested over {limits.MAX_NESTING} levels deep")
    child = node.first_child
    while child is not None:
        _write_one(child, flow, verbatim, depth, name)
        child = child.next


def _write_one(node: LexborNode, flow: Flow, verbatim: bool, depth: int, name: str) -> None:
    tag = node.tag or ""
    if tag == "-text":
        text = node.text_content or ""
        (flow.verbatim if verbatim else flow.inline)(text)
        return
    if tag in _HIDDEN or _is_hidden(node):
        return
    if tag == "br":
        flow.line()
    elif tag == "input":
        _write_box(node, flow)
    elif tag == "pre" or tag == "textarea":
        flow.block()
        _write(node, flow, True, depth + 1, name)
        flow.block()
    elif tag == "table":
        _write_table(node, flow, depth, name)
    elif tag == "li":
        flow.block()
        flow.inline("- ")
        _write(node, flow, verbatim, depth + 1, name)
        flow.block()
    elif tag in _BLOCKS:
        space = 2 if tag in _PARAGRAPHS and _has_space(node) else 1
        flow.block(space)
        _write(node, flow, verbatim, depth + 1, name)
        flow.block(space)
    else:
        _write(node, flow, verbatim, depth + 1, name)


def _has_space(node: LexborNode) -> bool:
    """Paragraphs and headings stand apart from what follows, unless their style says that they do not."""
    return "margin:0" not in (node.attributes.get("style") or "").replace(" ", "")


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    return bool(attributes) and (
        "hidden" in attributes or bool(_NOT_SHOWN.search(attributes.get("style") or ""))
    )


def _write_box(node: LexborNode, flow: Flow) -> None:
    kind = (node.attributes.get("type") or "text").lower()
    if kind in ("checkbox", "radio"):
        flow.inline("[x] " if "checked" in node.attributes else "[ ] ")
    elif kind in ("text", "number", "date"):
        flow.inline(node.attributes.get("value") or "")


def _write_table(table: LexborNode, flow: Flow, depth: int, name: str) -> None:
    """A table of data row by row; one that lays out a page (tables or blocks in its cells) as running
    text."""
    if table.css_first("td table, td p, td div, td li, td pre, td h1, td h2, td h3") is not None:
        for cell in table.css("td, th"):
            if _is_outermost(cell, table):
                flow.block()
                _write(cell, flow, False, depth + 1, name)
        flow.block()
        return
    rows = []
    for row in table.css("tr"):
        cells = [cell for cell in row.css("td, th")]
        rows.append([_cell(cell, depth, name) for cell in cells])
    flow.table(rows)
    flow.block()


def _is_outermost(cell: LexborNode, table: LexborNode) -> bool:
    parent = cell.parent
    while parent is not None and parent != table:
        if parent.tag in ("td", "th"):
            return False
        parent = parent.parent
    return True


def _cell(cell: LexborNode, depth: int, name: str) -> str:
    flow = Flow()
    _write(cell, flow, False, depth + 1, name)
    return one_line(flow.text)

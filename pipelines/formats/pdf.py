"""PDF: the text layer with the place of every word; pages without one are recognised as scans.

pdfium gives each character with its box, which pypdf does not, six times as fast; it can abort on a hostile
file and therefore runs in the reading process only.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from pipelines.errors import CaseError
from pipelines.formats import limits, ocr
from pipelines.formats.document import Extracted, Reading
from pipelines.formats.page import Page, PlacedWord, read_page
from pipelines.formats.pages import write_pages
from pipelines.formats.sandbox import damaged
from pipelines.formats.sniff import encrypted

#: Fewer characters on a page are no text layer: a page number stamped on a scan.
_LEAST_CHARACTERS = 25
#: What pdfium puts for a hyphen at a line end.
_HYPHENS = (0x02, 0xFFFE)


def read(data: bytes, name: str, tick: Callable[[float], None]) -> Reading:
    """Read a PDF file.

    Raises CaseError: `encrypted`, `damaged_file`, `too_large`, `ocr_not_installed` for a scan without
    Tesseract.
    """
    pdf = _open(data, name)
    document = Extracted(name, "pdf")
    scanned = 0
    pages: list[Page] = []
    for number in range(len(pdf)):
        page = pdf[number]
        width, height = page.get_size()
        words = _words(page, height)
        if sum(len(word.text) for word in words) < _LEAST_CHARACTERS and _has_picture(page):
            scanned += 1
            if scanned > limits.MAX_SCANNED_PAGES:
                raise limits.too_large(name, f"over {limits.MAX_SCANNED_PAGES} scanned pages")
            tick(limits.SECONDS_A_SCANNED_PAGE * scanned)
            words = _recognise(page, name, number, document) or words
        pages.append(read_page(words, width, height))
        page.close()
    if scanned and not document.recognised:
        raise_if_nothing(document, pages, name)
    write_pages(document, pages)
    if len(document.text) > limits.MAX_CHARACTERS:
        raise limits.too_large(name, f"over {limits.MAX_CHARACTERS:,} characters")
    return Reading([document])


def _open(data: bytes, name: str) -> pdfium.PdfDocument:
    try:
        pdf = pdfium.PdfDocument(data)
        pages = len(pdf)
    except pdfium.PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise encrypted(name) from None
        raise damaged(name) from None
    if not pages:
        raise damaged(name)
    if pages > limits.MAX_PAGES:
        raise limits.too_large(name, f"over {limits.MAX_PAGES:,} pages long")
    return pdf


def _has_picture(page: pdfium.PdfPage) -> bool:
    kinds = (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_FORM, raw.FPDF_PAGEOBJ_PATH)
    return any(True for _ in page.get_objects(filter=kinds, max_depth=2))


def _recognise(page: pdfium.PdfPage, name: str, number: int, document: Extracted) -> list[PlacedWord]:
    """Render a page at the resolution that recognition likes best and read it."""
    if not ocr.is_installed():
        document.remarks.append(("unreadable_page", ocr.missing_words(f"{name}, page {number + 1}")))
        return []
    bitmap = page.render(scale=ocr.RESOLUTION / 72, grayscale=True)
    if bitmap.width * bitmap.height > limits.MAX_PIXELS:
        raise limits.too_large(name, "drawn on a page too large to recognise")
    pixels = bytes(bitmap.buffer)
    rows = (
        pixels[start : start + bitmap.width]
        for start in range(0, bitmap.stride * bitmap.height, bitmap.stride)
    )
    words = ocr.recognise(bitmap.width, bitmap.height, b"".join(rows))
    document.recognised = True
    return ocr.scaled(words, 72 / ocr.RESOLUTION)


def raise_if_nothing(document: Extracted, pages: list[Page], name: str) -> None:
    """A file of which not one page could be read is an error, not a remark."""
    if not any(page.rows for page in pages):
        raise CaseError("ocr_not_installed", ocr.missing_words(name))


# --- the text layer ------------------------------------------------------------------------------------


def _words(page: pdfium.PdfPage, height: float) -> list[PlacedWord]:
    """The words of the text layer with their boxes, from the top left corner of the page as shown."""
    textpage = page.get_textpage()
    handle = textpage.raw
    codes = _codes(textpage)
    place = _Places(page, handle)
    words: list[PlacedWord] = []
    start = -1
    for index, code in enumerate([*codes, 32]):
        is_hyphen = code in _HYPHENS
        if (code > 32 and code != 0xA0) or is_hyphen:
            start = index if start < 0 else start
            if not is_hyphen:
                continue
            index += 1  # pdfium joins what a line end hyphenates; here the line ends
        if start >= 0:
            box = place.box(start, index - 1)
            if box is not None:
                words.append(PlacedWord("".join(map(_character, codes[start:index])), *box))
            start = -1
    textpage.close()
    return words


def _codes(textpage: pdfium.PdfTextPage) -> list[int]:
    """The characters of a page, each at the index under which pdfium knows its place."""
    count = raw.FPDFText_CountChars(textpage.raw)
    text = textpage.get_text_range() if count else ""
    if len(text) == count:
        return [ord(character) for character in text]
    unicode_of, handle = raw.FPDFText_GetUnicode, textpage.raw  # a character of two halves, or none
    return [unicode_of(handle, index) for index in range(count)]


def _character(code: int) -> str:
    if 32 < code < 0x7F:
        return chr(code)
    if code in _HYPHENS:
        return "-"
    return chr(code) if code < 0xD800 or 0xDFFF < code <= 0x10FFFF else "\ufffd"


class _Places:
    """Boxes of characters in the page as it is shown: turned, cropped, from its top left corner."""

    def __init__(self, page: pdfium.PdfPage, handle: object) -> None:
        self.handle = handle
        self.rect = raw.FS_RECTF()
        left, bottom, right, top = page.get_cropbox()
        self.origin = left, bottom
        self.size = right - left, top - bottom
        self.turned = page.get_rotation() % 360

    def box(self, first: int, last: int) -> tuple[float, float, float, float] | None:
        one, two = self._of(first), self._of(last)
        if one is None or two is None:
            return one or two
        if one[0] <= two[0] and one[1] == two[1] and one[3] == two[3]:
            return one[0], one[1], two[2], one[3]
        return min(one[0], two[0]), min(one[1], two[1]), max(one[2], two[2]), max(one[3], two[3])

    def _of(self, index: int) -> tuple[float, float, float, float] | None:
        rect = self.rect
        if not raw.FPDFText_GetLooseCharBox(self.handle, index, ctypes.byref(rect)):
            return None
        left, bottom = self.origin
        width, height = self.size
        x0, x1, y0, y1 = rect.left - left, rect.right - left, rect.bottom - bottom, rect.top - bottom
        if not self.turned:
            return x0, height - y1, x1, height - y0
        if self.turned == 90:
            return y0, x0, y1, x1
        if self.turned == 180:
            return width - x1, y0, width - x0, y1
        return height - y1, width - x1, height - y0, width - x0

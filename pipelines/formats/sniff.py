"""What a file is, told from its bytes: names lie, and faxes come as `scan0001.dat`."""

from __future__ import annotations

import re
from typing import Literal

from pipelines.decoding import decode
from pipelines.errors import CaseError

Format = Literal["text", "pdf", "picture", "docx", "rtf", "html", "ccda", "hl7", "fhir", "packet"]

_PICTURES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"BZh", b"\xfd7zXZ")
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_HEAD = 4096
_HTML = re.compile(
    r"<(?:!doctype\s+html|html|head|body|div|p|table|h[1-6]|span|pre|br|ul|ol|title|meta|style|font|b|center)\b",
    re.IGNORECASE,
)
_FHIR_JSON = re.compile(r'"resourceType"\s{0,20}:')


def sniff(data: bytes, name: str) -> Format:
    """Say what format the bytes have.

    Raises CaseError: `unsupported_format` for what no reader here reads, `encrypted` for a locked Office
    file.
    """
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_format(data, name)
    if data.startswith(b"{\\rtf"):
        return "rtf"
    if data.startswith(_PICTURES):
        return "picture"
    if data.startswith(_OLD_OFFICE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise encrypted(name)
        raise _unsupported(name, "an old Word or Office file", "Save it as DOCX or PDF and submit that.")
    if data.startswith(_COMPRESSED):
        raise _unsupported(name, "a compressed file", "Unpack it, or submit a ZIP packet.")
    return _text_format(data, name)


def encrypted(name: str) -> CaseError:
    """The error for a file that asks for a password."""
    return CaseError("encrypted", f"{name} is locked with a password. Submit it without one.")


def _zip_format(data: bytes, name: str) -> Format:
    # Member names stand unpacked in a ZIP file; the container itself is opened by its reader, with limits.
    if b"word/document.xml" in data or b"word/document2.xml" in data:
        return "docx"
    for mark in (b"xl/workbook", b"ppt/presentation", b"application/vnd.oasis", b"META-INF/manifest.xml"):
        if mark in data:
            raise _unsupported(name, "a spreadsheet, slides or OpenDocument file", "Save it as PDF or DOCX.")
    return "packet"


def _text_format(data: bytes, name: str) -> Format:
    head = decode(data[:_HEAD]).text.lstrip("\ufeff\x0b \t\r\n")
    if head.startswith(("MSH|", "FHS|", "BHS|")):
        return "hl7"
    if head.startswith("<"):
        return _markup_format(head, name)
    if head.startswith("{") and _FHIR_JSON.search(decode(data).text if len(data) > _HEAD else head):
        return "fhir"
    return "text"


def _markup_format(head: str, name: str) -> Format:
    if "ClinicalDocument" in head:
        return "ccda"
    if "<!ENTITY" in head:
        return "ccda"  # its reader refuses it by name
    if "http://hl7.org/fhir" in head:
        raise _unsupported(name, "FHIR written as XML", "Submit it as FHIR JSON.")
    if _HTML.search(head):
        return "html"
    if head.startswith("<?xml"):
        raise _unsupported(name, "XML that is no C-CDA document", "Submit C-CDA, FHIR JSON, PDF or text.")
    return "text"


def _unsupported(name: str, what: str, advice: str) -> CaseError:
    return CaseError("unsupported_format", f"{name} is {what}; that cannot be read. {advice}")

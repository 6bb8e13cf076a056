"""Bytes to text: which encoding a submitted file has, and what to do with what is no text.

Offsets in results count characters of the decoded text, line ends as submitted (CRLF stays two characters).
A byte order mark is no part of the text.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from pipelines.errors import CaseError

#: Beginnings of files that are no plain text, and what they are.
_FORMATS = (
    (b"%PDF", "a PDF file"),
    (b"PK\x03\x04", "a DOCX or ZIP file"),
    (b"{\\rtf", "an RTF file"),
    (b"\xd0\xcf\x11\xe0", "an old Word file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"II*\x00", "a picture"),
    (b"MM\x00*", "a picture"),
    (b"\x1f\x8b", "a compressed file"),
    (b"\x28\xb5\x2f\xfd", "a compressed file"),
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Decoded(NamedTuple):
    """A text, the encoding it was read in, and whether that encoding was a guess."""

    text: str
    encoding: str
    guessed: bool


def decode(data: bytes) -> Decoded:
    """Read text: by its byte order mark, else as UTF-8, UTF-16 without a mark, or Windows-1252.

    Never fails: what cannot be read becomes U+FFFD.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return Decoded(data[len(mark) :].decode(encoding, "replace"), encoding, guessed=False)
    sixteen = _utf16_without_mark(data)
    if sixteen:
        return Decoded(data.decode(sixteen, "replace"), sixteen, guessed=True)
    try:
        return Decoded(data.decode("utf-8"), "utf-8", guessed=False)
    except UnicodeDecodeError:
        return Decoded(data.decode("cp1252", "replace"), "cp1252", guessed=True)


def refuse_binary(data: bytes, name: str) -> None:
    """Raise CaseError(`unsupported_format`) where the bytes are a known format other than plain text."""
    for beginning, what in _FORMATS:
        if data.startswith(beginning):
            raise CaseError(
                "unsupported_format",
                f"{name} is {what}; only plain text can be read. Submit its text as a .txt file.",
            )


def without_surrogates(text: str) -> str:
    """Replace halves of surrogate pairs, which no encoding can write, by U+FFFD; offsets stay."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def _utf16_without_mark(data: bytes) -> str | None:
    """Guess UTF-16 from its zero bytes: western text has one in nearly every second place."""
    sample = data[:4096]
    if len(sample) < 8 or len(data) % 2:
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > 0.8 * half and even < 0.1 * half:
        return "utf-16-le"
    if even > 0.8 * half and odd < 0.1 * half:
        return "utf-16-be"
    return None

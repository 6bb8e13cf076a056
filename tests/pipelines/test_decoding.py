"""Bytes to text, whatever the clinic's software wrote."""

from __future__ import annotations

import pytest

from pipelines.decoding import decode, refuse_binary
from pipelines.errors import CaseError

TEXT = "Zoë reports pain\r\nof 7/10 – “sharp”"


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("utf-32-le", b"\xff\xfe\x00\x00"),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
        ("cp1252", b""),
    ],
)
def test_a_text_is_read_in_any_usual_encoding(encoding: str, mark: bytes) -> None:
    assert decode(mark + TEXT.encode(encoding)).text == TEXT


def test_an_encoding_without_a_mark_is_called_a_guess() -> None:
    assert decode(TEXT.encode("cp1252")).guessed
    assert not decode(TEXT.encode("utf-8")).guessed


def test_no_bytes_at_all_make_an_error() -> None:
    assert decode(bytes(range(256))).text
    assert decode(b"").text == ""
    assert decode(b"\xff\xfe\x00").text


@pytest.mark.parametrize("start", [b"%PDF-1.7", b"PK\x03\x04", b"{\\rtf1", b"\x89PNG", b"\x1f\x8b"])
def test_formats_that_are_no_text_are_named(start: bytes) -> None:
    with pytest.raises(CaseError, match=r"scan\.bin is .* plain text") as caught:
        refuse_binary(start + b"...", "scan.bin")
    assert caught.value.code == "unsupported_format"

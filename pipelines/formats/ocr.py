"""Scans to words by Tesseract, which runs as its own program: pictures go in and words come out over pipes.

(The usual wrapper writes both to files, which a process stopped in mid-page would leave behind.)
"""

from __future__ import annotations

import csv
import functools
import os
import shutil
import subprocess

from pipelines.formats.page import PlacedWord

#: Dots per inch at which pages are rendered for recognition; a 200 dpi fax gains from it.
RESOLUTION = 300
#: Tesseract's confidence in a word, 0 to 100, under which the word is not relied on.
SURE = 70.0
_SECONDS = 90.0
_WORD = "5"


@functools.cache
def is_installed() -> bool:
    """Is the Tesseract program there?"""
    return shutil.which("tesseract") is not None


def missing_words(name: str) -> str:
    """What to tell a user who submits a scan to a machine without Tesseract."""
    return (
        f"{name} is a scan, which is read only where Tesseract is installed. Install the Debian package "
        "tesseract-ocr and indicia[ocr], or submit the text."
    )


def recognise(picture: bytes) -> list[PlacedWord]:
    """Recognise the words of one picture (any format that Tesseract reads); boxes in pixels."""
    lines: dict[tuple[str, str, str], list[PlacedWord]] = {}
    for row in _run(picture):
        word = _word(row)
        if word is not None:
            lines.setdefault((row["block_num"], row["par_num"], row["line_num"]), []).append(word)
    return [word for line in lines.values() for word in _level(line)]


def _level(line: list[PlacedWord]) -> list[PlacedWord]:
    """Give the words of a line one height: their own boxes end where their letters do ("on", "pain,")."""
    fifth = len(line) // 5
    top = sorted(word.top for word in line)[fifth]
    bottom = sorted(word.bottom for word in line)[len(line) - 1 - fifth]
    return [word._replace(top=top, bottom=bottom) for word in line] if bottom > top else line


def pgm(width: int, height: int, pixels: bytes) -> bytes:
    """Grey pixels as a picture file."""
    return b"P5 %d %d 255\n" % (width, height) + pixels


def scaled(words: list[PlacedWord], factor: float) -> list[PlacedWord]:
    """Words with their boxes in another unit."""
    return [
        word._replace(
            left=word.left * factor,
            top=word.top * factor,
            right=word.right * factor,
            bottom=word.bottom * factor,
        )
        for word in words
    ]


def _run(picture: bytes) -> list[dict[str, str]]:
    program = shutil.which("tesseract") or "tesseract"
    options = ["--psm", "3", "--dpi", str(RESOLUTION), "-l", "eng", "-c", "preserve_interword_spaces=1"]
    done = subprocess.run(
        [program, "stdin", "stdout", *options, "tsv"],
        input=picture,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=_SECONDS,
        check=True,
        # One thread: as fast beside other workers, and the same words on every machine.
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    )
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def _word(row: dict[str, str]) -> PlacedWord | None:
    text = row["text"].strip() if row["level"] == _WORD and row["text"] else ""
    if not text:
        return None
    left, top = float(row["left"]), float(row["top"])
    right, bottom = left + float(row["width"]), top + float(row["height"])
    return PlacedWord(text, left, top, right, bottom, float(row["conf"]) >= SURE)

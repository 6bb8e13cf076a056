"""Scans to words by Tesseract, which runs as its own program: pictures go in and words come out over pipes.

(The usual wrapper writes both to files, which a process stopped in mid-page would leave behind.)
"""

from __future__ import annotations

import bisect
import csv
import functools
import os
import re
import shutil
import subprocess

import numpy as np
from numpy.typing import NDArray

from pipelines.formats.page import PlacedWord

#: Dots per inch at which pages are rendered for recognition; a 200 dpi fax gains from it.
RESOLUTION = 300
#: Tesseract's confidence in a word, 0 to 100, under which the word is not relied on.
SURE = 70.0
_SECONDS = 90.0
#: A gap of less than this many heights is no blank.
_CUT = 0.22
#: A speck has less than this many dark pixels in a square of that width around it; a full stop has six
#: times more.
_SPECK, _DUST = 6, 9
#: White space in pixels around a line that is looked at alone.
_AROUND = 30
#: Words that turn a case round where they are misread.
_TELLING = re.compile(
    r"\d|^\W*(?:n[o0eaqc][torn]?|neo|den[il1]e[sd]|without|negative|neg|absent)\W*$", re.IGNORECASE
)
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


def recognise(width: int, height: int, pixels: bytes) -> list[PlacedWord]:
    """Recognise the words of one page of grey pixels; boxes in pixels.

    Lines with numbers or negations that are not sure are looked at again, alone: a word that both looks agree
    on is sure.
    """
    page = without_dust(np.frombuffer(pixels, np.uint8).reshape(height, width))
    lines: dict[tuple[str, str, str], list[PlacedWord]] = {}
    for row in _run(_pgm(width, height, page.tobytes())):
        word = _word(row)
        if word is not None:
            lines.setdefault((row["block_num"], row["par_num"], row["line_num"]), []).append(word)
    doubtful = [line for line in lines.values() if any(_matters(word) for word in line)]
    if doubtful:
        _look_again(doubtful, page)
    return [word for line in lines.values() for word in _level(line)]


def without_dust(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Whiten specks that stand alone: recognition takes them for full stops and quotation marks."""
    dark = np.pad(255 - page, _DUST // 2).cumsum(0, dtype=np.uint32).cumsum(1, dtype=np.uint32)
    dark = np.pad(dark, ((1, 0), (1, 0)))
    around = dark[_DUST:, _DUST:] - dark[:-_DUST, _DUST:] - dark[_DUST:, :-_DUST] + dark[:-_DUST, :-_DUST]
    return np.where(around < _SPECK * 255, 255, page).astype(np.uint8)


def _matters(word: PlacedWord) -> bool:
    return not word.sure and _TELLING.search(word.text) is not None


def _look_again(lines: list[list[PlacedWord]], page: NDArray[np.uint8]) -> None:
    """Recognise lines once more, cut out and set apart from each other, and settle what both looks agree
    on."""
    strips = []
    tops = [0]
    for line in lines:
        top = max(0, int(min(word.top for word in line)) - _AROUND // 2)
        bottom = int(max(word.bottom for word in line)) + _AROUND // 2
        left = max(0, int(min(word.left for word in line)) - _AROUND)
        right = int(max(word.right for word in line)) + _AROUND
        strip = np.full((min(bottom, page.shape[0]) - top + _AROUND, page.shape[1]), 255, np.uint8)
        cut = page[top:bottom, left:right]
        strip[: cut.shape[0], left : left + cut.shape[1]] = cut
        strips.append(strip)
        tops.append(tops[-1] + strip.shape[0])
    sheet = np.concatenate(strips)
    seen: dict[int, set[str]] = {}
    for row in _run(_pgm(sheet.shape[1], sheet.shape[0], sheet.tobytes()), "6"):
        word = _word(row)
        if word is not None:
            number = bisect.bisect_right(tops, (word.top + word.bottom) / 2) - 1
            seen.setdefault(number, set()).add(_bare(word.text))
    for number, line in enumerate(lines):
        for place, word in enumerate(line):
            if _matters(word) and _bare(word.text) in seen.get(number, ()):
                line[place] = word._replace(sure=True)


def _joined(line: list[PlacedWord]) -> list[PlacedWord]:
    """Put numbers together that recognition cut in two ("07/1 1/2025"): no blank is that narrow."""
    joined = line[:1]
    for word in line[1:]:
        before = joined[-1]
        is_cut = word.left - before.right < _CUT * (before.bottom - before.top)
        if is_cut and before.text[-1].isdigit() and word.text[0].isdigit():
            joined[-1] = before._replace(
                text=before.text + word.text, right=word.right, sure=before.sure and word.sure
            )
        else:
            joined.append(word)
    return joined


def _bare(text: str) -> str:
    return text.strip(".,;:_~'\"|")


def _level(line: list[PlacedWord]) -> list[PlacedWord]:
    """Give the words of a line one height: their own boxes end where their letters do ("on", "pain,")."""
    line = _joined(line)
    fifth = len(line) // 5
    top = sorted(word.top for word in line)[fifth]
    bottom = sorted(word.bottom for word in line)[len(line) - 1 - fifth]
    return [word._replace(top=top, bottom=bottom) for word in line] if bottom > top else line


def _pgm(width: int, height: int, pixels: bytes) -> bytes:
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


def _run(picture: bytes, segmentation: str = "3") -> list[dict[str, str]]:
    program = shutil.which("tesseract") or "tesseract"
    options = [
        "--psm",
        segmentation,
        "--dpi",
        str(RESOLUTION),
        "-l",
        "eng",
        "-c",
        "preserve_interword_spaces=1",
    ]
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

"""Text to words: one linear pass that keeps every character, mends broken lines and normalises spelling.

The words carry offsets into the text as it was submitted, whatever mending does to their spelling.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

#: White space and the piece after it: a word, a number (apart from letters that follow it) or a single mark.
_PIECE = re.compile(
    r"(\s*)([^\W\d_]+-\n[ \t]*[a-z]+"  # a word that a line end breaks
    r"|\d+(?:\.\d+)?(?=[^\W\d_])"  # 6wks, 2x, 2nd
    r"|\d+(?:\.\d+)?"
    r"|[^\W_]+(?:['\u2019][^\W_]+)*"
    r"|_+|\S)"
)
_BROKEN = re.compile(r"-\n[ \t]*")
_CLEAN = {
    "\u2019": "'",
    "\u2018": "'",
    "\u2013": "-",
    "\u2014": "-",
    "\u2212": "-",
    "\u2022": "\u2022",
    "\xad": "-",
}
_MAX_CACHE = 200_000


class Speller:
    """Gives each written word its normal form: lower case, no possessive, near misses of known words mended.

    `known` are the words of the lexicons. Only words of six letters and more are mended (one edit, two from ten
    letters on), never one that stands in `real`: those are words of their own ("reflux" is no "reflex").
    """

    def __init__(self, known: Iterable[str], real: Iterable[str] = ()) -> None:
        self.known = frozenset(known)
        self.real = frozenset(real)
        self._deletes: dict[str, str] = {}
        for word in sorted(w for w in self.known if len(w) >= 6 and w.isalpha()):
            for shorter in _deletions(word):
                self._deletes.setdefault(shorter, word)
        self._cache: dict[str, str] = {}

    def __call__(self, raw: str) -> str:
        word = self._cache.get(raw)
        if word is None:
            if len(self._cache) > _MAX_CACHE:
                self._cache.clear()
            word = self._cache[raw] = self._normal(raw)
        return word

    def _normal(self, raw: str) -> str:
        if len(raw) == 1:
            return _CLEAN.get(raw, raw.lower())
        if (
            "l" in raw
            and len(raw) > 3
            and raw.replace("l", "").isupper()
            and raw.replace("l", "I").lower() in self.known
        ):
            return raw.replace("l", "I").lower()  # a fax took I for l: VlEWS
        word = raw.lower().replace("\u2019", "'")
        if "-\n" in word:
            word = _BROKEN.sub("", word)
        if word.endswith("'s"):
            word = word[:-2]
        if word in self.known or word in self.real or len(word) > 40:
            return word
        if not word.isalpha():
            return self._unfax(word)
        return self._mend(word, raw[0].isupper() and not raw.isupper()) or word

    def _unfax(self, word: str) -> str:
        """Digits that a fax put in the place of letters: fa1ls, c1ear."""
        if word[0].isdigit() or not word.isalnum() or len(word) < 4:
            return word
        letters = word.replace("1", "l").replace("0", "o").replace("5", "s")
        if letters in self.known:
            return letters
        other = word.replace("1", "i").replace("0", "o")
        return other if other in self.known else word

    def _mend(self, word: str, name: bool = False) -> str | None:
        """The known word that `word` misspells. `name`: a capital may begin a name, which no letter is changed in."""
        if len(word) < 6 or word in self.real:
            return None
        candidates = {w for d in (word, *_deletions(word)) if (w := self._deletes.get(d)) is not None}
        candidates |= {d for d in _deletions(word) if d in self.known and len(d) >= 6}
        best: str | None = None
        for candidate in sorted(candidates):
            if candidate[0] != word[0] or abs(len(candidate) - len(word)) > 1:
                continue
            if (
                _is_one_edit(word, candidate)
                and not _is_inflection(word, candidate)
                and not (name and len(word) == len(candidate) and sorted(word) != sorted(candidate))
            ):
                best = candidate
                break
        return best


def _deletions(word: str) -> list[str]:
    return [word[:i] + word[i + 1 :] for i in range(len(word))]


def _is_inflection(word: str, known: str) -> bool:
    """A different ending is another word, not a slip: therapies, weakly, fused."""
    stem = len(min(word, known, key=len)) - 1
    return word[:stem] == known[:stem] and word[-1] in "syde"


def _is_one_edit(a: str, b: str) -> bool:
    if len(a) > len(b):
        a, b = b, a
    i = 0
    while i < len(a) and a[i] == b[i]:
        i += 1
    if len(a) == len(b):
        return a[i + 1 :] == b[i + 1 :] or (a[i : i + 2] == b[i : i + 2][::-1] and a[i + 2 :] == b[i + 2 :])
    return a[i:] == b[i + 1 :]


class Words:
    """The words of one text as parallel lists: normal form, start, end, and the white space before each."""

    __slots__ = ("ends", "gaps", "norms", "raws", "starts", "text")

    def __init__(self, text: str, spell: Callable[[str], str]) -> None:
        self.text = text
        raws: list[str] = []
        starts: list[int] = []
        gaps: list[str] = []
        at = 0
        # Without the white space at its end every run of white space has a piece after it: no backtracking.
        for gap, piece in _PIECE.findall(text.rstrip()):
            at += len(gap)
            raws.append(piece)
            starts.append(at)
            gaps.append(gap)
            at += len(piece)
        self.raws, self.starts, self.gaps = raws, starts, gaps
        self.norms = [spell(raw) for raw in raws]
        self.ends = [start + len(raw) for start, raw in zip(starts, raws, strict=True)]

    def __len__(self) -> int:
        return len(self.raws)


def make_doc(vocab: Vocab, words: Words) -> Doc:
    """Build the spaCy `Doc` of these words; white space beyond one blank becomes tokens, as spaCy has it."""
    from spacy.tokens import Doc

    pieces: list[str] = []
    spaces: list[bool] = []
    for raw, gap in zip(words.raws, words.gaps, strict=True):
        if gap:
            if gap[0] == " " and pieces:
                spaces[-1] = True
                gap = gap[1:]
            if gap:
                pieces.append(gap)
                spaces.append(False)
        pieces.append(raw)
        spaces.append(False)
    tail = words.text[words.ends[-1] :] if words.ends else words.text
    if tail:
        if tail[0] == " " and pieces:
            spaces[-1] = True
            tail = tail[1:]
        if tail:
            pieces.append(tail)
            spaces.append(False)
    return Doc(vocab, words=pieces, spaces=spaces)

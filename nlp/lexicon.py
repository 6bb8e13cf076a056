"""The words that the reader knows: lexicon files into one trie of literal phrases.

A clinician edits `lexicons/*.toml` (one file a concept, with its own examples) and `lexicons/shared/*.toml` (words
that several concepts are made of: body regions, muscles, cues). Format: see lexicons/README.md.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from nlp.facts import FACT_TYPES
from nlp.tokens import Speller, Words

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MAX_PHRASES = 10_000

#: Words without weight: phrases are written and matched without them ("pain in the back" is "pain in back").
WEIGHTLESS = frozenset(("-", "the", "her", "his", "my", "your", "their", "a", "an"))


class LexiconError(ValueError):
    """A lexicon file cannot be used; the message names file, entry and remedy."""


@dataclass(frozen=True, eq=False)
class Entry:
    """What a phrase means: a `label` (a fact type, or a class of shared words) and its attributes."""

    label: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    case: str | None = None
    context: frozenset[str] = frozenset()
    not_context: frozenset[str] = frozenset()
    is_fact: bool = False


class Trie:
    """Literal phrases by their normal words; the entries of a phrase stand under the key None."""

    def __init__(self) -> None:
        self.root: dict[str | None, Any] = {}

    def add(self, words: Sequence[str], entry: Entry) -> None:
        node = self.root
        for word in words:
            node = node.setdefault(word, {})
        found: tuple[Entry, ...] = node.get(None, ())
        if entry not in found:
            node[None] = (*found, entry)


_OPEN = re.compile(r"\(|\)|\||\?|[^()|?\s]+")


def expand(phrase: str) -> list[str]:
    """Return every literal that a lexicon phrase stands for: "(low|lower) back pain(s)?".

    Raises LexiconError where brackets do not match or the phrase stands for too many literals.
    """
    position = 0

    def sequence(depth: int) -> list[str]:
        nonlocal position
        options: list[str] = []
        current = [""]
        while position < len(phrase):
            char = phrase[position]
            if char == "(":
                position += 1
                inner = sequence(depth + 1)
                if position >= len(phrase) or phrase[position] != ")":
                    raise LexiconError(f"phrase {phrase!r}: a bracket is not closed")
                position += 1
                if position < len(phrase) and phrase[position] == "?":
                    position += 1
                    inner = [*inner, ""]
                current = [head + tail for head in current for tail in inner]
            elif char == "|":
                options.extend(current)
                current = [""]
                position += 1
            elif char == ")":
                if depth == 0:
                    raise LexiconError(f"phrase {phrase!r}: a bracket is not opened")
                break
            else:
                match = re.compile(r"[^()|]+").match(phrase, position)
                assert match is not None
                piece = match[0]
                mark = piece.find("?")
                if mark >= 0:
                    piece = piece[:mark]
                    word = piece[piece.rfind(" ") + 1 :]
                    head = piece[: len(piece) - len(word)]
                    position += mark + 1
                    choices = (word, "") if word else ("", None)  # "pin ?prick": the blank itself is optional
                    current = [
                        c + (head if w is not None else head[:-1]) + (w or "") for c in current for w in choices
                    ]
                else:
                    position = match.end()
                    current = [c + piece for c in current]
            if len(current) > _MAX_PHRASES:
                raise LexiconError(f"phrase {phrase!r}: stands for more than {_MAX_PHRASES} phrases, split it")
        options.extend(current)
        return options

    return list(dict.fromkeys(" ".join(option.split()) for option in sequence(0)))


@dataclass(frozen=True)
class LexiconFile:
    """One file: its name, label, entries as (phrases, entry), and examples."""

    name: str
    label: str
    entries: tuple[tuple[tuple[str, ...], Entry], ...]
    examples: tuple[str, ...]


def _read(name: str, data: Mapping[str, Any]) -> LexiconFile:
    label = data.get("concept") or data.get("class")
    if not isinstance(label, str):
        raise LexiconError(f"{name}: the file must begin with concept = \"...\" or class = \"...\"")
    if "concept" in data and label not in FACT_TYPES:
        raise LexiconError(f"{name}: {label!r} is no fact type, see nlp/facts.py")
    entries = []
    for number, row in enumerate(data.get("entries", ()), 1):
        try:
            phrases = tuple(literal for phrase in row["phrases"] for literal in expand(phrase.lower()))
        except (KeyError, TypeError) as error:
            raise LexiconError(f"{name}, entry {number}: needs phrases = [\"...\"]") from error
        except LexiconError as error:
            raise LexiconError(f"{name}, entry {number}: {error}") from error
        entry = Entry(
            label=str(row.get("as", label)),
            attributes=dict(row.get("attributes", {})),
            case=row.get("case"),
            context=frozenset(w for c in row.get("context", ()) for w in c.lower().split()),
            not_context=frozenset(w for c in row.get("not_context", ()) for w in c.lower().split()),
            is_fact="concept" in data,
        )
        entries.append((phrases, entry))
    examples = tuple(str(row["text"]) for row in data.get("examples", ()))
    return LexiconFile(name, label, tuple(entries), examples)


def lexicon_files() -> Iterator[LexiconFile]:
    """Yield every lexicon file in the order of their names.

    Raises LexiconError where a file cannot be used.
    """
    base = resources.files("nlp") / "lexicons"
    for folder, prefix in ((base, ""), (base / "shared", "shared/")):
        for file in sorted(folder.iterdir(), key=lambda f: f.name):
            if file.name.endswith(".toml"):
                try:
                    data = tomllib.loads(file.read_text(encoding="utf-8"))
                except tomllib.TOMLDecodeError as error:
                    raise LexiconError(f"{prefix}{file.name}: not valid TOML: {error}") from error
                yield _read(prefix + file.name, data)


def _weighted(norms: Sequence[str]) -> tuple[str, ...]:
    """The words of a phrase without the weightless ones; those at a slash stay ("c/a")."""
    return tuple(
        word
        for i, word in enumerate(norms)
        if word not in WEIGHTLESS or (word != "-" and "/" in (*norms[max(0, i - 1) : i], *norms[i + 1 : i + 2]))
    )


@dataclass(frozen=True)
class Lexicon:
    """All files compiled: the trie of everything, the trie of headings, and the speller that knows their words."""

    trie: Trie
    headings: Trie
    speller: Speller


@cache
def lexicon() -> Lexicon:
    """Compile the lexicon files; done once a process."""
    files = list(lexicon_files())
    known: set[str] = set()
    real: set[str] = set()
    plain = Speller(())
    phrases: list[tuple[tuple[str, ...], Entry]] = []
    for file in files:
        if file.label == "real_words":
            real.update(w for literals, _ in file.entries for literal in literals for w in literal.split())
            continue
        for literals, entry in file.entries:
            for literal in literals:
                words = _weighted(Words(literal, plain).norms)
                if words:
                    phrases.append((words, entry))
                    known.update(words)
    trie, headings = Trie(), Trie()
    for words, entry in phrases:
        (headings if entry.label == "heading" else trie).add(words, entry)
    return Lexicon(trie, headings, Speller(known, real))

"""The words that the reader knows: lexicon files into one trie of literal phrases.

A clinician edits `lexicons/*.toml` (one file a concept, with its own examples) and `lexicons/shared/*.toml` (words
that several concepts are made of: body regions, muscles, cues). Format: see lexicons/README.md.
"""

from __future__ import annotations

import gc
import hashlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import srsly

from nlp.facts import FACT_TYPES
from nlp.tokens import Speller, Words

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from importlib.abc import Traversable

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
    """Literal phrases by their normal words. Under the key "" stands the number of the phrase's entries in `found`."""

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self.found: list[tuple[Entry, ...]] = []
        self._numbers: dict[tuple[int, ...], int] = {}
        self._phrases: list[tuple[tuple[Entry, ...], tuple[str, ...], bool]] = []

    def phrases(self) -> list[tuple[tuple[Entry, ...], tuple[str, ...], bool]]:
        """What each number stands for: the entries, their labels, and whether they fit whatever stands around."""
        if len(self._phrases) != len(self.found):
            self._phrases = [
                (
                    entries,
                    tuple(entry.label for entry in entries),
                    not any(
                        entry.case is not None or entry.context or entry.not_context for entry in entries
                    ),
                )
                for entries in self.found
            ]
        return self._phrases

    def __contains__(self, words: Sequence[str]) -> bool:
        node = self.root
        for word in words:
            if word not in node:
                return False
            node = node[word]
        return "" in node

    def add(self, words: Sequence[str], entry: Entry) -> None:
        node = self.root
        for word in words:
            node = node.setdefault(word, {})
        known = self.found[node[""]] if "" in node else ()
        if entry in known:
            return
        entries = (*known, entry)
        key = tuple(map(id, entries))
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.found)
            self.found.append(entries)
        node[""] = number


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
                        c + (head if w is not None else head[:-1]) + (w or "")
                        for c in current
                        for w in choices
                    ]
                else:
                    position = match.end()
                    current = [c + piece for c in current]
            if len(current) > _MAX_PHRASES:
                raise LexiconError(
                    f"phrase {phrase!r}: stands for more than {_MAX_PHRASES} phrases, split it"
                )
        options.extend(current)
        return options

    return list(dict.fromkeys(" ".join(option.split()) for option in sequence(0)))


@dataclass(frozen=True)
class LexiconFile:
    """One file: its name, label, entries as (phrases, entry), and examples as (marked sentence, why it is a known miss)."""

    name: str
    label: str
    entries: tuple[tuple[tuple[str, ...], Entry], ...]
    examples: tuple[tuple[str, str | None], ...]


def _read(name: str, data: Mapping[str, Any]) -> LexiconFile:
    label = data.get("concept") or data.get("class")
    if not isinstance(label, str):
        raise LexiconError(f'{name}: the file must begin with concept = "..." or class = "..."')
    if "concept" in data and label not in FACT_TYPES:
        raise LexiconError(f"{name}: {label!r} is no fact type, see nlp/facts.py")
    entries = []
    for number, row in enumerate(data.get("entries", ()), 1):
        try:
            phrases = tuple(literal for phrase in row["phrases"] for literal in expand(phrase.lower()))
        except (KeyError, TypeError) as error:
            raise LexiconError(f'{name}, entry {number}: needs phrases = ["..."]') from error
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
    examples = tuple((str(row["text"]), row.get("miss")) for row in data.get("examples", ()))
    return LexiconFile(name, label, tuple(entries), examples)


def _sources() -> Iterator[tuple[str, Traversable]]:
    base = resources.files("nlp") / "lexicons"
    for folder, prefix in ((base, ""), (base / "shared", "shared/")):
        for file in sorted(folder.iterdir(), key=lambda f: f.name):
            if file.name.endswith(".toml"):
                yield prefix + file.name, file


def lexicon_files() -> Iterator[LexiconFile]:
    """Yield every lexicon file in the order of their names.

    Raises LexiconError where a file cannot be used.
    """
    for name, file in _sources():
        try:
            data = tomllib.loads(file.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise LexiconError(f"{name}: not valid TOML: {error}") from error
        yield _read(name, data)


def _weighted(norms: Sequence[str]) -> tuple[str, ...]:
    """The words of a phrase without the weightless ones; those at a slash stay ("c/a")."""
    return tuple(
        word
        for i, word in enumerate(norms)
        if word not in WEIGHTLESS
        or (word != "-" and "/" in (*norms[max(0, i - 1) : i], *norms[i + 1 : i + 2]))
    )


@dataclass(frozen=True)
class Lexicon:
    """All files compiled: the trie of everything, the trie of headings, and the speller that knows their words."""

    trie: Trie
    headings: Trie
    speller: Speller
    digest: str


def compile_files(files: Iterable[LexiconFile], digest: str = "") -> Lexicon:
    """Compile lexicon files."""
    known: set[str] = set()
    real: set[str] = set()
    plain = Speller(())
    trie, headings = Trie(), Trie()
    for file in files:
        if file.label == "real_words":
            real.update(w for literals, _ in file.entries for literal in literals for w in literal.split())
            continue
        borrowed = file.name.startswith("medspacy/")
        for literals, entry in file.entries:
            for literal in literals:
                words = _weighted(Words(literal, plain).norms)
                chosen = headings if entry.label == "heading" else trie
                if words and not (borrowed and words in chosen):
                    chosen.add(words, entry)
                    known.update(words)
    return Lexicon(trie, headings, Speller(known, real), digest)


def sources_digest() -> str:
    """SHA-256 over the names and bytes of all lexicon files: tells whether a saved compilation still holds."""
    digest = hashlib.sha256(b"4")  # the version of the saved form
    for name, file in _sources():
        digest.update(name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def to_bytes(known: Lexicon) -> bytes:
    """Pack a compiled lexicon, as JSON: medSpaCy's msgpack hooks take hold of any dictionary with the key "section"."""
    entries: dict[int, int] = {}
    rows: list[Any] = []
    packed: dict[str, Any] = {
        "digest": known.digest,
        "known": sorted(known.speller.known),
        "real": sorted(known.speller.real),
    }
    for name, trie in (("trie", known.trie), ("headings", known.headings)):
        combinations = []
        for found in trie.found:
            for entry in found:
                if id(entry) not in entries:
                    entries[id(entry)] = len(rows)
                    rows.append(
                        [
                            entry.label,
                            dict(entry.attributes),
                            entry.case,
                            sorted(entry.context),
                            sorted(entry.not_context),
                            entry.is_fact,
                        ]
                    )
            combinations.append([entries[id(entry)] for entry in found])
        packed[name] = [trie.root, combinations]
    packed["entries"] = rows
    text: str = srsly.json_dumps(packed)
    return text.encode()


def from_bytes(data: bytes) -> Lexicon:
    """Unpack a compiled lexicon."""
    packed = srsly.json_loads(data)
    entries = [
        Entry(label, attributes, case, frozenset(context), frozenset(not_context), is_fact)
        for label, attributes, case, context, not_context, is_fact in packed["entries"]
    ]
    tries = []
    for name in ("trie", "headings"):
        trie = Trie()
        trie.root = packed[name][0]
        trie.found = [tuple(entries[number] for number in numbers) for numbers in packed[name][1]]
        tries.append(trie)
    return Lexicon(tries[0], tries[1], Speller(packed["known"], packed["real"]), packed["digest"])


def saved_paths() -> tuple[Path, Path]:
    """Where the saved reader lies: beside the packages in a checkout, inside of this package once installed."""
    here = Path(__file__).parent
    return here.parent / "models" / "indicia_reader", here / "_model"


def medspacy_files() -> list[LexiconFile]:
    """What medSpaCy adds, see nlp/medspacy_rules.py (imported late: it needs this module)."""
    from nlp import medspacy_rules

    return medspacy_rules.medspacy_files()


@cache
def lexicon() -> Lexicon:
    """The lexicon of this process: the saved compilation where its sources are unchanged, else compiled now.

    Its half a million dictionaries live as long as the process: frozen, they cost no garbage collection anything.
    """
    known = _lexicon()
    gc.collect()
    gc.freeze()
    return known


def _lexicon() -> Lexicon:
    digest = sources_digest()
    for folder in saved_paths():
        file = folder / "tokenizer"
        try:
            saved = from_bytes(file.read_bytes()) if file.is_file() else None
        except (ValueError, KeyError, TypeError):
            saved = None  # of another version, or cut off: the sources have it all
        if saved is not None and saved.digest == digest:
            return saved
    return compile_files([*lexicon_files(), *medspacy_files()], digest)

"""Words to atoms: one left-to-right pass over the trie, the longest phrase first, each word in one phrase only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nlp.layout import Layout
from nlp.lexicon import WEIGHTLESS, Entry, Trie
from nlp.tokens import Words

#: A phrase goes on over them: his leg "gave out".
_QUOTES = frozenset(('"', "\u201c", "\u201d"))


class Atom:
    """A phrase found: words `start` to `end`, and what it can mean (`entries`, one a lexicon that holds it)."""

    __slots__ = ("end", "entries", "labels", "start")

    def __init__(
        self, start: int, end: int, entries: tuple[Entry, ...], labels: Sequence[str] | None = None
    ) -> None:
        self.start = start
        self.end = end
        self.entries = entries
        self.labels: Sequence[str] = [entry.label for entry in entries] if labels is None else labels

    def get(self, label: str) -> Entry | None:
        """The entry of that label, if the phrase has one."""
        for entry in self.entries:
            if entry.label == label:
                return entry
        return None

    def attribute(self, key: str) -> Any:
        for entry in self.entries:
            value = entry.attributes.get(key)
            if value is not None:
                return value
        return None


def find_atoms(words: Words, layout: Layout, trie: Trie) -> list[Atom]:
    """Return the atoms of a text in their order. A phrase crosses no sentence, no table column, no noise line."""
    norms, raws, gaps, sentence = words.norms, words.raws, words.gaps, layout.sentence
    root, found_of, noise = trie.root, trie.phrases(), layout.noise
    atoms: list[Atom] = []
    size = len(norms)
    i = 0
    while i < size:
        node = root.get(norms[i])
        if node is None or i in noise:
            i += 1
            continue
        here = sentence[i]
        candidates: list[tuple[int, int]] = []
        j = i + 1
        if "" in node:
            candidates.append((j, node[""]))
        while j < size and sentence[j] == here and (len(gaps[j]) < 4 or j in noise):
            if noise and j in noise:
                j += 1
                continue
            word = norms[j]
            following = node.get(word)
            if following is None:
                if word in WEIGHTLESS or word in _QUOTES:
                    j += 1
                    continue
                break
            node = following
            j += 1
            if "" in node:
                candidates.append((j, node[""]))
        while candidates:
            end, number = candidates.pop()
            entries, labels, is_plain = found_of[number]
            if is_plain:
                atoms.append(Atom(i, end, entries, labels))
                i = end
                break
            entries = _allowed(entries, raws, norms, i, end, layout)
            if entries:
                atoms.append(Atom(i, end, entries))
                i = end
                break
        else:
            i += 1
    return atoms


def _allowed(
    entries: tuple[Entry, ...], raws: list[str], norms: list[str], start: int, end: int, layout: Layout
) -> tuple[Entry, ...]:
    """Those entries whose case and context fit here."""
    around: set[str] | None = None
    kept = []
    for entry in entries:
        if entry.case is not None and " ".join(raws[start:end]) != entry.case:
            continue
        if entry.context or entry.not_context:
            if around is None:
                first, last = layout.sentences[layout.sentence[start]]
                around = set(norms[first:last])
            if entry.context and not (entry.context & around):
                continue
            if entry.not_context & around:
                continue
        kept.append(entry)
    return tuple(kept)


def phrase_at(norms: list[str], trie: Trie) -> tuple[Entry, ...] | None:
    """The entries of the last phrase in a long form ("chronic lumbar spinal stenosis"), if it ends in one."""
    for start in range(len(norms)):
        node = trie.root
        for word in norms[start:]:
            if word in WEIGHTLESS and word not in node:
                continue
            if word not in node:
                break
            node = node[word]
        else:
            if "" in node and node is not trie.root:
                found = tuple(entry for entry in trie.found[node[""]] if entry.is_fact)
                return found or None
    return None

"""Abbreviations that a note defines itself: "lumbar spinal stenosis (LSS)" makes a later "LSS" that stenosis.

scispaCy's detector (Schwartz and Hearst 2003) finds the definitions. It runs only on notes that hold something like
one, and is imported only then.
"""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import Any

from spacy.language import Language
from spacy.vocab import Vocab

from nlp.lexicon import Lexicon
from nlp.mentions import Atom, phrase_at
from nlp.note import Note
from nlp.tokens import Words, make_doc

_DEFINITION = re.compile(r"[a-z]{2} ?\(([A-Z][A-Za-z]{1,6})\)")


@cache
def _detector(vocab: Vocab) -> Any:
    from scispacy.abbreviation import AbbreviationDetector

    return AbbreviationDetector(Language(vocab))


def resolve_abbreviations(note: Note, vocab: Vocab, known: Lexicon) -> None:
    """Add an atom wherever a short form stands that the note defines with words of a lexicon."""
    if len(note.words.text) > 100_000 or _DEFINITION.search(note.words.text) is None:
        return
    doc = make_doc(vocab, note.words)
    long_forms: dict[str, str] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the detector warns of its own empty matcher
        found = _detector(doc.vocab)(doc)._.abbreviations
    for span in found:
        long_forms.setdefault(span.text, span._.long_form.text)
    if not long_forms:
        return
    taken = {i for atom in note.atoms for i in range(atom.start, atom.end)}
    added = []
    for short, long in long_forms.items():
        entries = phrase_at(Words(long, known.speller).norms, known.trie)
        if entries is None:
            continue
        for i, raw in enumerate(note.words.raws):
            if raw == short and i not in taken:
                added.append(Atom(i, i + 1, entries))
    if added:
        note.set_atoms(sorted([*note.atoms, *added], key=lambda atom: atom.start))

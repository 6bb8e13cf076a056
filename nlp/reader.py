"""The reader: a spaCy `Language` that reads one document, stage by stage, in the order of a note.

`load()` opens the saved reader; `build()` makes it anew from the lexicons.
"""

# No postponed annotations here: spaCy reads those of the factories.
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import registry
from spacy.vocab import Vocab

from nlp.abbreviations import resolve_abbreviations
from nlp.conditions import read_conditions
from nlp.exam import read_exam
from nlp.lexicon import lexicon, saved_paths, to_bytes
from nlp.note import Note
from nlp.studies import read_studies
from nlp.symptoms import read_symptoms
from nlp.tokens import Words, make_doc
from nlp.treatments import read_treatments

#: Characters; spaCy's own limit of a million guards against parsers that this reader does not have.
MAX_LENGTH = 50_000_000

#: The stages in the order in which a note is read.
STAGES: tuple[tuple[str, Callable[[Note], None]], ...] = (
    ("indicia_sections", lambda note: note.find_layout(lexicon())),
    ("indicia_mentions", lambda note: note.find_atoms(lexicon())),
    ("indicia_assertions", lambda note: note.find_scopes()),
    ("indicia_times", lambda note: note.find_times()),
    ("indicia_exam", read_exam),
    ("indicia_symptoms", read_symptoms),
    ("indicia_treatments", read_treatments),
    ("indicia_studies", read_studies),
    ("indicia_conditions", read_conditions),
)


class Tokenizer:
    """Words of clinical text; the parallel lists stay in `doc.user_data["words"]`."""

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab
        self.speller = lexicon().speller

    def __call__(self, text: str) -> Doc:
        words = Words(text, self.speller)
        doc = make_doc(self.vocab, words)
        doc.user_data["words"] = words
        return doc

    def to_bytes(self, exclude: tuple[str, ...] = ()) -> bytes:
        return to_bytes(lexicon())

    def from_bytes(self, data: bytes, exclude: tuple[str, ...] = ()) -> "Tokenizer":
        return self

    def to_disk(self, path: str | Path, exclude: tuple[str, ...] = ()) -> None:
        """Save the compiled lexicon, so that opening it takes a tenth of the time of compiling."""
        Path(path).write_bytes(to_bytes(lexicon()))

    def from_disk(self, path: str | Path, exclude: tuple[str, ...] = ()) -> "Tokenizer":
        return self


@registry.tokenizers("indicia.tokenizer.v1")
def create_tokenizer() -> Callable[[Language], Tokenizer]:
    return lambda nlp: Tokenizer(nlp.vocab)


def note_of(doc: Doc) -> Note:
    """The note behind a doc; made at the first stage."""
    note = doc.user_data.get("note")
    if note is None:
        words = doc.user_data.get("words") or Words(doc.text, lexicon().speller)
        note = Note(
            words,
            doc.user_data.get("kind", "office_note"),
            doc.user_data.get("anchor"),
            doc.user_data.get("fallback"),
        )
        doc.user_data["note"] = note
    assert isinstance(note, Note)
    return note


class Abbreviations:
    """Short forms that the note defines (scispaCy), as a spaCy component."""

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def run(self, note: Note) -> None:
        resolve_abbreviations(note, self.vocab, lexicon())

    def __call__(self, doc: Doc) -> Doc:
        self.run(note_of(doc))
        return doc


class Stage:
    """One stage of the reader as a spaCy component."""

    def __init__(self, run: Callable[[Note], None]) -> None:
        self.run = run

    def __call__(self, doc: Doc) -> Doc:
        self.run(note_of(doc))
        return doc


def _register() -> None:
    for name, run in STAGES:
        Language.factory(name, func=_factory(run))
    Language.factory("indicia_abbreviations", func=_create_abbreviations)
    Language.component("indicia_spans", func=show_spans)


def _create_abbreviations(nlp: Language, name: str) -> Abbreviations:
    return Abbreviations(nlp.vocab)


def _factory(run: Callable[[Note], None]) -> Callable[[Language, str], Stage]:
    def create(nlp: Language, name: str) -> Stage:
        return Stage(run)

    return create


def show_spans(doc: Doc) -> Doc:
    """Put the mentions into `doc.spans["facts"]`, labelled type/assertion, for spaCy's and medspaCy's viewers."""
    note = note_of(doc)
    starts, ends = note.words.starts, note.words.ends
    spans: list[Span] = []
    for mention in note.mentions:
        span = doc.char_span(
            starts[mention.start], ends[mention.end - 1], label=f"{mention.type}/{mention.assertion}"
        )
        if span is not None:
            spans.append(span)
    doc.spans["facts"] = spans
    return doc


_register()


def build() -> Language:
    """Make the reader from the lexicons."""
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "indicia.tokenizer.v1"}}})
    nlp.max_length = MAX_LENGTH
    for name, _ in STAGES:
        nlp.add_pipe(name)
    nlp.add_pipe("indicia_abbreviations", after="indicia_mentions")
    nlp.add_pipe("indicia_spans")
    return nlp


def load(path: Path | None = None) -> Language:
    """Open the saved reader: `path`, else models/indicia_reader beside the package, else the installed copy.

    Raises OSError where no saved reader is found there.
    """
    for candidate in (path,) if path else saved_paths():
        if (candidate / "config.cfg").is_file():
            nlp = spacy.load(candidate)
            nlp.max_length = MAX_LENGTH
            return nlp
    if path is not None:
        raise OSError(f"no saved reader in {path}: build it with `python -m nlp.reader {path}`")
    return build()


def read(
    nlp: Language,
    text: str,
    kind: str = "office_note",
    anchor: date | None = None,
    fallback: date | None = None,
) -> Note:
    """Read one document. Relative times count from `anchor`, else from the text's own date, else from `fallback`."""
    note = Note(Words(text, lexicon().speller), kind, anchor, fallback)
    for name, stage in nlp.pipeline:
        if name != "indicia_spans":  # spans are for viewers; without them no spaCy Doc has to be made
            stage.run(note)  # type: ignore[attr-defined]
    return note


def save(path: Path) -> None:
    """Build the reader anew and save it to `path`, so that `spacy.load(path)` opens it."""
    nlp = build()
    nlp.meta.update(
        lang="en",
        name="indicia_reader",
        version="0.1.0",
        license="Apache-2.0",
        author="indicia",
        description="Reads clinical documents for lumbar spine MRI criteria: sections, mentions, assertions, times, findings.",
    )
    nlp.to_disk(path)


if __name__ == "__main__":
    save(Path(sys.argv[1]) if len(sys.argv) > 1 else saved_paths()[0])

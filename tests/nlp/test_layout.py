"""Sections, sentences, rows and tick boxes."""

from __future__ import annotations

import pytest
from spacy.language import Language

from nlp.layout import NO, UNTICKED, YES, read_layout
from nlp.lexicon import lexicon
from nlp.reader import build, load, read
from nlp.tokens import Words


def _sentences(text: str) -> list[str]:
    words = Words(text, lexicon().speller)
    layout = read_layout(words, lexicon().headings)
    return [text[words.starts[a] : words.ends[b - 1]] for a, b in layout.sentences]


def _categories(text: str) -> dict[str, str]:
    words = Words(text, lexicon().speller)
    layout = read_layout(words, lexicon().headings)
    return {words.raws[i]: layout.parts[layout.part[i]].category for i in range(len(words))}


def _marks(text: str) -> dict[str, int]:
    words = Words(text, lexicon().speller)
    layout = read_layout(words, lexicon().headings)
    return {words.raws[i]: layout.marks[i] for i in range(len(words))} if layout.marks else {}


def test_a_wrapped_line_goes_on_and_a_bullet_does_not() -> None:
    assert _sentences("- no fever or\n  chills\n- numb left foot") == [
        "- no fever or\n  chills",
        "- numb left foot",
    ]


def test_an_abbreviation_ends_no_sentence() -> None:
    assert _sentences("Seen by Dr. Ames today. Pain is worse.") == [
        "Seen by Dr. Ames today.",
        "Pain is worse.",
    ]


def test_a_quotation_ends_with_its_stop() -> None:
    assert len(_sentences('She says it is "not good." He did therapy.')) == 2


def test_headings_in_a_dictated_line_open_their_parts() -> None:
    found = _categories(
        "He reads a lot. PAST MEDICAL HISTORY: Gout. MEDICATIONS: Naproxen. FAMILY HISTORY: Scoliosis."
    )
    assert (found["Gout"], found["Naproxen"], found["Scoliosis"]) == ("pmh", "medications", "family")


def test_a_body_system_stays_in_its_review_or_examination() -> None:
    found = _categories("ROS:\nNeuro: denies tingling\nEXAM:\nNeuro: intact\n")
    assert (found["tingling"], found["intact"]) == ("ros", "exam")


@pytest.mark.parametrize(
    ("text", "word", "mark"),
    [
        ("Fever      [ ] yes  [x] no", "Fever", NO),
        ("Fever      [x] yes  [ ] no", "Fever", YES),
        ("Fever      [ ] yes  [ ] no", "Fever", UNTICKED),
        ("Fever      yes [ ]  no [x]", "Fever", NO),
        ("[x] low back   [ ] neck", "neck", UNTICKED),
        ("HAVE YOU HAD          Y     N\n   Cancer            [ ]   [x]", "Cancer", NO),
        ("BACKGROUND            Y      N\n Pacemaker                     X", "Pacemaker", NO),
    ],
)
def test_a_tick_says_yes_or_no_of_its_question(text: str, word: str, mark: int) -> None:
    assert _marks(text)[word] == mark


def test_fax_lines_belong_to_no_sentence() -> None:
    text = "pain in the low\n06/02/2025 14:22   FAX   Clinic    P. 02/03\nback for 3 weeks"
    note = read(build(), text)
    assert [m.type for m in note.mentions] == ["low_back_pain"]


def test_a_word_broken_at_the_line_end_is_read_whole() -> None:
    note = read(build(), "He has ten-\nderness over the spine and weak-\nness of the left EHL on exam.")
    assert {m.type for m in note.mentions} >= {"motor_weakness"}


def test_words_keep_every_offset() -> None:
    text = "PT\u2019s  caf\u00e9\t4+/5 \u2013 x6wks\n\nfa1ls"
    words = Words(text, lexicon().speller)
    assert [text[s:e] for s, e in zip(words.starts, words.ends, strict=True)] == words.raws
    assert words.norms[-1] == "falls"


@pytest.mark.parametrize(
    "text", ["", " \n\t ", "\x00", "\x00\x01\x02" * 50, "]" * 500, "1/" * 300, "\u202e" * 20]
)
def test_odd_text_is_read_without_findings(text: str) -> None:
    assert read(build(), text).mentions == []


def test_the_saved_reader_reads_as_the_built_one() -> None:
    text = "Denies leg pain. L EHL 4/5. PT 3/2/2026 to 4/20/2026 without relief."

    def labels(nlp: Language) -> list[tuple[str, str]]:
        doc = nlp(text)
        return [(span.text, span.label_) for span in doc.spans["facts"]]

    assert labels(load()) == labels(build()) != []

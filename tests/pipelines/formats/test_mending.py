"""What paper and recognition do to a note is undone before reading, and every offset leads back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.formats.document import Extracted
from pipelines.formats.mend import Mended, mend

WORDS = frozenset(
    "weakness weak therapy low back limit patient tenderness drop foot numbness no medicine".split()
)
FAX = "03/02/2026 08:15   FROM: SPINE CLINIC   FAX 555-0100   P. 2/3"


def mended(text: str, recognised: bool = False, format_: str = "text", **more: object) -> Mended:
    document = Extracted("file", format_, text, recognised=recognised, **more)  # type: ignore[arg-type]
    return mend(document, WORDS.__contains__)


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("left foot weak-\n\f\nness today", "left foot weakness\ntoday"),
        (f"pain goes down the\n\n{FAX}\n\nleft leg to the foot", "pain goes down the\nleft leg to the foot"),
        (f"Low back pain.\n{FAX}\nEXAM: foot drop", "Low back pain.\nEXAM: foot drop"),
        (f"no weak-\n{FAX}\nness in the legs", "no weakness\nin the legs"),
        ("page one ends here\n\fand goes on", "page one ends here\nand goes on"),
        ("a \ufb01nding", "a finding"),
    ],
)
def test_plain_text_from_paper_is_put_together(sent: str, meant: str) -> None:
    assert mended(sent).text == meant


@pytest.mark.parametrize(
    "text", ["EXAM: left foot drop.\r\nPLAN: MRI.", "low-grade fever", "A note.\n\nAnother page of it.", ""]
)
def test_text_that_no_machine_has_touched_stays_as_it_is(text: str) -> None:
    assert mended(text).text == text


def test_a_hyphen_that_belongs_to_the_word_stays() -> None:
    assert mended("with low-\nback pain", format_="pdf").text == "with low-back\npain"
    assert mended("shows weak-\nness today", format_="pdf").text == "shows weakness\ntoday"


@pytest.mark.parametrize(
    ("seen", "meant"),
    [
        ("L5-Sl disc", "L5-S1 disc"),
        ("at L4-LS and LS-S1", "at L4-L5 and L5-S1"),
        ("EHL 4/S on the left", "EHL 4/5 on the left"),
        ("for S weeks", "for 5 weeks"),
        ("on l2/03/2O25", "on 12/03/2025"),
        ("pain. Neo weakness", "pain. No weakness"),
        ("her visit lirnit", "her visit limit"),
        ("PATlENT seen", "PATIENT seen"),
        ("EHL R5/5 and L4/5", "EHL R 5/5 and L 4/5"),
    ],
)
def test_common_confusions_of_recognition_are_mended(seen: str, meant: str) -> None:
    assert mended(seen, recognised=True).text == meant


@pytest.mark.parametrize(
    "text", ["ICD S13.4 and I10", "S1 root, L5, T12", "Is 5 ft 11", "vitamin B12", "O2 sat 98%", "Name: Sims"]
)
def test_codes_levels_and_names_are_no_confusions(text: str) -> None:
    assert mended(text, recognised=True).text == text


def test_a_number_or_negation_that_was_guessed_is_marked_unsure() -> None:
    document = Extracted("file", "picture", "therapy for S weeks at L5-Sl", recognised=True)
    mend(document, WORDS.__contains__)
    assert [document.text[start:end] for start, end in document.unsure] == ["S"]


def test_lines_that_end_for_want_of_room_are_joined() -> None:
    text = "pain for eight\nweeks\nPLAN: MRI"
    assert mended(text, format_="pdf", wrapped=[14]).text == "pain for eight weeks\nPLAN: MRI"


def test_a_sentence_over_a_page_goes_on_behind_footer_and_header() -> None:
    text = "denies bladder\nPage 1 of 2\n\fDoe, Jane\nor bowel changes"
    found = mended(text, format_="pdf", wrapped=[14], repeated=[(15, 26), (28, 37)])
    assert found.text == "denies bladder or bowel changes"


PIECES = st.lists(
    st.sampled_from(
        [
            "left foot drop ",
            "weak-\nness ",
            "\f",
            f"\n{FAX}\n",
            "for S weeks ",
            "L5-Sl ",
            "\ufb01nding ",
            "no pain.\n",
            "\n\n",
        ]
    ),
    max_size=12,
)


@given(PIECES)
def test_every_word_of_the_mended_text_leads_back_to_its_own_place(pieces: list[str]) -> None:
    source = "".join(pieces)
    found = mended(source, recognised=True)
    at = found.text.find("foot drop")
    while at >= 0:
        start, end = found.span_of(at, at + len("foot drop"))
        assert source[start:end] == "foot drop"
        at = found.text.find("foot drop", at + 1)
    spans = [found.span_of(place, place + 1) for place in range(len(found.text))]
    assert all(0 <= start < end <= len(source) for start, end in spans)
    assert [start for start, _ in spans] == sorted(start for start, _ in spans)


def test_a_quote_of_a_mended_word_is_what_was_sent() -> None:
    source = f"no weak-\n{FAX}\nness in the legs"
    found = mended(source)
    at = found.text.index("weakness")
    start, end = found.span_of(at, at + len("weakness"))
    assert source[start:end] == f"weak-\n{FAX}\nness"


@pytest.mark.parametrize(
    ("seen", "meant"),
    [
        ("Fever   []   [x]", "Fever   [ ]   [x]"),
        ("Fever   {]   [x]", "Fever   [ ]   [x]"),
        ("Weight loss   [ ]   fx]", "Weight loss   [ ]   [x]"),
        ("SLR  L[ ] pos   [x] neg   [J] not done", "SLR  L[ ] pos   [x] neg   [ ] not done"),
        ("Spine   [ ] yes - [x] none", "Spine   [ ] yes  [x] none"),
        ("Review       Y     oN", "Review       Y      N"),
        ("a type | malformation", "a type I malformation"),
    ],
)
def test_boxes_and_strokes_that_dust_has_broken_are_put_right(seen: str, meant: str) -> None:
    assert mended(seen, recognised=True).text == meant


def unsure(text: str) -> list[str]:
    document = Extracted("file", "picture", text, recognised=True)
    mend(document, WORDS.__contains__)
    return [text[start:end] for start, end in document.unsure]


def test_a_question_with_both_boxes_ticked_is_not_relied_on() -> None:
    assert unsure("Fever   [x]   [x]") == ["[x]", "[x]"]
    assert unsure("Fever   [ ]   [x]") == []


def test_a_question_with_a_box_that_nobody_can_make_out_is_not_relied_on() -> None:
    assert unsure("Reflexes   [x] normal   [$ abnormal") == ["[x]"]


def test_a_cross_between_yes_and_no_is_not_relied_on() -> None:
    head = "Review              Y         N\n"
    assert unsure(head + "Fever                         X") == []
    assert unsure(head + "Fever               X") == []
    assert unsure(head + "Fever                    X") == ["X"]
    assert unsure("Fever                    X") == ["X"]

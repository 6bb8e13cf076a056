"""Texts with marks lose no character, whatever the marks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.evaluate_marks import Mark, pieces, visible

marks = st.builds(
    Mark,
    st.integers(-2, 22),
    st.integers(-2, 22),
    st.sampled_from(["gold", "found", "cue"]),
    st.sampled_from(["agree", "assertion", "missed", "extra"]),
    st.integers(1, 4),
)


@given(st.text("ab \n\x00\u202e", max_size=20), st.lists(marks, max_size=8))
def test_the_pieces_make_up_the_text_and_every_usable_mark_is_referred_to(
    text: str, given_marks: list[Mark]
) -> None:
    found = pieces(text, given_marks, set())
    assert "".join(piece.text for piece in found) == visible(text)
    usable = [mark for mark in given_marks if 0 <= mark.start < mark.end <= len(text)]
    assert {ref.row for piece in found for ref in piece.refs} == {mark.row for mark in usable}
    facts = {mark.row for mark in usable if mark.source != "cue"}
    firsts = [ref.row for piece in found for ref in piece.refs if ref.is_first]
    assert sorted(firsts) == sorted(facts)


def test_where_marks_overlap_a_piece_has_both_and_the_worse_kind() -> None:
    text = "no left foot drop"
    found = pieces(text, [Mark(3, 17, "gold", "agree", 1), Mark(8, 17, "found", "extra", 2)], set())
    assert [(piece.text, piece.classes) for piece in found] == [
        ("no ", ()),
        ("left ", ("gold", "agree")),
        ("foot drop", ("gold", "found", "extra")),
    ]
    assert [ref.row for ref in found[-1].refs] == [1, 2]


def test_a_character_that_turns_the_writing_around_is_shown_as_unreadable() -> None:
    assert visible("no\u202e pain\x00\n") == "no\ufffd pain\ufffd\n"

"""The benchmark measures what it says, on a tiny scale (its figures are made by `indicia bench`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy

from pipelines import bench
from pipelines.errors import InputError

Write = Callable[..., Path]


def test_notes_are_read_from_plain_objects_and_from_cases(
    write_lines: Write, case: Callable[..., Any]
) -> None:
    path = write_lines(
        [{"text": "one"}, {"note": "two"}, case("A", "three"), "{", [1], {"text": " "}, {"text": "5"}]
    )
    assert bench.read_notes(path, 10) == ["one", "two", "three", "5"]
    assert bench.read_notes(path, 2) == ["one", "two"]


def test_a_file_without_notes_is_refused(write_lines: Write) -> None:
    with pytest.raises(InputError, match="holds no notes"):
        bench.read_notes(write_lines([{"other": 1}]), 10)


def test_the_stock_matcher_gets_157_rules() -> None:
    assert len(set(bench.STOCK_TERMS)) == 157


def test_all_figures_are_measured_and_printed(
    write_lines: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "_POOL_SECONDS", 0.1)
    monkeypatch.setattr(bench, "_TURN_SECONDS", 0.1)
    monkeypatch.setattr(bench, "_LONG", 20_000)
    monkeypatch.setattr(bench, "_stock_medspacy", lambda: spacy.blank("en"))
    notes = write_lines([{"text": "Low back pain for 6 weeks. Left foot drop on exam."}])
    figures = bench.measure(notes, limit=1, rounds=1)
    assert figures["notes"] == 1
    assert "times_stock_medspacy" in figures
    assert figures["workers"]["cases"] >= 64
    assert figures["length"]["ratio"] > 0
    bench.print_figures(figures)
    assert "2 workers against 1" in capsys.readouterr().out

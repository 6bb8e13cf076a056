"""`indicia evaluate`: figures and pages from labelled cases."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pipelines import batch
from pipelines.errors import InputError
from pipelines.evaluate import run

Json = dict[str, Any]
Write = Callable[..., Path]

NASTY = '<script>alert("x")</script> & \u202e <b onclick=x>'
NOTE = (
    f"HPI: 54 year old with low back pain. She denies fever. {NASTY}\n"
    "EXAM: Left foot drop, tibialis anterior 2/5 on the left.\nPLAN: MRI lumbar spine.\n"
)
FEVER = {"type": "fever", "assertion": "absent", "quote": "fever", "document_id": "note-1"}
DROP = {"type": "foot_drop", "assertion": "absent", "quote": "Left foot drop", "document_id": "note-1"}
GOLD: Json = {
    "determination": "does_not_meet",
    "indications": {"neuro.foot_drop": {"status": "not_met", "missing": [], "contradicted": ["<i>a</i>"]}},
    "gate": "open",
    "facts": [FEVER, {**DROP, "attributes": {"side": "right", "<u>": NASTY}}],
    "why": NASTY,
}


class Page(HTMLParser):
    """The tags, ids, addresses and texts of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.outside: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            elif name == "href" and value:
                self.links.append(value)
            elif name in ("src", "srcset", "action", "style", "background") or name.startswith("on"):
                self.outside.append((name, value))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def gold(write_lines: Write, case: Callable[..., Json]) -> Path:
    return write_lines([case(f"E-{n} {NASTY}", NOTE, gold=GOLD) for n in range(5)], "gold.jsonl")


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_bytes_depend_neither_on_the_workers_nor_on_who_decided(gold: Path, tmp_path: Path) -> None:
    batch.run(gold, tmp_path / "results.jsonl", workers=1)
    run(gold, tmp_path / "one", workers=1)
    run(gold, tmp_path / "two", workers=2)
    run(gold, tmp_path / "file", results=tmp_path / "results.jsonl")
    assert files(tmp_path / "one") == files(tmp_path / "two") == files(tmp_path / "file")
    assert set(files(tmp_path / "one")) == {"index.html", "scores.json", "misses.jsonl"}


@pytest.mark.parametrize("page_size", [2, 25])
def test_pages_fetch_nothing_run_nothing_and_all_links_lead_somewhere(
    gold: Path, tmp_path: Path, page_size: int
) -> None:
    run(gold, tmp_path / "out", workers=1, page_size=page_size)
    pages = {path.name: Page(path) for path in (tmp_path / "out").glob("*.html")}
    assert len(pages) == (4 if page_size == 2 else 1)
    for name, page in pages.items():
        assert not {"script", "link", "img", "iframe", "object", "b", "i", "u"} & set(page.tags)
        assert not page.outside
        assert len(page.ids) == len(set(page.ids))
        for link in page.links:
            file, _, anchor = link.partition("#")
            assert (file or name) in pages
            assert not anchor or anchor in pages[file or name].ids
    articles = sum(page.tags.count("article") for page in pages.values())
    assert articles == 5


def test_a_miss_shows_the_note_both_sides_and_the_words_that_decided(gold: Path, tmp_path: Path) -> None:
    run(gold, tmp_path / "out", workers=1)
    text = Page(tmp_path / "out" / "index.html").text
    shown = re.sub(r"\s+", " ", text)
    assert '<script>alert("x")</script> & \ufffd <b onclick=x>' in shown
    assert "Decided by the cue: denies (negated)" in shown
    assert "false meets" in shown
    assert "differs: side right" in shown
    assert "contradicted <i>a</i>" in shown
    miss = json.loads((tmp_path / "out" / "misses.jsonl").read_text("utf-8").split("\n")[0])
    assert miss["determination"] == {"gold": "does_not_meet", "also": [], "found": "meets_criteria"}
    drop = next(row for row in miss["facts"] if row["type"] == "foot_drop")
    assert drop["kind"] == "assertion"
    for fact in [*drop["gold"], *drop["found"]]:
        for quote in fact["evidence"]:
            assert NOTE[quote["start"] : quote["end"]] == quote["text"]


def test_a_line_that_cannot_be_used_is_told_and_the_others_are_counted(
    write_lines: Write, case: Callable[..., Json], tmp_path: Path
) -> None:
    secret = "Zebulon"
    lines = [
        case("good", NOTE, gold=GOLD),
        "{broken " + secret,
        case("unlabelled", NOTE),
        case("wrong word", NOTE, gold={**GOLD, "determination": secret}),
        case("wrong fact", NOTE, gold={**GOLD, "facts": [{"type": "fever", "assertion": secret}]}),
        case("good", NOTE, gold=GOLD),
        case("too old", NOTE, gold=GOLD, service_date="1999-01-01"),
    ]
    evaluation = run(write_lines(lines), tmp_path / "out", workers=1)
    assert [unusable.line for unusable in evaluation.unusable] == [2, 3, 4, 5, 6]
    assert (evaluation.scores.cases, evaluation.scores.without_result) == (2, 1)
    messages = " ".join(unusable.message for unusable in evaluation.unusable)
    assert secret not in messages
    assert "gold.determination" in messages
    assert "gold.facts[0].assertion" in messages
    scores = json.loads((tmp_path / "out" / "scores.json").read_bytes())
    assert len(scores["unusable_lines"]) == 5
    assert "no_edition" in Page(tmp_path / "out" / "index.html").text


def test_results_are_found_by_case_id_in_any_order(gold: Path, tmp_path: Path) -> None:
    batch.run(gold, tmp_path / "results.jsonl", workers=1)
    lines = (tmp_path / "results.jsonl").read_bytes().splitlines(keepends=True)
    stranger = json.dumps({"case_id": "stranger", "determination": "meets_criteria"}).encode() + b"\n"
    mixed = tmp_path / "mixed.jsonl"
    mixed.write_bytes(b"".join([lines[4], stranger, lines[2], lines[1], lines[0]]))
    evaluation = run(gold, tmp_path / "out", results=mixed)
    assert evaluation.scores.without_result == 1  # the fourth
    assert evaluation.results_left == 1
    assert evaluation.scores.by_kind["no_result"] == [4]


def test_a_result_that_cannot_be_used_is_told_without_its_words(
    write_lines: Write, case: Callable[..., Json], tmp_path: Path
) -> None:
    gold = write_lines([case("A", NOTE, gold=GOLD)], "gold.jsonl")
    results = write_lines([{"case_id": "A", "determination": "Zebulon"}], "results.jsonl")
    evaluation = run(gold, tmp_path / "out", results=results)
    (unusable,) = evaluation.unusable
    assert (unusable.file, unusable.line) == ("results.jsonl", 1)
    assert "Zebulon" not in unusable.message
    assert evaluation.scores.without_result == 1


def test_labels_of_the_determination_alone_are_enough(
    write_lines: Write, case: Callable[..., Json], tmp_path: Path
) -> None:
    gold = write_lines([case("A", NOTE, gold={"determination": "meets_criteria"})])
    evaluation = run(gold, tmp_path / "out", workers=1)
    assert evaluation.scores.misses == 0
    assert evaluation.scores.figures()["determination_accuracy"] == 1.0
    assert "article" not in Page(tmp_path / "out" / "index.html").tags
    run(gold, tmp_path / "out", workers=1, show_all=True)
    assert "article" in Page(tmp_path / "out" / "index.html").tags


def test_a_second_evaluation_replaces_its_own_files_and_no_others(gold: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    run(gold, output, workers=1, page_size=1)
    (output / "notes.txt").write_text("mine")
    run(gold, output, workers=1)
    assert set(files(output)) == {"index.html", "scores.json", "misses.jsonl", "notes.txt"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in output.iterdir() if path.name != "notes.txt"} == {
        0o600
    }
    assert not list(tmp_path.glob(".out*"))


def test_nothing_is_written_where_no_case_is_labelled(
    write_lines: Write, case: Callable[..., Json], tmp_path: Path
) -> None:
    for lines in ([], [case("A")]):
        with pytest.raises(InputError, match="gold"):
            run(write_lines(lines), tmp_path / "out", workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["cases.jsonl"]


def test_the_command_prints_the_figures_and_says_by_its_code_whether_all_was_counted(
    indicia: Callable[..., tuple[int, str, str]],
    gold: Path,
    write_lines: Write,
    tmp_path: Path,
) -> None:
    code, out, _ = indicia("evaluate", gold, "--output", tmp_path / "out", "--workers", 1)
    assert code == 0
    assert "0.000  Determination accuracy  0 of 5" in out
    assert str(tmp_path / "out" / "index.html") in out
    broken = write_lines([*gold.read_bytes().splitlines(), "{"], "broken.jsonl")
    code, _, err = indicia("evaluate", broken, "--output", tmp_path / "out", "--workers", 1)
    assert code == 1
    assert "lines that could not be used: 1;" in err
    code, _, err = indicia("evaluate", tmp_path / "nowhere.jsonl", "--output", tmp_path / "other")
    assert code == 2
    assert not (tmp_path / "other").exists()

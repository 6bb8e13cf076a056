"""The command as a clinic or a payer uses it: answers, exit codes, messages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import pipelines
from pipelines.check import Answer

Run = Callable[..., tuple[int, str, str]]
Make = Callable[..., Any]


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "visit.txt"
    path.write_bytes(
        b"HPI: severe low back pain and left sciatica for 2 weeks.\r\n\r\n"
        b"EXAM:\r\nLeft foot drop, tibialis anterior 2/5 on the left.\r\n"
    )
    return path


def test_a_note_is_checked_to_a_report_that_opens_with_the_answer(indicia: Run, note: Path) -> None:
    code, out, err = indicia("check", note, "--service-date", "2026-03-02", "--cpt", "72148", "--age", "54")
    assert (code, err) == (0, "")
    first = out.splitlines()[0]
    assert first.startswith("visit: ")
    assert "NIA_CG_044 edition 2023-12" in out


def test_a_met_case_shows_the_words_and_where_they_stand(indicia: Run, note: Path) -> None:
    _, out, _ = indicia("check", note, "--service-date", "2026-03-02", "--cpt", "72148", "--age", "54")
    assert out.startswith("visit: Meets criteria.")
    assert "neuro.foot_drop" in out
    assert "visit.txt, line 4" in out


def test_options_fill_in_what_the_file_lacks_and_nothing_else(
    indicia: Run, tmp_path: Path, case: Make
) -> None:
    path = tmp_path / "case.json"
    path.write_text(json.dumps(case()))
    code, out, _ = indicia("check", path, "--json", "--service-date", "2026-04-04", "--cpt", "99213")
    result = json.loads(out)
    assert code == 0
    assert result["service_date"] == "2026-03-02"
    assert result["determination"] != "out_of_scope"


def test_the_json_of_check_is_the_line_of_batch(
    indicia: Run, tmp_path: Path, case: Make, write_lines: Callable[..., Path]
) -> None:
    path = tmp_path / "case.json"
    path.write_text(json.dumps(case()))
    _, out, _ = indicia("check", path, "--json")
    indicia("batch", write_lines([case()]), "--output", tmp_path / "out.jsonl", "--workers", "1")
    assert json.loads(out) == json.loads((tmp_path / "out.jsonl").read_text())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "nowhere.txt"], "nowhere.txt: there is no such file. Check the path."),
        (["batch", "nowhere.jsonl", "--output", "out.jsonl"], "nowhere.jsonl: no such file or folder."),
    ],
)
def test_a_missing_file_is_exit_code_2_with_a_message_in_words(
    indicia: Run, arguments: list[str], words: str
) -> None:
    code, out, err = indicia(*arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err


@pytest.mark.parametrize("arguments", [["check"], ["batch", "x"], ["nonsense"], ["schema", "nothing"]])
def test_wrong_usage_is_exit_code_2(indicia: Run, arguments: list[str]) -> None:
    code, _, err = indicia(*arguments)
    assert code == 2
    assert "Traceback" not in err


def test_a_wrong_option_is_exit_code_2_and_named(indicia: Run, note: Path) -> None:
    code, out, err = indicia("check", note, "--service-date", "yesterday")
    assert (code, out) == (2, "")
    assert "service_date: must be a date written YYYY-MM-DD" in err


def test_a_case_that_cannot_be_decided_is_exit_code_1(indicia: Run, note: Path) -> None:
    code, out, err = indicia("check", note, "--service-date", "1999-01-01")
    assert code == 1
    assert "not decided" in out
    assert err == ""


def test_a_note_without_any_date_is_taken_as_of_today_and_says_so(indicia: Run, tmp_path: Path) -> None:
    path = tmp_path / "undated.txt"
    path.write_text("EXAM: Left foot drop, tibialis anterior 2/5 on the left.")
    code, out, _ = indicia("check", path, "--json")
    result = json.loads(out)
    assert code == 0
    assert result["service_date"] == date.today().isoformat()
    assert "service_date_today" in {remark["code"] for remark in result["remarks"]}


def test_a_batch_is_silent_off_a_terminal_and_exits_0(
    indicia: Run, tmp_path: Path, case: Make, write_lines: Callable[..., Path]
) -> None:
    output = tmp_path / "out.jsonl"
    assert indicia("batch", write_lines([case()]), "--output", output, "--workers", 1) == (0, "", "")
    assert output.exists()


def test_a_batch_with_failed_cases_exits_1_and_says_where_to_look(
    indicia: Run, tmp_path: Path, case: Make, write_lines: Callable[..., Path]
) -> None:
    output = tmp_path / "out.jsonl"
    code, out, err = indicia("batch", write_lines([case(), "{"]), "--output", output, "--workers", 1)
    assert (code, out) == (1, "")
    assert (
        err
        == f"indicia: 1 of 2 cases could not be decided; the `error` of their lines in {output} says why.\n"
    )
    assert len(output.read_text().splitlines()) == 2


def test_an_empty_batch_gives_empty_results_and_says_so(
    indicia: Run, tmp_path: Path, write_lines: Callable[..., Path]
) -> None:
    code, _, err = indicia("batch", write_lines([""]), "--output", tmp_path / "out", "--workers", 1)
    assert code == 0
    assert "holds no case" in err
    assert (tmp_path / "out").read_bytes() == b""


@pytest.mark.parametrize("name", ["case", "result"])
def test_the_schemas_are_printed_as_valid_json_schema(indicia: Run, name: str) -> None:
    code, out, _ = indicia("schema", name)
    assert code == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(out))


def test_the_version_is_told(indicia: Run) -> None:
    assert indicia("--version") == (0, f"indicia {pipelines.__version__}\n", "")


def test_an_unforeseen_failure_is_told_without_a_traceback_or_its_words(
    indicia: Run, note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> Answer:
        raise RuntimeError("Jane Canary")

    monkeypatch.setattr("pipelines.intake.take", fail)
    code, out, err = indicia("check", note)
    assert code == 2
    assert "RuntimeError" in err
    assert "Canary" not in out + err
    assert "Traceback" not in err


def test_no_word_of_a_note_reaches_standard_error_or_a_log(tmp_path: Path, case: Make) -> None:
    canary = "Zebedee Canaryman"
    text = f"Patient {canary}. HPI: severe low back pain. EXAM: {canary} has left foot drop, TA 2/5."
    lines = [
        json.dumps(case("good", text)),
        json.dumps(case("wrong date", text, service_date=canary)),
        json.dumps(case("old", text, service_date="1999-01-01")),
        json.dumps(case("nul", text.replace(" ", "\x00"))),
        json.dumps(case("cut", text))[:-20],
        json.dumps(case("long", text + "\n" + "word " * 20_000)),
    ]
    path, output = tmp_path / "cases.jsonl", tmp_path / "out.jsonl"
    path.write_text("\n".join(lines))
    for workers in ("1", "2"):
        run = subprocess.run(
            [
                *(sys.executable, "-c", "from pipelines.cli import main; main()"),
                *("batch", str(path), "--output", str(output), "--workers", workers),
            ],
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
        )
        assert run.returncode == 1
        assert "Canary" not in run.stdout + run.stderr
        assert "Zebedee" not in run.stdout + run.stderr
    for line in output.read_text().splitlines():
        result = json.loads(line)
        assert "Canary" not in json.dumps([result["error"], result["remarks"]])
    left = {file for file in tmp_path.rglob("*") if file.is_file()} - {path, output}
    assert not [file for file in left if b"Canary" in file.read_bytes()]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["check", "--help"], ["schema", "case"]])
def test_light_commands_load_no_heavy_library(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from pipelines.cli import main\n"
        f"sys.argv = ['indicia', *{arguments!r}]\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'spacy', 'pandas', 'scipy', 'medspacy', 'numpy', 'rich.markdown'} & set(sys.modules)\n"
        "print(sorted(heavy), file=sys.stderr)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.stderr.strip() == "[]"


def test_checking_a_note_loads_no_library_that_it_does_not_need(note: Path) -> None:
    code = (
        "import sys\n"
        "from pipelines.cli import main\n"
        f"sys.argv = ['indicia', 'check', {str(note)!r}, '--service-date', '2026-03-02']\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        "names = {'pandas', 'quickumls', 'nltk', 'sklearn', 'pyarrow'}\n"
        "print(sorted(names & set(sys.modules)), file=sys.stderr)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.stderr.strip() == "[]"


# --- policy ----------------------------------------------------------------------------------------


def test_the_policy_list_names_every_criterion_and_edition(indicia: Run) -> None:
    code, out, _ = indicia("policy", "list")
    assert code == 0
    for name in ("neuro.foot_drop", "back_pain.failed_conservative", "2023-12"):
        assert name in out


def test_a_criterion_is_shown_with_its_place_in_the_guideline_and_its_requirements(indicia: Run) -> None:
    code, out, _ = indicia("policy", "show", "back_pain.failed_conservative")
    assert code == 0
    assert "Guideline: " in out
    assert "duration_6_weeks: " in out
    assert "42 from" in out


def test_two_editions_can_be_compared(indicia: Run) -> None:
    code, out, _ = indicia("policy", "diff", "2022-03", "2023-12")
    assert code == 0
    assert "indeterminate.initial" in out
    assert "hold the same" in indicia("policy", "diff", "2023-12", "2023-12")[1]


def test_the_coverage_of_the_guideline_is_shown(indicia: Run) -> None:
    code, out, _ = indicia("policy", "coverage")
    assert code == 0
    assert "neuro.foot_drop" in out


@pytest.mark.parametrize(
    "arguments", [["show", "neuro.nonsense"], ["list", "--edition", "1066"], ["diff", "1066", "2023-12"]]
)
def test_an_unknown_criterion_or_edition_is_exit_code_2_and_told_in_words(
    indicia: Run, arguments: list[str]
) -> None:
    code, out, err = indicia("policy", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("indicia: no ")

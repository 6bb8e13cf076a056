from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli import main

NOTE = (
    "HISTORY OF PRESENT ILLNESS: 54 year old with severe low back pain and left sciatica for 2 weeks.\n"
    "PHYSICAL EXAM: Left foot drop, tibialis anterior 2/5 on the left.\n"
    "PLAN: MRI lumbar spine.\n"
)

Json = dict[str, Any]


def a_case(case_id: str = "A-1", text: str = NOTE, **more: object) -> Json:
    document = {"document_id": "note-1", "kind": "office_note", "date": "2026-02-27", "text": text}
    case = {"case_id": case_id, "service_date": "2026-03-02", "cpt_codes": ["72148"], "documents": [document]}
    return {**case, **more}


@pytest.fixture
def case() -> Callable[..., Json]:
    return a_case


@pytest.fixture
def write_lines(tmp_path: Path) -> Callable[[Iterable[Any]], Path]:
    """Write a JSONL file; bytes and text are written as they are, everything else as JSON."""

    def write(lines: Iterable[Any], name: str = "cases.jsonl") -> Path:
        path = tmp_path / name
        with path.open("wb") as file:
            for line in lines:
                if isinstance(line, str):
                    line = line.encode()
                file.write((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n")
        return path

    return write


@pytest.fixture
def indicia(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run the command in this process: exit code, standard output, standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["indicia", *map(str, arguments)])
        capfd.readouterr()
        code = 0
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code if isinstance(exit_.code, int) else 0
        printed = capfd.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The stand-in reader of fakes/poisoned.py, importable here and in workers."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "fakes"))
    import poisoned

    return poisoned


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The stand-in reader of fakes/cheap.py, importable here and in workers."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "fakes"))
    import cheap

    return cheap

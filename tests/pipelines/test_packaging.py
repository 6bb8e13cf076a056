"""What is installed: the three packages with all their data, the saved reader, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (path,) = folder.glob("*.whl")
    return set(zipfile.ZipFile(path).namelist())


def files(folder: str) -> set[str]:
    found = {path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if path.is_file()}
    return {path.as_posix() for path in found if "__pycache__" not in path.parts}


def test_the_wheel_holds_every_file_of_the_three_packages(wheel: set[str]) -> None:
    assert files("nlp") | files("criteria") | files("pipelines") <= wheel


def test_the_wheel_holds_the_saved_reader_inside_nlp(wheel: set[str]) -> None:
    saved = {name.replace("models/indicia_reader", "nlp/_model") for name in files("models/indicia_reader")}
    assert saved <= wheel


def test_nothing_else_becomes_importable(wheel: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"nlp", "criteria", "pipelines"}

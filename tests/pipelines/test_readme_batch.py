"""The README's section on batches: its command and its queries are run as they stand."""

from __future__ import annotations

import re
import shlex
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
QUERY = re.compile(r"<!-- query -->\n```sql\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def test_the_queries_of_the_readme_answer_what_the_readme_shows(
    indicia: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (ROOT / "README.md").read_text()
    block = readme.split("<!-- batch example -->", 1)[1].split("```", 2)[1].split("\n", 1)[1]
    _, _, source, *options = shlex.split(block)
    monkeypatch.chdir(tmp_path)
    assert indicia("batch", ROOT / source, *options)[0] == 0
    queries = QUERY.findall(readme)
    assert len(queries) == 3
    with sqlite3.connect("results.sqlite") as connection:
        for query, shown in queries:
            found = connection.execute(query)
            names = [column[0] for column in found.description]
            rows = [names, *([str(cell) for cell in row] for row in found)]
            assert [re.split(r"\s{2,}", line) for line in shown.splitlines()] == rows

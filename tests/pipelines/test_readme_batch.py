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


def test_the_queries_of_the_readme_run_and_give_the_columns_that_it_shows(
    indicia: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (ROOT / "README.md").read_text()
    block = readme.split("<!-- batch example -->", 1)[1].split("```", 2)[1].split("\n", 1)[1]
    block = block.replace("\\\n", " ")
    _, _, source, *options = shlex.split(block)
    monkeypatch.chdir(tmp_path)
    assert indicia("batch", ROOT / source, *options)[0] == 0
    queries = QUERY.findall(readme)
    assert len(queries) == 3
    with sqlite3.connect("results.sqlite") as connection:
        for query, shown in queries:
            found = connection.execute(query)
            names = [column[0] for column in found.description]
            assert shown.splitlines()[0].split() == names
            assert found.fetchall()

"""Results as tables of a database file, SQLite or DuckDB, so that a question is one SQL query.

==============  ===========================================================================================
table           a row for each
==============  ===========================================================================================
cases           case, in input order (`case_number` from 1), with the columns that were kept
indications     indication that a case raises, with its status
missing         requirement that an indication (or `gate`) of a case lacks
to_meet         requirement in one of the smallest sets (`option`) that would make a case meet criteria
facts           fact of a case; its attributes as JSON
quotes          place in a document that shows a fact (`fact_number`)
remarks         remark on a case
==============  ===========================================================================================

All tables hold `case_number` and `case_id`; join on `case_number` (an id that was submitted twice is there
twice).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from pipelines.errors import InputError
from pipelines.outputs import blocks

_KEY = {"case_number": "INTEGER", "case_id": "TEXT"}
_TABLES: dict[str, dict[str, str]] = {
    "cases": {
        **_KEY,
        "determination": "TEXT",
        "service_date": "DATE",
        "edition": "TEXT",
        "overlap": "TEXT",
        "error_code": "TEXT",
        "error_message": "TEXT",
        "indicia_version": "TEXT",
        "rules_digest": "TEXT",
    },
    "indications": {**_KEY, "indication": "TEXT", "status": "TEXT"},
    "missing": {**_KEY, "indication": "TEXT", "requirement": "TEXT"},
    "to_meet": {**_KEY, "option": "INTEGER", "requirement": "TEXT"},
    "facts": {
        **_KEY,
        "fact_number": "INTEGER",
        "type": "TEXT",
        "assertion": "TEXT",
        "attributes": "TEXT",
        "date": "TEXT",
    },
    "quotes": {
        **_KEY,
        "fact_number": "INTEGER",
        "document_id": "TEXT",
        "start": "INTEGER",
        "end": "INTEGER",
        "text": "TEXT",
    },
    "remarks": {**_KEY, "code": "TEXT", "message": "TEXT"},
}
CASE_COLUMNS = tuple(_TABLES["cases"])

_Rows = dict[str, list[tuple[Any, ...]]]


def write_sqlite(path: Path, lines: Iterable[bytes], keep: Sequence[str]) -> None:
    """Write results into a new SQLite file.

    Raises InputError where the file cannot be written.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        # The file gets its name only when it is complete: no journal has to protect it before.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        for statement in _create(keep):
            connection.execute(statement)
        for rows in _blocks(lines, keep):
            connection.execute("BEGIN")
            for table, values in rows.items():
                marks = ", ".join("?" * len(_columns(table, keep)))
                connection.executemany(f"INSERT INTO {table} VALUES ({marks})", values)
            connection.execute("COMMIT")
        for table in _TABLES:
            connection.execute(f"CREATE INDEX {table}_case ON {table} (case_number)")
    except sqlite3.Error as error:
        raise InputError(f"The database cannot be written ({error}).") from None
    finally:
        connection.close()


def require_duckdb() -> None:
    """Raise InputError where DuckDB is not installed."""
    try:
        import duckdb  # noqa: F401
    except ImportError:
        raise InputError(
            "A .duckdb output needs DuckDB: pip install 'indicia[duckdb]', or name the output .sqlite, which "
            "needs nothing more."
        ) from None


def write_duckdb(path: Path, lines: Iterable[bytes], keep: Sequence[str]) -> None:
    """Write results into a new DuckDB file.

    Raises InputError where the file cannot be written.
    """
    import duckdb
    import pyarrow as pa

    # Extensions are never fetched from the network.
    offline: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "threads": 1,
    }
    try:
        with duckdb.connect(str(path), config=offline) as connection:
            for statement in _create(keep):
                connection.execute(statement)
            for rows in _blocks(lines, keep):
                for table, values in rows.items():
                    connection.register("rows", _arrow(pa, values, _columns(table, keep)))
                    connection.execute(f"INSERT INTO {table} SELECT * FROM rows")
                    connection.unregister("rows")
    except duckdb.Error as error:
        raise InputError(f"The database cannot be written ({type(error).__name__}).") from None


def _arrow(pa: Any, rows: list[tuple[Any, ...]], columns: dict[str, str]) -> Any:
    types = {"INTEGER": pa.int64()}
    cells = zip(*rows, strict=True)
    arrays = [
        pa.array(cell, types.get(kind, pa.string()))
        for cell, kind in zip(cells, columns.values(), strict=True)
    ]
    return pa.table(arrays, names=list(columns))


def _columns(table: str, keep: Sequence[str]) -> dict[str, str]:
    extra = dict.fromkeys(keep, "TEXT") if table == "cases" else {}
    return {**_TABLES[table], **extra}


def _create(keep: Sequence[str]) -> Iterator[str]:
    for table in _TABLES:
        columns = ", ".join(f"{_quoted(name)} {kind}" for name, kind in _columns(table, keep).items())
        yield f"CREATE TABLE {table} ({columns})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _blocks(lines: Iterable[bytes], keep: Sequence[str]) -> Iterator[_Rows]:
    numbers = count(1)
    for block in blocks(lines):
        rows: _Rows = {table: [] for table in _TABLES}
        for line in block:
            _add(rows, next(numbers), json.loads(line), keep)
        yield {table: values for table, values in rows.items() if values}


def _add(rows: _Rows, number: int, result: dict[str, Any], keep: Sequence[str]) -> None:
    key = (number, result["case_id"])
    policy, gate, error = (result[name] or {} for name in ("policy", "gate", "error"))
    kept = result.get("kept") or {}
    rows["cases"].append(
        (
            *key,
            result["determination"],
            result["service_date"],
            policy.get("version"),
            gate.get("overlap"),
            error.get("code"),
            error.get("message"),
            result["software"]["version"],
            result["software"]["rules_digest"],
            *(kept.get(name) for name in keep),
        )
    )
    for item in result["indications"]:
        rows["indications"].append((*key, item["id"], item["status"]))
        rows["missing"] += [(*key, item["id"], name) for name in item["missing"]]
    rows["missing"] += [(*key, "gate", name) for name in gate.get("missing", ())]
    for option, names in enumerate(result["to_meet"], start=1):
        rows["to_meet"] += [(*key, option, name) for name in names]
    for place, fact in enumerate(result["facts"], start=1):
        attributes = json.dumps(fact["attributes"], ensure_ascii=False)
        rows["facts"].append((*key, place, fact["type"], fact["assertion"], attributes, fact["date"]))
        rows["quotes"] += [
            (*key, place, quote["document_id"], quote["start"], quote["end"], quote["text"])
            for quote in fact["evidence"]
        ]
    rows["remarks"] += [(*key, remark["code"], remark["message"]) for remark in result["remarks"]]

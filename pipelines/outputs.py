"""Lines of results to the file that was asked for: JSONL, Parquet, CSV, SQLite or DuckDB, by its suffix.

Every writer gets the same lines in the same order and nothing else, so the same results give the same file,
whatever decided them.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, TypeVar

from pipelines.errors import InputError

Item = TypeVar("Item")
Write = Callable[[Path, Iterable[bytes], Sequence[str]], None]

_BLOCK = 1000
#: A spreadsheet takes at most 32,767 characters in a cell.
_CELL = 32_000
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001  (full-width ones count too)
_KEPT_KEY = b',"kept":'


def with_kept(line: bytes, kept: dict[str, str | None] | None) -> bytes:
    """A line of result with the columns that travel along, under the last key `kept`."""
    if not kept:
        return line
    words = json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return line.rstrip()[:-1] + _KEPT_KEY + words + b"}\n"


def writer_for(output: Path, keep: Sequence[str]) -> Write:
    """The writer that the suffix of an output asks for; any other suffix is JSONL.

    Raises InputError where a package is missing, or a kept column has the name of one of the output's own.
    """
    name = output.name.lower()
    if name.endswith((".parquet", ".pq")):
        from pipelines.arrow import RESULT_COLUMNS

        return _refusing(keep, RESULT_COLUMNS, _parquet)
    if name.endswith(".csv"):
        return _refusing(keep, _CSV_COLUMNS, _csv)
    if name.endswith((".duckdb", ".sqlite", ".sqlite3", ".db")):
        from pipelines import store

        write = store.write_duckdb if name.endswith(".duckdb") else store.write_sqlite
        if name.endswith(".duckdb"):
            store.require_duckdb()
        return _refusing(keep, store.CASE_COLUMNS, write)
    return _jsonl


def _refusing(keep: Sequence[str], own: Sequence[str], write: Write) -> Write:
    taken = [name for name in keep if name.lower() in own]
    if taken:
        raise InputError(
            f"--keep {taken[0]}: the results have a column of that name. Rename it in the input."
        )
    return write


def blocks(lines: Iterable[Item], size: int = _BLOCK) -> Iterator[list[Item]]:
    """Items in lists of a fixed size: how a run was cut must not show in its output."""
    lines = iter(lines)
    while block := list(islice(lines, size)):
        yield block


def _jsonl(path: Path, lines: Iterable[bytes], keep: Sequence[str]) -> None:
    with _packed(path) as file:
        for line in lines:
            file.write(line)


@contextmanager
def _packed(path: Path) -> Iterator[IO[bytes] | Any]:
    suffix = path.suffix.lower()
    with path.open("wb", buffering=1 << 20) as file:
        if suffix == ".gz":
            # No name and no time in its head: the same lines give the same bytes.
            with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as packed:
                yield packed
        elif suffix in {".zst", ".zstd"}:
            import pyarrow as pa

            with pa.CompressedOutputStream(pa.PythonFile(file, "w"), "zstd") as packed:
                yield packed
        else:
            yield file


def _parquet(path: Path, lines: Iterable[bytes], keep: Sequence[str]) -> None:
    import pyarrow.parquet as pq

    from pipelines.arrow import batch_of, result_schema

    with pq.ParquetWriter(path, result_schema(keep), compression="zstd") as file:
        for block in blocks(lines):
            file.write_batch(batch_of(block, keep))


# --- CSV -------------------------------------------------------------------------------------------

_CSV_COLUMNS = (
    *("case_id", "determination", "service_date", "met", "incomplete", "missing", "overlap", "quotes"),
    *("remarks", "error_code", "error_message", "edition", "rules_digest"),
)


def _csv(path: Path, lines: Iterable[bytes], keep: Sequence[str]) -> None:
    """A row a case, for a spreadsheet: what may be taken for a formula starts with an apostrophe."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow([_safe(name) for name in (*_CSV_COLUMNS, *keep)])
        for line in lines:
            result = json.loads(line)
            kept = result.get("kept") or {}
            cells = [*_cells(result), *(kept.get(name) for name in keep)]
            writer.writerow([_safe(cell) for cell in cells])


def _cells(result: dict[str, Any]) -> list[str | None]:
    from pipelines.check import missing_of

    met = [item for item in result["indications"] if item["status"] == "met"]
    open_ = [item["id"] for item in result["indications"] if item["status"] == "incomplete"]
    quotes = dict.fromkeys(quote["text"] for item in met for quote in item["evidence"])
    error, policy = result["error"] or {}, result["policy"] or {}
    return [
        result["case_id"],
        result["determination"],
        result["service_date"],
        _listed(item["id"] for item in met),
        _listed(open_),
        _listed(missing_of(result)),
        (result["gate"] or {}).get("overlap"),
        _listed(quotes),
        _listed(dict.fromkeys(remark["code"] for remark in result["remarks"])),
        error.get("code"),
        error.get("message"),
        policy.get("version"),
        result["software"]["rules_digest"],
    ]


def _listed(items: Iterable[str]) -> str:
    return "; ".join(items)


def _safe(cell: str | None) -> str:
    """A cell that no spreadsheet runs: `=HYPERLINK(...)` in a note must stay words."""
    text = (cell or "").replace("\x00", " ")
    if text.lstrip(" ").startswith(_FORMULA):
        text = f"'{text}"
    return text if len(text) <= _CELL else text[:_CELL] + "…"

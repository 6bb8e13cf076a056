"""Results as typed, nested columns: the Arrow schema of the contract's result.

Dates are dates, spans are integers. A fact's attributes differ from type to type: they are a map from name
to text. The schema is part of the contract, and a test holds it together with `pipelines.models.Result`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

_TEXT = pa.string()
_TEXTS = pa.list_(_TEXT)
_QUOTES = pa.list_(
    pa.struct([("document_id", _TEXT), ("start", pa.int64()), ("end", pa.int64()), ("text", _TEXT)])
)
_COLUMNS = {
    "case_id": _TEXT,
    "determination": _TEXT,
    "policy": pa.struct([("id", _TEXT), ("version", _TEXT), ("effective_from", pa.date32())]),
    "software": pa.struct([("version", _TEXT), ("rules_digest", _TEXT)]),
    "service_date": pa.date32(),
    "indications": pa.list_(
        pa.struct(
            [
                ("id", _TEXT),
                ("status", _TEXT),
                ("missing", _TEXTS),
                ("contradicted", _TEXTS),
                ("evidence", _QUOTES),
                ("notes", _TEXTS),
            ]
        )
    ),
    "gate": pa.struct([("overlap", _TEXT), ("missing", _TEXTS), ("evidence", _QUOTES)]),
    "to_meet": pa.list_(_TEXTS),
    "facts": pa.list_(
        pa.struct(
            [
                ("type", _TEXT),
                ("assertion", _TEXT),
                ("attributes", pa.map_(_TEXT, _TEXT)),
                ("date", _TEXT),
                ("evidence", _QUOTES),
            ]
        )
    ),
    "remarks": pa.list_(pa.struct([("code", _TEXT), ("message", _TEXT)])),
    "error": pa.struct([("code", _TEXT), ("message", _TEXT)]),
}

RESULT_COLUMNS = tuple(_COLUMNS)


def result_schema(keep: Sequence[str] = ()) -> pa.Schema:
    """The columns of a table of results; columns that travel along follow as text."""
    return pa.schema([*_COLUMNS.items(), *((name, _TEXT) for name in keep)])


def batch_of(lines: Iterable[bytes], keep: Sequence[str] = ()) -> pa.RecordBatch:
    """Lines of results as a record batch of `result_schema(keep)`."""
    return pa.RecordBatch.from_pylist([_row(line, keep) for line in lines], schema=result_schema(keep))


def _row(line: bytes, keep: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(line)
    row["service_date"] = _day(row["service_date"])
    if row["policy"]:
        row["policy"]["effective_from"] = _day(row["policy"]["effective_from"])
    for fact in row["facts"]:
        fact["attributes"] = [(name, as_text(value)) for name, value in fact["attributes"].items()]
    kept = row.get("kept") or {}
    row.update({name: kept.get(name) for name in keep})
    return row


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def as_text(value: object) -> str:
    """An attribute as text: texts as they are, others as in JSON (true, 4.5)."""
    return value if isinstance(value, str) else json.dumps(value)

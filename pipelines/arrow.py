"""Results as typed, nested columns: the Arrow schema of the contract's result.

Dates are dates, spans are integers. A fact's attributes differ from type to type: they are a map from name
to text. The schema is part of the contract, and a test holds it together with `pipelines.models.Result`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.json as pj

_TEXT = pa.string()
_TEXTS = pa.list_(_TEXT)
_BOXES = pa.list_(pa.struct([("page", pa.int64()), ("box", pa.list_(pa.float64()))]))
_QUOTES = pa.list_(
    pa.struct(
        [
            ("document_id", _TEXT),
            ("start", pa.int64()),
            ("end", pa.int64()),
            ("text", _TEXT),
            ("page", pa.int64()),
            ("section", _TEXT),
            ("boxes", _BOXES),
        ]
    )
)
_DOCUMENTS = pa.list_(
    pa.struct(
        [
            *((name, _TEXT) for name in ("document_id", "format", "kind", "date", "author_role")),
            ("pages", pa.list_(pa.int64())),
            ("text", _TEXT),
        ]
    )
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
    "documents": _DOCUMENTS,
}

RESULT_COLUMNS = tuple(_COLUMNS)


def result_schema(keep: Sequence[str] = ()) -> pa.Schema:
    """The columns of a table of results; columns that travel along follow as text."""
    return pa.schema([*_COLUMNS.items(), *((name, _TEXT) for name in keep)])


def batch_of(lines: Iterable[bytes], keep: Sequence[str] = ()) -> pa.RecordBatch:
    """Lines of results as a record batch of `result_schema(keep)`.

    Arrow reads the JSON itself, three times as fast as by way of Python's objects; what it does not read
    (days, maps) is put in afterwards.
    """
    lines, schema = list(lines), result_schema(keep)
    if not lines:
        return pa.RecordBatch.from_pylist([], schema=schema)
    read = _read(b"".join(lines), keep)
    columns = {name: read.column(name).combine_chunks() for name in read.column_names}
    columns["service_date"] = columns["service_date"].cast(pa.date32())
    columns["policy"] = _with_days(columns["policy"])
    columns["facts"] = _with_attributes(columns["facts"], lines)
    if keep:
        columns.update(zip(keep, columns["kept"].flatten(), strict=True))
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _read(data: bytes, keep: Sequence[str]) -> pa.Table:
    fields = [(name, _as_read(kind)) for name, kind in _COLUMNS.items()]
    if keep:
        fields.append(("kept", pa.struct([(name, _TEXT) for name in keep])))
    return pj.read_json(
        pa.BufferReader(data),
        read_options=pj.ReadOptions(use_threads=False, block_size=len(data) + 1),
        parse_options=pj.ParseOptions(explicit_schema=pa.schema(fields), unexpected_field_behavior="ignore"),
    )


def _as_read(kind: pa.DataType) -> pa.DataType | None:
    """A type as JSON has it: days are text, maps are left out."""
    if pa.types.is_map(kind):
        return None
    if pa.types.is_date(kind):
        return _TEXT
    if pa.types.is_list(kind):
        return pa.list_(_as_read(kind.value_type))
    if pa.types.is_struct(kind):
        inner = [
            (kind.field(place).name, _as_read(kind.field(place).type)) for place in range(kind.num_fields)
        ]
        return pa.struct([(name, as_read) for name, as_read in inner if as_read is not None])
    return kind


def _with_days(policy: pa.StructArray) -> pa.StructArray:
    identity, version, day = policy.flatten()
    kind = _COLUMNS["policy"]
    inner = [kind.field(place) for place in range(kind.num_fields)]
    return pa.StructArray.from_arrays(
        [identity, version, day.cast(pa.date32())], fields=inner, mask=policy.is_null()
    )


def _with_attributes(facts: pa.ListArray, lines: Iterable[bytes]) -> pa.ListArray:
    found = [
        [(name, as_text(value)) for name, value in fact["attributes"].items()]
        for line in lines
        for fact in json.loads(line)["facts"]
    ]
    kind = _COLUMNS["facts"].value_type
    inner = [kind.field(place) for place in range(kind.num_fields)]
    names = [field.name for field in inner if field.name != "attributes"]
    columns = dict(zip(names, facts.flatten().flatten(), strict=True))
    columns["attributes"] = pa.array(found, pa.map_(_TEXT, _TEXT))
    values = pa.StructArray.from_arrays([columns[field.name] for field in inner], fields=inner)
    return pa.ListArray.from_arrays(facts.offsets, values)


def as_text(value: object) -> str:
    """An attribute as text: texts as they are, others as in JSON (true, 4.5)."""
    return value if isinstance(value, str) else json.dumps(value)

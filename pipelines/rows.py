"""Rows of a table to cases: one document a row, rows with one case_id are one case.

Columns (those of the contract's case): `case_id` and `text` (or `path`) are required; `document_id`,
`kind`, `date`, `service_date`, `cpt_codes`, `age_years`, `birth_date`, `sex` are read where they exist,
others are left alone. What rows say of their case is taken from the first row that says it. A table may
also hold whole cases, one a row, with `documents` (and `patient`) as nested columns.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.digests import Digests, digest
from pipelines.errors import InputError
from pipelines.formats.limits import MAX_BYTES
from pipelines.intake import Line
from pipelines.models import identifier

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_OF_CASE = ("service_date", "cpt_codes")
_OF_PATIENT = ("age_years", "birth_date", "sex")
_OF_DOCUMENT = ("document_id", "kind", "date", "text", "path")
FIELDS = ("case_id", *_OF_CASE, *_OF_PATIENT, *_OF_DOCUMENT, "documents", "patient")
#: How many bytes of cases may wait for rows that stand further down.
_HELD_BYTES = 512 * 1024 * 1024


class Row(NamedTuple):
    """One row: its number as its user counts, its cells by field, and what is wrong with it, if anything."""

    number: int
    values: Mapping[str, Any]
    problem: str | None = None


@dataclass(frozen=True)
class Columns:
    """Which column holds which field, where their names differ, and which columns travel to the results."""

    of: Mapping[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ()

    def require(self, names: Iterable[str]) -> None:
        """Raise InputError where columns that are needed, mapped or kept are not among `names`."""
        present = set(names)
        wanted = [*self.of.values(), *self.keep]
        lacking = [name for name in wanted if name not in present]
        lacking += [name for name in self.lacking(present) if name not in self.of]
        if lacking:
            raise InputError(
                f"The table lacks: {', '.join(dict.fromkeys(lacking))}. Rename its columns to match, or map "
                "them (--map text=note_body)."
            )

    def lacking(self, present: set[str]) -> list[str]:
        fields = {name: self.of.get(name, name) for name in FIELDS}
        documents = [fields[name] in present for name in ("text", "path", "documents")]
        return [
            *([] if fields["case_id"] in present else ["case_id"]),
            *([] if any(documents) else ["text"]),
        ]

    def values(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The cells of a row by field, empty ones left out."""
        found = {name: row.get(self.of.get(name, name)) for name in FIELDS}
        return {name: value for name, value in found.items() if not is_blank(value)}

    def kept(self, row: Mapping[str, Any]) -> dict[str, str | None]:
        """The cells that travel to the results, as text."""
        return {name: _text(row.get(name)) for name in self.keep}


def columns_from(maps: Iterable[str], keep: Iterable[str], file: Path | None) -> Columns:
    """Read `--map FIELD=COLUMN` options and a TOML file with a table `[columns]` and a list `keep`.

    Options outrank the file. Raises InputError where a field is unknown or the file is no such TOML.
    """
    of, kept = _columns_file(file) if file else ({}, [])
    for item in maps:
        name, mark, column = item.partition("=")
        if not mark or not column:
            raise InputError(f"--map {item}: write FIELD=COLUMN, such as --map text=note_body.")
        of[name] = column
    unknown = [name for name in of if name not in FIELDS]
    if unknown:
        raise InputError(f"There is no field {', '.join(unknown)}. The fields: {', '.join(FIELDS)}.")
    return Columns(of, tuple(dict.fromkeys([*kept, *keep])))


def _columns_file(file: Path) -> tuple[dict[str, str], list[str]]:
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{file}: {error.strerror or 'cannot be read'}.") from None
    except ValueError:
        raise InputError(f'{file} is no TOML. It holds lines such as: text = "note_body"') from None
    of, keep = data.get("columns", {}), data.get("keep", [])
    strange = set(data) - {"columns", "keep"}
    if strange or not isinstance(of, dict) or not isinstance(keep, list):
        raise InputError(f'{file}: write keep = ["clinic"] and a table [columns] with text = "note_body".')
    return {name: str(column) for name, column in of.items()}, [str(name) for name in keep]


# --- cells -----------------------------------------------------------------------------------------


def is_blank(value: object) -> bool:
    """An empty cell: None, an empty text, NaN, or pandas' NaT and NA (lists and arrays are never blank)."""
    if value is None or (isinstance(value, float) and value != value):
        return True
    return (isinstance(value, str) and not value) or type(value).__name__ in {"NaTType", "NAType"}


def _text(value: object) -> str | None:
    if is_blank(value):
        return None
    plain = identifier(plain_value(value))
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False, default=plain_value)


def plain_value(value: object) -> object:
    """A cell as JSON can hold it: days as ISO text, numbers and lists of other libraries as Python's."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    for name in ("tolist", "item"):
        if hasattr(value, name):
            return getattr(value, name)()
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)


# --- cases -----------------------------------------------------------------------------------------


@dataclass
class Draft:
    """A case whose rows are being gathered."""

    data: dict[str, Any]
    kept: dict[str, str | None] = field(default_factory=dict)
    problem: tuple[str, str] | None = None
    size: int = 0

    def add(self, row: Row, columns: Columns) -> None:
        """Add the document of a row, and what it says of the case."""
        values = columns.values(row.values)
        for name, cell in columns.kept(row.values).items():
            if self.kept.get(name) is None:
                self.kept[name] = cell
        if row.problem and not self.problem:
            self.problem = ("malformed_row", row.problem)
        if self.data["case_id"] is None:
            self._name(row, values.get("case_id"))
        _fill(self.data, values, (*_OF_CASE, "documents", "patient"))
        if "documents" not in values:
            _fill(self.data.setdefault("patient", {}), values, _OF_PATIENT)
            document = {name: values[name] for name in _OF_DOCUMENT if name in values}
            if "path" not in document:
                document.setdefault("text", "")
            self.data.setdefault("documents", []).append(document)
        self.size += sum(len(value) for value in values.values() if isinstance(value, str))

    def _name(self, row: Row, case_id: object) -> None:
        if is_blank(case_id):
            case_id = f"row-{row.number}"
            self.problem = self.problem or ("invalid_case", f"Row {row.number}: case_id: is required.")
        self.data["case_id"] = case_id

    def line(self, number: int) -> Line:
        """The case as a line of a batch."""
        raw = json.dumps(self.data, ensure_ascii=False, default=plain_value).encode("utf-8", _ESCAPES)
        if len(raw) > MAX_BYTES:
            raw = json.dumps({"case_id": self.data["case_id"]}, default=plain_value).encode()
            self.problem = ("too_large", f"The rows of this case are over {MAX_BYTES >> 20} MB together.")
        return Line(number, raw, self.problem, self.kept or None)


#: Bytes that were no UTF-8 become themselves again: the intake reads such a line as Windows-1252.
_ESCAPES = "surrogateescape"


def _fill(target: dict[str, Any], values: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if name in values:
            target.setdefault(name, values[name])


def drafts(
    read: Callable[[], Iterator[Row]], columns: Columns, held_bytes: int = _HELD_BYTES
) -> Iterator[Draft]:
    """Gather the rows of each case, in the order of the cases' first rows.

    The table is read twice: first for its case_ids alone. Cases whose rows stand together take no memory;
    others wait until their last row has come.

    Raises InputError where more waits than `held_bytes`.
    """
    last = _last_rows(read(), columns)
    waiting: dict[bytes, Draft] = {}
    held = 0
    for place, row in enumerate(read()):
        key = _key(row, columns)
        if key not in waiting:
            while waiting and (front := next(iter(waiting))) not in last:
                draft = waiting.pop(front)
                held -= draft.size
                yield draft
            waiting[key] = Draft({"case_id": None})
        held -= waiting[key].size
        waiting[key].add(row, columns)
        held += waiting[key].size
        if last.get(key) == place:
            del last[key]
        if held > held_bytes:
            raise InputError(
                "Rows of the same cases stand too far apart in this table to be gathered in memory. Sort it "
                "by case_id and run it again."
            )
    yield from waiting.values()


def _last_rows(rows: Iterator[Row], columns: Columns) -> dict[bytes, int]:
    """The place of the last row of each case whose rows do not stand together."""
    seen, last, before = Digests(), dict[bytes, int](), b""
    for place, row in enumerate(rows):
        key = _key(row, columns)
        if key in last or (key != before and not seen.add(key)):
            last[key] = place
        before = key
    return last


def _key(row: Row, columns: Columns) -> bytes:
    """Rows without a case_id are cases of their own."""
    case_id = identifier(row.values.get(columns.of.get("case_id", "case_id")))
    return digest(f"row\0{row.number}" if is_blank(case_id) else str(case_id))

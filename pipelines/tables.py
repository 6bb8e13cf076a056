"""Any table in: JSONL, CSV and Parquet, packed or not, one file or a folder of them, as a stream of cases.

Stated behaviour (each has a test): a file is unpacked where its first bytes are gzip's or Zstandard's; a
row of a CSV with more or fewer cells than the header makes its case an error `malformed_row`, as do rows
that an open quotation mark has run together; a Delta table (a folder with `_delta_log`) is refused, since
its older versions stand beside the newest.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pipelines.decoding import decode
from pipelines.errors import InputError
from pipelines.formats.limits import MAX_BYTES
from pipelines.intake import Line, folder_lines, lines_of, paths_in
from pipelines.rows import FIELDS, Columns, Row, drafts

if TYPE_CHECKING:
    import pyarrow.dataset as ds

_GZIP, _ZSTD, _PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
_PACKED = (".gz", ".zst", ".zstd")
_CSV = (".csv", ".tsv")
_DELIMITERS = ",;\t|"
_BATCH_ROWS = 1000


@dataclass
class Source:
    """The cases of an input.

    `files` are the files that it consists of (none for a folder of notes), `folder` is where the paths of
    documents start, `lines` gives its cases anew at each call.
    """

    files: list[Path]
    folder: Path
    read: Callable[[Source], Iterator[Line]]
    names_files: bool = False
    _size: int = 0
    _before: int = 0
    _open: IO[bytes] | None = field(default=None, repr=False)

    def lines(self) -> Iterator[Line]:
        """The cases from the first on.

        Raises InputError where the input cannot be read to its end.
        """
        self.rewind()
        try:
            yield from self.read(self)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise InputError(_BROKEN) from None
        except OSError as error:
            raise InputError(f"{_BROKEN} ({error.strerror})" if error.strerror else _BROKEN) from None

    def rewind(self) -> None:
        """Count what is read from the start again."""
        self._before, self._open = 0, None

    def passed(self, path: Path) -> None:
        """Count a file as read that was not opened here."""
        self._before += path.stat().st_size

    def opened(self, path: Path) -> io.BufferedReader:
        """A file of this input, unpacked while it is read."""
        self._before += self._open.tell() if self._open and not self._open.closed else 0
        file = path.open("rb")
        self._open = file
        start = file.peek(4)
        if start.startswith(_GZIP):
            return io.BufferedReader(gzip.GzipFile(fileobj=file))
        if start.startswith(_ZSTD):
            import pyarrow as pa

            return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd"))
        return file

    def done(self) -> float | None:
        """The share of the input that has been read; None where nobody knows."""
        self._size = self._size or sum(path.stat().st_size for path in self.files)
        if not self._size:
            return None
        now = self._open.tell() if self._open and not self._open.closed else 0
        return min(1.0, (self._before + now) / self._size)

    def stamp(self) -> tuple[tuple[int, int], ...]:
        """What changes when somebody writes to the input while it is read."""
        return tuple((path.stat().st_size, path.stat().st_mtime_ns) for path in self.files)

    def digest(self) -> str:
        """A digest of all that decides the results: the files, and the documents that they name."""
        total = hashlib.sha256()
        for path in self.files:
            with path.open("rb") as file:
                _add(total, file)
        if self.names_files:
            for line in self.lines():
                if not self.files:
                    total.update(line.raw or b"")
                for name in paths_in(line):
                    try:
                        with (self.folder / name).open("rb") as file:
                            _add(total, file)
                    except (OSError, ValueError):
                        total.update(b"\0none")
        return f"sha256:{total.hexdigest()}"


_BROKEN = "The input cannot be read to its end: it is damaged or incomplete. Fetch it again, then --resume."


def _add(total: Any, file: IO[bytes]) -> None:
    """Add a file's bytes and its length, so that bytes cannot move from one file to the next unseen."""
    while block := file.read(1 << 20):
        total.update(block)
    total.update(f"\0{file.tell()}\0".encode())


def source_of(path: Path, columns: Columns) -> Source:
    """Find out what an input is.

    Raises InputError where it is missing, no table that can be read, or lacks columns.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or folder. Give the path of a table or a folder of notes.")
    files = sorted(_tables_in(path)) if path.is_dir() else [path]
    if not files:
        if columns != Columns():
            raise InputError(f"{path} is a folder of notes: it has no columns to map or to keep.")
        return Source([], path, lambda _: folder_lines(path), names_files=True)
    folder = path if path.is_dir() else path.parent
    kinds = {_kind(file) for file in files}
    if len(kinds) > 1:
        raise InputError(f"{path} holds tables of several kinds ({', '.join(sorted(kinds))}). Give one kind.")
    (kind,) = kinds
    if kind == "jsonl":
        return Source(files, folder, _jsonl(columns), names_files=True)
    table = _Csv(columns) if kind == "csv" else _Parquet(path, columns)
    table.check(files)
    return Source(files, folder, table.lines, names_files=columns.of.get("path", "path") in table.names)


def _tables_in(folder: Path) -> Iterator[Path]:
    """The tables of a folder: Parquet files however deep (partitions), others at its top."""
    if (folder / "_delta_log").is_dir():
        raise InputError(
            f"{folder} is a Delta table; its folder also holds rows that were deleted. Read it with Spark "
            "(README, Batch) or export its present version."
        )
    deep = [path for path in folder.rglob("*.parquet") if not _hidden(path.relative_to(folder))]
    if deep:
        yield from deep
        return
    for path in folder.iterdir():
        if path.is_file() and not _hidden(Path(path.name)) and _suffix(path) in {*_CSV, ".jsonl", ".ndjson"}:
            yield path


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def _suffix(path: Path) -> str:
    """The suffix that says what a file is, below that of its packing."""
    if path.suffix.lower() in _PACKED:
        path = path.with_suffix("")
    return path.suffix.lower()


def _kind(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or 'cannot be read'}.") from None
    if start == _PARQUET:
        return "parquet"
    if _suffix(path) in {".parquet", ".pq"}:
        raise InputError(f"{path} is no Parquet file, though its name says so. Export it again.")
    return "csv" if _suffix(path) in _CSV else "jsonl"


# --- JSONL -----------------------------------------------------------------------------------------


def _jsonl(columns: Columns) -> Callable[[Source], Iterator[Line]]:
    if columns.of:
        raise InputError("--map is for tables (CSV, Parquet); lines of JSONL name their fields themselves.")

    def read(source: Source) -> Iterator[Line]:
        number = 0
        for path in source.files:
            for line in lines_of(path, source.opened(path)):
                number = line.number if len(source.files) == 1 else number + 1
                yield Line(number, line.raw, kept=_kept(line, columns) if columns.keep else None)

    return read


def _kept(line: Line, columns: Columns) -> dict[str, str | None]:
    try:
        data = json.loads(line.raw or b"")
    except (ValueError, RecursionError):
        data = None
    return columns.kept(data if isinstance(data, dict) else {})


# --- tables ----------------------------------------------------------------------------------------


class _Table(ABC):
    """Tables whose rows are gathered to cases."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.names: list[str] = []

    def lines(self, source: Source) -> Iterator[Line]:
        """The cases of the tables."""
        for number, draft in enumerate(drafts(lambda: self.rows(source), self.columns), start=1):
            yield draft.line(number)

    @abstractmethod
    def rows(self, source: Source) -> Iterator[Row]:
        """The rows of the tables, numbered through."""

    @abstractmethod
    def check(self, files: list[Path]) -> None:
        """Raise InputError where the tables lack columns."""


# --- CSV -------------------------------------------------------------------------------------------


class _Csv(_Table):
    """CSV with a header; parted by commas, semicolons, tabs or bars, whichever the header shows."""

    def check(self, files: list[Path]) -> None:
        source = Source(files, files[0].parent, self.lines)
        for path in files:
            with _decoded(source.opened(path)) as file:
                names, _ = self._header(file)
            self.columns.require(names)
            if self.names and names != self.names:
                raise InputError(f"{path} has other columns than {files[0]}. Give tables with equal headers.")
            self.names = names

    def rows(self, source: Source) -> Iterator[Row]:
        numbers = count(2)  # row 1 is the header of the first file, as a spreadsheet counts
        source.rewind()
        for path in source.files:
            with _decoded(source.opened(path)) as file:
                names, delimiter = self._header(file)
                for cells, problem in _cells(file, delimiter):
                    number = next(numbers)
                    problem = problem or _miscounted(number, cells, names)
                    yield Row(number, dict(zip(names, cells, strict=False)), problem)

    def _header(self, file: IO[str]) -> tuple[list[str], str]:
        first = file.readline()
        splits = {mark: next(csv.reader([first], delimiter=mark), []) for mark in _DELIMITERS}
        delimiter = max(splits, key=lambda mark: len(splits[mark]))
        return [name.strip() for name in splits[delimiter]], delimiter


def _decoded(file: io.BufferedReader) -> IO[str]:
    """The text of a file; bytes that are no UTF-8 pass through as lone surrogates."""
    start = file.peek(4)[:4]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        with file:
            return io.StringIO(decode(file.read()).text, newline="")
    return io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")


def _cells(file: IO[str], delimiter: str) -> Iterator[tuple[list[str], str | None]]:
    """The cells of each row that is not blank, and what is wrong with it."""
    csv.field_size_limit(MAX_BYTES)
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    first = 0
    while True:
        first = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            lines = f"Lines {first + 1} to {reader.line_num + 1} of this table"
            yield [], f"{lines} cannot be parted into cells: a quotation mark is not closed or not doubled."
            continue
        if any(cells):
            yield cells, None


def _miscounted(number: int, cells: list[str], names: list[str]) -> str | None:
    if len(cells) == len(names):
        return None
    return f"Row {number} has {len(cells)} cells and the header {len(names)}. Check its quotation marks."


# --- Parquet ---------------------------------------------------------------------------------------


class _Parquet(_Table):
    """Parquet files, partitioned folders (`clinic=North/part-0.parquet`) among them."""

    def __init__(self, path: Path, columns: Columns) -> None:
        super().__init__(columns)
        self.path = path

    def check(self, files: list[Path]) -> None:
        self.names = self._dataset(files).schema.names
        self.columns.require(self.names)

    def rows(self, source: Source) -> Iterator[Row]:
        numbers = count(1)
        source.rewind()
        for path in source.files:
            source.passed(path)
            for batch in self._batches(path):
                for values in batch:
                    yield Row(next(numbers), values)

    def _batches(self, path: Path) -> Iterator[list[dict[str, Any]]]:
        """The rows of one file, some at a time; one file after the other keeps their order and the memory."""
        import pyarrow as pa

        table = self._dataset([path])
        wanted = [name for name in self.names if name in self._wanted() and name in table.schema.names]
        try:
            for batch in table.scanner(
                columns=wanted,
                batch_size=_BATCH_ROWS,
                batch_readahead=1,
                fragment_readahead=1,
                use_threads=False,
            ).to_batches():
                yield batch.to_pylist()
        except pa.ArrowException:
            raise InputError(f"{path}: {_BROKEN}") from None

    def _wanted(self) -> set[str]:
        return {self.columns.of.get(name, name) for name in FIELDS} | set(self.columns.keep)

    def _dataset(self, files: list[Path]) -> ds.FileSystemDataset:
        import pyarrow as pa
        import pyarrow.dataset as ds

        base = str(self.path) if self.path.is_dir() else None
        try:
            parts = ds.partitioning(flavor="hive")
            return ds.dataset(
                [str(file) for file in files], format="parquet", partitioning=parts, partition_base_dir=base
            )
        except (pa.ArrowException, OSError):
            raise InputError(f"{self.path} cannot be read as Parquet. Export it again.") from None

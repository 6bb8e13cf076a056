"""What a run rests on, in digests: two runs with equal manifests give equal results.

The manifest stands beside the results as `RESULTS.manifest.json`. It holds the input's digest, the rules',
the whole program's, versions and options, and, once complete, the counts and the digest of the results. No
name of a file or a case is in it, no date, and nothing of the machine.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import InputError
from pipelines.result import software
from pipelines.rows import Columns
from pipelines.tables import Source

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

#: The libraries that take part in reading a note or in writing a table.
_LIBRARIES = ("spacy", "medspacy", "scispacy", "pydantic", "pyarrow")
_WHAT = {
    "input": "the input",
    "rules": "the rules",
    "program": "the program",
    "versions": "a library's version",
    "options": "an option (--map, --keep or --time-limit)",
}


def plan_of(source: Source, columns: Columns, time_limit: float, keep_text: bool = False) -> dict[str, Any]:
    """What a run rests on."""
    options = {"columns": dict(columns.of), "keep": list(columns.keep), "time_limit": time_limit}
    if keep_text:
        options["keep_text"] = True
    return {
        "input": source.digest(),
        "rules": software()["rules_digest"],
        "program": program_digest(),
        "versions": {"indicia": software()["version"], **{name: version(name) for name in _LIBRARIES}},
        "options": options,
    }


def refuse_other(before: dict[str, Any], now: dict[str, Any]) -> None:
    """Raise InputError where a run cannot go on, because what it rests on is no longer the same."""
    changed = [words for name, words in _WHAT.items() if before.get(name) != now[name]]
    if changed:
        raise InputError(
            f"The run cannot go on: {' and '.join(changed)} changed since it began, and one output would "
            "hold cases decided in two ways. Start anew with --restart, or restore what changed."
        )


@functools.cache
def program_digest() -> str:
    """A digest of every source file, lexicon and rule: equal digests mean an equal program."""
    total = hashlib.sha256()
    for package in ("nlp", "criteria", "pipelines"):
        for name, content in sorted(_sources(files(package), package)):
            total.update(name.encode() + b"\0" + content.replace(b"\r\n", b"\n") + b"\0")
    return f"sha256:{total.hexdigest()}"


def _sources(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for item in folder.iterdir():
        name = f"{path}/{item.name}"
        # The saved reader is made of these sources; where it lies differs between a checkout and a wheel.
        if item.is_dir() and item.name not in {"__pycache__", "_model"}:
            yield from _sources(item, name)
        elif item.name.endswith((".py", ".toml", ".json")):
            yield name, item.read_bytes()


# --- beside the results ----------------------------------------------------------------------------


def beside(output: Path) -> Path:
    """Where the manifest of a file of results stands."""
    return output.with_name(f"{output.name}.manifest.json")


def complete(plan: dict[str, Any], counts: dict[str, Any], output: Path) -> bytes:
    """The manifest of a complete run, as the bytes to write."""
    manifest = {**plan, "counts": counts, "output": file_digest(output)}
    return json.dumps(manifest, indent=2, sort_keys=True).encode() + b"\n"


def counts_if_complete(plan: dict[str, Any], output: Path) -> dict[str, Any] | None:
    """The counts of results that are complete and what this very plan gives; None where they are not."""
    try:
        manifest = json.loads(beside(output).read_bytes())
        same = all(manifest[name] == value for name, value in plan.items())
        if same and manifest["output"] == file_digest(output):
            counts = manifest["counts"]
            return counts if isinstance(counts, dict) else None
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def file_digest(path: Path) -> str:
    """A digest of a file's bytes."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            total.update(block)
    return f"sha256:{total.hexdigest()}"

"""Results read back from typed tables, which have every column in every row."""

from __future__ import annotations

from typing import Any

_LEFT_OUT = frozenset({"page", "section", "boxes"})


def said(value: Any) -> Any:
    """A value without the keys that a result leaves out: the places of plain text."""
    if isinstance(value, list):
        return [said(item) for item in value]
    if isinstance(value, dict):
        return {k: said(v) for k, v in value.items() if v is not None or k not in _LEFT_OUT}
    return value

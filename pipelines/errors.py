"""The two ways in which a job says no: one case cannot be decided, or the whole input cannot be used.

Messages say what is wrong, where, and what to do next. They never hold a word of a note.
"""

from __future__ import annotations

import traceback
from pathlib import Path


class CaseError(Exception):
    """One case cannot be processed: its line carries `code` and `message`, the rest of the batch goes on."""

    def __init__(self, code: str, message: str, case_id: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.case_id = case_id


class InputError(Exception):
    """The input or the call as a whole is unusable: nothing is written, the exit code is 2."""


def internal_error(exc: BaseException) -> CaseError:
    """Describe an unexpected failure by its kind and place; the exception's own words may quote a note."""
    return CaseError(
        "internal_error",
        f"The program failed on this case ({failure(exc)}). Other cases are not affected. "
        "Send the case by hand to a reviewer and report the place.",
    )


def failure(exc: BaseException) -> str:
    """The kind and place of an exception, without its words."""
    frames = traceback.extract_tb(exc.__traceback__)
    if not frames:
        return type(exc).__name__
    path = Path(frames[-1].filename)
    return f"{type(exc).__name__} at {path.parent.name}/{path.name}:{frames[-1].lineno}"

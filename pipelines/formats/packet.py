"""A ZIP packet: its files one by one, without ever writing one to disk."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from pipelines.errors import CaseError
from pipelines.formats import limits
from pipelines.formats.archive import Archive, unsafe
from pipelines.formats.document import Extracted, Part, Reading

_NOT_SUBMITTED = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


def read(data: bytes, name: str, tick: Callable[[float], None]) -> Reading:
    """Take a packet apart; a member that cannot be used becomes a remark, the others go on.

    Raises CaseError: `unsafe_archive`, `damaged_file`, `encrypted`, `too_large` (more than a packet may
    hold).
    """
    archive = Archive(data, name)
    members = [member for member in archive.members if _is_submitted(member.filename)]
    if len(members) > limits.MAX_PARTS:
        raise limits.too_large(name, f"a packet of over {limits.MAX_PARTS} files")
    reading = Reading()
    trouble: CaseError | None = None
    for member in sorted(members, key=lambda item: item.filename):
        try:
            if _leaves(member.filename):
                raise unsafe(name, "holds a file whose name points outside of it; that file")
            reading.parts.append(Part(f"{name}/{member.filename}", archive.read(member)))
        except CaseError as error:
            trouble = error
            reading.documents.append(Extracted(name, "packet", remarks=[(error.code, error.message)]))
    if trouble is not None and not reading.parts:
        raise trouble
    return reading


def _is_submitted(path: str) -> bool:
    """Is a member more than what file managers leave behind?"""
    is_clutter = path.startswith(_NOT_SUBMITTED) or posixpath.basename(path).startswith(
        (".", *_NOT_SUBMITTED)
    )
    return _leaves(path) or not is_clutter


def _leaves(path: str) -> bool:
    parts = path.replace("\\", "/").split("/")
    return ".." in parts or path.startswith(("/", "\\")) or ":" in parts[0] or "\x00" in path

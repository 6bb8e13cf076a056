"""ZIP containers opened with limits: how many members, how much they unpack to, which names they may have."""

from __future__ import annotations

import io
import zipfile

from pipelines.errors import CaseError
from pipelines.formats import limits
from pipelines.formats.sandbox import damaged
from pipelines.formats.sniff import encrypted

_DIRECTORY_ENTRY = b"PK\x01\x02"
_MOST_ENTRIES = 20_000


class Archive:
    """A ZIP file in memory. Raises CaseError: `damaged_file`, `encrypted`, `too_large`, `unsafe_archive`."""

    def __init__(self, data: bytes, name: str) -> None:
        self.name = name
        # Counted before the list of members is built, which a hostile file can make long.
        if data.count(_DIRECTORY_ENTRY) > _MOST_ENTRIES:
            raise unsafe(name, "holds too many files")
        try:
            self._file = zipfile.ZipFile(io.BytesIO(data))
            self.members = [item for item in self._file.infolist() if not item.is_dir()]
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
            raise damaged(name) from None
        self._left = limits.MAX_UNPACKED

    def read(self, member: zipfile.ZipInfo) -> bytes:
        """Unpack one member, never more than the limits allow."""
        if member.flag_bits & 1:
            raise encrypted(self.name)
        if member.file_size > 1_000_000 and member.file_size > limits.MAX_RATIO * max(
            1, member.compress_size
        ):
            raise unsafe(self.name, "unpacks to a suspicious multiple of its size")
        most = min(limits.MAX_BYTES, self._left)
        try:
            with self._file.open(member) as file:
                data = file.read(most + 1)
        except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError):
            raise damaged(self.name) from None
        except Exception as error:  # zlib.error and its kin have no common class
            raise damaged(self.name) from error
        if len(data) > most:
            raise unsafe(self.name, "unpacks to more than may be read")
        self._left -= len(data)
        return data


def unsafe(name: str, why: str) -> CaseError:
    """The error for a container that looks like an attack."""
    return CaseError("unsafe_archive", f"{name} {why} and was not opened. Submit the documents themselves.")

"""Which case_ids have been seen: a set that stays small (at most 64 bytes for each of them)."""

from __future__ import annotations

import hashlib

_SIZE = 16
_EMPTY = bytes(_SIZE)


def digest(text: str) -> bytes:
    """Sixteen bytes that stand for a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_SIZE).digest()


class Digests:
    """A hash table of digests in one block of memory: a Python set would take three times as much."""

    def __init__(self) -> None:
        self._slots = 1 << 10
        self._count = 0
        self._table = bytearray(_SIZE * self._slots)

    def add(self, key: bytes) -> bool:
        """Add a digest; False where it was there already."""
        if 2 * self._count >= self._slots:
            self._grow()
        place = self._place(key)
        if self._table[place : place + _SIZE] == key:
            return False
        self._table[place : place + _SIZE] = key
        self._count += 1
        return True

    def _place(self, key: bytes) -> int:
        """Where the digest stands, or the free place where it belongs."""
        slot = int.from_bytes(key[:8], "little") % self._slots
        while True:
            place = slot * _SIZE
            found = self._table[place : place + _SIZE]
            if found in (key, _EMPTY):
                return place
            slot = (slot + 1) % self._slots

    def _grow(self) -> None:
        old = self._table
        self._slots *= 2
        self._table = bytearray(_SIZE * self._slots)
        for start in range(0, len(old), _SIZE):
            key = bytes(old[start : start + _SIZE])
            if key != _EMPTY:
                place = self._place(key)
                self._table[place : place + _SIZE] = key

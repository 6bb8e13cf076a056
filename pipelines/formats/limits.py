"""How much of a submitted file is read before it is refused, and why that much.

A real packet for one request is tens of pages and a few megabytes. The limits lie far above that and far
below what would stop a machine.
"""

from __future__ import annotations

from typing import Final

from pipelines.errors import CaseError

#: Bytes of one submitted file, and of all parts that a packet unpacks to.
MAX_BYTES: Final = 64 * 1024 * 1024
MAX_UNPACKED: Final = 128 * 1024 * 1024
#: A ZIP member may be this many times its packed size; text packs 10 to 1, bombs 1,000 to 1.
MAX_RATIO: Final = 200
#: Files in one packet, and packets inside of packets.
MAX_PARTS: Final = 500
MAX_DEPTH: Final = 4
#: Pages of one file; of those, pages without a text layer (recognised at a second or more each).
MAX_PAGES: Final = 2000
MAX_SCANNED_PAGES: Final = 200
#: Pixels of one picture: 1,200 dpi of a letter page.
MAX_PIXELS: Final = 140_000_000
#: Characters of text taken from one file.
MAX_CHARACTERS: Final = 20_000_000
#: RTF is read whole by a parser that copies as it goes.
MAX_RTF_BYTES: Final = 5 * 1024 * 1024
#: Elements inside of elements.
MAX_NESTING: Final = 200
#: What the reading process may use.
MEMORY: Final = 1536 * 1024 * 1024
SECONDS: Final = 60.0
SECONDS_A_SCANNED_PAGE: Final = 20.0


def too_large(name: str, what: str) -> CaseError:
    """The error for a file that goes beyond a limit; `what` says which ("over 64 MB")."""
    return CaseError("too_large", f"{name} is {what}. Submit the pages that matter for this request.")

"""Pictures of pages (TIFF of several pages, PNG, JPEG), recognised page by page."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from pipelines.errors import CaseError
from pipelines.formats import limits, ocr
from pipelines.formats.document import Extracted, Reading
from pipelines.formats.page import Page, read_page
from pipelines.formats.pages import write_pages
from pipelines.formats.sandbox import damaged

if TYPE_CHECKING:
    from PIL.Image import Image

#: What a picture without a resolution is taken to have: a fax.
_FAX = 200.0


def read(data: bytes, name: str, tick: Callable[[float], None]) -> Reading:
    """Recognise a picture file; boxes are pixels of the picture as submitted.

    Raises CaseError: `ocr_not_installed`, `damaged_file`, `too_large`.
    """
    try:
        from PIL import Image
    except ImportError:
        raise CaseError("ocr_not_installed", ocr.missing_words(name)) from None
    if not ocr.is_installed():
        raise CaseError("ocr_not_installed", ocr.missing_words(name))
    Image.MAX_IMAGE_PIXELS = limits.MAX_PIXELS
    document = Extracted(name, "picture", recognised=True)
    pages: list[Page] = []
    try:
        with Image.open(io.BytesIO(data), formats=("TIFF", "PNG", "JPEG")) as picture:
            for number in range(getattr(picture, "n_frames", 1)):
                if number >= limits.MAX_SCANNED_PAGES:
                    raise limits.too_large(name, f"over {limits.MAX_SCANNED_PAGES} scanned pages")
                tick(limits.SECONDS_A_SCANNED_PAGE * (number + 1))
                picture.seek(number)
                pages.append(_page(picture))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise limits.too_large(name, "a picture of too many pixels") from None
    except (OSError, SyntaxError, ValueError, EOFError, KeyError):
        raise damaged(name) from None
    write_pages(document, pages)
    return Reading([document])


def _page(picture: Image) -> Page:
    width, height = picture.size
    if width * height > limits.MAX_PIXELS:
        raise ValueError
    across, down = _resolution(picture)
    grey = picture.convert("L")
    size = round(width * ocr.RESOLUTION / across), round(height * ocr.RESOLUTION / down)
    if size != grey.size and size[0] * size[1] <= limits.MAX_PIXELS:
        grey = grey.resize(size)
    words = ocr.recognise(*grey.size, grey.tobytes())
    page = read_page(words, *grey.size)
    # Back to the pixels of the picture, which a coarse fax has fewer of from top to bottom than across.
    page.scale = width / grey.size[0], height / grey.size[1]
    return page


def _resolution(picture: Image) -> tuple[float, float]:
    try:
        across, down = (float(value) for value in picture.info.get("dpi", ()))
    except (ValueError, TypeError):
        return _FAX, _FAX
    if not (50 <= across <= 2400 and 50 <= down <= 2400):
        return _FAX, _FAX
    return across, down

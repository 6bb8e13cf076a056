"""Faxes and scans, recognised with confidences. Skipped where Tesseract is not installed."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rendered

from nlp.facts import Evidence, Fact
from pipelines.check import check
from pipelines.errors import CaseError
from pipelines.formats import ocr, pdf, picture
from pipelines.formats.document import Extracted
from pipelines.formats.doubt import mark_uncertain
from pipelines.formats.packets import documents_of
from pipelines.models import case_from

needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None, reason="Tesseract (Debian package tesseract-ocr) is not installed"
)
NOTE = (
    "VISIT 02/27/2026\n\nHPI: 54 year old woman with severe low back pain and left sciatica for 9 weeks.\n"
    "Denies bladder or bowel changes. No fever.\n\n"
    "EXAM: Left foot drop. Tibialis anterior 3/5 on the left, 5/5 on the right.\n\n"
    "PLAN: MRI of the lumbar spine."
)


@pytest.fixture(scope="module")
def fax() -> Extracted:
    (document,) = documents_of(
        rendered.fax_tiff(rendered.pdf(NOTE, head="Spine Clinic FAX 555-0100 P. {page}")), "fax.tif"
    )
    return document


@needs_tesseract
def test_a_fax_is_read_word_for_word(fax: Extracted) -> None:
    said = set(NOTE.split())
    assert len(said & set(fax.text.split())) > 0.9 * len(said)
    assert (fax.format, fax.recognised, len(fax.pages)) == ("picture", True, 1)


@needs_tesseract
def test_boxes_of_a_picture_are_its_pixels(fax: Extracted) -> None:
    at = fax.text.index("Left foot")
    ((page, (left, top, right, bottom)),) = fax.boxes(at, at + len("Left foot"))
    assert page == 1
    inch = 200
    assert rendered.MARGIN / 72 * inch < left < right < 4 * inch
    assert 1.5 * inch < top < bottom < top + 0.3 * inch < 2.5 * inch


@needs_tesseract
def test_a_coarse_fax_has_its_own_height() -> None:
    (document,) = documents_of(rendered.fax_tiff(rendered.pdf(NOTE, size=13), down=98), "fax.tif")
    ((_, (_, top, _, bottom)), *_) = document.boxes(0, 5)
    assert bottom - top < 20
    assert "foot drop" in document.text


@needs_tesseract
def test_a_scanned_pdf_gives_the_same_decision_as_its_text(tmp_path: Path) -> None:
    (tmp_path / "fax.pdf").write_bytes(rendered.fax_pdf(rendered.pdf(NOTE)))
    request = {"case_id": "a", "service_date": "2026-03-02", "cpt_codes": ["72148"]}
    scanned = check(case_from({**request, "documents": [{"path": "fax.pdf"}]}), tmp_path)
    typed = check(case_from({**request, "documents": [{"text": NOTE}]}))
    assert scanned["determination"] == typed["determination"] == "meets_criteria"
    drop = next(fact for fact in scanned["facts"] if fact["type"] == "foot_drop")
    assert drop["evidence"][0]["page"] == 1 and drop["evidence"][0]["boxes"]


@needs_tesseract
def test_a_scanned_page_among_typed_ones_is_read_in_its_place() -> None:
    import pypdfium2

    merged = pypdfium2.PdfDocument.new()
    for part in (
        rendered.pdf("First page, typed."),
        rendered.fax_pdf(rendered.pdf(NOTE)),
        rendered.pdf("Third page, typed."),
    ):
        merged.import_pages(pypdfium2.PdfDocument(part))
    out = io.BytesIO()
    merged.save(out)
    (document,) = documents_of(out.getvalue(), "mixed.pdf")
    assert len(document.pages) == 3
    assert document.page_at(document.text.index("foot drop")) == 2


def without_tesseract(monkeypatch: pytest.MonkeyPatch, read: Callable[..., Any], data: bytes) -> CaseError:
    monkeypatch.setattr(ocr, "is_installed", lambda: False)
    with pytest.raises(CaseError) as caught:
        read(data, "scan.tif", lambda seconds: None)
    return caught.value


@pytest.mark.parametrize("kind", ["picture", "pdf"])
def test_without_tesseract_a_scan_names_the_package_to_install(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    page = rendered.pdf(NOTE)
    data = rendered.fax_tiff(page) if kind == "picture" else rendered.fax_pdf(page)
    error = without_tesseract(monkeypatch, (picture if kind == "picture" else pdf).read, data)
    assert error.code == "ocr_not_installed"
    assert "tesseract-ocr" in error.message and "indicia[ocr]" in error.message


# --- what was read without confidence ----------------------------------------------------------------------


def marked(text: str, quote: str, unsure: str, **attributes: Any) -> bool:
    source = Extracted("fax", "picture", text, recognised=True)
    source.unsure = [(text.index(unsure), text.index(unsure) + len(unsure))]
    start = text.index(quote)
    fact = Fact(
        "physical_therapy", "present", attributes, None, (Evidence("fax", start, start + len(quote), quote),)
    )
    return mark_uncertain([fact], {"fax": source})[0].uncertain


def test_a_doubtful_number_in_the_quote_makes_a_fact_uncertain() -> None:
    assert marked("Therapy for 6 weeks failed.", "Therapy for 6 weeks", "6")


def test_a_doubtful_number_beside_the_quote_matters_where_the_fact_is_measured() -> None:
    text = "Therapy failed, 6 weeks of it."
    assert marked(text, "Therapy", "6", duration_days=42)
    assert not marked(text, "Therapy", "6")


def test_a_doubtful_negation_in_the_sentence_makes_a_fact_uncertain() -> None:
    assert marked("Neo therapy so far.", "therapy", "Neo")
    assert not marked("Neo fever. Therapy failed.", "Therapy", "Neo")


def test_a_doubtful_word_that_is_no_number_and_no_negation_does_not_matter() -> None:
    assert not marked("Therapy at Kinetik for 6 weeks failed.", "Therapy at Kinetik for 6 weeks", "Kinetik")


def test_a_negation_is_settled_by_a_mention_that_is_read_well() -> None:
    text = "Neo fever today. No fever at home."
    source = Extracted("fax", "picture", text, unsure=[(0, 3)], recognised=True)
    quotes = tuple(Evidence("fax", at, at + 5, "fever") for at in (4, 20))
    fact = Fact("fever", "absent", {}, None, quotes)
    assert not mark_uncertain([fact], {"fax": source})[0].uncertain


def test_dust_is_taken_off_a_page_and_full_stops_are_not() -> None:
    import numpy as np

    page = np.full((60, 60), 255, np.uint8)
    page[10:12, 10:12] = 0
    page[40:46, 40:46] = 0
    clean = ocr.without_dust(page)
    assert (clean[:30] == 255).all()
    assert (clean[40:46, 40:46] == 0).all()

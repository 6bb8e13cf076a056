"""The floors of reading documents, on cases of your own; too long for every run.

    INDICIA_SOAK_CASES=cases.jsonl pytest tests/soak -s

Each case's documents are written in every format and as 200 dpi faxes, and decided again: formats with a text must
give every determination that the plain text gives, faxes at least 93 %, and a fax may not meet what the text does not.
The speed of reading a 20-page PDF is measured in the same run, in this process and against bare pdfium.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rendered

from pipelines.check import check
from pipelines.formats import pdf
from pipelines.intake import case_of_files
from pipelines.models import case_from

CASES = os.environ.get("INDICIA_SOAK_CASES")
pytestmark = pytest.mark.skipif(not CASES, reason="INDICIA_SOAK_CASES names no file of cases")

Json = dict[str, Any]
TYPED: dict[str, Callable[[str], bytes]] = {
    "pdf": rendered.pdf,
    "pdf in typewriter letters": lambda text: rendered.pdf(text, font="Courier", size=9),
    "docx": rendered.docx,
    "rtf": rendered.rtf,
    "html": rendered.html,
    "ccda": rendered.ccda,
    "hl7": lambda text: rendered.hl7(text, birth="", name=""),
}
FAX_HEAD = "03/02/2026 08:15 FROM: SPINE CLINIC  FAX 555-0100  P. {page}"


@pytest.fixture(scope="module")
def cases() -> list[Json]:
    return [json.loads(line) for line in Path(CASES or "").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def by_text(cases: list[Json]) -> dict[str, str | None]:
    return {case["case_id"]: check(case_from(case))["determination"] for case in cases}


def decided(case: Json, write: Callable[[str], bytes], folder: Path) -> str | None:
    documents = []
    for number, document in enumerate(case["documents"]):
        path = folder / f"{case['case_id']}-{number}"
        path.write_bytes(write(document["text"]))
        documents.append({**{k: v for k, v in document.items() if k != "text"}, "path": path.name})
    result: str | None = check(case_from({**case, "documents": documents}), folder)["determination"]
    return result


def different(
    cases: list[Json], by_text: dict[str, str | None], got: dict[str, str | None]
) -> dict[str, Any]:
    return {
        case["case_id"]: (by_text[case["case_id"]], got[case["case_id"]])
        for case in cases
        if by_text[case["case_id"]] != got[case["case_id"]]
    }


@pytest.mark.parametrize("format_", TYPED)
def test_a_case_is_decided_alike_in_every_format(
    format_: str, cases: list[Json], by_text: dict[str, str | None], tmp_path: Path
) -> None:
    got = {case["case_id"]: decided(case, TYPED[format_], tmp_path) for case in cases}
    assert not different(cases, by_text, got)


def test_a_case_is_decided_alike_as_a_fhir_bundle(
    cases: list[Json], by_text: dict[str, str | None], tmp_path: Path
) -> None:
    got = {}
    for case in cases:
        path = tmp_path / f"{case['case_id']}.json"
        path.write_bytes(rendered.fhir(case))
        data, folder = case_of_files([path])
        got[case["case_id"]] = check(case_from(data), folder)["determination"]
    assert not different(cases, by_text, got)


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="Tesseract is not installed")
def test_faxes_are_decided_alike_and_meet_nothing_more(
    cases: list[Json], by_text: dict[str, str | None], tmp_path: Path
) -> None:
    got = {
        case["case_id"]: decided(
            case, lambda text: rendered.fax_pdf(rendered.pdf(text, head=FAX_HEAD)), tmp_path
        )
        for case in cases
    }
    wrong = different(cases, by_text, got)
    print(f"\nfaxes: {1 - len(wrong) / len(cases):.4f} of {len(cases)} cases alike; different: {wrong}")
    assert not [name for name, (_, fax) in wrong.items() if fax == "meets_criteria"]
    assert len(wrong) <= 0.07 * len(cases)


def test_a_twenty_page_pdf_is_read_at_forty_pages_a_second() -> None:
    import pypdfium2

    sentence = "He has low back pain with radiation to the left leg and has failed therapy twice weekly; denies weakness."
    data = rendered.pdf("\n".join([sentence] * 1060))
    pages = len(pdf.read(data, "warm.pdf", print).documents[0].pages)

    def rate(read: Callable[[], object]) -> float:
        began = time.process_time()  # what others do on the machine does not count
        read()
        return pages / (time.process_time() - began)

    ours = max(rate(lambda: pdf.read(data, "note.pdf", print)) for _ in range(3))
    bare = max(
        rate(lambda: [p.get_textpage().get_text_range() for p in pypdfium2.PdfDocument(data)])
        for _ in range(3)
    )
    print(f"\n{pages} pages: {ours:.0f} pages/s, bare pdfium {bare:.0f}, ratio {ours / bare:.3f}")
    assert pages >= 20 and ours >= 40

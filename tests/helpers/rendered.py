"""One text as a clinic might send it: PDF, DOCX, RTF, HTML, C-CDA, FHIR, HL7, a fax.

Hand-written where a few lines of bytes do; PDF by reportlab, faxes by pdfium and Pillow.
"""

from __future__ import annotations

import base64
import io
import json
import random
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from xml.sax.saxutils import escape

MARGIN = 60.0
WIDTH, HEIGHT = 612.0, 792.0


def _plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\t", "    ")


def _wrapped(line: str, font: str, size: float, room: float) -> Iterator[str]:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    if stringWidth(line, font, size) <= room:
        yield line
        return
    indent = line[: len(line) - len(line.lstrip())]
    current = ""
    for word in line.split(" "):
        longer = f"{current} {word}" if current else word
        if current.strip() and stringWidth(longer, font, size) > room:
            yield current
            current = indent + word
        else:
            current = longer
    yield current


def pdf(
    text: str, font: str = "Helvetica", size: float = 10.5, head: str = "", foot: str = "", encrypt: str = ""
) -> bytes:
    """A PDF with a text layer; `{page}` in head and foot is the page number."""
    from reportlab.pdfgen.canvas import Canvas

    lines = [
        piece for line in _plain(text).split("\n") for piece in _wrapped(line, font, size, WIDTH - 2 * MARGIN)
    ]
    out = io.BytesIO()
    options = {"encrypt": encrypt} if encrypt else {}
    canvas = Canvas(out, pagesize=(WIDTH, HEIGHT), invariant=1, **options)
    a_page = int((HEIGHT - 2 * MARGIN) / (size * 1.25))
    for number, start in enumerate(range(0, max(1, len(lines)), a_page), start=1):
        canvas.setFont(font, size)
        for place, words in ((HEIGHT - MARGIN / 2, head), (MARGIN / 2, foot)):
            if words:
                canvas.drawString(MARGIN, place, words.format(page=number))
        for row, line in enumerate(lines[start : start + a_page]):
            canvas.drawString(MARGIN, HEIGHT - MARGIN - (row + 1) * size * 1.25, line)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def two_columns(left: str, right: str, top: str = "") -> bytes:
    """A PDF page with a line over two columns of running text."""
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(WIDTH, HEIGHT), invariant=1)
    canvas.setFont("Helvetica", 10)
    canvas.drawString(MARGIN, HEIGHT - MARGIN, top)
    room = (WIDTH - 2 * MARGIN - 24) / 2
    for x, text in ((MARGIN, left), (MARGIN + room + 24, right)):
        rows = [piece for line in text.split("\n") for piece in _wrapped(line, "Helvetica", 10, room)]
        for row, line in enumerate(rows):
            canvas.drawString(x, HEIGHT - MARGIN - 24 - row * 12.5, line)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def docx(text: str, body: str | None = None, **more: bytes) -> bytes:
    """A Word document of one paragraph a line, or with `body` as its inner XML; `more` are further parts."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    if body is None:
        body = "".join(
            f'<w:p><w:r><w:t xml:space="preserve">{escape(line)}</w:t></w:r></w:p>'
            for line in _plain(text).split("\n")
        )
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "word/document.xml": f'<?xml version="1.0"?><w:document xmlns:w="{word}" xmlns:w14='
        f'"http://schemas.microsoft.com/office/word/2010/wordml"><w:body>{body}</w:body></w:document>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
        for name, data in more.items():
            file.writestr(name.replace("__", "/"), data)
    return out.getvalue()


def rtf(text: str) -> bytes:
    """An RTF file of one paragraph a line."""
    out = []
    for character in _plain(text):
        if character in "\\{}":
            out.append("\\" + character)
        elif character == "\n":
            out.append("\\par\n")
        elif ord(character) > 126:
            out.append(f"\\u{ord(character)}?")
        else:
            out.append(character)
    return ("{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Arial;}}\\f0\\fs20 " + "".join(out) + "\\par}").encode(
        "ascii"
    )


def html(text: str) -> bytes:
    """A page of one paragraph a line; runs of blanks are non-breaking."""
    lines = [escape(line).replace("  ", "\xa0 ") for line in _plain(text).split("\n")]
    body = "\n".join(f'<div class="l">{line or "<br/>"}</div>' for line in lines)
    head = '<meta charset="utf-8"><title>Visit</title><style>.l {margin: 0}</style>'
    return f"<!DOCTYPE html><html><head>{head}</head><body>\n{body}\n</body></html>".encode()


def ccda(text: str, day: str = "", birth: str = "", name: str = "", code: str = "11506-3") -> bytes:
    """A CDA document; a section for each part that blank lines set apart."""
    sections = []
    for part in _plain(text).split("\n\n"):
        lines = "<br/>".join(escape(line) for line in part.split("\n"))
        sections.append(
            f"<component><section><text><paragraph>{lines}</paragraph></text></section></component>"
        )
    given, _, family = name.partition(" ")
    person = f"<name><given>{given}</given><family>{family}</family></name>" if name else ""
    person += f'<birthTime value="{birth.replace("-", "")}"/>' if birth else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ClinicalDocument xmlns="urn:hl7-org:v3">'
        f'<code code="{code}" codeSystem="2.16.840.1.113883.6.1"/><title>Note</title>'
        f'<effectiveTime value="{day.replace("-", "")}"/>'
        f"<recordTarget><patientRole><patient>{person}</patient></patientRole></recordTarget>"
        '<author><assignedAuthor><code code="207X00000X" displayName="Orthopaedic Surgery"/></assignedAuthor>'
        f"</author><component><structuredBody>{''.join(sections)}</structuredBody></component></ClinicalDocument>"
    ).encode()


LOINC = {
    "office_note": "11506-3", "physical_therapy": "11508-9", "imaging_report": "18748-4", "lab_report": "11502-2",
    "procedure_note": "28570-0", "operative_note": "11504-8", "emg_report": "18750-0", "order": "57133-1",
    "letter": "51851-4",
}  # fmt: skip


def fhir(case: dict[str, Any]) -> bytes:
    """A whole case as a FHIR bundle."""
    patient = case.get("patient") or {}
    resource: dict[str, Any] = {"resourceType": "Patient", "id": "p1", "gender": patient.get("sex")}
    if patient.get("birth_date"):
        resource["birthDate"] = patient["birth_date"]
    elif patient.get("age_years") is not None:
        days = round(patient["age_years"] * 365.25)
        resource["birthDate"] = (date.fromisoformat(case["service_date"]) - timedelta(days=days)).isoformat()
    coding = [
        {"system": "http://www.ama-assn.org/go/cpt", "code": code} for code in case.get("cpt_codes", ())
    ]
    request = {"resourceType": "ServiceRequest", "id": "r1", "authoredOn": case["service_date"], "status": "active",
               "intent": "order", "subject": {"reference": "Patient/p1"}, "code": {"coding": coding}}  # fmt: skip
    entries: list[dict[str, Any]] = [{"resource": resource}, {"resource": request}]
    for document in case["documents"]:
        data = base64.b64encode(document["text"].encode()).decode()
        kind = document.get("kind") or "office_note"
        entries.append({"resource": {
            "resourceType": "DocumentReference", "id": document["document_id"], "status": "current",
            "subject": {"reference": "Patient/p1"}, "date": f"{document['date']}T09:30:00Z",
            "type": {"coding": [{"system": "http://loinc.org", "code": LOINC[kind]}]} if kind in LOINC else {"text": "other"},
            "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
        }})  # fmt: skip
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def hl7(text: str, day: str = "20260227", name: str = "DOE^JANE", birth: str = "19720405") -> bytes:
    """An MDM message with a line of text in each OBX."""
    marks = (("\\", "\\E\\"), ("|", "\\F\\"), ("^", "\\S\\"), ("&", "\\T\\"), ("~", "\\R\\"))
    segments = [
        f"MSH|^~\\&|EHR|CLINIC|UM|PAYER|{day}0930||MDM^T02|1|P|2.5.1",
        f"PID|1||M1||{name}||{birth}|F",
        f"TXA|1|PN^Progress Note|TX|{day}0900|||||^SMITH^ANN^^^^MD",
    ]
    for number, line in enumerate(_plain(text).split("\n"), start=1):
        for mark, escaped in marks:
            line = line.replace(mark, escaped)
        segments.append(f"OBX|{number}|TX|11506-3^Progress note^LN||{line}||||||F")
    return ("\r".join(segments) + "\r").encode()


def packet(**files: bytes) -> bytes:
    """A ZIP of files; `__` in a name stands for its dot."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name.replace("__", "."), data)
    return out.getvalue()


def fax_pages(
    document: bytes, seed: int = 1, turn: float = 0.25, noise: float = 0.0006, down: int = 200
) -> list[Any]:
    """The pages of a PDF as a 200 dpi fax shows them: black and white, a little turned, with specks."""
    import numpy as np
    import pypdfium2
    from PIL import Image

    dice = random.Random(seed)
    grain = np.random.default_rng(seed)
    pages = []
    for page in pypdfium2.PdfDocument(document):
        picture = page.render(scale=200 / 72, grayscale=True).to_pil()
        picture = picture.rotate(dice.uniform(-turn, turn), fillcolor=255, resample=Image.Resampling.BICUBIC)
        if down != 200:
            picture = picture.resize((picture.width, round(picture.height * down / 200)))
        dots = np.asarray(picture) > 128
        specks = grain.random(dots.shape) < noise
        pages.append(Image.fromarray(np.where(specks, ~dots, dots).astype("uint8") * 255).convert("1"))
    return pages


def fax_tiff(document: bytes, **options: Any) -> bytes:
    """A fax as a TIFF of several pages."""
    down = options.get("down", 200)
    first, *others = fax_pages(document, **options)
    out = io.BytesIO()
    first.save(out, "TIFF", compression="group4", save_all=True, append_images=others, dpi=(200, down))
    return out.getvalue()


def fax_pdf(document: bytes, **options: Any) -> bytes:
    """A fax as a PDF without a text layer."""
    first, *others = fax_pages(document, **options)
    out = io.BytesIO()
    first.save(out, "PDF", resolution=200, save_all=True, append_images=others)
    return out.getvalue()

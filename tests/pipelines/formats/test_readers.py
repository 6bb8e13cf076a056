"""Each format as clinics write it: its text, and what it says of itself."""

from __future__ import annotations

import base64
import json

import pytest
import rendered

from pipelines.errors import CaseError
from pipelines.formats.document import Extracted
from pipelines.formats.packets import documents_of
from pipelines.formats.sniff import sniff

NOTE = (
    "HISTORY OF PRESENT ILLNESS:\nLow back pain with left sciatica for eight weeks.\n\n"
    "EXAM:\nLeft foot drop, tibialis anterior 3/5.\nGait is antalgic.\n\nPLAN:\nMRI lumbar spine."
)
CASE = {
    "service_date": "2026-03-02",
    "cpt_codes": ["72148"],
    "patient": {"birth_date": "1971-05-20", "sex": "female"},
    "documents": [
        {"document_id": "visit", "kind": "office_note", "date": "2026-02-27", "text": NOTE},
        {"document_id": "pt", "kind": "physical_therapy", "date": "2026-02-20", "text": "Visit 8 of 12."},
    ],
}


def read(data: bytes, name: str = "file") -> Extracted:
    (document,) = documents_of(data, name)
    return document


def words(text: str) -> list[str]:
    return text.split()


WRITERS = {
    "pdf": rendered.pdf,
    "docx": rendered.docx,
    "rtf": rendered.rtf,
    "html": rendered.html,
    "ccda": rendered.ccda,
    "hl7": rendered.hl7,
    "text": str.encode,
}


@pytest.mark.parametrize("format_", WRITERS)
def test_a_note_keeps_its_words_lines_and_blank_lines_in_every_format(format_: str) -> None:
    document = read(WRITERS[format_](NOTE))
    assert document.format == format_
    assert document.text.strip().split("\n") == NOTE.split("\n")


@pytest.mark.parametrize("format_", WRITERS)
def test_a_file_is_known_by_its_content_whatever_its_name(format_: str) -> None:
    assert sniff(WRITERS[format_](NOTE), "scan0001.dat") == format_


@pytest.mark.parametrize("format_", ["docx", "rtf", "html", "ccda", "hl7", "text"])
def test_accents_dashes_and_markup_characters_survive_every_format(format_: str) -> None:
    text = "Zoë – 5 < 6 & 7 > 6, “sharp” {L4}\\L5 ~ a^b|c • ≥ 3/5"
    assert read(WRITERS[format_](text)).text.strip() == text


# --- PDF -------------------------------------------------------------------------------------------------


def test_a_pdf_gives_its_pages_and_the_place_of_every_word() -> None:
    text = "\n".join(f"Line {number} of the visit note." for number in range(120))
    document = read(rendered.pdf(text))
    assert len(document.pages) > 1
    start = document.text.index("Line 110 ")
    assert document.page_at(start) == 3
    ((page, (left, top, right, bottom)),) = document.boxes(start, start + len("Line 110"))
    assert page == 3
    assert left == pytest.approx(rendered.MARGIN, abs=1)
    assert 0 < top < bottom < rendered.HEIGHT and left < right < rendered.MARGIN + 60


def test_a_quote_over_two_lines_has_a_box_for_each() -> None:
    document = read(rendered.pdf("He has low back pain\nand left leg pain."))
    start, end = document.text.index("back"), document.text.index(" pain.")
    assert [box[0] for box in document.boxes(start, end)] == [1, 1]


def test_lines_that_the_page_broke_are_told_from_lines_that_the_writer_broke() -> None:
    long = (
        "The patient reports that the pain began after lifting a box at work and has been there since then. "
        * 3
    )
    document = read(rendered.pdf(f"{long.strip()}\nNext line.\nLast line."))
    broken = [document.text[place + 1 :].split("\n")[0] for place in document.wrapped]
    assert len(broken) == document.text.count("\n") - 2
    assert "Next line." not in broken


def test_two_columns_are_read_one_after_the_other() -> None:
    left = "The left column tells the history of the low back pain in several long sentences. " * 5
    right = "The right column tells what the examiner found in both legs on that very day. " * 5
    text = read(rendered.two_columns(left, right, "Both columns stand under this line of the page.")).text
    assert words(text) == words("Both columns stand under this line of the page. " + left + right)


def test_a_table_is_read_row_by_row_with_its_columns_apart() -> None:
    table = "Muscle                 Right     Left\nTibialis anterior      5/5       3/5\nEHL                    5/5       4/5\nGastrocnemius          5/5       5/5\nQuadriceps             5/5       5/5\nHamstrings             5/5       5/5"
    rows = read(rendered.pdf(table, font="Courier")).text.split("\n")
    assert rows == table.split("\n")


def test_headers_and_footers_are_recognised_and_the_first_head_is_kept() -> None:
    text = "\n".join(f"Sentence number {number} of this note." for number in range(100))
    document = read(
        rendered.pdf(text, head="Spine Clinic   Doe, Jane   DOB 05/20/1971", foot="Page {page} of 3")
    )
    dropped = [document.text[start:end] for start, end in document.repeated]
    assert sum("Spine Clinic" in line for line in dropped) == len(document.pages) - 1
    assert sum("Page" in line for line in dropped) == len(document.pages)
    assert document.text.startswith("Spine Clinic")


def test_a_turned_page_is_read_as_it_is_shown() -> None:
    import io

    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(612, 792), invariant=1)
    canvas.setPageRotation(90)
    canvas.translate(612, 0)
    canvas.rotate(90)
    canvas.drawString(72, 500, "Left foot drop on examination today.")
    canvas.drawString(72, 480, "MRI lumbar spine.")
    canvas.showPage()
    canvas.save()
    document = read(out.getvalue())
    assert document.text.split("\n") == ["Left foot drop on examination today.", "MRI lumbar spine."]
    ((_, (left, top, right, bottom)),) = document.boxes(0, 4)
    assert right - left > bottom - top > 0


# --- Word, RTF, HTML ---------------------------------------------------------------------------------------


def p(inner: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r>{inner}</w:r></w:p>"


def t(words: str) -> str:
    return f'<w:t xml:space="preserve">{words}</w:t>'


def test_word_tables_lists_tabs_and_breaks_keep_their_shape() -> None:
    cells = [["Muscle", "R", "L"], ["EHL", "5/5", "4/5"]]
    rows = "".join(f"<w:tr>{''.join(f'<w:tc>{p(t(c))}</w:tc>' for c in row)}</w:tr>" for row in cells)
    body = (
        p(t("Exam") + "<w:br/>" + t("today"))
        + f"<w:tbl>{rows}</w:tbl>"
        + p(t("no fever"), '<w:numPr><w:numId w:val="1"/></w:numPr>')
        + p(t("BP") + "<w:tab/>" + t("130/80"))
    )
    expected = ["Exam", "today", "Muscle    R      L", "EHL       5/5    4/5", "- no fever", "BP    130/80"]
    assert read(rendered.docx("", body=body)).text.split("\n") == expected


def test_word_content_controls_are_read_and_tracked_deletions_are_not() -> None:
    box = '<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="{}"/></w14:checkbox></w:sdtPr><w:sdtContent/></w:sdt>'
    body = (
        f"<w:sdt><w:sdtContent>{p(t('Chief complaint: low back pain'))}</w:sdtContent></w:sdt>"
        f"<w:p>{box.format(1)}<w:r>{t(' foot drop')}</w:r>{box.format(0)}<w:r>{t(' fever')}</w:r></w:p>"
        f"<w:p><w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:ins><w:r>{t('new')}</w:r></w:ins></w:p>"
    )
    text = read(rendered.docx("", body=body)).text
    assert text.split("\n") == ["Chief complaint: low back pain", "[x] foot drop[ ] fever", "new"]


def test_word_headers_stand_before_and_footers_behind_the_text() -> None:
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    edge = f'<w:{{0}} xmlns:w="{word}">{p(t("{1}"))}</w:{{0}}>'
    parts = {
        "word/header1.xml": edge.format("hdr", "Patient: Jane Doe").encode(),
        "word/footer1.xml": edge.format("ftr", "Spine Clinic").encode(),
    }
    assert read(rendered.docx("Visit note", **parts)).text.split("\n") == [
        "Patient: Jane Doe",
        "Visit note",
        "Spine Clinic",
    ]


def test_a_page_shows_what_a_browser_would_show() -> None:
    page = (
        "<html><head><title>Portal</title><style>p {color: red}</style></head><body>"
        "<h2>Exam</h2><p>Left\n   foot <b>drop</b>,<br>4/5</p><script>var x = 'hidden'</script>"
        '<ul><li>no fever</li><li>no weakness</li></ul><p style="display:none">draft</p>'
        "<table><tr><th>Muscle</th><th>R</th><th>L</th></tr><tr><td>EHL</td><td>5/5</td><td>4/5</td></tr></table>"
        '<p><input type="checkbox" checked>trauma <input type="checkbox">cancer</p></body></html>'
    )
    lines = [line for line in read(page.encode()).text.split("\n") if line]
    assert lines == [
        "Exam", "Left foot drop,", "4/5", "- no fever", "- no weakness",
        "Muscle    R      L", "EHL       5/5    4/5", "[x] trauma [ ] cancer",
    ]  # fmt: skip


def test_a_page_in_another_encoding_is_read_by_what_it_declares() -> None:
    page = '<html><head><meta charset="iso-8859-2"></head><body><p>Łukasz</p></body></html>'
    assert read(page.encode("iso-8859-2")).text == "Łukasz"


# --- C-CDA, HL7, FHIR --------------------------------------------------------------------------------------


def section(title: str, inner: str) -> str:
    return f"<component><section><title>{title}</title><text>{inner}</text></section></component>"


def cda(body: str, header: str = "") -> bytes:
    return f'<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3">{header}<component>{body}</component></ClinicalDocument>'.encode()


def test_a_ccda_gives_its_sections_date_kind_author_and_patient() -> None:
    document = read(rendered.ccda(NOTE, "2026-02-27", "1971-05-20", "Jane Doe", "11508-9"))
    assert (document.date, document.kind) == ("2026-02-27", "physical_therapy")
    assert document.author_role == "Orthopaedic Surgery"
    assert (document.patient.name, document.patient.birth_date) == ("Jane Doe", "1971-05-20")


def test_a_ccda_section_stands_under_its_title_with_tables_and_lists() -> None:
    body = section("Physical Exam", "<list><item>Left foot drop</item><item>SLR positive</item></list>")
    body += section("Results", "<table><tbody><tr><td>ESR</td><td>12</td></tr></tbody></table>")
    body += section("Plan", "line one\nline two")
    document = read(cda(f"<structuredBody>{body}</structuredBody>"))
    assert document.text.split("\n") == [
        "Physical Exam:", "- Left foot drop", "- SLR positive", "", "Results:", "ESR    12", "", "Plan:", "line one", "line two",
    ]  # fmt: skip
    assert document.section_at(document.text.index("SLR")) == "Physical Exam"
    assert document.section_at(document.text.index("line two")) == "Plan"


def test_a_file_inside_of_a_ccda_is_read_with_what_the_ccda_says_of_it() -> None:
    inner = base64.b64encode(rendered.pdf(NOTE)).decode()
    body = f'<nonXMLBody><text mediaType="application/pdf" representation="B64">{inner}</text></nonXMLBody>'
    document = read(cda(body, '<code code="18748-4"/><effectiveTime value="20260105"/>'))
    assert (document.format, document.kind, document.date) == ("pdf", "imaging_report", "2026-01-05")
    assert document.text.startswith("HISTORY")


def test_an_hl7_message_gives_its_text_date_kind_author_and_patient() -> None:
    document = read(rendered.hl7(NOTE))
    assert (document.date, document.kind, document.author_role) == ("2026-02-27", "procedure_note", "MD")
    assert (document.patient.name, document.patient.birth_date, document.patient.sex) == (
        "JANE DOE",
        "1972-04-05",
        "female",
    )


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_hl7_escapes_repetitions_and_line_ends_are_what_they_stand_for(end: str) -> None:
    segments = [
        "MSH|^~\\&|A|B|C|D|20260301||ORU^R01|1|P|2.5",
        "OBR|1|||72148^MRI LUMBAR SPINE^C4|||20260226|||||||||||||||||RAD",
        "OBX|1|TX|IMP^Impression^L||L4-5 disc \\T\\ stenosis\\.br\\No fracture~Stable",
        "OBX|2|NM|ESR^Sed rate^L||12|mm/h",
    ]
    document = read((end.join(segments) + end).encode())
    assert document.text.split("\n") == ["L4-5 disc & stenosis", "No fracture", "Stable", "Sed rate: 12 mm/h"]
    assert (document.kind, document.date) == ("imaging_report", "2026-02-26")
    assert document.section_at(3) == "Impression"


def test_a_file_inside_of_an_hl7_message_is_read() -> None:
    inner = base64.b64encode(rendered.rtf(NOTE)).decode()
    message = f"MSH|^~\\&|A|B|C|D|20260301||MDM^T02|1|P|2.5\rTXA|1|CN|AP|20260227\rOBX|1|ED|N^Note||^application^rtf^Base64^{inner}"
    document = read(message.encode())
    assert (document.format, document.kind, document.date) == ("rtf", "office_note", "2026-02-27")


def test_a_fhir_bundle_is_a_whole_case() -> None:
    head, visit, therapy = documents_of(rendered.fhir(CASE), "bundle.json")
    assert (head.cpt_codes, head.service_date, head.patient.birth_date) == (
        ["72148"],
        "2026-03-02",
        "1971-05-20",
    )
    assert (visit.text, visit.kind, visit.date) == (NOTE, "office_note", "2026-02-27")
    assert (therapy.kind, therapy.date) == ("physical_therapy", "2026-02-20")


def test_a_fhir_composition_and_a_conclusion_are_documents() -> None:
    composition = {
        "resourceType": "Composition", "id": "c", "date": "2026-02-27",
        "type": {"coding": [{"system": "http://loinc.org", "code": "11488-4"}]},
        "section": [{"title": "Exam", "text": {"div": "<div><p>Left foot drop</p></div>"}}],
    }  # fmt: skip
    report = {
        "resourceType": "DiagnosticReport", "id": "r", "effectiveDateTime": "2026-01-10", "conclusion": "No fracture.",
        "code": {"text": "X-ray lumbar spine"},
    }  # fmt: skip
    bundle = {"resourceType": "Bundle", "entry": [{"resource": composition}, {"resource": report}]}
    _, note, xray = documents_of(json.dumps(bundle).encode(), "b")
    assert (note.text, note.kind, note.section_at(8)) == ("Exam:\nLeft foot drop", "office_note", "Exam")
    assert (xray.text, xray.kind, xray.date) == ("No fracture.", "imaging_report", "2026-01-10")


# --- packets -----------------------------------------------------------------------------------------------


def test_a_packet_holds_files_of_any_format_and_packets() -> None:
    inner = rendered.packet(report__rtf=rendered.rtf(NOTE))
    data = rendered.packet(a__pdf=rendered.pdf(NOTE), b__zip=inner, c__txt=NOTE.encode())
    documents = documents_of(data, "packet.zip")
    assert [document.format for document in documents] == ["pdf", "rtf", "text"]
    assert documents[1].name == "packet.zip/b.zip/report.rtf"


def test_an_unknown_file_in_a_packet_is_named_with_what_to_do() -> None:
    with pytest.raises(CaseError, match=r"old\.doc is an old Word .* Save it as DOCX"):
        documents_of(b"\xd0\xcf\x11\xe0" + bytes(600), "old.doc")

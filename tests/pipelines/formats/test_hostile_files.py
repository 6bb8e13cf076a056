"""Files that are locked, cut off or made to do harm: a clear error within limits, and the rest of a packet goes on."""

from __future__ import annotations

import base64
import io
import json
import struct
import time
import zipfile
import zlib
from collections.abc import Callable

import pytest
import rendered

from pipelines.errors import CaseError
from pipelines.formats import limits, sandbox
from pipelines.formats.document import Extracted
from pipelines.formats.packets import documents_of

NOTE = "HPI: Low back pain for eight weeks.\nEXAM: Left foot drop.\nPLAN: MRI lumbar spine."
SECRET = "Wilhelmina"


def pdf_of(*objects: bytes, root: int = 1) -> bytes:
    """A PDF file of numbered objects, with a correct table of them."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, root, table)
    return bytes(out)


CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R>>"


def stream(data: bytes, filters: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(data), filters, data)


def zeros(megabytes: int) -> bytes:
    packer = zlib.compressobj(9)
    chunk = bytes(1 << 20)
    return b"".join(packer.compress(chunk) for _ in range(megabytes)) + packer.flush()


def deep_bomb() -> bytes:
    """A stream packed twice: kilobytes that become 400 megabytes."""
    return stream(zlib.compress(zeros(400), 9), b"/Filter[/FlateDecode/FlateDecode]")


def zip_of(*members: tuple[str, bytes], flags: int = 0) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members:
            file.writestr(name, data)
    data = out.getvalue()
    if flags:
        for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at = data.find(mark)
            data = data[: at + place] + struct.pack("<H", flags) + data[at + place + 2 :]
    return data


def nested_zip(depth: int) -> bytes:
    data = NOTE.encode()
    for level in range(depth):
        data = zip_of((f"{level}.zip" if level else "note.txt", data))
    return data


def flat_bomb(megabytes: int = 300) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file, file.open("a.txt", "w") as member:
        for _ in range(megabytes):
            member.write(bytes(1 << 20))
    return out.getvalue()


def lying_zip() -> bytes:
    """Its directory says that a member is small."""
    data = bytearray(flat_bomb(20))
    at = data.find(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(data)


def billion_laughs(root: str = "ClinicalDocument") -> bytes:
    entities = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    return (
        f'<?xml version="1.0"?><!DOCTYPE x [{entities}]><{root} xmlns="urn:hl7-org:v3">&j;</{root}>'.encode()
    )


def external_entity() -> bytes:
    return (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        b'<ClinicalDocument xmlns="urn:hl7-org:v3">&f;</ClinicalDocument>'
    )


def deep_ccda(depth: int = 30_000) -> bytes:
    open_, close = b"<component><section>", b"</section></component>"
    return (
        b'<ClinicalDocument xmlns="urn:hl7-org:v3"><component><structuredBody>'
        + open_ * depth + close * depth + b"</structuredBody></component></ClinicalDocument>"
    )  # fmt: skip


def deep_docx() -> bytes:
    depth = 30_000
    body = "<w:smartTag>" * depth + "</w:smartTag>" * depth
    return rendered.docx("", body=body)


def docx_with_entities() -> bytes:
    return zip_of(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", billion_laughs("document")))


def bad_fhir(attachment: object) -> bytes:
    entry = {"resourceType": "DocumentReference", "id": "d", "content": [{"attachment": attachment}]}
    return json.dumps(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": entry}]}
    ).encode()


def png(width: int, height: int, rows: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def looping_tiff() -> bytes:
    """Its directory of pages points back to itself."""
    entries = struct.pack("<HHII", 256, 3, 1, 8) + struct.pack("<HHII", 257, 3, 1, 8)
    return b"II*\x00" + struct.pack("<I", 8) + struct.pack("<H", 2) + entries + struct.pack("<I", 8)


def many_pages(count: int) -> bytes:
    kids = b" ".join(b"%d 0 R" % (number + 3) for number in range(count))
    pages = b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count)
    leaf = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]>>"
    return pdf_of(CATALOG, pages, *([leaf] * count))


PDF = rendered.pdf(f"{NOTE}\n{SECRET}")
DOCX = rendered.docx(f"{NOTE}\n{SECRET}")
RTF = rendered.rtf(f"{NOTE}\n{SECRET}")
CCDA = rendered.ccda(f"{NOTE}\n{SECRET}")
ZIP = zip_of(("a.txt", f"{NOTE}\n{SECRET}".encode() * 50))
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512)

#: Every file with the codes that may come of it.
DAMAGED = ("damaged_file",)
LARGE = ("too_large", "memory_limit", "damaged_file", "time_limit")
HOSTILE: dict[str, tuple[Callable[[], bytes], tuple[str, ...]]] = {
    "a PDF that asks for a password": (lambda: rendered.pdf(NOTE, encrypt="secret"), ("encrypted",)),
    "a PDF of its first 100 bytes": (lambda: PDF[:100], DAMAGED),
    "a PDF without its end": (lambda: PDF[:20], DAMAGED),
    "a PDF that is only its first line": (lambda: b"%PDF-1.7\n", DAMAGED),
    "a PDF of noise": (lambda: b"%PDF-1.7\n" + bytes(range(256)) * 40, DAMAGED),
    "a PDF without a catalog": (lambda: pdf_of(b"<</Type/Nothing>>"), DAMAGED),
    "a PDF whose pages hold themselves": (
        lambda: pdf_of(CATALOG, b"<</Type/Pages/Kids[2 0 R]/Count 1>>"),
        (*DAMAGED, "empty"),
    ),
    "a PDF whose root is itself": (lambda: pdf_of(b"<</Type/Catalog/Pages 1 0 R>>"), (*DAMAGED, "empty")),
    "a PDF without pages": (
        lambda: pdf_of(CATALOG, b"<</Type/Pages/Kids[]/Count 0>>"),
        DAMAGED,
    ),
    "a PDF that claims a million pages": (
        lambda: pdf_of(CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1000000>>", PAGE, stream(b"")),
        ("too_large", "damaged_file", "empty"),
    ),
    "a PDF of ten thousand pages": (lambda: many_pages(10_000), ("too_large",)),
    "a PDF that unpacks to a thousand times its size": (
        lambda: pdf_of(CATALOG, PAGES, PAGE, deep_bomb()),
        (*LARGE, "empty"),
    ),
    "a PDF whose content draws itself for ever": (
        lambda: pdf_of(
            CATALOG,
            PAGES,
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>",
            stream(b"/F Do"),
            stream(b"/F Do /F Do", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F 5 0 R>>>>"),
        ),
        (*LARGE, "empty", "ocr_not_installed"),
    ),
    "a PDF with a page a kilometre wide": (
        lambda: pdf_of(
            CATALOG, PAGES, PAGE.replace(b"612 792", b"9999999 9999999"), stream(b"0 0 9 9 re f")
        ),
        (*LARGE, "empty", "ocr_not_installed"),
    ),
    "a PDF whose objects are each other's length": (
        lambda: pdf_of(CATALOG, PAGES, PAGE, b"<</Length 5 0 R>>stream\nendstream", b"5 0 R"),
        (*DAMAGED, "empty"),
    ),
    "a PDF with a broken cross reference stream": (
        lambda: b"%PDF-1.7\n1 0 obj<</Type/XRef/W[1 2 1]/Size 99999999/Length 4>>stream\nabcd\nendstream endobj\n"
        b"startxref\n9\n%%EOF",
        DAMAGED,
    ),
    "a PDF with brackets without end": (lambda: pdf_of(b"[" * 500_000), DAMAGED),
    "a PDF that runs a script when opened": (
        lambda: pdf_of(
            b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(while(1);)>>>>", PAGES, PAGE, stream(b"")
        ),
        (*DAMAGED, "empty"),
    ),
    "a DOCX of its first half": (lambda: DOCX[: len(DOCX) // 2], DAMAGED),
    "a DOCX without its directory": (lambda: DOCX[:-40], DAMAGED),
    "a DOCX with macros": (lambda: rendered.docx(NOTE, word__vbaProject_bin=b"x", **{"word/vbaProject.bin": b"x"}), ("macros",)),
    "a DOCX with an entity bomb": (docx_with_entities, ("unsafe_xml",)),
    "a DOCX of elements in elements": (deep_docx, LARGE),
    "a DOCX that unpacks to gigabytes": (
        lambda: zip_of(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", bytes(300 << 20))),
        ("unsafe_archive",),
    ),
    "a DOCX whose document is no XML": (
        lambda: zip_of(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w:document")),
        DAMAGED,
    ),
    "a DOCX without a document": (
        lambda: zip_of(("[Content_Types].xml", b"<Types/>"), ("word/document.xml.rels", b"<a/>")),
        DAMAGED,
    ),
    "a DOCX that is locked": (
        lambda: OLD + "EncryptedPackage".encode("utf-16-le") + bytes(100),
        ("encrypted",),
    ),
    "a DOCX with locked parts": (lambda: zip_of(("word/document.xml", b"<a/>"), flags=1), ("encrypted",)),
    "an old Word file": (lambda: OLD, ("unsupported_format",)),
    "a spreadsheet": (lambda: zip_of(("xl/workbook.xml", b"<a/>")), ("unsupported_format",)),
    "slides": (lambda: zip_of(("ppt/presentation.xml", b"<a/>")), ("unsupported_format",)),
    "an OpenDocument text": (
        lambda: zip_of(("content.xml", b"<a/>"), ("META-INF/manifest.xml", b"<a/>")),
        ("unsupported_format",),
    ),
    "an RTF without its end": (lambda: RTF[:-30], DAMAGED),
    "an RTF of open brackets": (lambda: b"{\\rtf1 " + b"{" * 200_000 + b"}", (*DAMAGED, *LARGE, "empty")),
    "an RTF over its limit": (lambda: b"{\\rtf1 " + b"a" * (6 << 20) + b"}", ("too_large",)),
    "an HTML page of nested elements": (lambda: b"<html><body>" + b"<div>" * 50_000 + b"x", LARGE),
    "an HTML page of nested tables": (
        lambda: b"<html><body>" + b"<table><tr><td>" * 3000 + b"x",
        (*LARGE, "empty"),
    ),
    "a C-CDA with an entity bomb": (billion_laughs, ("unsafe_xml",)),
    "a C-CDA that asks for a file of the machine": (external_entity, ("unsafe_xml",)),
    "a C-CDA with a document type": (
        lambda: CCDA.replace(b"?>", b'?><!DOCTYPE ClinicalDocument SYSTEM "http://example.org/x.dtd">', 1),
        ("unsafe_xml",),
    ),
    "a C-CDA cut off": (lambda: CCDA[: len(CCDA) // 2], DAMAGED),
    "a C-CDA of nested sections": (deep_ccda, LARGE),
    "a C-CDA with another root": (
        lambda: b'<other xmlns="urn:hl7-org:v3"><ClinicalDocument/></other>',
        DAMAGED,
    ),
    "XML of another kind": (lambda: b'<?xml version="1.0"?><invoice/>', ("unsupported_format",)),
    "FHIR as XML": (lambda: b'<Bundle xmlns="http://hl7.org/fhir"/>', ("unsupported_format",)),
    "FHIR cut off": (lambda: rendered.fhir({"service_date": "2026-01-01", "documents": []})[:-40], DAMAGED),
    "FHIR of brackets": (lambda: b'{"resourceType": "Bundle", "entry": ' + b"[" * 200_000, DAMAGED),
    "FHIR with a broken attachment": (lambda: bad_fhir({"data": "A"}), DAMAGED),
    "FHIR with a link instead of a document": (
        lambda: bad_fhir({"url": "https://example.org/note.pdf"}),
        ("attachment_missing",),
    ),
    "FHIR whose attachment is a broken PDF": (
        lambda: bad_fhir({"data": base64.b64encode(PDF[:60]).decode()}),
        DAMAGED,
    ),
    "FHIR whose attachment is a zip bomb": (
        lambda: bad_fhir({"data": base64.b64encode(flat_bomb()).decode()}),
        ("unsafe_archive",),
    ),
    "an HL7 message without segments": (lambda: b"MSH|", (*DAMAGED, "empty")),
    "an HL7 message with a broken embedded file": (
        lambda: b"MSH|^~\\&|A|B|C|D|20260101||ORU^R01|1|P|2.5\rOBX|1|ED|a||^application^pdf^Base64^A",
        DAMAGED,
    ),
    "a ZIP cut off": (lambda: ZIP[: len(ZIP) // 2], DAMAGED),
    "a ZIP with a password": (lambda: zip_of(("a.txt", b"x"), flags=1), ("encrypted",)),
    "a ZIP of packed zeros": (flat_bomb, ("unsafe_archive",)),
    "a ZIP that lies about its size": (lying_zip, (*DAMAGED, "unsafe_archive")),
    "a ZIP in a ZIP in a ZIP": (lambda: nested_zip(9), ("too_large",)),
    "a ZIP of too many files": (
        lambda: zip_of(*((f"{number}.txt", b"x") for number in range(600))),
        ("too_large",),
    ),
    "a ZIP that claims a hundred thousand files": (lambda: ZIP + b"PK\x01\x02" * 100_000, ("unsafe_archive", *DAMAGED)),
    "a ZIP whose name climbs out": (lambda: zip_of(("../../etc/cron.d/x", b"x")), ("unsafe_archive",)),
    "a ZIP whose name is absolute": (lambda: zip_of(("/etc/passwd", b"x")), ("unsafe_archive",)),
    "a ZIP whose name is of another system": (lambda: zip_of(("..\\..\\boot.ini", b"x")), ("unsafe_archive",)),
    "a ZIP with a drive in its name": (lambda: zip_of(("C:\\note.txt", b"x")), ("unsafe_archive",)),
    "an empty ZIP": (lambda: zip_of(), ("empty",)),
    "a ZIP of nothing but locked files": (
        lambda: zip_of(("a.pdf", rendered.pdf(NOTE, encrypt="secret"))),
        ("encrypted",),
    ),
    "a picture of four billion pixels": (lambda: png(65_000, 65_000), ("too_large", "ocr_not_installed", *DAMAGED)),
    "a picture without its end": (lambda: png(100, 100)[:40], ("ocr_not_installed", *DAMAGED)),
    "a TIFF that goes round in circles": (looping_tiff, ("ocr_not_installed", *DAMAGED, *LARGE)),
    "a compressed file": (lambda: b"\x1f\x8b\x08" + bytes(50), ("unsupported_format",)),
    "a 7z archive": (lambda: b"7z\xbc\xaf\x27\x1c" + bytes(50), ("unsupported_format",)),
    "a RAR archive": (lambda: b"Rar!\x1a\x07" + bytes(50), ("unsupported_format",)),
}  # fmt: skip


def outcome(data: bytes) -> tuple[str, str]:
    """The error of a file, or of the parts of it; `empty` where it reads as a document without words."""
    try:
        documents = documents_of(data, "file")
    except CaseError as error:
        return error.code, error.message
    remarks = [remark for document in documents for remark in document.remarks]
    if remarks:
        return remarks[0]
    assert not any(document.text.strip() for document in documents)
    return "empty", ""


@pytest.mark.parametrize(("make", "codes"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_gives_a_clear_error_within_its_limits(
    make: Callable[[], bytes], codes: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SECONDS", 20.0)
    data = make()
    began = time.monotonic()
    code, message = outcome(data)
    assert code in codes
    assert time.monotonic() - began < 25
    assert SECRET not in message
    if code != "empty":
        assert message.startswith("file") and message.endswith((".", "]"))


def test_sixty_and_more_hostile_files_are_tried() -> None:
    assert len(HOSTILE) >= 60


def test_a_packet_goes_on_after_a_bad_file() -> None:
    data = zip_of(
        ("1-locked.pdf", rendered.pdf(NOTE, encrypt="secret")),
        ("2-note.pdf", PDF),
        ("../3-outside.txt", NOTE.encode()),
        ("4-cut.docx", DOCX[:100]),
        ("5-note.rtf", RTF),
    )
    documents = documents_of(data, "packet.zip")
    read = [document.name for document in documents if document.text]
    assert read == ["packet.zip/2-note.pdf", "packet.zip/5-note.rtf"]
    codes = {code for document in documents for code, _ in document.remarks}
    assert codes == {"encrypted", "unsafe_archive", "damaged_file"}


def test_a_reader_that_hangs_is_stopped_and_the_next_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SECONDS", 1.0)
    monkeypatch.setattr(sandbox, "_START", sandbox._START.replace("main()", "import time; time.sleep(60)"))
    sandbox._stop_all()
    with pytest.raises(CaseError) as caught:
        documents_of(PDF, "slow.pdf")
    assert caught.value.code == "time_limit"
    monkeypatch.undo()
    assert documents_of(PDF, "next.pdf")[0].text


def test_a_reader_that_dies_costs_only_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_START", "import os; os.abort()")
    sandbox._stop_all()
    with pytest.raises(CaseError) as caught:
        documents_of(PDF, "crash.pdf")
    assert caught.value.code == "damaged_file"
    monkeypatch.undo()
    (document,) = documents_of(PDF, "next.pdf")
    assert isinstance(document, Extracted) and "foot drop" in document.text

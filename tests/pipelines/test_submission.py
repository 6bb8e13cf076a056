"""The documents of a case, put together from files of any format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rendered

from pipelines.check import check, decide
from pipelines.errors import CaseError
from pipelines.intake import Intake, Line, case_of_files, folder_lines, parse_line, take
from pipelines.models import case_from
from pipelines.result import to_line

NOTE = "HPI: 54 year old woman with low back pain.\nEXAM: Left foot drop.\nPLAN: MRI lumbar spine."
SAMPLES = Path(__file__).parents[2] / "data" / "samples"
Json = dict[str, Any]


@pytest.fixture
def submit(tmp_path: Path) -> Callable[..., Intake]:
    """Take a case of files, given by name and content."""

    def run(case: Json | None = None, /, **files: bytes | str) -> Intake:
        documents = []
        for name, content in files.items():
            name = name.replace("__", ".")
            (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
            documents.append({"document_id": name, "path": name})
        return take(case_from({"case_id": "A", "documents": documents, **(case or {})}), tmp_path)

    return run


def codes(intake: Intake) -> list[str]:
    return [remark.code for remark in intake.remarks]


# --- packets -----------------------------------------------------------------------------------------------


def test_a_packet_is_one_case(submit: Callable[..., Intake]) -> None:
    packet = rendered.packet(visit__pdf=rendered.pdf(NOTE), therapy__docx=rendered.docx("PT visit 8 of 12."))
    found = submit(packet__zip=packet)
    assert [document.document_id for document in found.documents] == [
        "packet.zip/therapy.docx",
        "packet.zip/visit.pdf",
    ]


def test_a_bad_file_is_a_remark_and_the_rest_of_the_case_goes_on(submit: Callable[..., Intake]) -> None:
    found = submit(visit__txt=NOTE, locked__pdf=rendered.pdf(NOTE, encrypt="x"))
    assert [document.text for document in found.documents] == [NOTE]
    assert codes(found) == ["encrypted"]


def test_a_case_of_bad_files_alone_is_an_error(submit: Callable[..., Intake]) -> None:
    with pytest.raises(CaseError) as caught:
        submit(locked__pdf=rendered.pdf(NOTE, encrypt="x"))
    assert (caught.value.code, caught.value.case_id) == ("encrypted", "A")
    with pytest.raises(CaseError) as caught:
        submit(packet__zip=rendered.packet(a__pdf=b"%PDF-1.7"))
    assert caught.value.code == "damaged_file"


def test_a_wrong_path_is_an_error_even_beside_good_files(tmp_path: Path) -> None:
    documents = [{"text": NOTE}, {"path": "nowhere.pdf"}]
    with pytest.raises(CaseError, match="no such file"):
        take(case_from({"case_id": "A", "documents": documents}), tmp_path)


def test_a_fhir_bundle_fills_in_codes_dates_and_age(submit: Callable[..., Intake]) -> None:
    case = {
        "service_date": "2026-03-02", "cpt_codes": ["72158"], "patient": {"birth_date": "2015-03-02"},
        "documents": [{"document_id": "v", "kind": "letter", "date": "2026-02-27", "text": NOTE}],
    }  # fmt: skip
    found = submit(bundle__json=rendered.fhir(case))
    assert (found.case.cpt_codes, str(found.case.service_date)) == (["72158"], "2026-03-02")
    assert str(found.case.patient.birth_date) == "2015-03-02"
    assert (found.documents[0].kind, str(found.documents[0].date)) == ("letter", "2026-02-27")


def test_what_the_case_says_stands_before_what_its_files_say(submit: Callable[..., Intake]) -> None:
    case = {"service_date": "2026-03-02", "cpt_codes": ["72158"], "documents": []}
    given = {"service_date": "2026-01-01", "cpt_codes": ["72148"], "patient": {"age_years": 54}}
    found = submit(given, bundle__json=rendered.fhir(case), visit__txt=NOTE)
    assert (found.case.cpt_codes, str(found.case.service_date)) == (["72148"], "2026-01-01")


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("PHYSICAL THERAPY PROGRESS NOTE", "physical_therapy"),
        ("Radiology Report", "imaging_report"),
        ("OPERATIVE REPORT", "operative_note"),
        ("Nerve Conduction Study", "emg_report"),
        ("MRI ORDER", "order"),
        ("Letter of Medical Necessity", "letter"),
        ("Riverside Family Practice", "office_note"),
        ("He asks for a letter for his employer.", "office_note"),
    ],
)
def test_the_kind_of_a_file_is_told_by_its_title(
    submit: Callable[..., Intake], title: str, kind: str
) -> None:
    assert submit(a__docx=rendered.docx(f"{title}\n{NOTE}")).documents[0].kind == kind


def test_the_author_is_told_by_the_letters_behind_the_signature(submit: Callable[..., Intake]) -> None:
    found = submit(a__rtf=rendered.rtf(f"{NOTE}\nElectronically signed by Ann Smith, PT, DPT 02/27/2026"))
    assert found.sources["a.rtf"].extracted.author_role == "physical therapist"


# --- whose document it is ----------------------------------------------------------------------------------


def named(name: str, birth: str, text: str = NOTE) -> str:
    return f"Patient: {name}\nDOB: {birth}\n{text}"


def test_a_document_of_another_patient_is_left_out_and_told(submit: Callable[..., Intake]) -> None:
    found = submit(
        a__txt=named("Jane Doe", "05/20/1971"),
        b__txt=named("Doe, Jane", "05/20/1971"),
        c__txt=named("John Poe", "01/02/1960"),
    )
    assert [document.document_id for document in found.documents] == ["a.txt", "b.txt"]
    (remark,) = found.remarks
    assert remark.code == "other_patient_suspected" and "c.txt" in remark.message
    assert "Poe" not in remark.message and "1960" not in remark.message


def test_the_birth_date_of_the_request_decides_whose_documents_they_are(
    submit: Callable[..., Intake],
) -> None:
    case = {"patient": {"birth_date": "1960-01-02"}}
    found = submit(case, a__txt="DOB: 05/20/1971\n" + NOTE, b__txt="DOB: 01/02/1960\n" + NOTE)
    assert [document.document_id for document in found.documents] == ["b.txt"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (named("Jane Doe", "05/20/1971"), named("Doe, Jane A.", "05/20/1971")),
        (named("Jane Doe", "05/20/1971"), named("Jane Smith-Doe", "05/20/1971")),
        (named("Jane Doe", "05/20/1971"), NOTE),
        ("DOB 05/20/1971\n" + NOTE, "Date of birth: 1971-05-20\n" + NOTE),
        ("DOB 05/20/71\n" + NOTE, "DOB: 05/20/1971\n" + NOTE),
    ],
)
def test_one_patient_written_in_two_ways_is_one_patient(
    submit: Callable[..., Intake], one: str, other: str
) -> None:
    found = submit(a__txt=one, b__txt=other)
    assert len(found.documents) == 2 and not found.remarks


def test_a_file_with_two_birth_dates_is_told(submit: Callable[..., Intake]) -> None:
    found = submit(a__txt=named("Jane Doe", "05/20/1971") + "\n" + named("Jane Doe", "06/21/1980"))
    assert codes(found) == ["other_patient_suspected"]


# --- the quality gate --------------------------------------------------------------------------------------


def test_an_order_without_a_note_is_told(submit: Callable[..., Intake]) -> None:
    found = submit(
        a__pdf=rendered.pdf("IMAGING ORDER\nMRI lumbar spine without contrast\nDiagnosis: low back pain")
    )
    assert codes(found) == ["order_without_note"]
    assert not codes(submit(a__pdf=rendered.pdf("IMAGING ORDER\nMRI lumbar spine"), b__txt=NOTE))


def test_a_note_about_another_part_of_the_body_is_told(submit: Callable[..., Intake]) -> None:
    found = submit(
        a__txt="HPI: Right knee pain after a twist.\nEXAM: effusion of the knee, McMurray positive."
    )
    assert codes(found) == ["other_body_region"]
    assert "the knee" in found.remarks[0].message


def test_an_empty_page_is_told_by_its_number(submit: Callable[..., Intake]) -> None:
    import io

    import pypdfium2

    merged = pypdfium2.PdfDocument(rendered.pdf(NOTE))
    merged.new_page(612, 792)
    out = io.BytesIO()
    merged.save(out)
    found = submit(a__pdf=out.getvalue())
    assert codes(found) == ["empty_page"] and "page 2" in found.remarks[0].message


# --- results -----------------------------------------------------------------------------------------------


def request(**document: object) -> Json:
    return {"case_id": "A", "service_date": "2026-03-02", "cpt_codes": ["72148"], "documents": [document]}


def test_every_quote_of_a_pdf_leads_to_its_page_and_boxes(tmp_path: Path) -> None:
    filler = "\n".join(f"Administrative line {number}." for number in range(80))
    (tmp_path / "a.pdf").write_bytes(rendered.pdf(f"{filler}\n\n{NOTE}"))
    line = json.dumps(request(document_id="a", path="a.pdf")).encode()
    result = decide(parse_line(Line(1, line), tmp_path), keep_text=True)
    (document,) = result["documents"]
    quotes = [quote for item in (*result["facts"], *result["indications"]) for quote in item["evidence"]]
    assert quotes
    for quote in quotes:
        assert document["text"][quote["start"] : quote["end"]] == quote["text"]
        assert quote["page"] == 2 and quote["boxes"][0]["page"] == 2


def test_plain_text_has_no_keys_that_it_did_not_have(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(NOTE)
    by_text = check(case_from(request(document_id="a", text=NOTE)))
    by_path = check(case_from(request(document_id="a", path="a.txt")), tmp_path)
    assert to_line(by_text) == to_line(by_path)
    assert "documents" not in by_text
    assert all(
        set(q) == {"document_id", "start", "end", "text"} for f in by_text["facts"] for q in f["evidence"]
    )


RENDERINGS = {
    "pdf": rendered.pdf,
    "typewriter": lambda text: rendered.pdf(
        text, font="Courier", size=9, head="Clinic", foot="Page {page} of 9"
    ),
    "docx": rendered.docx,
    "rtf": rendered.rtf,
    "html": rendered.html,
    "ccda": rendered.ccda,
    "hl7": lambda text: rendered.hl7(text, birth="", name=""),
}


@pytest.fixture(scope="module")
def samples() -> list[Json]:
    return [json.loads(line) for line in (SAMPLES / "cases.jsonl").read_text(encoding="utf-8").splitlines()][
        ::4
    ]


@pytest.fixture(scope="module")
def decided(samples: list[Json]) -> dict[str, str]:
    return {case["case_id"]: check(case_from(case))["determination"] for case in samples}


@pytest.mark.parametrize("format_", RENDERINGS)
def test_a_sample_is_decided_alike_in_every_format(
    format_: str, samples: list[Json], decided: dict[str, str], tmp_path: Path
) -> None:
    for case in samples:
        documents = []
        for number, document in enumerate(case["documents"]):
            path = tmp_path / f"{case['case_id']}-{number}"
            path.write_bytes(RENDERINGS[format_](document["text"]))
            documents.append({**{k: v for k, v in document.items() if k != "text"}, "path": path.name})
        result = check(case_from({**case, "documents": documents}), tmp_path)
        assert (case["case_id"], result["determination"]) == (case["case_id"], decided[case["case_id"]])


# --- folders and the command -------------------------------------------------------------------------------


def test_a_folder_of_packets_is_a_batch(tmp_path: Path) -> None:
    (tmp_path / "b" / "scans").mkdir(parents=True)
    (tmp_path / "b" / "visit.pdf").write_bytes(rendered.pdf(NOTE))
    (tmp_path / "b" / "scans" / "pt.rtf").write_bytes(rendered.rtf("PT visit 3."))
    (tmp_path / "a.zip").write_bytes(rendered.packet(visit__html=rendered.html(NOTE)))
    (tmp_path / "c.json").write_bytes(
        rendered.fhir(
            {
                "service_date": "2026-03-02",
                "documents": [{"document_id": "d", "date": "2026-02-27", "text": NOTE}],
            }
        )
    )
    found = [parse_line(line, tmp_path) for line in folder_lines(tmp_path)]
    assert [item.case.case_id for item in found] == ["a", "b", "c"]
    assert [document.document_id for document in found[1].documents] == ["scans/pt.rtf", "visit.pdf"]
    assert found[2].documents[0].text == NOTE


def test_a_folder_or_a_fhir_file_given_to_check_is_one_case(tmp_path: Path) -> None:
    (tmp_path / "packet").mkdir()
    (tmp_path / "packet" / "visit.pdf").write_bytes(rendered.pdf(NOTE))
    (tmp_path / "packet" / "order.json").write_bytes(
        rendered.fhir({"service_date": "2026-03-02", "cpt_codes": ["72148"], "documents": []})
    )
    data, folder = case_of_files([tmp_path / "packet"])
    found = take(case_from(data), folder)
    assert [document.document_id for document in found.documents] == ["visit.pdf"]
    assert found.case.cpt_codes == ["72148"]


def test_the_report_names_the_page_of_a_quote(
    indicia: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    (tmp_path / "visit.pdf").write_bytes(rendered.pdf("\n".join("x" for _ in range(60)) + "\n" + NOTE))
    code, out, _ = indicia("check", tmp_path / "visit.pdf", "--service-date", "2026-03-02", "--cpt", "72148")
    assert code == 0
    assert "visit.pdf, page 2" in out


def test_keep_text_adds_the_extracted_text(
    indicia: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    (tmp_path / "visit.docx").write_bytes(rendered.docx(NOTE))
    arguments = ("check", tmp_path / "visit.docx", "--service-date", "2026-03-02", "--json")
    assert "documents" not in json.loads(indicia(*arguments)[1])
    (document,) = json.loads(indicia(*arguments, "--keep-text")[1])["documents"]
    assert (document["format"], document["text"]) == ("docx", NOTE)


@pytest.mark.parametrize(
    ("birth", "is_known"),
    [("05/01/2013", True), ("05/01/2063", False)],
    ids=["a child's", "after the request"],
)
def test_the_age_comes_from_a_birth_date_that_the_note_gives(
    birth: str, is_known: bool, submit: Callable[..., Intake]
) -> None:
    note = f"DOB: {birth}\nSeen 03/02/2026. Low back pain for two weeks, no injury."
    found = decide(submit({"service_date": "2026-03-02"}, note__txt=note))
    assert ("age_unknown" not in [remark["code"] for remark in found["remarks"]]) is is_known

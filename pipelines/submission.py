"""The documents of one case: files opened, read and put together, whatever their formats.

One file of several that cannot be read becomes a remark and the rest goes on; where none can, the case is an
error. A document that names another patient than the rest is left out with a remark, never merged.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from nlp.facts import Document, Remark
from pipelines.decoding import without_surrogates
from pipelines.errors import CaseError
from pipelines.formats.document import Extracted, Person
from pipelines.formats.heading import author_role, birth_dates, person_of, strangers, title_kind
from pipelines.formats.limits import MAX_BYTES, too_large
from pipelines.formats.mend import mend
from pipelines.formats.packets import documents_of
from pipelines.formats.places import Source
from pipelines.formats.quality import remarks_on
from pipelines.models import Case, DocumentIn


@dataclass
class Submission:
    """What a case's documents come to. `case` has what only they knew: codes, dates, the patient's birth
    date."""

    case: Case
    documents: list[Document] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)


def open_documents(case: Case, folder: Path | None) -> Submission:
    """Read every document of a case.

    Raises CaseError where a path is wrong, or where no document can be read.
    """
    submission = Submission(case)
    taken = {document.document_id for document in case.documents if document.document_id}
    found: list[Extracted] = []
    failures: list[CaseError] = []
    for number, given in enumerate(case.documents, start=1):
        name = given.document_id or _free_name(f"document-{number}", taken)
        if given.text is not None:
            found.append(_inline(given, name))
            continue
        data = _bytes_of(given, folder, name)
        try:
            found += _named(documents_of(data, name), given, name, taken)
        except CaseError as error:
            failures.append(error)
    readable = _settle(submission, found, failures)
    submission.case = _completed(case, found)
    own = _of_one_patient(readable, submission)
    # A birth date that somebody typed under its label; one that was recognised may be misread.
    submission.case = _born(submission.case, [document for document in own if not document.recognised])
    for document in own:
        _add(document, submission)
    return submission


def _inline(given: DocumentIn, name: str) -> Extracted:
    day = given.date.isoformat() if given.date else None
    return Extracted(name, "text", given.text or "", given.kind, day)


def _named(documents: list[Extracted], given: DocumentIn, name: str, taken: set[str]) -> list[Extracted]:
    """Name what a file holds. What the case says of a file of one document stands before what the file
    says."""
    texts = [document for document in documents if document.text.strip()]
    for document in documents:
        if document.name != name and document.text.strip():
            document.name = _free_name(document.name, taken)
        outranks = len(texts) <= 1
        if "kind" in given.model_fields_set and (outranks or document.kind is None):
            document.kind = given.kind
        if given.date and (outranks or document.date is None):
            document.date = given.date.isoformat()
        _look_into(document)
    return documents


def _look_into(document: Extracted) -> None:
    """Take from the text what the format does not say."""
    if document.text:
        document.kind = document.kind or title_kind(document.text)
        document.author_role = document.author_role or author_role(document.text)


def _settle(submission: Submission, found: list[Extracted], failures: list[CaseError]) -> list[Extracted]:
    """Tell what could not be read; where nothing could, that is the case's error."""
    troubles = [*failures]
    for document in found:
        for code, message in document.remarks:
            submission.remarks.append(Remark(code, message))
            if not document.text.strip():
                troubles.append(CaseError(code, message))
    submission.remarks[:0] = [Remark(error.code, error.message) for error in failures]
    readable = [document for document in found if document.text.strip() or document.format == "text"]
    if readable:
        return readable
    if troubles:
        raise troubles[0]
    for document in found:  # a request without a note, a page without a word: decided as empty, and said so
        document.kind = document.kind or ("order" if document.cpt_codes else "other")
    return found


def _completed(case: Case, found: list[Extracted]) -> Case:
    """Fill in what the case itself does not say."""
    update: dict[str, object] = {}
    codes = [code for document in found for code in document.cpt_codes]
    if codes and not case.cpt_codes:
        update["cpt_codes"] = list(dict.fromkeys(codes))
    days = [document.service_date for document in found if document.service_date]
    if days and case.service_date is None:
        update["service_date"] = date.fromisoformat(max(days))
    return _born(case.model_copy(update=update) if update else case, found)


def _born(case: Case, documents: Sequence[Extracted]) -> Case:
    """The case with the one birth date that its documents give, where it has neither that nor an age."""
    births = {document.patient.birth_date for document in documents if document.patient.birth_date}
    patient = case.patient
    if len(births) != 1 or patient.age_years is not None or patient.birth_date is not None:
        return case
    birth = date.fromisoformat(births.pop() or "")
    return case.model_copy(update={"patient": patient.model_copy(update={"birth_date": birth})})


# --- whose documents -----------------------------------------------------------------------------------


def _of_one_patient(documents: list[Extracted], submission: Submission) -> list[Extracted]:
    """Leave out documents of another patient, and tell documents that name several."""
    for document in documents:
        if not document.patient:
            document.patient = person_of(document.text)
        if len(birth_dates(document.text)) > 1 and not document.recognised:
            words = f"{document.name} gives several birth dates. Check that all of it is about this patient."
            submission.remarks.append(Remark("other_patient_suspected", words))
    asked = submission.case.patient
    known = Person(None, asked.birth_date.isoformat() if asked.birth_date else None)
    others = strangers(known, documents)
    if len(others) == len(documents):
        others = strangers(Person(), documents)
    for document in others:
        words = (
            f"{document.name} names another patient or birth date than the rest of the case and was left "
            "out. Check whose it is; if it belongs here, correct its name or birth date and submit it again."
        )
        submission.remarks.append(Remark("other_patient_suspected", words))
    return [document for document in documents if not any(document is other for other in others)]


def _add(document: Extracted, submission: Submission) -> None:
    mended = mend(document, _knows)
    text = _readable(mended.text, document.name, submission.remarks)
    mended.text = text
    kind = document.kind or "office_note"
    day = date.fromisoformat(document.date) if document.date else None
    submission.documents.append(Document(document.name, text, kind, day))  # type: ignore[arg-type]
    submission.sources[document.name] = Source(document, mended)


def quality_remarks(submission: Submission, case: Case) -> list[Remark]:
    """What the quality gate says of the documents that came as files."""
    inline = {document.document_id for document in case.documents if document.text is not None}
    sources = [s.extracted for name, s in submission.sources.items() if name not in inline]
    return remarks_on(sources) if len(sources) == len(submission.sources) else []


def _readable(text: str, name: str, noticed: list[Remark]) -> str:
    """Replace what no reader can use (NUL, lone surrogates), one character by one, and say so."""
    if text.isascii() and "\x00" not in text:
        return text
    cleaned = without_surrogates(text.replace("\x00", " "))
    if cleaned != text or "\ufffd" in text:
        words = f"{name}: some characters could not be read. Check the document's source."
        noticed.append(Remark("unreadable_text", words))
    return cleaned


def _knows(word: str) -> bool:
    """Is a word one that notes use? (Imported late: only mending asks.)"""
    return word in _known_words()


@functools.cache
def _known_words() -> frozenset[str]:
    from nlp.lexicon import lexicon

    speller = lexicon().speller
    return speller.known | speller.real


def _free_name(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "-"
    taken.add(name)
    return name


# --- files -----------------------------------------------------------------------------------------------


def _bytes_of(document: DocumentIn, folder: Path | None, name: str) -> bytes:
    """Open a document given by path. Only files inside the input's own folder are opened."""
    if folder is None:
        raise CaseError(
            "missing_file", f"{name}: a path cannot be followed here; give the document's text instead."
        )
    base = folder.resolve()
    try:
        path = (base / str(document.path)).resolve()
    except (OSError, ValueError, RuntimeError):
        raise CaseError("missing_file", f"{name}: its path is not usable. Correct the path.") from None
    if not path.is_relative_to(base):
        raise CaseError(
            "path_outside_folder",
            f"{name}: its path leaves the folder of the input. Put the file there and give a relative path.",
        )
    return read_bytes(path, name)


def read_bytes(path: Path, name: str) -> bytes:
    """Read a file within the size limit.

    Raises CaseError (`missing_file`, `too_large`).
    """
    try:
        if not path.is_file():
            raise CaseError("missing_file", f"{name}: there is no such file. Check the path.")
        if path.stat().st_size > MAX_BYTES:
            raise too_large(name, f"over {MAX_BYTES >> 20} MB")
        return path.read_bytes()
    except OSError as error:
        why = error.strerror or "unknown reason"
        raise CaseError("missing_file", f"{name}: the file cannot be read ({why}).") from None

"""One case, from what was submitted to the result of the contract."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nlp.facts import Remark
from pipelines.errors import CaseError, InputError, internal_error
from pipelines.formats.doubt import mark_uncertain
from pipelines.formats.places import add_places, as_submitted, described
from pipelines.intake import Intake, Line, case_id_in, parse_line, take
from pipelines.models import Case, Result
from pipelines.result import Json, error_result, result_of, software, to_line

if TYPE_CHECKING:
    from datetime import date

_NO_DATE = (
    "Neither the case nor any of its documents has a date. Give the case its service_date (YYYY-MM-DD)."
)


class Answer(NamedTuple):
    """What becomes of one case: its result as a line of JSONL, and what a summary counts of it.

    `outcome` is the determination or the error code, `raised` holds (indication, status), `missing` the
    requirements that stand between the case and its criteria.
    """

    case_id: str
    outcome: str
    failed: bool
    line: bytes
    raised: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()


@functools.cache
def reader() -> Any:
    """Open the reader once per process.

    Raises InputError where it cannot be opened.
    """
    from nlp.reader import load

    try:
        return load()
    except Exception as error:  # no note has been seen yet: its words hold none
        words = f"The reader cannot be opened ({type(error).__name__}: {error}). Install indicia again."
        raise InputError(words) from error


def warm() -> None:
    """Load all that `check` needs, so that the first case is as fast as the next.

    Raises InputError where the reader cannot be opened.
    """
    # Imported here: the commands that judge nothing start without the reader and the rules.
    import criteria.determination  # noqa: F401
    import nlp.to_facts  # noqa: F401

    reader()
    software()


def check_case(case: Case, folder: Path | None = None) -> Result:
    """Decide one case. A case that cannot be decided gives a result whose `error` says why.

    `folder` is where the paths of documents start; without it documents must carry their text.
    """
    return Result.model_validate(check(case, folder))


def check(case: Case, folder: Path | None = None) -> Json:
    """As `check_case`, but the result is the plain object of the contract."""
    try:
        return decide(take(case, folder))
    except CaseError as error:
        return error_result(case.case_id, error, case.service_date)


def check_line(line: Line, folder: Path | None = None, keep_text: bool = False) -> Answer:
    """Decide one line of a batch. Never raises but for what should end the process."""
    try:
        intake = parse_line(line, folder)
    except CaseError as error:
        return failed(error.case_id or case_id_in(line), error)
    except Exception as error:
        return failed(case_id_in(line), internal_error(error))
    case = intake.case
    try:
        result = decide(intake, keep_text)
    except CaseError as error:
        return failed(case.case_id, error, case.service_date)
    raised = tuple((item["id"], item["status"]) for item in result["indications"])
    return Answer(case.case_id, result["determination"], False, to_line(result), raised, missing_of(result))


def missing_of(result: Json) -> tuple[str, ...]:
    """The requirements that a case without met criteria lacks, each once."""
    if result["determination"] in {None, "meets_criteria", "out_of_scope"}:
        return ()
    items = [*result["indications"], result["gate"]]
    return tuple(sorted({name for item in items for name in item["missing"]}))


def failed(case_id: str, error: CaseError, service_date: date | None = None) -> Answer:
    """The answer to a case that could not be processed."""
    return Answer(case_id, error.code, True, to_line(error_result(case_id, error, service_date)))


def decide(intake: Intake, keep_text: bool = False) -> Json:
    """Read the documents and judge the facts. `keep_text` adds the documents' texts to the result.

    Raises CaseError: `no_edition` where no criteria were in force at the service date, `no_service_date`
    where neither the case nor a document has a date, `internal_error` for whatever was not foreseen (its own
    words are withheld: they may quote a note); InputError where the reader cannot be opened.
    """
    warm()
    from criteria.determination import NoEditionError, determine
    from nlp.to_facts import read_case

    case = intake.case
    try:
        facts = read_case(
            reader(),
            intake.documents,
            service_date=case.service_date,
            cpt_codes=case.cpt_codes,
            age_years=case.patient.age_years,
            birth_date=case.patient.birth_date,
        )
        extracted = {name: source.extracted for name, source in intake.sources.items()}
        found = mark_uncertain(as_submitted(facts.facts, intake.sources), extracted)
        facts = replace(facts, facts=found)
        determination = determine(facts)
        remarks: list[Remark] = [*intake.remarks, *determination.remarks]
        result = result_of(case.case_id, facts.service_date, facts.facts, determination, remarks)
    except NoEditionError as error:
        raise CaseError("no_edition", str(error)) from None
    except Exception as error:
        if case.service_date is None and str(error).startswith("no service date"):
            raise CaseError("no_service_date", _NO_DATE) from None
        raise internal_error(error) from None
    for item in [*result["facts"], *result["indications"], result["gate"]]:
        add_places(item["evidence"], intake.sources)
    if keep_text:
        result["documents"] = described(intake.sources)
    return result

"""What goes in and what comes out, as pydantic models: the contract that users' pipelines rely on.

Input is read strictly where a mistake could change a decision (dates, ages, which document says what) and
tolerantly elsewhere (unknown keys are ignored). Errors name the field and what belongs there, and never
repeat what was given.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from typing_extensions import Self

from nlp.facts import ASSERTIONS, DocumentKind
from pipelines.errors import CaseError

KINDS: tuple[str, ...] = get_args(DocumentKind)

DeterminationName = Literal[
    "meets_criteria", "does_not_meet", "insufficient_documentation", "clinical_review", "out_of_scope"
]
Status = Literal["met", "not_met", "incomplete", "not_raised"]

_ISO_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ][0-9:.,+\-Z ]*)?")
_FIRST_YEAR, _LAST_YEAR = 1880, 2199


def _day(value: object) -> object:
    """Read an ISO day (a time behind it is dropped); an empty cell is no date."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, str):
        match = _ISO_DAY.fullmatch(value.strip())
        if match is None:
            raise ValueError("must be a date written YYYY-MM-DD")
        try:
            value = date.fromisoformat(match[1])
        except ValueError:
            raise ValueError("is not a day of the calendar; write YYYY-MM-DD") from None
    if not isinstance(value, date):
        raise ValueError("must be a date written YYYY-MM-DD")
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise ValueError(f"must lie between the years {_FIRST_YEAR} and {_LAST_YEAR}")
    return value


def identifier(value: object) -> object:
    """Numbers are common as identifiers in tables; they are read as their digits (1001.0 too)."""
    if isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int) else value


def _codes(value: object) -> object:
    """Read CPT codes given as a list, as numbers, or as one text parted by commas, semicolons or blanks.

    Modifiers (72148-26, "72148 TC") are dropped: they say how a study is billed, not which study it is.
    """
    if value is None:
        return []
    items = value if isinstance(value, list | tuple) else [value]
    codes: list[str] = []
    for item in items:
        text = identifier(item)
        if not isinstance(text, str):
            raise ValueError("must be a list of CPT codes such as 72148")
        codes += [part.upper() for part in re.split(r"[^0-9A-Za-z]+", text) if len(part) > 2]
    return list(dict.fromkeys(codes))


def _kind(value: object) -> object:
    """A kind that the contract does not know is read as `other`."""
    if value is None or value == "":
        return "office_note"
    return value if not isinstance(value, str) or value in KINDS else "other"


def _blank(value: object) -> object:
    return None if value == "" else value


def _listed(value: object) -> object:
    return [] if value is None else value


Day = Annotated[date | None, BeforeValidator(_day)]
Age = Annotated[float, Field(ge=0, le=130, allow_inf_nan=False)]
Identifier = Annotated[str, BeforeValidator(identifier), Field(min_length=1, max_length=500)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, frozen=True)


class Patient(_Input):
    """What the request says of the patient; it outranks what the notes say."""

    age_years: Annotated[Age | None, BeforeValidator(_blank)] = None
    birth_date: Day = None
    sex: str | None = None


class DocumentIn(_Input):
    """One submitted document: its `text`, or the `path` of a file of any format relative to the input."""

    document_id: Annotated[Identifier | None, BeforeValidator(_blank)] = None
    kind: Annotated[DocumentKind, BeforeValidator(_kind)] = "office_note"
    date: Day = None
    text: str | None = None
    path: Annotated[str | None, Field(min_length=1)] = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.text is None) == (self.path is None):
            raise ValueError("needs either text or path")
        return self


class Case(_Input):
    """One request for a lumbar MRI with its documents."""

    case_id: Identifier
    service_date: Day = None
    cpt_codes: Annotated[list[str], BeforeValidator(_codes)] = Field(default_factory=list)
    patient: Annotated[Patient, BeforeValidator(lambda value: {} if value is None else value)] = Field(
        default_factory=Patient
    )
    documents: Annotated[list[DocumentIn], BeforeValidator(_listed), Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = [document.document_id for document in self.documents if document.document_id is not None]
        if len(ids) != len(set(ids)):
            raise ValueError("two documents have the same document_id; give each its own")
        birth, service = self.patient.birth_date, self.service_date
        if birth is not None and service is not None and birth > service:
            raise ValueError("patient.birth_date lies after service_date; correct one of them")
        return self


_T = TypeVar("_T")
#: A key that is there only where there is something to say.
Where = Annotated[_T | None, Field(exclude_if=lambda value: value is None)]


class PageBox(BaseModel):
    """A place on a page (counted from 1): left, top, right, bottom. Points (1/72 inch) from the top left
    corner of a PDF page as shown, pixels of a picture."""

    page: int
    box: Annotated[list[float], Field(min_length=4, max_length=4)]


class Evidence(BaseModel):
    """A quote: `text` stands in the document's extracted text from character `start` up to `end`.

    `page`, `section` and `boxes` (one a line of the quote) are there where the document's format has them.
    """

    document_id: str
    start: int
    end: int
    text: str
    page: Where[int] = None
    section: Where[str] = None
    boxes: Where[list[PageBox]] = None


class Policy(BaseModel):
    """The edition of the guideline that was applied."""

    id: str
    version: str
    effective_from: date


class Software(BaseModel):
    """What decided: the program and a digest of its rules."""

    version: str
    rules_digest: str


class Indication(BaseModel):
    """One indication of the guideline that the documents raise, and how it stands."""

    id: str
    status: Status
    missing: list[str]
    contradicted: list[str]
    evidence: list[Evidence]
    notes: list[str] = []


class Gate(BaseModel):
    """Whether recent overlapping imaging stands in the way."""

    overlap: str
    missing: list[str]
    evidence: list[Evidence] = []


class FactOut(BaseModel):
    """One fact that the documents state, with every place that states it."""

    type: str
    assertion: Annotated[str, Field(json_schema_extra={"enum": list(ASSERTIONS)})]
    attributes: dict[str, str | int | float | bool]
    date: str | None
    evidence: list[Evidence]


class RemarkOut(BaseModel):
    """A coded note to the user that never changes the determination."""

    code: str
    message: str


class DocumentOut(BaseModel):
    """A document as it was read, where the caller asks for it: offsets of evidence count in `text`, each page
    of it begins at an offset of `pages`."""

    document_id: str
    format: str
    kind: str | None
    date: str | None
    author_role: str | None
    pages: list[int]
    text: str


class ErrorOut(BaseModel):
    """Why a case could not be processed."""

    code: str
    message: str


class Result(BaseModel):
    """The answer to one case. `determination` is null where `error` is not."""

    case_id: str
    determination: DeterminationName | None
    policy: Policy | None
    software: Software
    service_date: date | None
    indications: list[Indication]
    gate: Gate | None
    to_meet: list[list[str]]
    facts: list[FactOut]
    remarks: list[RemarkOut]
    error: ErrorOut | None
    documents: Where[list[DocumentOut]] = None


#: pydantic's error types in words for a clinic; all others keep pydantic's own words, which never hold input.
_WORDS = {
    "missing": "is required",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long",
    "string_unicode": "holds characters that are not valid text",
    "list_type": "must be a list",
    "too_short": "must hold at least one document",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "greater_than_equal": "must lie between 0 and 130",
    "less_than_equal": "must lie between 0 and 130",
    "model_type": "must be an object with named fields",
    "model_attributes_type": "must be an object with named fields",
}
_SHOWN = 3


def explain(error: ValidationError) -> str:
    """Say which fields are wrong and what belongs there, without repeating what was given."""
    problems = []
    for item in error.errors(include_input=False, include_url=False):
        place = ".".join(str(part) for part in item["loc"])
        place = re.sub(r"\.(\d+)", lambda match: f"[{match[1]}]", place)
        context = item.get("ctx", {}).get("error")
        words = str(context) if context is not None else _WORDS.get(item["type"], item["msg"])
        problems.append(f"{place}: {words}" if place else words)
    more = f" (and {len(problems) - _SHOWN} more)" if len(problems) > _SHOWN else ""
    return "; ".join(problems[:_SHOWN]) + more


def case_from(data: object) -> Case:
    """Validate a case.

    Raises CaseError(`invalid_case`) that names the fields to correct.
    """
    try:
        return Case.model_validate(data)
    except ValidationError as error:
        case_id = _readable_id(data)
        raise CaseError("invalid_case", explain(error) + ".", case_id) from None


def _readable_id(data: object) -> str | None:
    found: Any = data.get("case_id") if isinstance(data, dict) else None
    found = identifier(found)
    return found if isinstance(found, str) and found else None

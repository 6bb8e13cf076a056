"""What an evaluation compares: cases with labels by hand (gold), and the results that were found for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from nlp.facts import Assertion
from pipelines.decoding import without_surrogates
from pipelines.errors import CaseError
from pipelines.intake import Line, case_id_in, lines_of, parse_line
from pipelines.models import DeterminationName, Evidence, explain

AttributeValue = str | int | float | bool | None | list[Any]


def _listed(value: object) -> object:
    return [] if value is None else value


Names = Annotated[list[str], BeforeValidator(_listed)]


class _Labels(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, frozen=True)


class GoldIndication(_Labels):
    """How an indication really stands. One that is not raised has no label."""

    status: Literal["met", "incomplete", "not_met"]
    missing: Names = []
    contradicted: Names = []


class GoldFact(_Labels):
    """A fact that the documents really state, with its best quote."""

    type: str
    assertion: Assertion
    attributes: dict[str, AttributeValue] = {}
    quote: str | None = None
    document_id: str | None = None


class Gold(_Labels):
    """The labels of a case. `indications` or `facts` that nobody labelled are None, and not counted."""

    determination: DeterminationName
    also: list[DeterminationName] = []
    indications: dict[str, GoldIndication] | None = None
    gate: Literal["open", "closed"] | None = None
    facts: list[GoldFact] | None = None
    why: str = ""


class FoundIndication(_Labels):
    """An indication of a result."""

    id: str
    status: str
    missing: Names = []
    contradicted: Names = []
    evidence: list[Evidence] = []


class FoundFact(_Labels):
    """A fact of a result."""

    type: str
    assertion: str
    attributes: dict[str, AttributeValue] = {}
    date: str | None = None
    evidence: list[Evidence] = []


class FoundGate(_Labels):
    overlap: str


class FoundError(_Labels):
    code: str
    message: str


class Found(_Labels):
    """What of a result is compared; also results of earlier versions, or of other programs, can be read."""

    case_id: str
    determination: DeterminationName | None = None
    indications: Annotated[list[FoundIndication], BeforeValidator(_listed)] = []
    gate: FoundGate | None = None
    facts: Annotated[list[FoundFact], BeforeValidator(_listed)] = []
    software: dict[str, str] = Field(default_factory=dict)
    error: FoundError | None = None


class Labelled(NamedTuple):
    """A gold line: its case with the documents' texts by document_id, and its labels."""

    line: Line
    case_id: str
    texts: dict[str, str]
    gold: Gold


class Unusable(NamedTuple):
    """A line that could not be used, and why, in words that hold nothing of a note."""

    file: str
    line: int
    case_id: str
    message: str


def read_gold(path: Path, tell: Callable[[Unusable], object]) -> Iterator[Labelled]:
    """Yield the usable cases of a gold file in order; every other line is told.

    Raises InputError where the file cannot be opened.
    """
    seen: dict[str, int] = {}
    for line in lines_of(path):
        try:
            labelled = labelled_of(line, path.parent)
            if labelled.case_id in seen:
                first = seen[labelled.case_id]
                raise CaseError(
                    "duplicate_case_id",
                    f"Its case_id was used before, on line {first}. Give each case its own.",
                    labelled.case_id,
                )
        except CaseError as error:
            tell(Unusable(path.name, line.number, error.case_id or case_id_in(line), error.message))
            continue
        seen[labelled.case_id] = line.number
        yield labelled


def labelled_of(line: Line, folder: Path) -> Labelled:
    """Read one gold line. Raises CaseError where the case or its labels cannot be used."""
    intake = parse_line(line, folder)
    case = intake.case
    data = _json(line.raw or b"")
    if data.get("gold") is None:
        raise CaseError(
            "no_gold", "It has no labels. Add the key `gold` with at least a determination.", case.case_id
        )
    try:
        gold = Gold.model_validate(data["gold"])
    except ValidationError as error:
        raise CaseError("invalid_gold", f"gold.{explain(error)}.", case.case_id) from None
    # Quotes are of what was submitted, where characters were replaced for reading.
    texts = {
        read.document_id: read.text if given.text is None else without_surrogates(given.text)
        for read, given in zip(intake.documents, case.documents, strict=True)
    }
    return Labelled(line, case.case_id, texts, gold)


class ResultsFile:
    """The results of a JSONL file, found by case_id.

    Gold and results are mostly in one order: only lines that are passed over are held. Of two results for one
    case the first counts, as in a batch.
    """

    def __init__(self, path: Path, tell: Callable[[Unusable], object]) -> None:
        self._path, self._tell = path, tell
        self._lines = lines_of(path)
        self._held: dict[str, Line] = {}

    def of(self, case_id: str) -> Found | None:
        """Return the result of a case, None where there is none that can be used."""
        line = self._held.pop(case_id, None)
        while line is None:
            following = next(self._lines, None)
            if following is None:
                return None
            found_id = case_id_in(following)
            if found_id == case_id:
                line = following
            else:
                self._held.setdefault(found_id, following)
        try:
            return found_of(line.raw or b"")
        except CaseError as error:
            self._tell(Unusable(self._path.name, line.number, case_id, error.message))
            return None

    def left(self) -> int:
        """Return how many results belong to no case that was asked for."""
        return len(self._held) + sum(1 for _ in self._lines)


def found_of(raw: bytes) -> Found:
    """Read a line of results. Raises CaseError(`invalid_result`)."""
    try:
        return Found.model_validate(_json(raw))
    except ValidationError as error:
        raise CaseError("invalid_result", f"{explain(error)}. Write the results again.") from None
    except (ValueError, RecursionError):
        raise CaseError("invalid_result", "It is no JSON object. Write the results again.") from None


def _json(raw: bytes) -> dict[str, Any]:
    try:
        data = json.loads(raw)
    except UnicodeDecodeError:
        data = json.loads(raw.decode("cp1252", "replace"))
    if not isinstance(data, dict):
        raise ValueError("no object")
    return data

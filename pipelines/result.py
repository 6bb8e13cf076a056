"""A determination as the JSON object of the contract.

Results are plain dictionaries built straight from the facts and the determination: validating our own output
on every case would cost more than judging it. `pipelines.models.Result` describes the same object, and tests
hold the two together.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from nlp.facts import Evidence, Fact, Remark
from pipelines import __version__
from pipelines.errors import CaseError

if TYPE_CHECKING:
    from criteria.determination import Determination

Json = dict[str, Any]

_FOR_A_PERSON = Remark(
    "clinician_review",
    "This is not a denial. Send the case to a clinician reviewer; the determination rests on the submitted "
    "documentation alone.",
)


@functools.cache
def software() -> dict[str, str]:
    """The program's version and the digest of its rules."""
    from criteria.determination import rules_digest

    return {"version": __version__, "rules_digest": rules_digest()}


def result_of(
    case_id: str,
    service_date: date,
    facts: Sequence[Fact],
    determination: Determination,
    remarks: Sequence[Remark],
) -> Json:
    """Build the result of a decided case, keys in the order of the contract."""
    policy, gate = determination.policy, determination.gate
    if determination.determination in {"does_not_meet", "clinical_review"}:
        remarks = [_FOR_A_PERSON, *remarks]
    return {
        "case_id": case_id,
        "determination": determination.determination,
        "policy": {
            "id": policy.id,
            "version": policy.version,
            "effective_from": policy.effective_from.isoformat(),
        },
        "software": software(),
        "service_date": service_date.isoformat(),
        "indications": [
            {
                "id": item.id,
                "status": item.status,
                "missing": list(item.missing),
                "contradicted": list(item.contradicted),
                "evidence": _quotes(item.evidence),
                "notes": list(item.notes),
            }
            for item in determination.indications
        ],
        "gate": {
            "overlap": gate.overlap,
            "missing": list(gate.missing),
            "evidence": _quotes(gate.evidence),
        },
        "to_meet": [list(names) for names in determination.to_meet],
        "facts": [_fact(fact) for fact in facts],
        "remarks": [{"code": remark.code, "message": remark.message} for remark in dict.fromkeys(remarks)],
        "error": None,
    }


def error_result(case_id: str, error: CaseError, service_date: date | None = None) -> Json:
    """Build the result of a case that could not be decided."""
    return {
        "case_id": case_id,
        "determination": None,
        "policy": None,
        "software": software(),
        "service_date": service_date.isoformat() if service_date else None,
        "indications": [],
        "gate": None,
        "to_meet": [],
        "facts": [],
        "remarks": [],
        "error": {"code": error.code, "message": error.message},
    }


def to_line(result: Json) -> bytes:
    """Serialise a result as one line of JSONL, newline included.

    U+0085, U+2028 and U+2029 are legal in JSON, but many line readers break a line at them: they are escaped.
    """
    text = json.dumps(result, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escape in (("\u0085", "\\u0085"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        text = text.replace(character, escape)
    return text.encode("utf-8") + b"\n"


def _fact(fact: Fact) -> Json:
    attributes = dict(fact.attributes)
    if fact.conflict:
        attributes["conflict"] = True
    if fact.uncertain:
        attributes["low_confidence"] = True
    return {
        "type": fact.type,
        "assertion": fact.assertion,
        "attributes": dict(sorted(attributes.items())),
        "date": fact.date,
        "evidence": _quotes(fact.evidence),
    }


def _quotes(evidence: Sequence[Evidence]) -> list[Json]:
    return [
        {"document_id": quote.document_id, "start": quote.start, "end": quote.end, "text": quote.text}
        for quote in evidence
    ]

"""FHIR R4 as JSON: a bundle or a single resource. Requests give codes and dates, the patient an age,
attachments the documents.

Read as plain objects and tolerantly: a bundle that fails validation in one corner still holds its notes.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from typing import Any

from pipelines.decoding import decode
from pipelines.formats import limits
from pipelines.formats.codes import CPT, day_of, kind_of
from pipelines.formats.document import Extracted, Part, Person, Reading
from pipelines.formats.flow import Flow
from pipelines.formats.sandbox import damaged

Resource = dict[str, Any]

_CPT_SYSTEMS = ("http://www.ama-assn.org/go/cpt", "urn:oid:2.16.840.1.113883.6.12")


def read(data: bytes, name: str, tick: Callable[[float], None]) -> Reading:
    """Read a Bundle, DocumentReference, DiagnosticReport, Composition, ServiceRequest, Claim, Patient or
    Binary.

    Raises CaseError: `damaged_file` where it is no FHIR JSON, `too_large`.
    """
    try:
        root = json.loads(decode(data).text)
    except (ValueError, RecursionError):
        raise damaged(name) from None
    if not isinstance(root, dict):
        raise damaged(name)
    return _Bundle(root, name).reading()


class _Bundle:
    """The resources of a file, by their addresses, and what is made of them."""

    def __init__(self, root: Resource, name: str) -> None:
        self.name = name
        self.resources: list[Resource] = []
        self.by_address: dict[str, Resource] = {}
        self._collect(root, 0)

    def _collect(self, resource: Resource, depth: int) -> None:
        if depth > limits.MAX_DEPTH or len(self.resources) > 50 * limits.MAX_PARTS:
            raise limits.too_large(self.name, "a bundle of too many resources")
        if resource.get("resourceType") != "Bundle":
            self.resources.append(resource)
            self.by_address[f"{resource.get('resourceType')}/{resource.get('id')}"] = resource
            for inner in _objects(resource.get("contained")):
                self.by_address[f"#{inner.get('id')}"] = inner
            return
        for entry in _objects(resource.get("entry")):
            held = entry.get("resource")
            if isinstance(held, dict):
                self._collect(held, depth + 1)
                self.by_address[str(entry.get("fullUrl"))] = held

    def reading(self) -> Reading:
        reading = Reading()
        head = Extracted(self.name, "fhir", patient=self._patient())
        for resource in self.resources:
            kind = resource.get("resourceType")
            if kind in ("ServiceRequest", "Claim"):
                self._request(resource, head, reading)
            elif kind == "DocumentReference":
                for content in _objects(resource.get("content")):
                    self._attach(content.get("attachment"), resource, reading)
            elif kind == "DiagnosticReport":
                self._report(resource, reading)
            elif kind == "Composition":
                self._composition(resource, reading)
            elif kind == "Binary" and len(self.resources) == 1:
                self._attach(resource, resource, reading)
        reading.documents.insert(0, head)
        return reading

    def _patient(self) -> Person:
        for resource in self.resources:
            if resource.get("resourceType") == "Patient":
                return _person(resource)
        return Person()

    def _subject(self, resource: Resource) -> Person:
        found = self._resolved(resource.get("subject"))
        return _person(found) if found and found.get("resourceType") == "Patient" else Person()

    def _resolved(self, reference: object) -> Resource | None:
        return self._at(reference.get("reference")) if isinstance(reference, dict) else None

    def _at(self, address: object) -> Resource | None:
        """The resource at an address, in full or relative."""
        if not isinstance(address, str):
            return None
        return self.by_address.get(address) or self.by_address.get("/".join(address.split("/")[-2:]))

    def _about(self, resource: Resource, name: str) -> Extracted:
        code, words = _type_of(resource)
        about = Extracted(name, "fhir", patient=self._subject(resource))
        about.kind = kind_of(code, words) or ("other" if code or words else None)
        context = resource.get("context")
        period = context.get("period") if isinstance(context, dict) else None
        stamps = [period.get("start") if isinstance(period, dict) else None]
        stamps += [resource.get(key) for key in ("date", "effectiveDateTime", "issued")]
        about.date = next(
            (day for stamp in stamps if isinstance(stamp, str) and (day := day_of(stamp))), None
        )
        about.author_role = self._author(resource)
        return about

    def _author(self, resource: Resource) -> str | None:
        references = resource.get("author") or resource.get("performer") or []
        for reference in _objects(references if isinstance(references, list) else [references]):
            found = self._resolved(reference) or {}
            for key in ("code", "specialty"):
                for concept in _objects(found.get(key)):
                    if words := _concept(concept)[1]:
                        return words
            for qualification in _objects(found.get("qualification")):
                if words := _concept(qualification.get("code"))[1]:
                    return words
        return None

    def _name(self, resource: Resource, reading: Reading) -> str:
        own = resource.get("id")
        number = len(reading.documents) + len(reading.parts) + 1
        return f"{self.name}/{own if isinstance(own, str) and own else f'document-{number}'}"

    def _attach(self, attachment: object, resource: Resource, reading: Reading) -> None:
        if not isinstance(attachment, dict):
            return
        name = self._name(resource, reading)
        about = self._about(resource, name)
        data = attachment.get("data")
        if data is None:
            data = (self._at(attachment.get("url")) or {}).get("data")
        if not isinstance(data, str):
            words = f"{name}: its attachment is not in the bundle, only a link to it. Submit the document."
            about.remarks.append(("attachment_missing", words))
            reading.documents.append(about)
            return
        try:
            content = base64.b64decode(data, validate=False)
        except (binascii.Error, ValueError):
            about.remarks.append(("damaged_file", f"{name}: its attachment is damaged. Submit it again."))
            reading.documents.append(about)
            return
        about.kind = about.kind or kind_of(None, str(attachment.get("title") or ""))
        about.date = about.date or day_of(str(attachment.get("creation") or ""))
        reading.parts.append(Part(name, content, about))

    def _report(self, resource: Resource, reading: Reading) -> None:
        forms = list(_objects(resource.get("presentedForm")))
        for form in forms:
            self._attach(form, resource, reading)
        conclusion = resource.get("conclusion")
        if isinstance(conclusion, str) and not forms:
            about = self._about(resource, self._name(resource, reading))
            about.text = conclusion
            reading.documents.append(about)

    def _composition(self, resource: Resource, reading: Reading) -> None:
        """The narrative of a composition, section by section."""
        from pipelines.formats.html import text_of

        document = self._about(resource, self._name(resource, reading))
        flow = Flow()
        for depth, section in _sections(resource, 0):
            if depth > limits.MAX_DEPTH:
                continue
            title = section.get("title")
            flow.block(2)
            if isinstance(title, str) and title.strip():
                document.sections.append((len(flow), title.strip()))
                flow.verbatim(title.strip().rstrip(":") + ":")
                flow.line()
            narrative = section.get("text")
            markup = narrative.get("div") if isinstance(narrative, dict) else None
            if isinstance(markup, str):
                flow.verbatim(text_of(markup, document.name))
                flow.line()
        document.text = flow.text.rstrip("\n")
        reading.documents.append(document)

    def _request(self, resource: Resource, head: Extracted, reading: Reading) -> None:
        """A request: what is asked for and when; its own words (reason, notes) are an order."""
        concepts = [resource.get("code"), *_objects(resource.get("orderDetail"))]
        concepts += [item.get("productOrService") for item in _objects(resource.get("item"))]
        for concept in concepts:
            head.cpt_codes += [code for code in _cpt_codes(concept) if code not in head.cpt_codes]
        day = day_of(str(resource.get("authoredOn") or resource.get("created") or ""))
        head.service_date = max(filter(None, (head.service_date, day)), default=None)
        words = [_concept(concept)[1] for concept in _objects(resource.get("reasonCode"))]
        words += [str(note.get("text") or "") for note in _objects(resource.get("note"))]
        text = "\n".join(word for word in words if word)
        if text:
            order = self._about(resource, self._name(resource, reading))
            order.kind, order.date, order.text = "order", day, text
            reading.documents.append(order)


def _objects(value: object) -> Iterator[Resource]:
    """The objects of a list; anything else holds none."""
    yield from (item for item in (value if isinstance(value, list) else ()) if isinstance(item, dict))


def _sections(resource: Resource, depth: int) -> Iterator[tuple[int, Resource]]:
    for section in _objects(resource.get("section")):
        yield depth, section
        if depth < limits.MAX_DEPTH:
            yield from _sections(section, depth + 1)


def _concept(concept: object) -> tuple[str | None, str | None]:
    """The code and the words of a CodeableConcept."""
    if not isinstance(concept, dict):
        return None, None
    codings = list(_objects(concept.get("coding")))
    code = next((str(item["code"]) for item in codings if item.get("code")), None)
    words = concept.get("text") or next((item["display"] for item in codings if item.get("display")), None)
    return code, words if isinstance(words, str) else None


def _type_of(resource: Resource) -> tuple[str | None, str | None]:
    """The type of a document: its LOINC code, and the words of type, title and description."""
    concept = resource.get("type") or resource.get("code")
    code, words = _concept(concept)
    more = [resource.get(key) for key in ("title", "description")]
    return code, " ".join(str(word) for word in (words, *more) if word) or None


def _cpt_codes(concept: object) -> list[str]:
    if not isinstance(concept, dict):
        return []
    return [
        str(item.get("code"))
        for item in _objects(concept.get("coding"))
        if item.get("system") in _CPT_SYSTEMS and CPT.fullmatch(str(item.get("code")))
    ]


def _person(patient: Resource) -> Person:
    names = list(_objects(patient.get("name")))
    usual = next((item for item in names if item.get("use") == "official"), names[0] if names else {})
    given = usual.get("given")
    parts = [*(given if isinstance(given, list) else []), usual.get("family")]
    words = " ".join(str(part) for part in parts if part) or str(usual.get("text") or "")
    sex = patient.get("gender")
    return Person(
        words or None, day_of(str(patient.get("birthDate") or "")), sex if isinstance(sex, str) else None
    )

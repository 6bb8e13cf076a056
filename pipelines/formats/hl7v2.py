"""HL7 v2 messages: reports (ORU), documents (MDM) and orders (ORM, OMG, OML) with the text of their OBX and
NTE."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable

import hl7

from pipelines.decoding import decode
from pipelines.formats.codes import CPT, day_of, kind_of
from pipelines.formats.document import Extracted, Part, Person, Reading
from pipelines.formats.sandbox import damaged

_MESSAGE = re.compile(r"(?m)^(?=MSH\|)")
_TEXT_TYPES = frozenset({"TX", "FT", "ST", "NM", "CE", "CWE", "SN", "DT", "TS", ""})
_LINE = re.compile(r"\\\.(?:br|sp|in|ti)[^\\]{0,20}\\")
_MARKS = re.compile(r"\\[HN]\\|\\\.[a-z]{2}[^\\]{0,20}\\")
_KINDS = {"RAD": "imaging_report", "LAB": "lab_report", "CH": "lab_report", "HM": "lab_report"}
_ENVELOPES = ("FHS|", "BHS|", "BTS|", "FTS|")


def read(data: bytes, name: str, tick: Callable[[float], None]) -> Reading:
    """Read the messages of a file, each a document; embedded files (ED) become parts.

    Raises CaseError(`damaged_file`) where no message can be made out.
    """
    text = decode(data).text.replace("\x0b", "").replace("\x1c", "").replace("\r\n", "\r").replace("\n", "\r")
    kept = [line for line in text.split("\r") if not line.startswith(_ENVELOPES)]
    messages = [m for m in _MESSAGE.split("\n".join(kept)) if m.startswith("MSH|")]
    reading = Reading()
    for number, message in enumerate(messages, start=1):
        label = name if len(messages) == 1 else f"{name}#{number}"
        _read_message(message.replace("\n", "\r").strip() + "\r", label, reading)
    if not reading.documents and not reading.parts:
        raise damaged(name)
    return reading


def _read_message(text: str, name: str, reading: Reading) -> None:
    try:
        message = hl7.parse(text)
    except Exception:  # the library has no error class of its own for most of what it meets
        raise damaged(name) from None
    document = Extracted(name, "hl7")
    lines: list[str] = []
    size = 0
    title = ""
    for segment in message:
        kind = str(segment[0])
        if kind == "PID":
            document.patient = _patient(segment)
        elif kind in ("TXA", "OBR", "ORC", "MSH"):
            _about(kind, segment, document)
        if kind not in ("OBX", "NTE"):
            continue
        if kind == "OBX" and _field(segment, 2) == "ED":
            _embed(segment, document, reading)
            continue
        label = _component(segment, 3, 2) or _component(segment, 3, 1) if kind == "OBX" else ""
        value = _value(segment, 5 if kind == "OBX" else 3)
        if kind == "OBX" and _field(segment, 2) not in _TEXT_TYPES:
            continue
        if label and label != title and _field(segment, 2) in ("TX", "FT", "ST"):
            title = label
            document.sections.append((size, label))
        if kind == "OBX" and _field(segment, 2) not in ("TX", "FT", "ST", ""):
            value = f"{label}: {value} {_component(segment, 6, 1)}".rstrip()
        lines.append(value)
        size += len(value) + 1
    document.text = "\n".join(lines)
    if document.text.strip() or not reading.parts:
        reading.documents.append(document)


def _patient(segment: hl7.Segment) -> Person:
    family, given = _component(segment, 5, 1), _component(segment, 5, 2)
    sex = {"F": "female", "M": "male"}.get(_field(segment, 8))
    return Person(f"{given} {family}".strip() or None, day_of(_field(segment, 7)), sex)


def _about(kind: str, segment: hl7.Segment, document: Extracted) -> None:
    """What the header segments say: kind, day, author, procedure code."""
    if kind == "TXA":
        words = " ".join((_component(segment, 2, 1), _component(segment, 2, 2)))
        document.kind = kind_of(_component(segment, 2, 1), _TXA_TYPES.get(_component(segment, 2, 1), words))
        document.date = day_of(_field(segment, 4)) or day_of(_field(segment, 6)) or document.date
        document.author_role = _component(segment, 9, 6) or _component(segment, 9, 7) or document.author_role
    elif kind == "OBR":
        code, words = _component(segment, 4, 1), _component(segment, 4, 2)
        found = _KINDS.get(_field(segment, 24)) or kind_of(code, words)
        document.kind = document.kind or found
        document.date = document.date or day_of(_field(segment, 7)) or day_of(_field(segment, 22))
    elif kind == "MSH" and _component(segment, 9, 1) in ("ORM", "OMG", "OML", "OMI"):
        document.kind = "order"
        document.service_date = day_of(_field(segment, 7))
    if kind == "OBR" and document.kind == "order":
        code = _component(segment, 4, 1)
        document.cpt_codes += [code] if CPT.fullmatch(code) else []
        document.service_date = day_of(_field(segment, 6)) or document.service_date


#: Document types of table 0270.
_TXA_TYPES = {
    "CN": "consultation", "HP": "history and physical", "PN": "procedure note", "OP": "operative report",
    "DI": "diagnostic imaging", "PC": "progress note", "SP": "surgery report", "DS": "office note",
}  # fmt: skip


def _embed(segment: hl7.Segment, document: Extracted, reading: Reading) -> None:
    parts = str(segment[5]).split("^") if len(segment) > 5 else []
    if len(parts) < 5 or parts[3].lower() != "base64":
        return
    try:
        data = base64.b64decode(parts[4].replace("\\.br\\", ""), validate=False)
    except (binascii.Error, ValueError):
        document.remarks.append(("damaged_file", f"{document.name}: an embedded file is damaged."))
        return
    reading.parts.append(Part(f"{document.name}/file-{len(reading.parts) + 1}", data, document))


def _value(segment: hl7.Segment, number: int) -> str:
    """A text field: repetitions and formatting commands are line ends, escapes are what they stand for."""
    if len(segment) <= number:
        return ""
    lines = str(segment[number]).replace("~", "\n")
    return _unescape(_MARKS.sub("", _LINE.sub("\n", lines))).rstrip()


def _unescape(text: str) -> str:
    for escape, character in (
        ("\\F\\", "|"),
        ("\\S\\", "^"),
        ("\\T\\", "&"),
        ("\\R\\", "~"),
        ("\\E\\", "\\"),
    ):
        text = text.replace(escape, character)
    return text


def _field(segment: hl7.Segment, number: int) -> str:
    return str(segment[number]).strip() if len(segment) > number else ""


def _component(segment: hl7.Segment, field: int, number: int) -> str:
    parts = _field(segment, field).split("~")[0].split("^")
    return parts[number - 1].strip() if len(parts) >= number else ""

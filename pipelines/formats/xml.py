"""XML parsed without what makes it dangerous: no entities, no external references, no document type."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from pipelines.errors import CaseError
from pipelines.formats.sandbox import damaged


def parse(data: bytes, name: str) -> Element:
    """Parse an XML document.

    Raises CaseError: `unsafe_xml` where it declares entities or a document type, `damaged_file` where it is
    no XML.
    """
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        raise CaseError(
            "unsafe_xml",
            f"{name} declares a document type or entities, as attacks do, and was not read. Export it anew.",
        ) from None
    except (ParseError, ValueError, LookupError):
        raise damaged(name) from None
    return root

"""A result as a page for the terminal: the answer first, then what shows it and what is missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from pipelines.result import Json

_SENTENCES = {
    "meets_criteria": (
        "bold green",
        "Meets criteria. The documents show at least one indication for this lumbar MRI.",
    ),
    "does_not_meet": (
        "bold yellow",
        "Not met on the submitted documentation. This is not a denial: send it to a clinician reviewer.",
    ),
    "insufficient_documentation": (
        "bold yellow",
        "Not enough documentation. This is not a denial: what is missing can still be submitted.",
    ),
    "clinical_review": (
        "bold yellow",
        "A clinician has to review this: the guideline does not settle it. This is not a denial.",
    ),
    "out_of_scope": (
        "bold",
        "Out of scope. No lumbar spine MRI (CPT 72148, 72149, 72158) is among the requested codes.",
    ),
}
_STATUS = {
    "met": ("green", "met"),
    "not_met": ("red", "not met"),
    "incomplete": ("yellow", "incomplete"),
    "not_raised": ("dim", "not raised"),
}
_ORDER = ("met", "incomplete", "not_met", "not_raised")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_LONGEST_QUOTE = 200

#: What a requirement or an indication is in plain words.
Words = Callable[[str], str]


def print_report(
    console: Console, result: Json, texts: Mapping[str, str], *, requirement: Words, indication: Words
) -> None:
    """Print a result. `texts` are the documents' texts, for the line numbers of quotes."""
    if result["error"]:
        console.print(Text(f"{result['case_id']}: not decided", style="bold red"))
        console.print(Text(result["error"]["message"]))
        return
    style, sentence = _SENTENCES[result["determination"]]
    console.print(Text.assemble((f"{result['case_id']}: ", "bold"), (sentence, style)))
    lines = _Lines(texts)
    _print_indications(console, result["indications"], lines, requirement, indication)
    _print_to_meet(console, result["to_meet"], requirement)
    _print_gate(console, result["gate"], lines, requirement)
    for remark in result["remarks"]:
        if remark["code"] == "clinician_review":
            continue  # the first sentence has said so
        console.print(_entry(("Remark: ", "bold"), remark["message"]))
    policy, software = result["policy"], result["software"]
    console.print(
        Text(
            f"\n{policy['id']} edition {policy['version']}, in force from {policy['effective_from']}; "
            f"as of {result['service_date']}; "
            f"indicia {software['version']}, rules {software['rules_digest'][:19]}",
            style="dim",
        )
    )


class _Lines:
    """Finds the page or the line on which a quote stands."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def where(self, quote: Json) -> str:
        text = self._texts.get(quote["document_id"])
        if text is None:
            return str(quote["document_id"])
        before = text[: quote["start"]].replace("\r\n", "\n").replace("\r", "\n")
        page = quote.get("page")
        if page is not None:
            return f"{quote['document_id']}, page {page}"
        return f"{quote['document_id']}, line {before.count(chr(10)) + 1}"


def _print_indications(
    console: Console, indications: Sequence[Json], lines: _Lines, requirement: Words, indication: Words
) -> None:
    raised = [item for item in indications if item["status"] != "not_raised"]
    if not raised:
        return
    console.print(Text("\nIndications that the documents raise", style="bold"))
    for item in sorted(raised, key=lambda item: _ORDER.index(item["status"])):
        style, status = _STATUS[item["status"]]
        console.print(
            _entry((f"{status:<11}", style), (item["id"], "bold"), _aside(indication(item["id"])), by=2)
        )
        for quote in item["evidence"]:
            console.print(_quote(quote, lines))
        for label, names in (("missing: ", item["missing"]), ("against: ", item["contradicted"])):
            for name in names:
                console.print(_entry((label, "yellow"), requirement(name), (f" ({name})", "dim"), by=6))
        for note in item.get("notes", ()):
            console.print(_entry(("note: ", "bold"), note, by=6))


def _print_to_meet(console: Console, sets: Sequence[Sequence[str]], requirement: Words) -> None:
    if not sets:
        return
    heading = (
        "This would be enough, once documented"
        if len(sets) == 1
        else "Any one of these would be enough, once documented"
    )
    console.print(Text(f"\n{heading}", style="bold"))
    for number, names in enumerate(sets, start=1):
        words = "; and ".join(f"{requirement(name)} ({name})" for name in names)
        console.print(_entry(f"{number}. {words}", by=2))


def _print_gate(console: Console, gate: Json, lines: _Lines, requirement: Words) -> None:
    console.print()
    if gate["overlap"] == "open" and not gate["missing"]:
        console.print(_entry(("Recent imaging: ", "bold"), "none stands in the way."))
        return
    console.print(
        _entry(("Recent imaging: ", "bold"), "a lumbar MRI or CT of the last 3 months stands in the way.")
    )
    for quote in gate.get("evidence", ()):
        console.print(_quote(quote, lines))
    for name in gate["missing"]:
        console.print(_entry(("missing: ", "yellow"), requirement(name), (f" ({name})", "dim"), by=6))


def _quote(quote: Json, lines: _Lines) -> Padding:
    text = _CONTROL.sub(" ", quote["text"])
    if len(text) > _LONGEST_QUOTE:
        text = text[: _LONGEST_QUOTE - 1] + "…"
    return _entry((f'"{text}"', "italic"), (f"  {lines.where(quote)}", "dim"), by=6)


def _aside(words: str) -> str:
    return f"  {words}" if words else ""


def _entry(*parts: str | tuple[str, str], by: int = 0) -> Padding:
    """A line of words that stays indented where it wraps; nothing in it is read as markup."""
    return Padding(Text.assemble(*parts), (0, 0, 0, by), expand=False)

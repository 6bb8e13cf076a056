"""The criteria on the terminal: all of them, one of them, what changed, what is covered."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from criteria.catalog import Covered, coverage, criterion_text, diff, list_criteria
from criteria.lumbar_mri.editions import EDITIONS, POLICY_ID
from pipelines.errors import InputError


def print_list(console: Console, version: str | None) -> None:
    """Print the criteria of an edition (the newest by default) and all editions.

    Raises InputError for an unknown edition.
    """
    try:
        criteria = list_criteria(version)
    except KeyError as error:
        raise InputError(str(error.args[0])) from None
    table = _table("id", "criterion", "where in the guideline")
    for item in criteria:
        table.add_row(Text(item.id, style="bold"), Text(item.title), Text(item.citation, style="dim"))
    console.print(Text(f"{POLICY_ID}, edition {version or EDITIONS[-1].version}", style="bold"))
    console.print(table)
    console.print(Text("\nEditions", style="bold"))
    for edition in EDITIONS:
        line = Text.assemble((edition.version, "bold"), f"  from {edition.effective_from}  {edition.note}")
        console.print(_indented(line))


def print_criterion(console: Console, name: str) -> None:
    """Print one criterion: its words, its place in the guideline, what it requires, its numbers.

    Raises InputError for an unknown id.
    """
    try:
        item = criterion_text(name)
    except KeyError as error:
        raise InputError(str(error.args[0])) from None
    console.print(Text.assemble((item.id, "bold"), f": {item.title}"))
    console.print(_indented(Text(item.text)))
    console.print(_indented(Text(f"Guideline: {item.citation}", style="dim")))
    if item.requirements:
        console.print(Text("\nRequires", style="bold"))
        for requirement, words in item.requirements.items():
            console.print(_indented(Text.assemble((requirement, "bold"), f": {words}")))
    if item.numbers:
        console.print(Text("\nNumbers", style="bold"))
        for number in item.numbers:
            values = ", ".join(f"{value} from {first}" for first, value in number.values)
            console.print(_indented(Text(f"{number.text}: {values}")))


def print_diff(console: Console, old: str, new: str) -> None:
    """Print what changed from one edition to another.

    Raises InputError for an unknown edition.
    """
    try:
        changes = diff(old, new)
    except KeyError as error:
        raise InputError(str(error.args[0])) from None
    if not changes:
        console.print(f"Editions {old} and {new} hold the same criteria and values.")
    for change in changes:
        console.print(Text.assemble(f"{change.kind:<8} ", (change.id, "bold"), f": {change.text}"))


def print_coverage(console: Console) -> None:
    """Print every bullet, note and table row of the guideline with what covers it."""
    table = _table("place in the guideline", "what it says, in short", "covered by")
    for item in coverage():
        table.add_row(Text(item.place), Text(item.words), Text(_cover(item)))
    console.print(table)


def _cover(item: Covered) -> str:
    if item.rules:
        return ", ".join(item.rules)
    return item.definition or f"not computed: {item.not_computable}"


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _indented(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 2), expand=False)

"""The command line: `indicia check`, `batch`, `evaluate`, `policy`, `schema`, `bench`.

Exit codes: 0 done; 1 some cases failed (their lines say why); 2 wrong usage or unreadable input, nothing
written. Everything heavy is imported by the command that needs it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines import __version__
from pipelines.errors import CaseError, InputError, failure

if TYPE_CHECKING:
    from rich.console import Console

    from pipelines.intake import Intake, Line
    from pipelines.summary import Summary
    from pipelines.tables import Source

app = typer.Typer(
    name="indicia",
    help="Reads lumbar-MRI request notes and says whether guideline NIA_CG_044 is met. It never denies.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Help in plain words: the rich one takes longer to import than everything else.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
policy_app = typer.Typer(help="The criteria, their source and their editions.", no_args_is_help=True)
app.add_typer(policy_app, name="policy")


Workers = Annotated[
    int | None,
    typer.Option(
        min=1, help="Processes to use. 1 works without a pool.", show_default="all processors, at least 2"
    ),
]
TimeLimit = Annotated[float, typer.Option(min=0.1, help="Seconds that a case may take; long notes get more.")]


class SchemaName(str, Enum):
    """What a JSON Schema can be asked for."""

    case = "case"
    result = "result"


class Shown(str, Enum):
    """Which cases an evaluation shows."""

    misses = "misses"
    all = "all"


class EngineName(str, Enum):
    """Who does the work of a batch."""

    local = "local"
    spark = "spark"


def main() -> None:
    """Run the command. Errors are told in words on standard error, never as a traceback with a note in it."""
    try:
        app()
    except InputError as error:
        print(f"indicia: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): nothing is left to say, also not at interpreter exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("INDICIA_DEBUG"):
            raise
        print(
            f"indicia: the program failed ({failure(error)}); nothing was written. Please report the place. "
            "INDICIA_DEBUG=1 shows more, perhaps words of a note.",
            file=sys.stderr,
        )
        sys.exit(2)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"indicia {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command()
def check(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="The documents of one case in any format, a packet (ZIP or folder), or one case as JSON.",
            show_default=False,
        ),
    ],
    service_date: Annotated[
        str | None, typer.Option(help="Date of the request, YYYY-MM-DD.", show_default=False)
    ] = None,
    cpt: Annotated[
        list[str] | None, typer.Option(help="Requested CPT code; may be repeated.", show_default=False)
    ] = None,
    age: Annotated[
        float | None, typer.Option(help="Age of the patient in years.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    keep_text: Annotated[
        bool, typer.Option("--keep-text", help="With --json: add the text that was read of each document.")
    ] = False,
) -> None:
    """Decide one case and show why. The options fill in what the files lack."""
    from pipelines.intake import case_of_files, take
    from pipelines.models import case_from

    try:
        data, folder = case_of_files(files)
        case = case_from(_with_options(data, service_date, cpt, age))
        intake = take(case, folder)
    except CaseError as error:
        raise InputError(error.message) from None
    result = _decide(intake, keep_text)
    if as_json:
        _print_json(result)
    else:
        _print_report(result, {name: source.extracted.text for name, source in intake.sources.items()})
    if result["error"]:
        raise typer.Exit(1)


@app.command()
def batch(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT", help="JSONL, CSV or Parquet (.gz, .zst too), or a folder of tables or notes."
        ),
    ],
    output: Annotated[
        Path, typer.Option(help="Where the results go: .jsonl, .parquet, .csv, .sqlite or .duckdb.")
    ],
    workers: Workers = None,
    time_limit: TimeLimit = 60.0,
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="FIELD=COLUMN", help="Which column holds a field, such as text=note_body."
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="A column that travels along to the results; may be repeated."),
    ] = None,
    columns: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The same as a TOML file: keep = [...], [columns].")
    ] = None,
    summary: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the summary as JSON, too.")
    ] = None,
    engine: Annotated[EngineName, typer.Option(help="What does the work.")] = EngineName.local,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that broke off.")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Throw away a run that broke off.")] = False,
    keep_text: Annotated[
        bool, typer.Option("--keep-text", help="Add the text that was read of each document to the results.")
    ] = False,
) -> None:
    """Decide many cases, a result for each, in input order. A run that breaks off can be resumed."""
    import time

    from pipelines.batch import run
    from pipelines.rows import columns_from

    if resume and restart:
        raise InputError("--resume goes on with a run, --restart throws it away: give one of them.")
    chosen = columns_from(map_ or [], keep or [], columns)
    start = time.perf_counter()
    try:
        with _progress() as advance:
            counted = run(
                source,
                output,
                workers=workers,
                time_limit=time_limit,
                columns=chosen,
                engine=engine.value,
                resume=resume,
                restart=restart,
                keep_text=keep_text,
                progress=_by_source(advance) if advance else None,
            )
    except KeyboardInterrupt:
        raise InputError(
            f"Interrupted; {output} was not written. With --resume the same command goes on."
        ) from None
    seconds = time.perf_counter() - start
    if summary:
        _write_summary(summary, counted, seconds)
    _tell(counted, seconds, source, output)
    if counted.failed:
        raise typer.Exit(1)


def _write_summary(path: Path, counted: Summary, seconds: float) -> None:
    import json

    data = {
        **counted.counts(),
        "resumed": counted.resumed,
        "seconds": round(seconds, 3),
        "cases_per_second": round(counted.rate(seconds), 1),
    }
    try:
        path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        print(f"indicia: {path}: the summary cannot be written ({error.strerror}).", file=sys.stderr)


def _tell(counted: Summary, seconds: float, source: Path, output: Path) -> None:
    """The summary, where standard error is a terminal; what the user has to know, everywhere."""
    if sys.stderr.isatty():
        from pipelines.summary import summary_lines

        print("\n".join(summary_lines(counted, seconds)), file=sys.stderr)
    if not counted.cases:
        print(f"indicia: {source} holds no case; the results are empty.", file=sys.stderr)
    if counted.failed:
        print(
            f"indicia: {counted.failed} of {counted.cases} cases could not be decided; "
            f"the `error` of their lines in {output} says why.",
            file=sys.stderr,
        )


@app.command()
def evaluate(
    gold: Annotated[
        Path,
        typer.Argument(metavar="GOLD", help="Labelled cases as JSONL: cases with their labels in `gold`."),
    ],
    output: Annotated[Path, typer.Option(help="Folder for the pages and figures; made where it is lacking.")],
    results: Annotated[
        Path | None,
        typer.Option(help="Results to compare, as JSONL, instead of deciding the cases.", show_default=False),
    ] = None,
    only: Annotated[Shown, typer.Option(help="The cases to show in full.")] = Shown.misses,
    page_size: Annotated[
        int, typer.Option(min=1, help="Cases shown on a page; more go to pages of their own.")
    ] = 25,
    workers: Workers = None,
    time_limit: TimeLimit = 60.0,
) -> None:
    """Measure the reading on labelled cases, and show each miss with its note and the words that decided it.

    Writes index.html, scores.json and misses.jsonl. They hold the texts of the cases: keep the folder like
    patient data.
    """
    from pipelines.evaluate import run, summary_lines

    try:
        with _progress() as advance:
            evaluation = run(
                gold,
                output,
                results=results,
                show_all=only is Shown.all,
                page_size=page_size,
                workers=workers,
                time_limit=time_limit,
                progress=_by_bytes(gold, advance) if advance else None,
            )
    except KeyboardInterrupt:
        raise InputError("Interrupted; nothing was written.") from None
    for line in summary_lines(evaluation.scores):
        print(line)
    print(f"The misses, with their notes: {output / 'index.html'}")
    if evaluation.failed:
        print(
            f"indicia: lines that could not be used: {len(evaluation.unusable)}; cases without a result: "
            f"{evaluation.scores.without_result}. {output / 'index.html'} says why.",
            file=sys.stderr,
        )
        raise typer.Exit(1)


@app.command()
def schema(name: Annotated[SchemaName, typer.Argument(help="Which one.")]) -> None:
    """Print the JSON Schema of a case or a result."""
    from pipelines.models import Case, Result

    if name is SchemaName.case:
        _print_json(Case.model_json_schema(mode="validation"))
    else:
        _print_json(Result.model_json_schema(mode="serialization"))


@app.command()
def bench(
    notes: Annotated[Path, typer.Argument(help="Notes as JSONL: objects with `text` or `note`, or cases.")],
    limit: Annotated[int, typer.Option(min=1, help="Use this many notes.")] = 40,
    rounds: Annotated[int, typer.Option(min=1, help="Measure this often and take the median.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure speed and memory against spaCy's bare tokenizer and stock medspaCy, in one run."""
    from pipelines.bench import measure, print_figures

    figures = measure(notes, limit=limit, rounds=rounds)
    if as_json:
        _print_json(figures)
    else:
        print_figures(figures)


# --- helpers ---------------------------------------------------------------------------------------


def _with_options(
    data: dict[str, object], service_date: str | None, cpt: list[str] | None, age: float | None
) -> dict[str, object]:
    """Fill in what the case lacks; what it says itself stands."""
    filled = dict(data)
    if service_date is not None and not filled.get("service_date"):
        filled["service_date"] = service_date
    if cpt and not filled.get("cpt_codes"):
        filled["cpt_codes"] = cpt
    patient = filled.get("patient")
    if age is not None and (
        patient is None or (isinstance(patient, dict) and patient.get("age_years") is None)
    ):
        filled["patient"] = {**(patient or {}), "age_years": age}
    return filled


def _decide(intake: Intake, keep_text: bool = False) -> dict[str, Any]:
    """Decide a case; one without any date is taken as of today (only here is the clock looked at)."""
    from datetime import date

    from nlp.facts import Remark
    from pipelines.check import decide
    from pipelines.result import error_result

    try:
        return decide(intake, keep_text)
    except CaseError as error:
        if error.code != "no_service_date":
            return error_result(intake.case.case_id, error, intake.case.service_date)
    today = date.today()
    remark = Remark("service_date_today", f"No date was found: {today}, today, is taken as the service date.")
    case = intake.case.model_copy(update={"service_date": today})
    return _decide(intake._replace(case=case, remarks=[*intake.remarks, remark]), keep_text)


def _print_json(value: Any) -> None:
    import json

    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def _console() -> Console:
    """Standard output. Off a terminal (a pipe, a file) a line has 120 characters."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def _print_report(result: dict[str, Any], texts: dict[str, str]) -> None:
    from criteria.catalog import criterion_text, requirement_text
    from pipelines.report import print_report

    print_report(
        _console(),
        result,
        texts,
        requirement=requirement_text,
        indication=lambda name: criterion_text(name).title,
    )


@contextmanager
def _progress() -> Iterator[Callable[[float | None], None] | None]:
    """Show a progress bar on standard error where that is a terminal.

    It is told after each case which share of the input has been read, where that is known.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    done = TextColumn("{task.fields[cases]:,} cases, {task.fields[rate]:.0f}/s")
    with Progress(
        BarColumn(), done, TimeRemainingColumn(), console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task("", total=None, cases=0, rate=0.0)
        count = 0

        def advance(share: float | None) -> None:
            nonlocal count
            count += 1
            elapsed = bar.tasks[0].elapsed or 1e-9
            total = 1.0 if share is not None else None
            bar.update(task, total=total, completed=share or 0.0, cases=count, rate=count / elapsed)

        yield advance


def _by_source(advance: Callable[[float | None], None]) -> Callable[[Source, Line], None]:
    return lambda source, _line: advance(source.done())


def _by_bytes(path: Path, advance: Callable[[float | None], None]) -> Callable[[Line], None]:
    size, read = path.stat().st_size or 1, 0

    def told(line: Line) -> None:
        nonlocal read
        read += len(line.raw or b"")
        advance(read / size)

    return told


# --- policy ----------------------------------------------------------------------------------------


@policy_app.command("list")
def policy_list(
    edition: Annotated[str | None, typer.Option(help="Which edition.", show_default="the newest")] = None,
) -> None:
    """List the criteria of an edition, and the editions."""
    from pipelines.policy import print_list

    print_list(_console(), edition)


@policy_app.command("show")
def policy_show(
    name: Annotated[str, typer.Argument(metavar="ID", help="An id such as neuro.foot_drop.")],
) -> None:
    """Show one criterion: what it says, where the guideline says it, what it requires."""
    from pipelines.policy import print_criterion

    print_criterion(_console(), name)


@policy_app.command("diff")
def policy_diff(
    old: Annotated[str, typer.Argument(help="An edition.")],
    new: Annotated[str, typer.Argument(help="A later one.")],
) -> None:
    """Show what changed from one edition to another."""
    from pipelines.policy import print_diff

    print_diff(_console(), old, new)


@policy_app.command("coverage")
def policy_coverage() -> None:
    """Show every bullet of the guideline with what covers it."""
    from pipelines.policy import print_coverage

    print_coverage(_console())

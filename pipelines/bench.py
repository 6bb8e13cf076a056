"""`indicia bench`: speed and memory, measured in one run against two baselines on the same notes.

The baselines are spaCy's bare tokenizer (the floor of any spaCy pipeline) and stock medspaCy: PyRuSH
sentences, a target matcher with 157 literal rules, ConText and the sectionizer. They take turns with this
project's way from a line of input to a line of result; each turn lasts at least two seconds, processor time
counts (what else the machine does does not), and the median of the rounds is told.
"""

from __future__ import annotations

import gc
import json
import multiprocessing as mp
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from pipelines.batch import Job, checker, local
from pipelines.check import check_line
from pipelines.errors import InputError
from pipelines.intake import Line, lines_of

_SIDES = (
    *("", "left ", "right ", "bilateral ", "chronic ", "acute ", "severe ", "mild "),
    *("worsening ", "intermittent ", "new ", "progressive ", "recurrent "),
)
_FINDINGS = (
    *("low back pain", "leg pain", "sciatica", "foot drop", "weakness", "numbness", "paresthesia"),
    *("disc herniation", "spinal stenosis", "radiculopathy", "physical therapy", "incontinence"),
)
STOCK_TERMS = ("back pain", *(side + finding for side, finding in product(_SIDES, _FINDINGS)))
_TURN_SECONDS = 2.0
_POOL_SECONDS = 5.0
_SHORT, _LONG = 5_000, 5_000_000

Figures = dict[str, Any]


def measure(path: Path, *, limit: int, rounds: int) -> Figures:
    """Measure everything on the notes of a JSONL file.

    Raises InputError where the file holds no notes.
    """
    notes = read_notes(path, limit)
    figures: Figures = {
        "notes": len(notes),
        "characters_a_note": round(sum(map(len, notes)) / len(notes)),
        "rounds": rounds,
    }
    speed = _speeds(notes, rounds)
    figures["notes_a_second"] = {name: round(value, 1) for name, value in speed.items()}
    figures["times_stock_medspacy"] = round(speed["indicia"] / speed["stock_medspacy"], 1)
    figures["share_of_bare_tokenizer"] = round(speed["indicia"] / speed["bare_tokenizer"], 3)
    figures["workers"] = _workers(notes, speed["indicia"], rounds, path.parent)
    figures["length"] = _length(notes)
    return figures


def read_notes(path: Path, limit: int) -> list[str]:
    """Read texts: the field `text` or `note` of each object, or the documents of each case."""
    notes: list[str] = []
    for line in lines_of(path):
        try:
            data = json.loads(line.raw or b"")
        except ValueError:
            continue
        if not isinstance(data, dict):
            continue
        documents = [item for item in data.get("documents") or [data] if isinstance(item, dict)]
        texts = [item.get("text") or item.get("note") for item in documents]
        notes += [text for text in texts if isinstance(text, str) and text.strip()]
        if len(notes) >= limit:
            break
    if not notes:
        raise InputError(f"{path} holds no notes: objects with `text` or `note`, or cases, one a line.")
    return notes[:limit]


# --- speed -----------------------------------------------------------------------------------------


def _speeds(notes: Sequence[str], rounds: int) -> dict[str, float]:
    """Notes a second of each engine, the median of rounds in which they take turns."""
    engines: dict[str, Callable[[str], object]] = {
        "bare_tokenizer": _bare_tokenizer(),
        "indicia": _indicia(),
        "stock_medspacy": _stock_medspacy(),
    }
    for engine in engines.values():  # caches fill, lazy parts load
        engine(notes[0])
    rates: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(rounds):
        for name, engine in engines.items():
            rates[name].append(_rate(engine, notes))
    return {name: statistics.median(values) for name, values in rates.items()}


def _rate(engine: Callable[[str], object], notes: Sequence[str]) -> float:
    """Notes a second over as many passes as fill a turn: all engines run warm."""
    gc.collect()
    seconds, passes = 0.0, 0
    while seconds < _TURN_SECONDS:
        seconds += _seconds(engine, notes)
        passes += 1
    return passes * len(notes) / seconds


def _seconds(engine: Callable[[str], object], notes: Sequence[str]) -> float:
    """Seconds of processor time that an engine takes for the notes."""
    start = time.process_time()
    for note in notes:
        engine(note)
    return time.process_time() - start


def _bare_tokenizer() -> Callable[[str], object]:
    import spacy

    return spacy.blank("en")


def _stock_medspacy() -> Callable[[str], object]:
    import medspacy
    from loguru import logger
    from medspacy.ner import TargetRule

    logger.disable("PyRuSH")  # it logs every note
    stock = medspacy.load(medspacy_enable={"medspacy_pyrush", "medspacy_target_matcher", "medspacy_context"})
    stock.get_pipe("medspacy_target_matcher").add([TargetRule(term, "FINDING") for term in STOCK_TERMS])
    stock.add_pipe("medspacy_sectionizer")
    return partial(_call, stock)


def _call(stock: Any, note: str) -> object:
    return stock(note)


def _indicia() -> Callable[[str], object]:
    check = checker(Path())
    return lambda note: check(_line(note, 1))


def _line(note: str, number: int) -> Line:
    case = {
        "case_id": str(number),
        "service_date": "2026-03-02",
        "cpt_codes": ["72148"],
        "documents": [{"document_id": "note", "date": "2026-03-02", "text": note}],
    }
    return Line(number, json.dumps(case, ensure_ascii=False).encode())


# --- workers ---------------------------------------------------------------------------------------


def _workers(notes: Sequence[str], speed: float, rounds: int, folder: Path) -> Figures:
    """Throughput of two workers against one, start-up left out, and the memory of a worker."""
    count = max(64, int(_POOL_SECONDS * speed))
    lines = [_line(notes[number % len(notes)], number) for number in range(count)]
    one, two, memory = [], [], Figures()
    for _ in range(rounds):
        one.append(_throughput(lines, 1, folder)[0])
        speed, memory = _throughput(lines, 2, folder)
        two.append(speed)
    single, double = statistics.median(one), statistics.median(two)
    ratio = round(double / single, 2)
    return {"cases": count, "one": round(single, 1), "two": round(double, 1), "ratio": ratio, **memory}


def _throughput(lines: Sequence[Line], workers: int, folder: Path) -> tuple[float, Figures]:
    """Cases a second after the first tenth, and what the worker processes held at the end."""
    skipped = len(lines) // 10
    start, memory = 0.0, Figures()
    stream = local(lines, Job(partial(checker, folder), lambda _: 60.0, workers))
    for number, _ in enumerate(stream, start=1):
        if number == skipped:
            start = time.perf_counter()
        if number == len(lines) - 1:
            memory = _memory()
    return (len(lines) - skipped) / (time.perf_counter() - start), memory


def _memory() -> Figures:
    """Memory of the worker processes in MB: the largest resident set, and the largest share (Linux only)."""
    resident, shares = [0.0], [0.0]
    for process in mp.active_children():
        fields = _proc_fields(Path(f"/proc/{process.pid}/smaps_rollup"))
        resident.append(fields.get("Rss", 0.0))
        shares.append(fields.get("Pss", 0.0))
    return {"worker_rss_mb": round(max(resident) / 1024), "worker_pss_mb": round(max(shares) / 1024)}


def _proc_fields(path: Path) -> dict[str, float]:
    """The `Name: number kB` lines of a file of /proc; nothing where there is none."""
    if not path.exists():
        return {}
    fields = {}
    for line in path.read_text().splitlines():
        words = line.split()
        if len(words) == 3 and words[2] == "kB":
            fields[words[0].rstrip(":")] = float(words[1])
    return fields


# --- length ----------------------------------------------------------------------------------------


def _length(notes: Sequence[str]) -> Figures:
    """What a character costs in notes of 5 kB and in one of 5 MB, both cut from the same text."""
    whole = "\n\n".join(notes) + "\n\n"
    long = (whole * (_LONG // len(whole) + 1))[:_LONG]
    short = [long[start : start + _SHORT] for start in range(0, min(_LONG, 100 * _SHORT), _SHORT)]
    check = partial(check_line, folder=None)
    of_short = _seconds(lambda note: check(_line(note, 1)), short) / sum(map(len, short))
    of_long = _seconds(lambda note: check(_line(note, 1)), [long]) / len(long)
    return {
        "short_characters": _SHORT,
        "long_characters": _LONG,
        "microseconds_a_character_short": round(of_short * 1e6, 3),
        "microseconds_a_character_long": round(of_long * 1e6, 3),
        "ratio": round(of_long / of_short, 2),
    }


def print_figures(figures: Figures) -> None:
    """Print the figures as lines of text."""
    speed, workers, length = figures["notes_a_second"], figures["workers"], figures["length"]
    lines = [
        f"{figures['notes']} notes of {figures['characters_a_note']} characters, "
        f"median of {figures['rounds']} rounds, one process:",
        f"  spaCy's bare tokenizer   {speed['bare_tokenizer']:9.1f} notes/s",
        f"  stock medspaCy           {speed['stock_medspacy']:9.1f} notes/s",
        f"  indicia, text to result  {speed['indicia']:9.1f} notes/s = "
        f"{figures['times_stock_medspacy']} x stock, {figures['share_of_bare_tokenizer']} x bare tokenizer",
        f"2 workers against 1: {workers['two']} against {workers['one']} cases/s = {workers['ratio']} times; "
        f"a worker holds {workers['worker_rss_mb']} MB ({workers['worker_pss_mb']} MB its share)",
        f"a character of a 5 MB note costs {length['ratio']} times one of a 5 kB note "
        f"({length['microseconds_a_character_long']} against "
        f"{length['microseconds_a_character_short']} microseconds)",
    ]
    sys.stdout.write("\n".join(lines) + "\n")

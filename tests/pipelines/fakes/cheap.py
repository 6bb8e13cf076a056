"""A reader that costs nothing, for floors of the machinery; as a script it is one batch (INPUT OUTPUT)."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

from pipelines import batch
from pipelines.check import Answer
from pipelines.errors import CaseError, internal_error
from pipelines.intake import Line, case_id_in, parse_line


def make() -> batch.Checker:
    return check


def make_unsendable() -> batch.Checker:
    return unsendable


def unsendable(line: Line) -> Answer:
    """An answer that pickle refuses, with words of a note in its complaint."""
    text = parse_line(line, None).documents[0].text
    answer = type(text, (tuple,), {})()
    return answer  # type: ignore[no-any-return]


def check(line: Line) -> Answer:
    """Answer with the length of the text; do to this process what the text says."""
    try:
        intake = parse_line(line, None)
    except CaseError as error:
        return batch.failed(error.case_id or case_id_in(line), error)
    text = intake.documents[0].text
    if text.startswith("die"):
        os.kill(os.getpid(), signal.SIGKILL)
    if text.startswith("exit"):
        os._exit(3)
    if text.startswith("hang"):
        time.sleep(600)
    if text.startswith("leak"):
        return batch.failed(intake.case.case_id, internal_error(ValueError(text)))
    if text.startswith("slow"):
        time.sleep(0.002)
    result = {"case_id": intake.case.case_id, "length": len(text), "words": text[:4000]}
    return Answer(intake.case.case_id, "meets_criteria", False, json.dumps(result).encode() + b"\n")


if __name__ == "__main__":
    # Workers find this module by its name, not as __main__.
    import cheap

    source, output, *rest = sys.argv[1:]
    made = None if rest == ["real"] else cheap.make
    batch.run(Path(source), Path(output), workers=2, resume=True, part_cases=50, make=made)
    status = Path("/proc/self/status")
    if status.exists():
        print(*(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")))

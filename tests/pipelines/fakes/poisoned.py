"""A stand-in for the reader that does to its process what the line says. Imported by worker processes."""

from __future__ import annotations

import json
import os
import signal
import time

from pipelines.batch import Checker
from pipelines.check import Answer
from pipelines.intake import Line


def make() -> Checker:
    return check


def make_that_fails() -> Checker:
    raise OSError("the saved reader is missing")


def make_that_dies() -> Checker:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def check(line: Line) -> Answer:
    case = json.loads(line.raw or b"{}")
    case_id, poison = case["case_id"], case.get("poison")
    if poison == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if poison == "hang":
        time.sleep(600)
    if poison == "die_once":
        try:
            os.mkdir(case["mark"])
        except FileExistsError:
            pass
        else:
            os.kill(os.getpid(), signal.SIGKILL)
    if poison == "slow":
        time.sleep(0.3)
    return Answer(case_id, "meets_criteria", False, (case_id + "\n").encode())


def process_id(line: Line) -> Answer:
    return Answer(str(line.number), "meets_criteria", False, f"{os.getpid()}\n".encode())


def make_process_id() -> Checker:
    return process_id

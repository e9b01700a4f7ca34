"""The installed command with several workers, its workers' processes, and what its run file holds."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import psutil

from tests.linear_models import Files
from tests.places import ROOT

COMMAND = (sys.executable, "-m", "thinice_tui")
OPTIONS = ("--attack", "quick", "--eps", "4/255", "--batch-size", "3", "--distances", "--keep-images", "all")
Rows = list[list[tuple[object, ...]]]
ROWS = (
    "SELECT model, position, logits FROM clean ORDER BY model, position",
    "SELECT model, position, broken_by, logits, distance, boundary FROM outcome ORDER BY model, position",
    "SELECT model, position, image FROM adversarial ORDER BY model, position",
)
"""What must be equal wherever it is computed: no times, and not the order of batches."""


def start(
    files: Files, run: str, *options: str, arch: str | None = None, environment: Mapping[str, str] | None = None
) -> "subprocess.Popen[str]":
    """The command on these files, one thread for each process."""
    arguments = files.arguments if arch is None else files.arguments_with(arch)
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "thinice_tui",
            *arguments,
            "--control",
            str(files.control),
            *OPTIONS,
            "--run",
            run,
            *options,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)} | dict(environment or {}),
    )


def finished(process: "subprocess.Popen[str]", code: int = 0) -> tuple[str, str]:
    """Its stdout and stderr, after it has ended with that code."""
    out, err = process.communicate(timeout=400)
    assert process.returncode == code, err
    return out, err


def rows(run: str) -> Rows:
    with closing(sqlite3.connect(run)) as connection:
        return [connection.execute(query).fetchall() for query in ROWS]


def batches_twice(run: str) -> int:
    """How many samples more the batches of all stages hold than entered them."""
    with closing(sqlite3.connect(run)) as connection:
        ((done,),) = connection.execute("SELECT sum(samples) FROM batch").fetchall()
        ((entered,),) = connection.execute("SELECT sum(entered) FROM stage").fetchall()
        return int(done) - int(entered)


def batches_done(run: str) -> int:
    """Batches that the run file holds so far; 0 before there is one."""
    if not Path(run).exists():
        return 0
    with closing(sqlite3.connect(f"file:{run}?mode=ro", uri=True)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM batch").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def workers(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """The processes of the command's workers."""
    return [child for child in psutil.Process(process.pid).children(recursive=True) if is_worker(child)]


def is_worker(process: psutil.Process) -> bool:
    try:
        return process.cmdline()[0].startswith("ray::ClusterWorker")
    except (psutil.Error, IndexError):
        return False

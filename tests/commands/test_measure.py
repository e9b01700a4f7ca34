"""`margins` in a process of its own: interrupted by a signal, it keeps what is done and goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from tests.commands.calling import call
from tests.linear_models import ARCH, SLOW, Files
from tests.places import ROOT
from thinice_tui.report.margins_file import read_margins


def start(words: list[str]) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "thinice_tui", "margins", *words]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_signal_keeps_what_is_done(files: Files) -> None:
    words = [str(files.dense), "--data", str(files.data), "--arch", SLOW, "--batch-size", "1", "-o", "m.npz"]
    Path("slow").write_text("0.25")  # 48 batches take 12 s; after 5 s what is done is written for the first time
    engine = start(words)
    while not Path("m.npz.partial").exists() and engine.poll() is None:
        time.sleep(0.05)
    engine.send_signal(signal.SIGTERM)
    stdout, stderr = engine.communicate(timeout=30)
    said = " ".join(stderr.split())
    assert (
        engine.returncode == 130
        and stdout == ""
        and "what is done is kept in m.npz.partial repeat the command to go on" in said
    ), stderr
    Path("slow").unlink()
    again = call("margins", *words)
    assert again.exit_code == 0 and "of 48 samples: going on from there" in again.stderr, again.stderr
    whole = [*words[:4], ARCH, *words[5:-1], "whole.npz"]
    assert call("margins", *whole).exit_code == 0
    one, other = read_margins(Path("m.npz")), read_margins(Path("whole.npz"))
    assert np.array_equal(one.clean, other.clean) and not Path("m.npz.partial").exists()

"""The interface's keys while an engine attacks on the device."""

import statistics
import subprocess
import sys
import time
from dataclasses import replace

from tests.benchmarks.gpu.bench import Bench, table
from tests.benchmarks.interface import Terminal, latencies, selected
from tests.places import ROOT, SAMPLE_MODELS

PRESSES = 60
STARTED = 15.0
"""Seconds after which the engine attacks."""


def keys(bench: Bench) -> str:
    """Milliseconds from a key press until the selected row has moved on the screen, in the shipped run."""
    device = str(bench.device) if bench.device.type in ("cuda", "cpu") else "cpu"
    rows = []
    for meanwhile in ("nothing", f"an engine on {device}"):
        engine = None
        if meanwhile != "nothing":
            wanted = bench.request("keys", "standard", most=300.0)
            words = replace(wanted, device=device).command()[1:]
            command = [sys.executable, "-m", "thinice_tui", *words, "--report"]
            engine = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0 if bench.small else min(STARTED, max(bench.left / 2, 0)))
        terminal = Terminal([sys.executable, "-m", "thinice_tui", "open", str(SAMPLE_MODELS / "standard.thinice")])
        try:
            terminal.wait(lambda display: selected(display) != "")
            terminal.rest(0.5)
            times, _ = latencies(terminal, "jjjjk", 3 if bench.small else PRESSES)
            found = sorted(1000 * one for one in times)
            rows.append((meanwhile, f"{statistics.median(found):.0f}", f"{found[-1]:.0f}"))
        finally:
            terminal.end()
            if engine is not None:
                engine.kill()
                engine.wait()
    return table(("meanwhile", "median ms", "worst ms"), rows)

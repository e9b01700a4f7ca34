"""Memory of a GPU by stage, a run on a device that is too small, and two engines on one device."""

import subprocess
import sys
import time
from dataclasses import replace

import torch

from tests.benchmarks.gpu.bench import OUT_OF_TIME, Bench, first_line, table
from tests.places import ROOT
from thinice_tui.engine.worker.batch_fit import memory_of
from thinice_tui.protocol.progress import SilentObserver, StageResult

LITTLE = 128 * 2**20
"""Bytes that the run on a small device may take: a batch of 512 needs more."""


class _Peaks(SilentObserver):
    """The most memory that was allocated in each stage of each model."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.rows = list[tuple[object, ...]]()
        self.warnings = list[str]()

    def stage_finished(self, result: StageResult) -> None:
        peak: object = "not measured here"
        if self._device.type == "cuda":
            peak = f"{torch.cuda.max_memory_allocated(self._device) / 2**20:.0f} MiB"
            torch.cuda.reset_peak_memory_stats(self._device)
        self.rows.append((f"{result.model}, {result.stage}", peak))

    def warn(self, message: str) -> None:
        self.warnings.append(message)


def device_memory(bench: Bench) -> str:
    """Three tables in one: each says what was measured and what it gave."""
    rows = list[tuple[object, ...]]()
    peaks = _Peaks(bench.device)
    request = bench.request("memory", "quick", samples=512, models=("dense",), most=max(bench.left / 3, 1))
    run, seconds = bench.run(request, peaks)
    rows += [*peaks.rows, ("batch that fits, of `auto`", run.info.batch_size), ("seconds of one engine alone", seconds)]
    rows.append(("forced out of memory", _too_small(bench)))
    rows.append(("two engines at once", _two_engines(bench) if bench.left > 0 else OUT_OF_TIME))
    return table(("what", "found"), rows)


def _too_small(bench: Bench) -> str:
    """A run in batches of 512 where the process may take little memory: it must end, in halves."""
    if memory_of(bench.device) is None:
        return "not measured here"
    observer = _Peaks(bench.device)
    torch.cuda.empty_cache()
    _, total = torch.cuda.mem_get_info(bench.device)
    most = (torch.cuda.memory_reserved(bench.device) + LITTLE) / total
    torch.cuda.set_per_process_memory_fraction(most, bench.device)
    try:
        request = bench.request("too-small", "pgd-20", models=("dense",), batch_size="512", most=max(bench.left / 2, 1))
        run, _ = bench.run(request, observer)
        halved = sum("halved" in warning for warning in observer.warnings)
        return f"{'finished' if run.complete else 'unfinished'}, {halved} warnings of halved batches"
    except Exception as error:
        return first_line(error)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, bench.device)


def _two_engines(bench: Bench) -> str:
    """Two processes with the same run; the pretend device is none of theirs, so that the CPU takes its place."""
    device = str(bench.device) if bench.device.type in ("cuda", "cpu") else "cpu"
    began, engines = time.perf_counter(), []
    for number in range(2):
        wanted = bench.request(f"engine-{number}", "quick", samples=512, models=("dense",), most=max(bench.left, 1))
        words = replace(wanted, device=device).command()[1:]
        command = [sys.executable, "-m", "thinice_tui", *words, "--report"]
        engines.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
    said = [engine.communicate()[1].decode().splitlines() for engine in engines]
    codes = [engine.returncode for engine in engines]
    failed = "".join(f"; {lines[-1][:120]}" for code, lines in zip(codes, said, strict=True) if code and lines)
    return f"{time.perf_counter() - began:.1f} s with start-up, exit codes {codes}{failed}"

"""Measures what several workers gain, and where they stop gaining.

    python -m tests.benchmarks.workers                                      # 2 workers beside 2 threads, 3 rounds
    python -m tests.benchmarks.workers --paper sample_models/standard.thinice    # 8 GPUs on paper, from its batches

The first runs the installed command on dense and 95 % pruned, `quick`, in alternating order; wall times are of the
whole command, its start and that of the workers included, and of the stages alone (from the first to the last batch, by
the run file). The second simulates the schedule of the run's batches, scaled to more samples and to faster devices,
with and without the barrier of stages that all models share. How long the one writer works is measured here. Prints
Markdown.
"""

import argparse
import heapq
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.places import ROOT, SAMPLE_MODELS
from thinice_tui.runfile.blobs import pack_adversarial
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import StageRecord

FORMS = {"1 process, 2 threads": (2, ()), "2 workers, 1 thread each": (1, ("--workers", "2"))}
"""Threads of each process, and options."""
DEVICES, SAMPLES, BATCH = 8, 10_000, 512
"""On paper: GPUs, samples for each model, and samples in a batch."""
SPEEDS = (1.0, 50.0, 500.0)
"""How much faster than one core of this machine a device is, on paper."""
POLL = 0.05


@dataclass(frozen=True)
class Step:
    """One stage of one model on paper: how many batches, and seconds for each."""

    batches: int
    seconds: float


def measure(samples: int, rounds: int) -> None:
    print("| | whole command | stages alone |\n|---|---|---|")
    found: dict[str, list[tuple[float, float]]] = {form: [] for form in FORMS}
    for number in range(rounds):
        for form in list(FORMS)[:: 1 if number % 2 == 0 else -1]:
            found[form].append(_run(form, samples))
    first, second = (found[form] for form in FORMS)
    for form in FORMS:
        whole, stages = ([one[at] for one in found[form]] for at in (0, 1))
        print(f"| {form} | {_seconds(whole)} | {_seconds(stages)} |")
    ratios = [[b[at] / a[at] for a, b in zip(first, second, strict=True)] for at in (0, 1)]
    print(f"| ratio, round by round | {_ratio(ratios[0])} | {_ratio(ratios[1])} |")


def _run(form: str, samples: int) -> tuple[float, float]:
    """Seconds of the whole command, and from the first batch that the file holds to the end of the last stage."""
    threads, options = FORMS[form]
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "a.thinice"
        models = [str(SAMPLE_MODELS / name) for name in ("dense.pt", "pruned.pt")]
        command = [
            sys.executable,
            "-m",
            "thinice_tui",
            "compare",
            *models,
            "--attack",
            "quick",
            "--samples",
            str(samples),
        ]
        command += ["--report", "-o", f"{folder}/a.txt", "--run", str(run), "--batch-size", "50", *options]
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(ROOT)}
        began = time.monotonic()
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        first = last = 0.0
        while process.poll() is None:
            time.sleep(POLL)
            begun, done = _state(run)
            first = first or (time.monotonic() if begun else 0.0)
            last = last or (time.monotonic() if done else 0.0)
        assert process.returncode == 0
        return time.monotonic() - began, (last or time.monotonic()) - first


def _state(run: Path) -> tuple[bool, bool]:
    """Whether a stage has begun, and whether all stages are finished."""
    if not run.exists():
        return False, False
    try:
        with closing(sqlite3.connect(f"file:{run}?mode=ro", uri=True)) as connection:
            query = "SELECT count(entered), count(*), sum(finished) FROM stage"
            begun, count, finished = connection.execute(query).fetchone()
    except sqlite3.OperationalError:
        return False, False
    return bool(begun), bool(count) and finished == count


def paper(path: Path) -> None:
    run = read_run(path)
    scale = SAMPLES / len(run.labels)
    broken = sum(int((model.broken_by >= 0).sum()) for model in run.models) * scale
    writing = broken * _writer_seconds()
    print(
        f"{DEVICES} devices, {SAMPLES:,} samples, {len(run.models)} models, batches of {BATCH}; batch times of "
        f"{path.name}, scaled. The writer works for {writing:.0f} s: {1000 * writing / broken:.2f} ms for each of "
        f"{broken:,.0f} broken samples' images.\n"
    )
    print("| speed | ideal | each model at its own pace | all models stage by stage | writer busy |")
    print("|---:|---:|---:|---:|---:|")
    for speed in SPEEDS:
        models = [_steps(model.stages, scale, speed) for model in run.models]
        ideal = sum(step.batches * step.seconds for steps in models for step in steps) / DEVICES
        free, barrier = (makespan(models, DEVICES, shared) for shared in (False, True))
        times = (_short(ideal), f"{_short(free)} ({free / ideal:.2f})", f"{_short(barrier)} ({barrier / ideal:.2f})")
        print(f"| {speed:.0f} | {' | '.join(times)} | {100 * writing / free:.0f} % |")


def _steps(stages: Sequence[StageRecord], scale: float, speed: float) -> list[Step]:
    """A model's stages with `scale` times as many samples, on a device that is `speed` times as fast."""
    steps = []
    for stage in stages:
        if stage.attacked:
            entered = (stage.entered or stage.attacked) * scale
            batches = -(-int(entered) // BATCH)
            steps.append(Step(batches, stage.seconds / stage.attacked * entered / batches / speed))
    return steps


def makespan(models: Sequence[Sequence[Step]], devices: int, barrier: bool) -> float:
    """Seconds until all is done: each device takes a batch of the model with the most left, among those that may go on.

    barrier: whether a stage of any model waits for the one before it of all models.
    """
    at, waiting, running = [0] * len(models), [steps[0].batches for steps in models], [0] * len(models)
    busy: list[tuple[float, int]] = []
    now = 0.0

    def left(model: int) -> float:
        later = sum(step.batches * step.seconds for step in models[model][at[model] + 1 :])
        return waiting[model] * models[model][at[model]].seconds + later

    while True:
        least = min(at)
        ready = [m for m in range(len(models)) if waiting[m] and (not barrier or at[m] == least)]
        if ready and len(busy) < devices:
            model = max(ready, key=left)
            waiting[model] -= 1
            running[model] += 1
            heapq.heappush(busy, (now + models[model][at[model]].seconds, model))
            continue
        if not busy:
            return now
        now, model = heapq.heappop(busy)
        running[model] -= 1
        if not waiting[model] and not running[model] and at[model] + 1 < len(models[model]):
            at[model] += 1
            waiting[model] = models[model][at[model]].batches


def _writer_seconds() -> float:
    """Processor seconds that packing one adversarial CIFAR-10 image takes, which is nearly all of writing it."""
    random = np.random.default_rng(0)
    clean = random.integers(0, 256, (BATCH, 3, 32, 32)).astype(np.float32) / 255
    images = (clean + random.choice([-8 / 255, 8 / 255], clean.shape)).clip(0, 1).astype(np.float32)
    began = time.process_time()
    for one, before in zip(images, clean, strict=True):
        pack_adversarial(one, before)
    return (time.process_time() - began) / BATCH


def _seconds(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.1f} s ({min(values):.1f} to {max(values):.1f})"


def _ratio(values: Sequence[float]) -> str:
    return f"**{statistics.median(values):.2f}** ({min(values):.2f} to {max(values):.2f})"


def _short(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.1f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--paper", type=Path, help="a finished run, for the table on paper")
    options = parser.parse_args()
    if options.paper:
        paper(options.paper)
    else:
        measure(options.samples, options.rounds)


if __name__ == "__main__":
    main()

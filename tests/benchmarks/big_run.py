"""Generates run files of any size for the interface's benchmark, and adds to one as an engine does.

python -m tests.benchmarks.big_run FILE ROWS              # make FILE, in the middle of its last stage
python -m tests.benchmarks.big_run FILE ROWS --models 5   # with three pruned models and a control
python -m tests.benchmarks.big_run FILE ROWS --attack     # make it, then add a batch of 128 twice a second
"""

import argparse
import itertools
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from tests.fake_runs import attacked, logits_of, make_run
from thinice_tui.engine.worker.environment import lower_priority
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.runfile.liveness import this_engine
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Role, RunPlan
from thinice_tui.runfile.writer import RunWriter

BATCH = 128
BATCHES = 300
STAGES = 2
MODELS: dict[str, tuple[Role, float]] = {
    "dense": ("dense", 0.0),
    "pruned-90": ("pruned", 0.9),
    "pruned-95": ("pruned", 0.95),
    "pruned-99": ("pruned", 0.99),
    "control": ("control", 0.0),
}
"""Roles and sparsities by name."""


def make(path: Path, rows: int, count: int) -> None:
    """Write a run of `rows` samples and the first `count` models; its stages are finished except for the last."""
    if path.exists():
        return
    models = dict(itertools.islice(MODELS.items(), count))
    roles = {name: role for name, (role, _) in models.items()}
    sparsities = {name: sparsity for name, (_, sparsity) in models.items()}
    more: dict[str, object] = {"batch_size": BATCH}
    made = make_run(path.with_suffix(".new"), roles, n=rows, classes=10, sparsities=sparsities, more=more)
    with made.open() as writer:
        made.begin(writer)
        for model in range(len(models)):
            made.clean(writer, model)
            for stage in range(STAGES):
                standing = made.standing(model, stage)
                writer.start_stage(model, stage, len(standing))
                for first in range(0, len(standing), BATCH):
                    positions = standing[first : first + BATCH]
                    broken = made.margins[model][positions] < (stage + 1) * 0.5
                    outcome = attacked(positions, made.logits[model], made.labels, broken, made.images)
                    writer.add_batch(model, stage, first, outcome, np.ones(len(positions), dtype=bool), outcome.images)
                writer.finish_stage(model, stage)
    made.path.replace(path)


def attack(path: Path) -> None:
    """Add a batch of the last stage to `path` twice a second, as an engine does, until killed."""
    run = read_run(path)
    labels = run.labels
    random = np.random.default_rng(1)
    images = np.zeros((len(labels), 3, 8, 8), dtype=np.uint8)
    plan = RunPlan({"made": 0})
    with RunWriter.open(path, plan, [model.record for model in run.models], labels, run.indices, images) as writer:
        writer.set_values(engine=asdict(this_engine(None)))
        lower_priority()  # as an engine does
        print("attacking", flush=True)
        for model in range(len(run.models)):
            standing = np.flatnonzero(
                (run.models[model].clean_prediction == labels) & (run.models[model].broken_by < 0)
            )
            writer.start_stage(model, STAGES, len(standing))
            size = min(BATCH, max(1, len(standing) // BATCHES))  # so that a small run lasts, too
            writer.set_values(batch_size=size)
            done = len(writer.batches_done(model, STAGES))
            for batch in range(done, len(standing) // size):
                positions = standing[batch * size : (batch + 1) * size]
                margins = random.normal(1, 1, len(positions))
                logits = np.zeros((len(labels), 10), dtype=np.float32)
                logits[positions] = logits_of(margins, labels[positions], 10, random)
                outcome = attacked(positions, logits, labels, margins < 0, images)
                writer.add_batch(model, STAGES, batch * size, outcome, np.ones(len(positions), dtype=bool), None)
                beat = Heartbeat(
                    time.time(), "running", "dense", "APGD-T", batch * size, len(standing), 1000.0, 60.0 * len(standing)
                )
                writer.heartbeat(beat)
                time.sleep(0.5)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("rows", type=int)
    parser.add_argument("--models", type=int, default=2, choices=range(2, len(MODELS) + 1))
    parser.add_argument("--attack", action="store_true")
    arguments = parser.parse_args()
    make(arguments.file, arguments.rows, arguments.models)
    if arguments.attack:
        attack(arguments.file)


if __name__ == "__main__":
    main()

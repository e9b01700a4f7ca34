"""The clean pass: each model's logits on the clean images."""

import time
from collections.abc import Iterator
from functools import partial

import numpy as np

from thinice_tui.engine.phases.context import RunContext
from thinice_tui.engine.phases.outcomes import batches
from thinice_tui.engine.preflight.outputs import check_finite
from thinice_tui.engine.worker.clean import CleanTask
from thinice_tui.engine.worker.executor import not_all_computed


def compute_clean(run: RunContext, model: int, path: str) -> None:
    """Compute the clean logits that are missing of one model, in batches, and note its clean accuracy.

    path: the model's file, for the ModelError that logits which are not finite raise.
    """
    logits, name = run.outcomes.clean_logits[model], run.names[model]
    missing = np.flatnonzero(np.isnan(logits).any(axis=1))
    started, done, paused = time.perf_counter(), 0, run.run_control.paused

    def tasks() -> Iterator[CleanTask]:
        for positions, images in run.samples.in_turn(list(batches(missing, run.batch_size))):
            if run.run_control.is_ending(kept=done > 0):
                return
            yield CleanTask(model=model, positions=positions, images=images)

    for computed in run.executor.run(partial(next, tasks(), None)):
        positions, found = computed.task.positions, computed.result
        check_finite(found, path)
        logits[positions] = found
        run.writer.add_clean(model, positions, found)
        done += len(positions)
        rate = done / (time.perf_counter() - started - run.run_control.paused + paused)
        run.progress.report_clean(name, len(logits) - len(missing) + done, len(logits), rate)
        run.run_control.poll()
    run.run_control.end_if_asked(kept=done > 0)
    if done < len(missing):
        raise not_all_computed(f"{name}, clean")
    accuracy = float(run.outcomes.correct(model).mean())
    run.observer.note(f"{name} · clean: accuracy {100 * accuracy:.1f} % of {len(logits)} samples")

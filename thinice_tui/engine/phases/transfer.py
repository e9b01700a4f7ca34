"""After the attacks: do other models' adversarial images break samples that still stand?

Each model is attacked on its own, so such a sample is no verdict: it shows that the attacks on this model missed an
image. Read are the images that broke the other models, which the run file holds until the run is finished.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.diagnostics import TRANSFER_CHECK
from thinice_tui.engine.phases.context import RunContext
from thinice_tui.engine.phases.outcomes import batches
from thinice_tui.engine.worker.transfer import TransferTask
from thinice_tui.runfile.records import Finding


@dataclass(frozen=True)
class _Images:
    """What one other model has for a model: the positions of standing samples that it has an adversarial image of."""

    other: int
    positions: NDArray[np.int64]


def check_transfer(run: RunContext) -> None:
    """Add a finding for every model that an earlier engine has not checked, and that other models have images for.

    value: standing samples that the model misclassifies in an image of another model; n: standing samples that another
    model has an image of.
    """
    for model, name in enumerate(run.names):
        if run.findings.has(name, TRANSFER_CHECK):
            continue
        found = _images_for(run, model)
        if not found:
            continue
        tried = np.unique(np.concatenate([images.positions for images in found]))
        run.progress.report_checks(name)
        fell = np.zeros(len(run.outcomes.labels), dtype=np.bool_)
        for done in run.executor.run(partial(next, _tasks(run, model, found), None)):
            fell[done.task.positions[done.result.broken]] = True
            run.run_control.poll()
        run.run_control.end_if_asked(kept=False)
        positions = np.flatnonzero(fell).tolist()
        if positions:
            run.warnings.add(
                f"{name}: {TRANSFER_CHECK}, on {len(positions)} of the {len(tried)} standing samples that other models "
                "have one of: the attacks missed these, so its robust accuracy is too high"
            )
        run.findings.add([Finding(name, TRANSFER_CHECK, len(positions), len(tried), bool(positions), tuple(positions))])
        run.run_control.end_if_asked()


def _images_for(run: RunContext, model: int) -> list[_Images]:
    standing = run.outcomes.standing(model)
    found = [
        _Images(other, held[standing[held]])
        for other in run.outcomes.models
        if other != model
        for held in [run.writer.adversarial_positions(other)]
    ]
    return [images for images in found if len(images.positions)]


def _tasks(run: RunContext, model: int, found: list[_Images]) -> Iterator[TransferTask]:
    """The images in batches, each of one other model; none is read before its batch is due."""
    for images in found:
        for first, positions in enumerate(batches(images.positions, run.batch_size)):
            if run.run_control.is_ending(kept=False):
                return
            clean = run.samples.floats(positions)
            yield TransferTask(
                model=model,
                first=first * run.batch_size,
                positions=positions,
                indices=run.samples.indices[positions],
                images=clean,
                labels=run.outcomes.labels[positions],
                batch_capacity=run.batch_size,
                transferred=run.writer.adversarial(images.other, positions, clean),
            )

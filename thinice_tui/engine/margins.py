"""A model's margins on the clean images of a whole data set: one forward pass, without an attack, resumed."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.analysis.measured_margins import MeasuredMargins
from thinice_tui.engine.compare import PreparedRun
from thinice_tui.engine.partial_margins import PartialMargins
from thinice_tui.engine.phases.outcomes import batches
from thinice_tui.engine.preflight.accuracy import check_accuracy
from thinice_tui.engine.preflight.determinism import check_determinism
from thinice_tui.engine.preflight.outputs import check_finite, check_outputs
from thinice_tui.engine.run import PROBED
from thinice_tui.engine.worker.device import default_batch_size, describe
from thinice_tui.engine.worker.full_precision import full_precision
from thinice_tui.engine.worker.memory import explained_memory_errors, in_pieces
from thinice_tui.errors import Interrupted, ModelError, ThiniceError, reason
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.durations import duration
from thinice_tui.protocol.margins import logit_margin
from thinice_tui.protocol.progress import Observer
from thinice_tui.runfile.records import Floats
from thinice_tui.version import package_version

KEEP_SECONDS = 5.0
"""Time between two writings of what is done: a killed pass loses no more."""
Show = Callable[[str, int, int], None]
"""Called with the model's name, and how many of its samples are done, of how many."""


def measure_margins(
    prepared: PreparedRun,
    partial: Path,
    batch_size: int | None,
    time_limit: float | None,
    observer: Observer,
    show: Show,
) -> MeasuredMargins:
    """The margins of the first model on all samples.

    partial: the file that keeps what is done until all is; the same call goes on from there. Raises ThiniceError, of
    which Interrupted after `time_limit` seconds; KeyboardInterrupt passes through, and what was computed is kept.
    """
    model, samples, device = prepared.models[0], prepared.samples, prepared.device
    for note in prepared.notes:
        observer.note(note)
    with full_precision():
        checks = check_determinism(model.loaded, prepared.probe.first(PROBED), device)
        check_outputs(model.loaded, samples, device)
        accuracy = check_accuracy(model.loaded, prepared.probe, device)
        for warning in (*prepared.warnings, *(check.warning for check in checks), *accuracy):
            if warning:
                observer.warn(warning)
        identity = {"model": model.identity().text(), "data": samples.fingerprint}
        done = PartialMargins.open(partial, identity, len(samples))
        if done.count:
            observer.note(f"{partial} holds {done.count} of {len(samples)} samples: going on from there")
        with explained_memory_errors(f"{model.name}, moving it to {device}"):
            classifier = model.loaded.classifier().to(device)
        with done:
            began = kept = time.monotonic()
            parts = list(batches(done.missing(), batch_size or default_batch_size(device)))
            for positions, images in samples.in_turn(parts):
                logits = _forward(classifier, images, device, str(model.loaded.path))
                check_finite(logits, str(model.loaded.path))
                margins = logit_margin(logits, samples.labels[positions]).astype(np.float32)
                done.add(positions, margins, logits.argmax(axis=1))
                show(model.name, done.count, len(samples))
                now = time.monotonic()
                if now - kept >= KEEP_SECONDS:
                    done.save()
                    kept = now
                if time_limit is not None and now - began >= time_limit and done.count < len(samples):
                    raise Interrupted(
                        f"time limit of {duration(time_limit)} reached; {partial} keeps {done.count} of "
                        f"{len(samples)} samples",
                        "repeat the command to go on",
                    )
    return MeasuredMargins(
        indices=samples.indices,
        labels=samples.labels,
        predictions=done.predictions,
        clean=done.margins,
        attacked=None,
        robust=None,
        about={
            "versions": {"thinice-tui": package_version(), "torch": torch.__version__},
            "device": describe(device),
            "data": {"source": samples.source, "sha256": samples.fingerprint, "samples": len(samples)},
            "models": {model.name: model.loaded.checkpoint.sha256},
            "normalization": model.record().normalization,
            "margin": "logit margin z_y - max over j != y of z_j, in units of this model's logits",
        },
    )


@torch.no_grad()
def _forward(classifier: Classifier, images: Floats, device: torch.device, path: str) -> Floats:
    """Logits, float32 [b,C]; in parts where the device has too little memory. Raises ModelError."""

    def part(some: Floats) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = classifier(torch.from_numpy(some).to(device)).cpu().numpy()
        return logits

    try:
        with explained_memory_errors(f"{path} on {device}"):
            return in_pieces(part, images)
    except ThiniceError:
        raise
    except Exception as error:  # a network may raise anything
        raise ModelError(
            f"{path}: failed on a batch of {len(images)} ({reason(error)})", "--debug shows where it failed"
        ) from error

"""Whether the models classify clean images well enough; a low accuracy gets a warning that names what raises it."""

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.data.samples import Samples
from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.preflight.normalization_candidates import normalization_candidates
from thinice_tui.engine.preflight.outputs import BATCH, forward
from thinice_tui.engine.preflight.remedies import (
    ABOVE_CHANCE,
    BGR,
    MIN_IMAGES,
    ROUNDS,
    above_chance,
    find_remedies,
)
from thinice_tui.engine.preflight.stated_accuracy import stated_accuracy
from thinice_tui.models.load import LoadedModel

PILOT = 64
"""Images that show whether accuracy is low."""
LOW = 0.6
"""Below this accuracy, remedies are tried."""


def check_accuracy(model: LoadedModel, probe: StratifiedSample, device: torch.device) -> tuple[str, ...]:
    """Warnings where clean accuracy is far below what the file states, near chance, or low and a remedy raises it.

    The remedies are the normalisations for images with as many channels, BGR order, labels shifted by one, and
    another class order. The warning names those that are better by 3 standard errors on the same images, and better
    than chance.
    """
    pilot, stated = probe.first(PILOT), stated_accuracy(model.checkpoint.about)
    accuracy = float((_logits(model, pilot, device).argmax(axis=1) == pilot.labels).mean())
    doubtful = stated is not None and stated.standard_errors_above(accuracy, len(pilot)) > 1
    if accuracy >= LOW and not doubtful:
        return ()
    samples = probe.first(ROUNDS[-1])
    logits = _logits(model, samples, device)
    accuracy = float((logits.argmax(axis=1) == samples.labels).mean())
    below = stated.warning(str(model.path), accuracy, len(samples)) if stated else ""
    low = _low_accuracy(model, probe, device, samples, logits) if accuracy < LOW else ()
    return (*filter(None, (below,)), *low)


def _low_accuracy(
    model: LoadedModel, probe: StratifiedSample, device: torch.device, samples: Samples, logits: NDArray[np.float32]
) -> tuple[str, ...]:
    """The warning of an accuracy below LOW; empty: it is not near chance, and no remedy raises it.

    logits: [n,C], of `samples`, the first of the probe.
    """
    accuracy, classes = float((logits.argmax(axis=1) == samples.labels).mean()), logits.shape[1]
    near_chance = accuracy < above_chance(1 / classes, ABOVE_CHANCE)
    used = model.normalization.name if model.normalization else "none"
    about = f"{model.path}: clean accuracy is {accuracy:.1%} on {len(samples)} images spread over the data"
    about += f", near chance ({1 / classes:.1%})," if near_chance else ""
    about += f" with normalisation {used}"
    if len(samples) < MIN_IMAGES:
        few = f"{about}; these are too few images to try remedies: check --normalize, --arch and --data"
        return (few,) if near_chance else ()
    remedies = find_remedies(model, probe, device, samples, logits)
    if remedies:
        return (f"{about}; " + ", or ".join(f"{remedy.what} gives {remedy.accuracy:.1%}" for remedy in remedies),)
    if not near_chance:
        return ()
    tried = [name for name in normalization_candidates(probe.shape[0]) if name != used] + [BGR] * (probe.shape[0] == 3)
    return (
        f"{about}; {', '.join(tried)}, labels ± 1 and another order of the classes do not raise it: check --arch, "
        "--data and the class order",
    )


def _logits(model: LoadedModel, samples: Samples, device: torch.device) -> NDArray[np.float32]:
    """Float32 [n,C]."""
    parts = [slice(at, at + BATCH) for at in range(0, len(samples), BATCH)]
    return np.concatenate([forward(model, samples.floats(part), device) for part in parts])

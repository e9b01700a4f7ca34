"""Which normalisation a model expects, where its file does not say, and a warning where it looks wrong."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.data.samples import Samples
from thinice_tui.engine.checks import device_of, forward
from thinice_tui.models.classifier import Normalization
from thinice_tui.models.load import LoadedModel
from thinice_tui.models.normalization import KNOWN, Trial, candidates, choose, told_apart

FIRST = 64
"""Images on which every candidate is tried; those that are clearly worse are given up."""
IMAGES = 256
"""Images on which the rest is told apart."""
PROBED = 200
"""Images on which other normalisations are tried, where accuracy is low."""


def decide_normalization(
    model: LoadedModel, samples: Samples, family: Normalization | None, device: torch.device
) -> tuple[LoadedModel, Trial | None]:
    """The model with the normalisation that it does best with, and what was tried; where a file says it, as it is.

    family: the dense model's, for its pruned versions: taken where noise does not tell which is better; else none is.
    """
    if model.source != "undecided":
        return model, None
    options = candidates(samples.images.shape[1])
    if family is not None:
        options |= {family.name: family}
    tried = list(options)
    correct: dict[str, NDArray[np.bool_]] = {}
    seen: dict[str, float] = {}
    for count in (FIRST, IMAGES):
        part = slice(count)
        results = (
            (name, _correct(replace(model, normalization=options[name]), samples, part, device)) for name in tried
        )
        correct = {name: right for name, right in results if right is not None}
        if not correct:
            return model, None  # it takes no such images: the checks before the run say so
        best = max(correct.values(), key=lambda right: float(right.mean()))
        tried = [name for name in correct if not told_apart(best, correct[name])]
        seen |= {name: float(right.mean()) for name, right in correct.items()}
        if len(samples) <= FIRST:
            break
    trial = choose(correct, ["none"] if family is None else [family.name, "none"])
    chosen = replace(model, normalization=options[trial.chosen], source="clean accuracy")
    return chosen, replace(trial, accuracies=seen)


def describe_trial(name: str, trial: Trial) -> str:
    """The choice in words, with the accuracies of all that was tried."""
    ranked = sorted(trial.accuracies.items(), key=lambda item: -item[1])
    accuracies = ", ".join(f"{candidate} {100 * value:.1f} %" for candidate, value in ranked)
    return (
        f"{name}: normalisation {trial.chosen}, by clean accuracy on up to {trial.images} images ({accuracies}); "
        f"{trial.why}; name it with --normalize to be sure"
    )


def accuracy_warning(model: LoadedModel, samples: Samples, logits: NDArray[np.float32]) -> str:
    """A warning where clean accuracy is near chance or another normalisation mends it; empty: all is well.

    Other normalisations are tried on at most 200 images, only when less than half are right.
    """
    accuracy = float((logits.argmax(axis=1) == samples.labels).mean())
    classes = logits.shape[1]
    near_chance = accuracy < 1 / classes + 0.15 * (1 - 1 / classes)
    if accuracy >= 0.5 and not near_chance:
        return ""
    part = slice(PROBED)
    labels = samples.labels[part]
    now = float((logits[part].argmax(axis=1) == labels).mean())
    tried: dict[str, float] = {}
    used = model.normalization.name if model.normalization else "none"
    for name, normalization in {"none": None, **KNOWN}.items():
        channels = len(normalization.mean) if normalization else samples.images.shape[1]
        if name != used and channels in (1, samples.images.shape[1]):
            right = _correct(replace(model, normalization=normalization), samples, part, device_of(model))
            if right is not None:
                tried[name] = float(right.mean())
    better = {name: value for name, value in tried.items() if value >= now + 0.1}
    if not near_chance and not better:
        return ""
    what = f"{model.path}: clean accuracy is {accuracy:.1%}" + (
        f", near chance ({1 / classes:.1%})" if near_chance else ""
    )
    if better:
        best = sorted(better.items(), key=lambda item: -item[1])
        named = ", ".join(f"--normalize {name} gives {value:.1%}" for name, value in best)
        return f"{what} with normalisation {used}; on {len(labels)} images {named}"
    others = ", ".join(tried)
    return f"{what} with normalisation {used}; {others} do not mend it: check --arch, --data and the class order"


def _correct(model: LoadedModel, samples: Samples, part: slice, device: torch.device) -> NDArray[np.bool_] | None:
    """Bool [n]: whether each image of `part` is classified rightly; None: the model does not take them."""
    images, labels = samples.floats(part), samples.labels[part]
    try:
        logits = forward(model, images, device)
    except KeyboardInterrupt:
        raise
    except BaseException:  # whatever a stranger's forward may raise
        return None
    return logits.argmax(axis=1) == labels if logits.ndim == 2 and len(logits) == len(labels) else None

"""Which normalisation a model expects, where its file does not say: the one that it classifies best with."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.data.samples import Samples
from thinice_tui.engine.memory import in_pieces
from thinice_tui.models.classifier import Normalization
from thinice_tui.models.load import LoadedModel
from thinice_tui.models.normalization import Trial, candidates, choose, told_apart

FIRST = 64
"""Images on which every candidate is tried; those that are clearly worse are given up."""
IMAGES = 256
"""Images on which the rest is told apart."""
BATCH = 64


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


@torch.no_grad()
def _correct(model: LoadedModel, samples: Samples, part: slice, device: torch.device) -> NDArray[np.bool_] | None:
    """Bool [n]: whether each image of `part` is classified rightly; None: the model does not take them."""
    images, labels = samples.floats(part), samples.labels[part]
    classifier = model.classifier().to(device)

    def forward(some: NDArray[np.float32]) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = classifier(torch.from_numpy(some).to(device)).cpu().numpy()
        return logits

    try:
        parts = [in_pieces(forward, images[at : at + BATCH]) for at in range(0, len(images), BATCH)]
    except KeyboardInterrupt:
        raise
    except BaseException:  # whatever a stranger's forward may raise
        return None
    logits = np.concatenate(parts)
    return logits.argmax(axis=1) == labels if logits.ndim == 2 and len(logits) == len(labels) else None

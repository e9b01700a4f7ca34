"""What is checked before any attack: a wrong input makes a wrong number, not a crash."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.data.samples import Samples
from thinice_tui.engine.memory import in_pieces
from thinice_tui.errors import DataError, ModelError, reason
from thinice_tui.models.load import LoadedModel
from thinice_tui.models.normalization import KNOWN

PROBED = 200
"""Images on which other normalisations are tried."""


def probe_outputs(model: LoadedModel, samples: Samples) -> int:
    """Forward a few images and return the number of classes; raises ModelError or DataError.

    Checked: the model takes these images, returns [n,C] with C ≥ 2, the labels fit C, logits are
    finite and are no probabilities.
    """
    images = samples.floats(slice(8))
    try:
        logits = _forward(model, images)
    except Exception as error:  # whatever a stranger's forward may raise
        raise ModelError(
            f"{model.path}: cannot take images of shape {images.shape[1:]} ({reason(error)})",
            "check --data and --arch: channels and size must be what the model was trained on",
        ) from error
    if logits.ndim != 2 or logits.shape[0] != len(images) or logits.shape[1] < 2:
        raise ModelError(
            f"{model.path}: returns an array of shape {logits.shape} for {len(images)} images",
            "expected logits, one row an image and a column a class (at least 2)",
        )
    classes = int(logits.shape[1])
    highest = int(samples.labels.max())
    if highest >= classes:
        raise DataError(
            f"{samples.source}: has the label {highest}, but {model.path} knows {classes} classes (0 to {classes - 1})",
            "check that data and model belong together",
        )
    check_finite(logits, str(model.path))
    if bool((logits >= 0).all()) and np.allclose(logits.sum(axis=1), 1, atol=1e-4):
        raise ModelError(
            f"{model.path}: returns probabilities (they are positive and sum to 1), expected logits",
            "remove the softmax at its end, through --arch: attacks on probabilities look weaker than they are",
        )
    return classes


def check_finite(logits: NDArray[np.float32], path: str) -> None:
    """Raise ModelError where a clean image's logits are NaN or infinite."""
    bad = int(np.count_nonzero(~np.isfinite(logits).all(axis=1)))
    if bad:
        raise ModelError(
            f"{path}: logits of {bad} of {len(logits)} clean images are NaN or infinite",
            "expected finite logits: check the normalisation and the weights",
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
    images, labels = samples.floats(slice(PROBED)), samples.labels[:PROBED]
    now = float((logits[:PROBED].argmax(axis=1) == labels).mean())
    tried: dict[str, float] = {}
    used = model.normalization.name if model.normalization else "none"
    for name, normalization in {"none": None, **KNOWN}.items():
        channels = len(normalization.mean) if normalization else images.shape[1]
        if name != used and channels in (1, images.shape[1]):
            try:
                found = _forward(replace(model, normalization=normalization), images)
            except KeyboardInterrupt:
                raise
            except BaseException:  # what a stranger's forward makes of images that are not its own
                continue
            tried[name] = float((found.argmax(axis=1) == labels).mean())
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


@torch.no_grad()
def _forward(model: LoadedModel, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits on the device where the network is now."""
    first = next(model.network.parameters(), None)
    device = torch.device("cpu") if first is None else first.device
    classifier = model.classifier().to(device)

    def forward(part: NDArray[np.float32]) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = classifier(torch.from_numpy(part).to(device)).cpu().numpy()
        return logits

    return np.concatenate([in_pieces(forward, images[at : at + 100]) for at in range(0, len(images), 100)])

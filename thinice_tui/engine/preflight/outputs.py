"""Whether a model returns logits for the images, with a class for each label."""

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.data.samples import Samples
from thinice_tui.engine.worker.memory import OutOfMemory, explained_memory_errors, in_pieces
from thinice_tui.errors import DataError, ModelError, reason
from thinice_tui.models.load import LoadedModel

IMAGES = 8
"""Images that are checked."""
BATCH = 64
"""Images passed forward at once."""


def check_outputs(model: LoadedModel, samples: Samples, device: torch.device) -> int:
    """Check the logits of a few images on `device`, and return the number of classes C.

    Raises ModelError where the model does not take the images, does not return [n,C] with C ≥ 2, or returns NaN,
    infinity or probabilities; DataError where the labels do not fit C.
    """
    images = samples.floats(slice(IMAGES))
    try:
        logits = forward(model, images, device)
    except OutOfMemory:
        raise
    except ModelError as error:
        raise ModelError(f"{model.path}: {error.what}", error.do) from error
    except Exception as error:  # a user's forward pass may raise anything
        raise cannot_take(model, images, error) from error
    if logits.ndim != 2 or logits.shape[0] != len(images) or logits.shape[1] < 2:
        raise ModelError(
            f"{model.path}: returns an array of shape {logits.shape} for {len(images)} images",
            "expected logits, one row an image and a column a class (at least 2)",
        )
    classes = int(logits.shape[1])
    check_labels_fit(model, samples, classes)
    check_finite(logits, str(model.path))
    if bool((logits >= 0).all()) and np.allclose(logits.sum(axis=1), 1, atol=1e-4):
        raise ModelError(
            f"{model.path}: returns probabilities (they are positive and sum to 1), expected logits",
            "remove the softmax at its end, through --arch: attacks on probabilities look weaker than they are",
        )
    return classes


def cannot_take(model: LoadedModel, images: NDArray[np.float32], error: BaseException) -> ModelError:
    """The error for a forward pass of images [n,C,H,W] that raised `error`."""
    advice = "check --data and --arch: channels and size must be what the model was trained on"
    if "dtype" in str(error):
        advice = "images and weights are float32 here: its forward pass must not cast them, as with half() or double()"
    return ModelError(f"{model.path}: cannot take images of shape {images.shape[1:]} ({reason(error)})", advice)


def check_labels_fit(model: LoadedModel, samples: Samples, classes: int) -> None:
    """Raise DataError where the labels do not fit a model with `classes` classes."""
    lowest, highest = int(samples.labels.min()), int(samples.labels.max())
    knows = f"{model.path} knows {classes} classes (0 to {classes - 1})"
    if samples.classes is not None and samples.classes != classes:
        raise DataError(
            f"{samples.source}: has {samples.classes} classes, but {knows}: their labels may mean other classes there",
            samples.remedy or "check that data and model belong together",
        )
    if highest == classes and lowest >= 1:
        raise DataError(
            f"{samples.source}: has labels up to {highest} and no 0, but {knows}",
            f"do they count from 1? Then subtract 1 from each{f'; {samples.remedy}' if samples.remedy else ''}",
        )
    if highest >= classes:
        raise DataError(
            f"{samples.source}: has the label {highest}, but {knows}",
            samples.remedy or "check that data and model belong together",
        )


def check_finite(logits: NDArray[np.float32], path: str) -> None:
    """Raise ModelError where logits, float32 [n,C] of clean images, are NaN or infinite; path: the model's."""
    bad = int(np.count_nonzero(~np.isfinite(logits).all(axis=1)))
    if bad:
        raise ModelError(
            f"{path}: logits of {bad} of {len(logits)} clean images are NaN or infinite",
            "expected finite logits: check the normalisation and the weights",
        )


@torch.no_grad()
def forward(model: LoadedModel, images: NDArray[np.float32], device: torch.device) -> NDArray[np.float32]:
    """Logits, float32 [n,C], of images [n,C,H,W] in [0,1]; computed on `device` in batches that fit its memory.

    Raises OutOfMemory where one image does not fit, and whatever else the network raises.
    """

    def part(some: NDArray[np.float32]) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = classifier(torch.from_numpy(some).to(device)).cpu().numpy()
        return logits

    with explained_memory_errors(f"{model.path} on {device}"):
        classifier = model.classifier().to(device)
        return np.concatenate([in_pieces(part, images[at : at + BATCH]) for at in range(0, len(images), BATCH)])

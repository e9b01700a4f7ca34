"""Remedies for a low clean accuracy: another normalisation, BGR order, shifted labels, another class order."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from thinice_tui.data.samples import Samples
from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.preflight.normalization_candidates import normalization_candidates
from thinice_tui.engine.preflight.racing import race_candidates
from thinice_tui.engine.preflight.significance import Correct, significantly_better
from thinice_tui.models.load import LoadedModel
from thinice_tui.models.normalization import same_normalization

ROUNDS = (64, 256)
"""Images seen by the end of each round in which changed inputs are raced."""
MIN_IMAGES = 30
"""Below this, no remedy can be judged."""
ABOVE_CHANCE = 0.15
"""Share of the way from chance to 100 % that an accuracy must reach to count as above chance."""
FAR_ABOVE_CHANCE = 0.3
"""The same for a class order, which is fitted to the images."""
REMEDY_ERRORS = 3.0
"""Standard errors by which a remedy must be better: several are tried."""
LISTED = 12
"""Entries of a class map that are written out."""
BGR = "BGR order"


@dataclass(frozen=True)
class Remedy:
    """A change that may raise the accuracy, in the words of an option to type or a thing to do.

    with_it, without_it: bool [n], whether each image is classified correctly with and without the change.
    """

    what: str
    with_it: Correct
    without_it: Correct

    @property
    def accuracy(self) -> float:
        """With the remedy."""
        return float(self.with_it.mean())

    def helps(self, least: float) -> bool:
        """Whether it is significantly better than no change, with an accuracy of at least `least`."""
        enough = len(self.without_it) >= MIN_IMAGES and self.accuracy >= least
        return enough and significantly_better(self.with_it, self.without_it, REMEDY_ERRORS)


class _ReversedChannels(nn.Module):
    """A network that is given BGR images, as OpenCV reads them, in place of RGB ones."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(images.flip(1))
        return logits


def find_remedies(
    model: LoadedModel, probe: StratifiedSample, device: torch.device, samples: Samples, logits: NDArray[np.float32]
) -> list[Remedy]:
    """The remedies that help, best first.

    samples: the first images of the probe; logits: [n,C], the model's on these. Another class order is returned only
    where it is significantly better than every simpler remedy, and then alone.
    """
    right = logits.argmax(axis=1) == samples.labels
    most_frequent = float(np.unique(samples.labels, return_counts=True)[1].max()) / len(samples)
    chance = max(1 / logits.shape[1], most_frequent)
    simple = [*_changed_inputs(model, probe, device, right), *_shifted_labels(logits, samples, right)]
    helpful = [remedy for remedy in simple if remedy.helps(above_chance(chance, ABOVE_CHANCE))]
    order = _class_order(logits, samples, right)
    # the class order is judged on every second image: compare on these
    beaten = [remedy.with_it[1::2] for remedy in helpful]
    if order.helps(above_chance(chance, FAR_ABOVE_CHANCE)) and all(
        significantly_better(order.with_it[: len(other)], other) for other in beaten
    ):
        return [order]
    return sorted(helpful, key=lambda remedy: -remedy.accuracy)


def above_chance(chance: float, share: float) -> float:
    """The accuracy that lies at `share` of the way from `chance` to 1."""
    return chance + share * (1 - chance)


def _changed_inputs(
    model: LoadedModel, probe: StratifiedSample, device: torch.device, right: Correct
) -> Iterator[Remedy]:
    """Other normalisations, and BGR order for images with three channels."""
    forms: dict[str, list[LoadedModel]] = {
        f"--normalize {name}": [replace(model, normalization=normalization)]
        for name, normalization in normalization_candidates(probe.shape[0]).items()
        if not same_normalization(normalization, model.normalization)
    }
    if probe.shape[0] == 3:
        what = f"{BGR} (as OpenCV reads images; store them so, or flip the channels in --arch)"
        forms[what] = [replace(model, network=_ReversedChannels(model.network))]
    result = race_candidates(forms, probe, device, ROUNDS)
    if result is not None:
        for what, correct in result.correct.items():
            yield Remedy(what, correct[0], right[: result.images])


def _shifted_labels(logits: NDArray[np.float32], samples: Samples, right: Correct) -> Iterator[Remedy]:
    """Labels plus one and minus one, where every shifted label is a class."""
    lowest, highest = int(samples.labels.min()), int(samples.labels.max())
    for step, why in ((1, "has the model a background class 0?"), (-1, "do they begin at 1?")):
        if lowest + step < 0 or highest + step >= logits.shape[1]:
            continue
        what = f"labels {'+' if step > 0 else '−'} 1 ({why} store them so)"
        if _is_folder(samples) and step > 0:
            what = _class_map(samples, {label: label + 1 for label in np.unique(samples.labels).tolist()})
        elif _is_folder(samples):
            what = f"labels − 1 (is {_class_name(samples, 0)} no class of the model? take that folder away)"
        yield Remedy(what, logits.argmax(axis=1) == samples.labels + step, right)


def _class_order(logits: NDArray[np.float32], samples: Samples, right: Correct) -> Remedy:
    """The best one-to-one map from labels to classes; fitted to the images 0, 2, 4, …, judged on 1, 3, 5, …"""
    classes, predicted, labels = logits.shape[1], logits.argmax(axis=1), samples.labels
    fitted = np.arange(len(labels)) % 2 == 0
    found = best_class_map(labels[fitted], predicted[fitted], classes)
    mapped = np.array([found.get(label) == guess for label, guess in zip(labels.tolist(), predicted, strict=True)])
    whole = best_class_map(labels, predicted, classes)
    if _is_folder(samples):
        what = _class_map(samples, whole)
    else:
        pairs = _listed([f"{label} → {to}" for label, to in whole.items()])
        what = f"another order of the classes (label → the model's class: {pairs}; store the labels so)"
    return Remedy(what, mapped[~fitted], right[~fitted])


def best_class_map(labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> dict[int, int]:
    """The one-to-one map from labels to classes under which most of `predicted` are right: an assignment problem.

    labels, predicted: int64 [n]. Every label that occurs gets one of the `classes` classes.
    """
    from scipy.optimize import linear_sum_assignment  # here, so that a run begins before scipy has loaded

    there, rows = np.unique(labels, return_inverse=True)
    confusion = np.zeros((len(there), classes), dtype=np.int64)
    np.add.at(confusion, (rows, predicted), 1)
    return {int(there[row]): int(to) for row, to in zip(*linear_sum_assignment(confusion, maximize=True), strict=True)}


def _class_map(samples: Samples, classes: Mapping[int, int]) -> str:
    """The option to type for a folder whose labels stand for these classes of the model."""
    entries = [f"{_class_name(samples, label)}: {to}" for label, to in classes.items()]
    return f"--class-map FILE with {{{_listed(entries)}}}"


def _class_name(samples: Samples, label: int) -> str:
    return json.dumps(samples.class_names[label] if label < len(samples.class_names) else str(label))


def _is_folder(samples: Samples) -> bool:
    return samples.source.startswith("folder:")


def _listed(parts: list[str]) -> str:
    return ", ".join(parts[:LISTED]) + (", …" if len(parts) > LISTED else "")

"""A warning where a model hardly classifies the clean images, with what would mend it, found by trying."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from thinice_tui.data.samples import Samples
from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.preflight.outputs import BATCH, forward
from thinice_tui.engine.preflight.race import Correct, race
from thinice_tui.models.load import LoadedModel
from thinice_tui.models.normalization import candidates, same_normalization, told_apart

GLANCE = 64
"""Images that show whether accuracy is low."""
LOW = 0.6
"""Accuracy from which nothing is looked for."""
ROUNDS = (GLANCE, 256)
"""Images on which remedies are tried."""
ENOUGH = 30
"""Images below which nothing can be said of remedies."""
ABOVE = 0.15
"""Of the way from chance to all right, what accuracy must reach to be called above chance."""
FAR_ABOVE = 0.3
"""The same for an order of the classes that was fitted to the images."""
SURELY = 3.0
"""Standard errors by which a remedy must do better: several are tried."""
SHOWN = 12
"""Classes of a map that are written out."""
BGR = "BGR order"


@dataclass(frozen=True)
class _Remedy:
    """What may be wrong, as an option to type or what else to do; which images are right with it, and now: bool [n]."""

    what: str
    right: Correct
    now: Correct

    @property
    def accuracy(self) -> float:
        return float(self.right.mean())

    def mends(self, least: float) -> bool:
        """Whether it is told to be better, and its accuracy at least that."""
        return len(self.now) >= ENOUGH and told_apart(self.right, self.now, SURELY) and self.accuracy >= least


class _Order(_Remedy):
    """Another order of the classes, fitted to every other image, from the first on, and judged on those between."""

    def surpasses(self, other: _Remedy) -> bool:
        """Whether it is told to be better than what was judged on all images, or on the first of them."""
        rest = other.right[1::2]
        return told_apart(self.right[: len(rest)], rest)


class _ReversedChannels(nn.Module):
    """A network that gets BGR images for RGB ones, as OpenCV reads them."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(images.flip(1))
        return logits


def accuracy_warning(model: LoadedModel, probe: StratifiedSample, device: torch.device) -> str:
    """A warning where clean accuracy is near chance or something mends it; empty: all is well.

    Tried are the normalisations for images of these channels, BGR order, labels shifted by one, and classes in
    another order. Named is what does better by more than 3 standard errors on the same images, and than chance.
    """
    glance = probe.first(GLANCE)
    if float((_logits(model, glance, device).argmax(axis=1) == glance.labels).mean()) >= LOW:
        return ""
    samples = probe.first(ROUNDS[-1])
    logits = _logits(model, samples, device)
    now = logits.argmax(axis=1) == samples.labels
    accuracy, classes = float(now.mean()), logits.shape[1]
    if accuracy >= LOW:
        return ""
    near_chance = accuracy < _above(1 / classes, ABOVE)
    used = model.normalization.name if model.normalization else "none"
    about = f"{model.path}: clean accuracy is {accuracy:.1%} on {len(samples)} images spread over the data"
    about += f", near chance ({1 / classes:.1%})," if near_chance else ""
    about += f" with normalisation {used}"
    if len(samples) < ENOUGH:
        few = f"{about}; these are too few to try what would mend it: check --normalize, --arch and --data"
        return few if near_chance else ""
    remedies = _remedies(model, probe, device, samples, logits)
    if remedies:
        return f"{about}; " + ", or ".join(f"{remedy.what} gives {remedy.accuracy:.1%}" for remedy in remedies)
    if not near_chance:
        return ""
    tried = [name for name in candidates(probe.shape[0]) if name != used] + [BGR] * (probe.shape[0] == 3)
    return (
        f"{about}; {', '.join(tried)}, labels ± 1 and another order of the classes do not mend it: check --arch, "
        "--data and the class order"
    )


def _remedies(
    model: LoadedModel, probe: StratifiedSample, device: torch.device, samples: Samples, logits: NDArray[np.float32]
) -> list[_Remedy]:
    """What mends it, best first; another order of the classes only where nothing simpler does as well."""
    now = logits.argmax(axis=1) == samples.labels
    most_frequent = float(np.unique(samples.labels, return_counts=True)[1].max()) / len(samples)
    chance = max(1 / logits.shape[1], most_frequent)
    simple = [*_other_inputs(model, probe, device, now), *_shifted_labels(logits, samples, now)]
    better = [remedy for remedy in simple if remedy.mends(_above(chance, ABOVE))]
    order = _other_order(logits, samples, now)
    if order.mends(_above(chance, FAR_ABOVE)) and all(order.surpasses(remedy) for remedy in better):
        return [order]
    return sorted(better, key=lambda remedy: -remedy.accuracy)


def _other_inputs(model: LoadedModel, probe: StratifiedSample, device: torch.device, now: Correct) -> Iterator[_Remedy]:
    """Other normalisations, and the channels in the other order."""
    forms: dict[str, list[LoadedModel]] = {
        f"--normalize {name}": [replace(model, normalization=normalization)]
        for name, normalization in candidates(probe.shape[0]).items()
        if not same_normalization(normalization, model.normalization)
    }
    if probe.shape[0] == 3:
        what = f"{BGR} (as OpenCV reads images; store them so, or flip the channels in --arch)"
        forms[what] = [replace(model, network=_ReversedChannels(model.network))]
    raced = race(forms, probe, device, ROUNDS)
    if raced is not None:
        for what, right in raced.correct.items():
            yield _Remedy(what, right[0], now[: raced.images])


def _shifted_labels(logits: NDArray[np.float32], samples: Samples, now: Correct) -> Iterator[_Remedy]:
    """Labels plus and minus one, where these still are classes."""
    lowest, highest = int(samples.labels.min()), int(samples.labels.max())
    for step, why in ((1, "has the model a background class 0?"), (-1, "do they begin at 1?")):
        if lowest + step < 0 or highest + step >= logits.shape[1]:
            continue
        what = f"labels {'+' if step > 0 else '−'} 1 ({why} store them so)"
        if _is_folder(samples) and step > 0:
            what = _class_map(samples, {label: label + 1 for label in np.unique(samples.labels).tolist()})
        elif _is_folder(samples):
            what = f"labels − 1 (is {_name(samples, 0)} no class of the model? take that folder away)"
        yield _Remedy(what, logits.argmax(axis=1) == samples.labels + step, now)


def _other_order(logits: NDArray[np.float32], samples: Samples, now: Correct) -> _Order:
    """The one-to-one map of labels to classes under which most images are right."""
    classes, predicted, labels = logits.shape[1], logits.argmax(axis=1), samples.labels
    fitted = np.arange(len(labels)) % 2 == 0
    found = _best_map(labels[fitted], predicted[fitted], classes)
    right = np.array([found.get(label) == guess for label, guess in zip(labels.tolist(), predicted, strict=True)])
    whole = _best_map(labels, predicted, classes)
    if _is_folder(samples):
        what = _class_map(samples, whole)
    else:
        moved = _listed([f"{label} → {to}" for label, to in whole.items()])
        what = f"another order of the classes (label → the model's class: {moved}; store the labels so)"
    return _Order(what, right[~fitted], now[~fitted])


def _best_map(labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> dict[int, int]:
    """Labels to classes, one to one, so that most predictions are right: an assignment problem."""
    there, rows = np.unique(labels, return_inverse=True)
    confusion = np.zeros((len(there), classes), dtype=np.int64)
    np.add.at(confusion, (rows, predicted), 1)
    return {int(there[row]): int(to) for row, to in zip(*linear_sum_assignment(confusion, maximize=True), strict=True)}


def _class_map(samples: Samples, classes: Mapping[int, int]) -> str:
    """What to type for a folder whose labels stand for these classes of the model."""
    return f"--class-map FILE with {{{_listed([f'{_name(samples, label)}: {to}' for label, to in classes.items()])}}}"


def _name(samples: Samples, label: int) -> str:
    return json.dumps(samples.class_names[label] if label < len(samples.class_names) else str(label))


def _is_folder(samples: Samples) -> bool:
    return samples.source.startswith("folder:")


def _listed(parts: list[str]) -> str:
    return ", ".join(parts[:SHOWN]) + (", …" if len(parts) > SHOWN else "")


def _above(chance: float, share: float) -> float:
    """The accuracy that is this share of the way from chance to all right."""
    return chance + share * (1 - chance)


def _logits(model: LoadedModel, samples: Samples, device: torch.device) -> NDArray[np.float32]:
    parts = [slice(at, at + BATCH) for at in range(0, len(samples), BATCH)]
    return np.concatenate([forward(model, samples.floats(part), device) for part in parts])

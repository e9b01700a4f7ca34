"""The accuracy that a model's file states, against the measured one.

It never decides anything: whose accuracy it is, on what data and under which attack, files do not say.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

NAMES = (
    *("acc", "accuracy", "acc1", "top1", "prec1", "best_acc", "best_accuracy", "best_acc1", "best_top1", "best_prec1"),
    *("test_acc", "test_accuracy", "val_acc", "val_accuracy", "valid_acc", "best_test_acc", "best_val_acc", "eval_acc"),
    *("clean_acc", "clean_accuracy", "natural_acc", "nat_acc", "best_sa", "standard_acc", "best_clean_acc"),
    *("robust_acc", "robust_accuracy", "adv_acc", "best_ra", "best_robust_acc", "best_adv_acc"),
)
"""Entries of training code; some are robust accuracies, which lie below the clean one."""
STATED_ERRORS = 3.0
"""Standard errors by which the measured accuracy must be lower for a warning."""


@dataclass(frozen=True)
class StatedAccuracy:
    """name: the file's own; accuracy: in [0,1]."""

    name: str
    accuracy: float

    def standard_errors_above(self, measured: float, images: int) -> float:
        """By how many standard errors it is above an accuracy that was measured on so many images.

        The error is the larger one of the two accuracies' (binomial), so that neither 0 nor 1 has none.
        """
        error = max(_standard_error(self.accuracy, images), _standard_error(measured, images))
        return (self.accuracy - measured) / error if error > 0 else math.inf

    def warning(self, path: str, measured: float, images: int) -> str:
        """A warning where the measured one is lower by more than STATED_ERRORS standard errors; empty: it is not."""
        if self.standard_errors_above(measured, images) <= STATED_ERRORS:
            return ""
        error = _standard_error(measured, images)
        return (
            f"{path}: the file says {100 * self.accuracy:.1f} % ({self.name}), measured {100 * measured:.1f} % ± "
            f"{100 * error:.1f} % on {images} images spread over the data: is it another normalisation (--normalize), "
            "architecture (--arch) or data set (--data)?"
        )


def stated_accuracy(about: Mapping[str, object]) -> StatedAccuracy | None:
    """The highest accuracy among a file's other entries, at the top or one level below; None: there is none.

    Numbers below 1 are fractions, those above are percentages.
    """
    entries = list(about.items())
    entries += [item for value in about.values() if isinstance(value, Mapping) for item in value.items()]
    read = ((name, _fraction(value)) for name, value in entries if name in NAMES)
    found = [StatedAccuracy(name, accuracy) for name, accuracy in read if accuracy is not None]
    return max(found, key=lambda stated: stated.accuracy, default=None)


def _fraction(value: object) -> float | None:
    """The accuracy in [0,1]; None: the value is none."""
    if isinstance(value, Tensor) and value.numel() == 1 and not value.is_complex():
        value = value.item()
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    if 0 < value < 1:
        return float(value)
    return value / 100 if 1 < value <= 100 else None


def _standard_error(accuracy: float, images: int) -> float:
    return math.sqrt(accuracy * (1 - accuracy) / images)

"""A choice that was made by trying candidates on clean images."""

from dataclasses import dataclass
from typing import Literal

from thinice_tui.analysis.trials import describe_accuracies

OPTIONS = {"architecture": "--arch", "normalisation": "--normalize"}
"""The option that makes the choice, by what is chosen."""


@dataclass(frozen=True)
class Trial:
    """How one of several candidates was chosen for a model: accuracy by candidate, on how many images each, and why.

    images: the most that any candidate saw; the clearly worse ones saw fewer.
    """

    chosen: str
    why: str
    images: int
    accuracies: dict[str, float]
    seen: dict[str, int]


def describe_trial(name: str, kind: Literal["architecture", "normalisation"], trial: Trial) -> str:
    """The choice for the model `name` as a sentence, with the accuracy of each candidate; kind: what was chosen."""
    return (
        f"{name}: {kind} {trial.chosen}, by clean accuracy on up to {trial.images} images "
        f"({describe_accuracies(trial.accuracies, trial.seen)}); {trial.why}; give {OPTIONS[kind]} to be sure"
    )

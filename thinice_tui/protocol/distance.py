"""The distance measurement: each sample's minimum-norm distance to the decision boundary, after all attacks.

It attacks every sample that is correct without attack, whether an attack broke it or not, and breaks none. Run files
and reports list it after the stages, under the name Distance.
"""

from collections.abc import Mapping
from dataclasses import dataclass

LIKELY_CLASSES = 9
"""Target classes are chosen from that many with the largest logits."""
KIND = "distance"


@dataclass(frozen=True)
class DistanceMeasurement:
    """What is measured after the stages.

    steps: of each search; targets: searches towards one class, after one towards any class.
    """

    steps: int = 30
    targets: int = 4

    name = "Distance"
    note = ""

    def passes(self, classes: int) -> tuple[int, int]:
        """How many forward and backward passes one sample takes, without the forward passes that verify."""
        rivals = min(LIKELY_CLASSES, classes - 1) if classes > 2 else 0
        gradients = (1 + min(self.targets, rivals)) * (self.steps + 1)
        return gradients + 1, gradients + rivals

    def as_dict(self) -> dict[str, object]:
        """What it is for a run's identity: the fields that a stage has."""
        numbers = {"steps": self.steps, "restarts": 1, "targets": self.targets}
        return {"name": self.name, "kind": KIND, **numbers, "note": self.note}


def is_distance(parameters: Mapping[str, object]) -> bool:
    """Whether a stage as the run file keeps it is the distance measurement."""
    return parameters.get("kind") == KIND

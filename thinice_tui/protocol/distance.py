"""The distance measurement: each sample's minimum-norm distance to the decision boundary, after all attacks.

It attacks every sample that is correct without attack, whether an attack broke it or not, and breaks none. Run files
and reports list it after the stages, under the name Distance.
"""

from collections.abc import Mapping
from dataclasses import dataclass

BISECTIONS = 8
"""About how many radii are tried for a sample."""
KIND = "distance"


@dataclass(frozen=True)
class DistanceMeasurement:
    """What is measured after the stages. steps: APGD steps for each radius."""

    steps: int = 30

    name = "Distance"
    note = ""

    def passes(self, _classes: int) -> tuple[int, int]:
        """About how many forward and backward passes one sample takes."""
        return BISECTIONS * (self.steps + 2), BISECTIONS * (self.steps + 1)

    def as_dict(self) -> dict[str, object]:
        """What it is for a run's identity: the fields that a stage has."""
        return {"name": self.name, "kind": KIND, "steps": self.steps, "restarts": 1, "targets": 0, "note": self.note}


def is_distance(parameters: Mapping[str, object]) -> bool:
    """Whether a stage as the run file keeps it is the distance measurement."""
    return parameters.get("kind") == KIND

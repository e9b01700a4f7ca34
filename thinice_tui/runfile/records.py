"""The frozen records that are written to a run file and read from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.protocol.model_files import IN_MEMORY
from thinice_tui.protocol.model_files import Role as Role
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.runfile.run_info import RunInfo

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Tags = Mapping[int, tuple[str, ...]]
"""The tags of each sample that has any, in alphabetical order, by the sample's index in the original data."""


@dataclass(frozen=True)
class Layer:
    """The weight of one convolution or linear layer of a model; biases are not counted."""

    name: str
    kind: str
    """The module's class: Conv2d, Linear, …"""
    shape: tuple[int, ...]
    weights: int
    zeros: int

    @property
    def sparsity(self) -> float:
        """The fraction of zeros, in [0,1]."""
        return self.zeros / self.weights if self.weights else 0.0


@dataclass(frozen=True)
class ModelRecord:
    """A model of the run. Sparsities are fractions in [0,1]."""

    role: Role
    name: str
    path: str
    sha256: str
    arch: str
    normalization: str
    parameters: int
    sparsity_conv_linear: float
    sparsity_mean_per_layer: float
    sparsity_all_parameters: float
    layers: tuple[Layer, ...] = field(repr=False)

    @property
    def is_in_memory(self) -> bool:
        """Whether it was a module of a Python program, and never a file."""
        return self.path.endswith(f"({IN_MEMORY})")


@dataclass(frozen=True)
class StageRecord:
    """One stage against one model, as far as it has come."""

    ordinal: int
    name: str
    parameters: dict[str, object]
    entered: int | None
    """Samples that were still robust when the stage began; None: it has not begun."""
    finished: bool
    attacked: int
    """Samples in the batches that are done."""
    batches: frozenset[tuple[int, int]]
    """The batches that are done: the place of the first sample among those that entered, in order of position, and the
    number of samples."""
    forwards: int
    """Images passed forward, without those of the re-verification; `backwards` likewise."""
    backwards: int
    seconds: float


@dataclass(frozen=True, repr=False)
class ModelOutcomes:
    """What the run knows of one model; arrays are [n], by sample position.

    clean_prediction: int32, the class predicted on the clean image, −1 where not computed yet; clean_margin: float32,
    its logit margin, NaN where not computed yet. worst_prediction, worst_margin: the same on the worst verified
    adversarial image, or on the clean image where there is none. broken_by: int16, the ordinal of the stage that broke
    the sample, −1 while none has. distance: float64, between worst and clean image in the run's norm, NaN where there
    is none. boundary: float64, the minimum-norm distance, an upper bound; inf where no adversarial image was found,
    NaN where none was searched for (yet).
    """

    record: ModelRecord
    stages: tuple[StageRecord, ...]
    clean_prediction: NDArray[np.int32]
    clean_margin: Floats
    worst_prediction: NDArray[np.int32]
    worst_margin: Floats
    broken_by: NDArray[np.int16]
    distance: NDArray[np.float64]
    boundary: NDArray[np.float64]

    def __repr__(self) -> str:
        broken = int((self.broken_by >= 0).sum())
        return f"<{type(self).__name__} {self.record.name} ({self.record.role}): {broken} samples broken>"


@dataclass(frozen=True)
class Finding:
    """One check, on `n` samples, of whether the attacks on a model could do their work.

    value: samples that failed it, or the check's own unit; samples: positions of those that failed.
    """

    model: str
    check: str
    value: float
    n: int
    doubtful: bool
    """Whether robust accuracy may be too high."""
    samples: tuple[int, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class EngineRecord:
    """The process that computes a run, or did last."""

    pid: int
    born: float
    """Creation time of the process, which tells it from a later one with the same id."""
    host: str
    log: str | None
    """The file of its messages; None: a terminal."""


@dataclass(frozen=True, repr=False)
class Run:
    """The content of a run file at one moment."""

    path: str
    info: RunInfo
    labels: Integers
    indices: Integers
    class_names: tuple[str, ...]
    models: tuple[ModelOutcomes, ...]
    """The dense model first, then the pruned ones in the order given, then the control."""
    heartbeat: Heartbeat | None
    """None before the first one, and when the run is finished."""
    engine: EngineRecord | None
    findings: tuple[Finding, ...] = ()
    """The engine's checks of the attacks."""
    tags: Tags = field(default_factory=dict)
    """A person's tags, from the file beside the run."""
    tags_problem: str = ""
    """Why that file could not be read; empty where nothing went wrong."""
    left_out: tuple[ModelOutcomes, ...] = ()
    """Models of the run that are not looked at, for other runs have none like them."""

    def __repr__(self) -> str:
        names = ", ".join(model.record.name for model in self.models)
        state = "complete" if self.complete else "NOT complete"
        return f"<{type(self).__name__} {self.path}: {len(self.labels)} samples, models {names}, {state}>"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes this reading less reliable than it looks, in words: the file's warnings, and that of the tags."""
        return (*self.info.warnings, *filter(None, [self.tags_problem]))

    @property
    def complete(self) -> bool:
        """Whether everything planned is computed."""
        return self.info.finished is not None

    @property
    def alone(self) -> bool:
        """Whether the dense model is the only one."""
        return len(self.models) == 1

    def only(self, positions: Integers) -> "Run":
        """The run with only the samples at `positions` [k]; counts of stages stay those of all samples."""
        per_sample = [field.name for field in fields(ModelOutcomes) if field.name not in ("record", "stages")]
        models = tuple(
            replace(model, **{name: getattr(model, name)[positions] for name in per_sample}) for model in self.models
        )
        return replace(self, labels=self.labels[positions], indices=self.indices[positions], models=models)


def same_outcomes(one: Run, other: Run) -> bool:
    """Whether no outcome, and no tag, has changed between two readings of a run by the same reader."""
    return (
        one.complete == other.complete
        and one.tags == other.tags
        and all(
            a.clean_margin is b.clean_margin
            and a.worst_margin is b.worst_margin
            and [(stage.finished, stage.batches) for stage in a.stages] == [(s.finished, s.batches) for s in b.stages]
            for a, b in zip(one.models, other.models, strict=True)
        )
    )


@dataclass(frozen=True)
class BatchOutcome:
    """The verified result of one stage on one batch of b samples.

    positions: int64 [b]; logits: float32 [b,C] on each sample's candidate image after projection; broken: bool [b],
    re-verified; distances: float64 [b] between candidate and clean image; images: the candidates, float32 [b,C,H,W];
    boundary: float64 [b], minimum-norm distances where the stage searches for these, inf where none was found.
    """

    positions: Integers
    logits: Floats
    broken: NDArray[np.bool_]
    distances: NDArray[np.float64]
    images: Floats
    boundary: NDArray[np.float64] | None
    forwards: int
    backwards: int
    seconds: float
    not_finite: int = 0
    """Images passed forward whose logits were NaN or infinite."""


def joined(parts: Sequence[BatchOutcome]) -> BatchOutcome:
    """The outcome of a whole batch from those of its parts, in their order."""
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("positions", "logits", "broken", "distances", "images", "boundary")
        if getattr(parts[0], name) is not None
    }
    sums: dict[str, Any] = {
        name: sum(getattr(part, name) for part in parts) for name in ("forwards", "backwards", "seconds", "not_finite")
    }
    return replace(parts[0], **arrays, **sums)


@dataclass(frozen=True)
class RunPlan:
    """What a run is, before anything is computed."""

    identity: dict[str, object]
    """What makes two runs the same: JSON values."""
    table: dict[str, object] = field(default_factory=dict)
    """The run table of a new file, by key: JSON values."""

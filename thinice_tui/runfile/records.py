"""What goes into a run file and comes out of it: frozen records and arrays."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Role = Literal["dense", "pruned", "control"]
Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class LayerRecord:
    """One Conv or Linear weight of a model."""

    name: str
    kind: str
    shape: tuple[int, ...]
    weights: int
    zeros: int


@dataclass(frozen=True)
class ModelRecord:
    """A model of the run; the sparsities are fractions in [0,1]."""

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
    layers: tuple[LayerRecord, ...]


@dataclass(frozen=True)
class StageRecord:
    """One stage against one model, as far as it has come."""

    ordinal: int
    name: str
    parameters: dict[str, object]
    entered: int | None
    """Samples that were still standing when it began; None: it has not begun."""
    finished: bool
    attacked: int
    """Samples whose batch is done."""
    forwards: int
    """Images passed forward, backwards likewise; both without the re-verification."""
    backwards: int
    seconds: float


@dataclass(frozen=True)
class ModelOutcomes:
    """What the run knows of one model, per sample position.

    clean_logits: [n,C], NaN where not computed yet; broken_by: int64 [n], the stage ordinal, −1 while
    standing or never attacked; worst_logits: [n,C], of the worst verified adversarial image, the
    clean ones where there is none; distance: float64 [n], of that image from the clean one in the
    run's norm, NaN where there is none.
    """

    record: ModelRecord
    stages: tuple[StageRecord, ...]
    clean_logits: Floats
    broken_by: Integers
    worst_logits: Floats
    distance: NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """A run file's content, read at one moment."""

    path: str
    about: dict[str, object]
    """The run table: settings, data, versions, device, batch_size, created, finished, warnings."""
    labels: Integers
    indices: Integers
    class_names: tuple[str, ...]
    models: tuple[ModelOutcomes, ...]
    """The dense model first, then the pruned ones in the order given, then the control."""


@dataclass(frozen=True)
class BatchOutcome:
    """The verified result of one stage on one batch of samples.

    positions: int64 [b]; logits: float32 [b,C] of each sample's candidate after projection; broken:
    bool [b], re-verified; distances: float64 [b]; images: float32 [b,C,H,W].
    """

    positions: Integers
    logits: Floats
    broken: NDArray[np.bool_]
    distances: NDArray[np.float64]
    images: Floats
    forwards: int
    backwards: int
    seconds: float


@dataclass(frozen=True)
class RunPlan:
    """What a run is, before anything is computed: what makes two runs the same, and what describes it."""

    identity: dict[str, object]
    about: dict[str, object] = field(default_factory=dict)

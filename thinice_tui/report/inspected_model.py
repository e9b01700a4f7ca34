"""What is known of a model file without attacking it: frozen values, for every output of `inspect`."""

from collections.abc import Mapping
from dataclasses import dataclass

from thinice_tui.runfile.records import ModelRecord

UNDECIDED = "undecided"
"""The source of a normalisation that the file does not name."""


@dataclass(frozen=True)
class FileFacts:
    """What a model file says of itself."""

    size: int
    """In bytes, without a mask file."""
    form: str
    """How the file holds the model: a state_dict, a whole module, …"""
    container: str | None
    """The key that the weights are under; None: they are at the top."""
    sha256: str
    folded: tuple[str, ...]
    """Masks and re-parametrisations that were folded into the weights."""
    notes: tuple[str, ...]
    classes: int | None
    """None: no layer says how many."""
    input_channels: int | None
    normalization_source: str
    metadata: Mapping[str, object]
    """What the file says of its training, by the file's own keys."""
    warnings: tuple[str, ...]
    """Options that have no effect on this file."""
    architectures: tuple[str, ...] = ()
    """All that its weights fit, the usual one first; empty: the record's is the only one."""


@dataclass(frozen=True)
class DenseComparison:
    """How a model compares with the first one, taken as its dense original."""

    dense: str
    """Path of the first model."""
    doubt: str
    """Why it is no pruned version of the first; empty: nothing speaks against it."""
    related: bool | None
    """Whether the weights are related; None: too little in common to tell."""
    summary: str
    """The comparison of the weights in words."""
    removed: float
    """1 − parameters / the first model's parameters."""
    dense_parameters: int
    similarity: Mapping[str, object]
    """The numbers of the comparison, for JSON."""


@dataclass(frozen=True)
class InspectedModel:
    """One model file. comparison: None for the first file."""

    record: ModelRecord
    facts: FileFacts
    comparison: DenseComparison | None = None

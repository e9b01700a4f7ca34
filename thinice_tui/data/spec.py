"""A data spec, as typed after --data or stored in a checkpoint, to samples."""

from pathlib import Path

from thinice_tui.data.cifar10 import read_cifar10
from thinice_tui.data.npz import read_npz
from thinice_tui.data.samples import Samples
from thinice_tui.errors import DataError, UsageError


def read_samples(spec: str) -> Samples:
    """`cifar10:DIR` or `FILE.npz` to checked samples; raises DataError or UsageError."""
    kind, colon, rest = spec.partition(":")
    if colon and kind == "cifar10":
        samples = read_cifar10(Path(rest).expanduser())
    elif spec.endswith(".npz"):
        samples = read_npz(Path(spec).expanduser())
    else:
        raise UsageError(f"--data is {spec!r}, expected cifar10:DIR or FILE.npz")
    if len(samples) == 0:
        raise DataError(f"{spec}: holds no samples")
    return samples


def stored_spec(about: dict[str, object], checkpoint: Path) -> str:
    """The data spec that a checkpoint names, its files looked up beside the checkpoint."""
    stored = about.get("dataset")
    if not isinstance(stored, str) or not stored:
        raise UsageError(f"{checkpoint} names no data set", "give one with --data cifar10:DIR or --data FILE.npz")
    kind, colon, rest = stored.partition(":")
    return f"{kind}:{checkpoint.parent / rest}" if colon else str(checkpoint.parent / stored)

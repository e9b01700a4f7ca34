"""What a run is: threat model, ensemble, samples, seed. Plain values, no torch."""

import math
import re
from dataclasses import asdict, dataclass
from typing import Literal, cast

from thinice_tui.errors import UsageError

Norm = Literal["Linf", "L2"]
KeepImages = Literal["flips", "all", "none"]
NORMS: tuple[Norm, ...] = ("Linf", "L2")
DEFAULT_EPS: dict[Norm, str] = {"Linf": "8/255", "L2": "0.5"}


@dataclass(frozen=True)
class Epsilon:
    """A perturbation budget, as typed and as a number in units of [0,1] pixels."""

    text: str
    value: float

    @classmethod
    def parse(cls, text: str) -> "Epsilon":
        """Read `8/255` or `0.031`; raise UsageError unless it is a positive finite number."""
        match = re.fullmatch(r"\s*([0-9.eE+-]+)\s*(?:/\s*([0-9.eE+-]+))?\s*", text)
        try:
            value = float(match[1]) / float(match[2] or 1) if match else math.nan
        except (ValueError, ZeroDivisionError):
            value = math.nan
        if not (math.isfinite(value) and value > 0):
            raise UsageError(f"--eps is {text!r}, expected a positive number", "write it as 8/255 or 0.031")
        return cls(text.strip(), value)


@dataclass(frozen=True)
class Settings:
    """The settings that decide a run's outcomes, on a given machine, beside models and data."""

    norm: Norm
    eps: Epsilon
    attack: str
    """The ensemble's name: quick, standard, plus or pgd-K."""
    seed: int = 0
    batch_size: int | None = None
    """Samples a batch; None: chosen by the engine for the device, and kept in the run file."""
    keep_images: KeepImages = "flips"

    @classmethod
    def build(
        cls,
        norm: str,
        eps: str | None,
        attack: str,
        seed: int = 0,
        batch_size: str = "auto",
        keep_images: str = "flips",
    ) -> "Settings":
        """Settings from what was typed; raises UsageError naming the option and what it takes."""
        norms = {name.lower(): name for name in NORMS}
        if norm.lower() not in norms:
            raise UsageError(f"--norm is {norm!r}, expected Linf or L2")
        chosen = norms[norm.lower()]
        epsilon = Epsilon.parse(eps or DEFAULT_EPS[chosen])
        if chosen == "Linf" and epsilon.value >= 1:
            raise UsageError(
                f"--eps {epsilon.text} allows every image under Linf, pixels are in [0,1]",
                f"did you mean {epsilon.text}/255?",
            )
        if keep_images not in ("flips", "all", "none"):
            raise UsageError(f"--keep-images is {keep_images!r}, expected flips, all or none")
        if not 0 <= seed < 2**63:
            raise UsageError(f"--seed is {seed}, expected a number from 0 to 2^63-1")
        return cls(chosen, epsilon, attack, seed, _batch_size(batch_size), cast(KeepImages, keep_images))

    def as_dict(self) -> dict[str, object]:
        """For the run file and the report; eps as {text, value}."""
        return asdict(self)


def is_final(attack: str) -> bool:
    """Whether an ensemble's last number is robust accuracy by the field's standard, not an upper bound."""
    return attack.lower() in ("standard", "plus")


def _batch_size(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"--batch-size is {text!r}, expected auto or a number from 1")
    return int(text)

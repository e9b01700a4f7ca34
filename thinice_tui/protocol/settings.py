"""The settings that decide a run's outcomes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast, get_args

from thinice_tui.errors import UsageError
from thinice_tui.protocol.audit import AuditSize
from thinice_tui.protocol.threat_model import NORM_ROWS, NORMS, Epsilon, Norm

KeepImages = Literal["flips", "all", "none"]
Precision = Literal["fp32", "tf32", "bf16"]
LISTED = "stages"
"""What stands for the ensemble's name where stages are listed."""
NOT_STANDARD = "not standard"
"""The label of every number that listed stages give."""


@dataclass(frozen=True)
class Settings:
    """The settings that decide a run's outcomes, on a given machine, beside models and data."""

    norm: Norm
    eps: Epsilon
    attack: str
    """The ensemble's name: quick, fast, standard, plus or pgd-K; LISTED where `stages` are given instead."""
    seed: int = 0
    batch_size: int | None = None
    """Samples in a batch; None: the engine chooses for the device. It decides no outcome."""
    keep_images: KeepImages = "flips"
    precision: Precision = "fp32"
    """Precision of the attacks' gradients; verdicts are always in full precision."""
    distances: bool = False
    """Whether the minimum-norm distance of every sample is measured, too."""
    audit: str = "auto"
    """How many of the samples that a fast ensemble leaves are audited (protocol/audit.py)."""
    escalate: bool = True
    """Whether an audit that breaks a sample sends all others through its attacks, too."""
    stages: str | None = None
    """The stages that take the place of an ensemble, as protocol/stage_list.py writes them; None: an ensemble's."""

    @property
    def attack_shown(self) -> str:
        """The ensemble's name with the options of its audit, or the listed stages and that they are not standard."""
        if self.stages is not None:
            return f"{NOT_STANDARD}: {self.stages}"
        options = [f"audit {self.audit}"] * (self.audit != "auto") + ["no escalation"] * (not self.escalate)
        return f"{self.attack} ({', '.join(options)})" if options else self.attack

    @classmethod
    def build(
        cls,
        norm: str,
        eps: str | None,
        attack: str,
        seed: int = 0,
        batch_size: str = "auto",
        keep_images: str = "flips",
        precision: str = "fp32",
        distances: bool = False,
        audit: str | None = None,
        escalate: bool = True,
        stages: str | None = None,
    ) -> "Settings":
        """Settings from the command line; raises UsageError that names the option and what it takes."""
        norms = {name.lower(): name for name in NORMS}
        if norm.lower() not in norms:
            raise UsageError(f"--norm is {norm!r}, expected {', '.join(NORMS[:-1])} or {NORMS[-1]}")
        chosen = norms[norm.lower()]
        epsilon = Epsilon.parse(NORM_ROWS[chosen].default_eps if eps is None else eps)
        if epsilon.value >= NORM_ROWS[chosen].trivial_eps:
            raise UsageError(
                f"--eps {epsilon.text} allows every image under {chosen}, pixels are in [0,1]",
                "" if "/" in epsilon.text else f"did you mean {epsilon.text}/255?",
            )
        if keep_images not in ("flips", "all", "none"):
            raise UsageError(f"--keep-images is {keep_images!r}, expected flips, all or none")
        if precision not in get_args(Precision):
            raise UsageError(f"--precision is {precision!r}, expected fp32, tf32 or bf16")
        if not 0 <= seed < 2**63:
            raise UsageError(f"--seed is {seed}, expected a number from 0 to 2^63-1")
        return cls(
            norm=chosen,
            eps=epsilon,
            attack=attack if stages is None else LISTED,
            seed=seed,
            batch_size=_batch_size(batch_size),
            keep_images=cast(KeepImages, keep_images),
            precision=cast(Precision, precision),
            distances=distances,
            audit=AuditSize.parse(audit).text,
            escalate=escalate,
            stages=stages,
        )

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Settings":
        """The settings from what `as_dict` returned; raises KeyError, TypeError, UsageError."""
        batch_size = stored_field(stored, "batch_size", int, None)
        return cls.build(
            stored_field(stored, "norm", str),
            stored_field(stored_field(stored, "eps", Mapping), "text", str),
            stored_field(stored, "attack", str),
            stored_field(stored, "seed", int),
            "auto" if batch_size is None else str(batch_size),
            stored_field(stored, "keep_images", str),
            stored_field(stored, "precision", str),
            stored_field(stored, "distances", bool),
            stored_field({"audit": "auto", **stored}, "audit", str),  # files before version 5 have no audit
            stored_field({"escalate": True, **stored}, "escalate", bool),
            stored_field({"stages": None, **stored}, "stages", str, None),
        )

    def as_dict(self) -> dict[str, object]:
        """For the run file and the report; eps as {text, value}."""
        return asdict(self)


def _batch_size(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"--batch-size is {text!r}, expected auto or a number from 1")
    return int(text)


def stored_field(stored: Mapping[str, Any], name: str, kind: type[object], *others: None) -> Any:
    """`stored[name]` if it is of that type (a bool is no int) or one of `others`; raises TypeError, KeyError."""
    value = stored[name]
    if (value is None and others) or (isinstance(value, kind) and isinstance(value, bool) == (kind is bool)):
        return value
    raise TypeError(f"{name} is {value!r}")

"""How modules in memory are attacked: the keyword arguments that `attack` and `compare` share."""

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ParamSpec, TypedDict, TypeVar

import torch

from thinice_tui.errors import UsageError
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.protocol.settings import Precision
from thinice_tui.protocol.threat_model import Norm

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

P = ParamSpec("P")
R = TypeVar("R")
Device = str | torch.device | None
Progress = Callable[[Heartbeat], None]


class AttackOptions(TypedDict, total=False):
    """The options by name; DESCRIBED says what each means, DEFAULTS what it is where it is not given."""

    attack: str | None
    stages: str | None
    audit: int | str | None
    escalate: bool
    norm: Norm
    eps: float | str | None
    seed: int
    device: Device
    batch_size: int | None
    precision: Precision
    indices: "torch.Tensor | ArrayLike | None"
    class_names: Sequence[str]
    progress: Progress | None
    randomized: bool


DEFAULTS: AttackOptions = {
    "attack": None,
    "stages": None,
    "audit": None,
    "escalate": True,
    "norm": "Linf",
    "eps": None,
    "seed": 0,
    "device": None,
    "batch_size": None,
    "precision": "fp32",
    "indices": None,
    "class_names": (),
    "progress": None,
    "randomized": False,
}
DESCRIBED = """attack: the ensemble: quick (the default, a first look), fast, standard (AutoAttack), plus or pgd-K.
        stages: attacks one by one in place of an ensemble, as "apgd-ce,square:queries=1000": not standard.
        audit: with "fast": how many standing samples also go through FAB-T and Square, or "all".
        escalate: with "fast": whether all others do, too, where the audit breaks a sample.
        norm: Linf, L2 or L1.
        eps: the largest perturbation, a number or text as `8/255`; None: 8/255 for Linf, 0.5 for L2, 12 for L1.
        seed: of the attacks' random starts. The caller's random numbers are left alone.
        device: where to compute; None: where the (dense) module is.
        batch_size: samples in a batch; None: as suits the device. It decides no outcome.
        precision: of gradients, fp32, tf32 or bf16; verdicts are in full precision.
        indices: each sample's index in the original data [n]; None: 0 to n − 1.
        class_names: by class number.
        progress: called after every forward pass; return quickly. What it raises ends the run.
        randomized: whether a module whose logits change from pass to pass is attacked, with a warning.

    Raises UsageError, DataError (images outside [0,1], labels that no class has), ModelError (probabilities in place
    of logits, no gradient, a random or changing module), RunFileError, RunBusyError (another engine writes the file),
    and Interrupted where a view asked to stop. What makes the numbers less reliable is a ThiniceWarning."""
"""The options and errors in words, for the place of {options} in a docstring."""


def with_attack_options(function: Callable[P, R]) -> Callable[P, R]:
    """The same function, whose signature and docstring show the options in place of `**options`."""
    signature = inspect.signature(function)
    own = [one for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD]
    kind, types = inspect.Parameter.KEYWORD_ONLY, AttackOptions.__annotations__
    shared = [inspect.Parameter(name, kind, default=value, annotation=types[name]) for name, value in DEFAULTS.items()]
    function.__signature__ = signature.replace(parameters=[*own, *shared])  # type: ignore[attr-defined]
    if function.__doc__ is not None:
        function.__doc__ = function.__doc__.replace("{options}", DESCRIBED)
    return function


def chosen(options: AttackOptions) -> AttackOptions:
    """Every option, by default where it is not given; raises TypeError for a name that is none, as Python does.

    Raises UsageError where `progress` cannot be called.
    """
    unknown = [name for name in options if name not in DEFAULTS]
    if unknown:
        raise TypeError(f"unexpected keyword argument {unknown[0]!r}, expected {', '.join(DEFAULTS)}")
    given: AttackOptions = {**DEFAULTS, **options}
    if given["progress"] is not None and not callable(given["progress"]):
        raise UsageError(f"progress is {given['progress']!r}, expected a function of one argument")
    return given

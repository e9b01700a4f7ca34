"""Model options as requests of earlier versions hold them: one architecture and one normalisation for all files."""

from collections.abc import Mapping
from typing import Any

from thinice_tui.protocol.model_options import YES, ModelOptions
from thinice_tui.protocol.settings import stored_field


def is_early(stored: Mapping[str, Any]) -> bool:
    """Whether `stored`, a request's values, are of an earlier version."""
    return "arch" in stored


def early_options(stored: Mapping[str, Any], names: tuple[str, ...]) -> ModelOptions:
    """The options of an early request; names: of its model files, dense first. Raises KeyError, TypeError."""
    options = stored_field(stored, "model_options", Mapping)
    return ModelOptions(
        arch=(stored_field(stored, "arch", str),),
        normalize=(stored_field(stored, "normalize", str),),
        keep=_keep(stored_field(options, "keep", str, None), names),
        trust_pickle=(YES,) if stored_field(options, "trust_pickle", bool) else (),
    )


def _keep(listed: str | None, names: tuple[str, ...]) -> tuple[str, ...]:
    """One fraction was for the pruned models, several were for each file, dense first."""
    fractions = [] if listed is None else listed.split(",")
    if len(fractions) < 2:
        return tuple(fractions)
    if len(fractions) != len(names):
        raise TypeError(f"keep is {listed!r} for {len(names)} files")
    return tuple(f"{name}={fraction}" for name, fraction in zip(("dense", *names[1:]), fractions, strict=True))

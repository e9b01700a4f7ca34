"""Architectures from code that --arch names: the user's own, timm's, robustbench's; a model file never names code."""

import hashlib
import inspect
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from operator import attrgetter
from typing import Any

from torch import Tensor, nn

from thinice_tui.errors import UsageError
from thinice_tui.models.architectures.code_network import CodeNetwork
from thinice_tui.models.architectures.robustbench import build_robustbench
from thinice_tui.models.architectures.timm_models import build_timm
from thinice_tui.models.names import split
from thinice_tui.models.user_code import call_factory, factory_failed, import_code
from thinice_tui.protocol.arch_spec import PACKAGES, ROBUSTBENCH, TIMM, ArchSpec
from thinice_tui.safe_io.paths import expanded


def names_code(spec: str) -> bool:
    """Whether `--arch` names code and no known architecture."""
    return ":" in spec or spec.endswith(".py")


def is_own_code(spec: str) -> bool:
    """Whether `spec` names code of the user's own, and neither a known architecture nor a package's network."""
    return names_code(spec) and (spec.endswith(".py") or ArchSpec.parse(spec).where not in PACKAGES)


def build_from_spec(text: str, state: Mapping[str, Tensor], sizes: Mapping[str, int] | None = None) -> CodeNetwork:
    """The network of `FILE.py:factory(…)`, `package.module:factory(…)`, `timm:NAME` or `robustbench:NAME`.

    A factory is given `num_classes` and `in_channels` (or `in_chans`) where it takes them and `sizes`, which are known
    from elsewhere, or `state` tell them.
    Raises UsageError, or CodeError where the code fails.
    """
    spec, own = ArchSpec.parse(text), split(state).own
    if spec.where == TIMM:
        return CodeNetwork(build_timm(spec, f"--arch {text}", own, sizes), state)
    if spec.where == ROBUSTBENCH:
        return build_robustbench(spec, f"--arch {text}", state)
    return CodeNetwork(_own(spec, f"--arch {text}", _sizes(own) | dict(sizes or {})), state)


def code_sha256(text: str) -> str:
    """sha256 of the file that a factory is in, so that edited code makes another run; empty: a known name.

    For timm and robustbench, of their version: their many files change together.
    """
    if not names_code(text):
        return ""
    where = text if text.endswith(".py") else ArchSpec.parse(text).where
    if where in PACKAGES:
        try:
            return hashlib.sha256(version(where).encode()).hexdigest()
        except PackageNotFoundError:  # a clone on the path
            return hashlib.sha256(b"unknown").hexdigest()
    file = where if where.endswith(".py") else getattr(import_code(where, f"--arch {text}"), "__file__", None)
    return hashlib.sha256(expanded(file).read_bytes()).hexdigest() if file else ""


def _own(spec: ArchSpec, option: str, sizes: Mapping[str, int]) -> nn.Module:
    """The network of the user's factory; the literals that the user gives win over the sizes."""
    module = import_code(spec.where, option)
    try:
        factory = attrgetter(spec.name)(module)
    except AttributeError:
        factory = None
    if not callable(factory):
        raise UsageError(f"{option}: {spec.where} has no function {spec.name!r}", "check the name after the colon")
    sure, tried = _offered(factory, spec, option, sizes)
    try:
        try:
            return call_factory(factory, spec.arguments, {**spec.options, **sure, **tried}, option)
        except TypeError:
            if not tried:
                raise
        return call_factory(factory, spec.arguments, {**spec.options, **sure}, option)
    except TypeError as error:
        raise factory_failed(option, error) from error


def _offered(
    factory: Callable[..., Any], spec: ArchSpec, option: str, sizes: Mapping[str, int]
) -> tuple[dict[str, int], dict[str, int]]:
    """The sizes that the factory takes by name, and those that its **kwargs may take: num_classes alone."""
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):  # a class or a builtin without a signature
        return {}, {}
    try:
        given = signature.bind_partial(*spec.arguments, **spec.options).arguments
    except TypeError as error:
        raise UsageError(
            f"{option}: {spec.name} takes {signature}, which these literals do not fit ({error})",
            "check the names and the number of the literals in the parentheses",
        ) from error
    taken = {*given, *spec.options}
    parameters = signature.parameters.values()
    by_name = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)} - taken
    sure = {name: size for name, size in sizes.items() if name in by_name}
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters)
    tried = {"num_classes"} & sizes.keys() - sure.keys() - taken if open_ended else set()
    return sure, {name: sizes[name] for name in tried}


def _sizes(state: Mapping[str, Tensor]) -> dict[str, int]:
    """num_classes by the last matrix, in_channels and in_chans by the first convolution."""
    matrices = [value for value in state.values() if value.ndim == 2]
    kernels = [value for value in state.values() if value.ndim == 4]
    sizes = {"num_classes": matrices[-1].shape[0]} if matrices else {}
    return sizes | ({"in_channels": kernels[0].shape[1], "in_chans": kernels[0].shape[1]} if kernels else {})

"""Networks of timm by their names, with the classes, channels and image size of a state dict."""

import importlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from thinice_tui.errors import CodeError, UsageError, reason
from thinice_tui.models.architectures.offline import no_connections
from thinice_tui.models.user_code import call_factory, factory_failed
from thinice_tui.protocol.arch_spec import TIMM, ArchSpec

LOADING = ("pretrained", "checkpoint_path")
"""Options of timm's that load weights, from pickles too."""
HEADS = ("head.fc", "head", "classifier", "fc", "last_linear")
STEMS = ("patch_embed.proj", "conv_stem", "stem.conv1", "stem.conv", "stem.0", "conv1.0", "conv1", "features.conv0")
"""Usual names of timm's classifiers and first convolutions; those that its configurations name come first."""


def build_timm(
    spec: ArchSpec, option: str, state: Mapping[str, Tensor], known: Mapping[str, int] | None = None
) -> nn.Module:
    """The network `timm:NAME(…)` without pretrained weights; literals that the user gives win over the state's sizes.

    option: as typed, for messages. known: sizes that are known from elsewhere than the state, which they replace.
    Raises UsageError, or CodeError where timm is absent or fails.
    """
    try:
        timm: Any = importlib.import_module(TIMM)
    except Exception as error:  # it imports torchvision, which raises RuntimeError where it is for another torch
        absent = isinstance(error, ModuleNotFoundError) and error.name == TIMM
        what = "timm is not installed" if absent else f"timm cannot be imported: {reason(error)}"
        raise CodeError(
            f"{option}: {what}", "install thinice-tui's extra `timm`: pip install -c constraints.txt -e '.[timm]'"
        ) from error
    if spec.arguments:
        raise UsageError(f"{option}: a literal has no name", "expected names: timm:NAME(img_size=32)")
    if loading := sorted(set(LOADING) & spec.options.keys()):
        raise UsageError(f"{option}: {loading[0]} would load other weights", "leave it out: the file's are loaded")
    config = timm.get_pretrained_cfg(spec.name) if hasattr(timm, "get_pretrained_cfg") else None
    sizes = timm_sizes(state, _named(config, "classifier"), _named(config, "first_conv")) | dict(known or {})
    image = image_size(state)
    tries = [{"img_size": image}, {}] if image is not None and "img_size" not in spec.options else [{}]
    for number, extra in enumerate(tries, 1):
        options = {**sizes, **extra, **spec.options, "pretrained": False}
        try:
            with no_connections():
                return call_factory(timm.create_model, (spec.name,), options, option)
        except TypeError as error:
            if number == len(tries):
                raise factory_failed(option, error) from error
    raise AssertionError("unreachable")


def timm_sizes(state: Mapping[str, Tensor], heads: Sequence[str] = (), stems: Sequence[str] = ()) -> dict[str, int]:
    """num_classes by the classifier's weight, in_chans by the first convolution's.

    heads, stems: the names of these layers where they are known. Else the last matrix and the first kernel count; their
    order says little in safetensors files, which are sorted by name.
    """
    weights = {name.removesuffix(".weight"): value for name, value in state.items() if name.endswith(".weight")}
    matrices = [value for value in weights.values() if value.ndim == 2]
    kernels = [value for value in weights.values() if value.ndim == 4]
    head = next((weights[name] for name in (*heads, *HEADS) if name in weights), next(reversed(matrices), None))
    stem = next((weights[name] for name in (*stems, *STEMS) if _is_kernel(weights, name)), next(iter(kernels), None))
    sizes = {} if head is None else {"num_classes": head.shape[0]}
    return sizes | ({} if stem is None else {"in_chans": stem.shape[1]})


def image_size(state: Mapping[str, Tensor]) -> int | None:
    """The side of a vision transformer's square images: the root of its number of patches, times a patch's side.

    Its position embedding is [1, tokens, D]; class, distillation and register tokens may be among the tokens. None: it
    is no vision transformer.
    """
    positions, patches = state.get("pos_embed"), state.get("patch_embed.proj.weight")
    if positions is None or patches is None or positions.ndim != 3 or patches.ndim != 4:
        return None
    extra = sum(state[name].shape[1] for name in ("cls_token", "dist_token", "reg_token") if name in state)
    for count in (positions.shape[1] - extra, positions.shape[1]):
        if count > 0 and math.isqrt(count) ** 2 == count:
            return math.isqrt(count) * int(patches.shape[-1])
    return None


def _is_kernel(weights: Mapping[str, Tensor], name: str) -> bool:
    return name in weights and weights[name].ndim == 4


def _named(config: object, what: str) -> tuple[str, ...]:
    """The layers that a configuration of timm's names: one, several or none."""
    found = getattr(config, what, None)
    if isinstance(found, str):
        return (found,)
    return tuple(found) if isinstance(found, (tuple, list)) else ()

"""Masks and the weights that they belong to, by name or in order, and the product of the two."""

import re
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

State = dict[str, Tensor]
Pairs = list[tuple[str, Tensor]]
"""Names of weights, and their masks."""
_INDEX = re.compile(r"_\d+$")
"""FlyingBird numbers the names of its masks: `conv1.weight_0`."""
_INNER = re.compile(r"(?:^|(?<=\.))(?:module|_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
"""What wrappers of the network, or of parts of it, add to names."""


def is_binary(mask: Tensor) -> bool:
    """Whether it is of zeros and ones, in any type of numbers."""
    if mask.is_complex():
        return False
    values = (mask if mask.layout is torch.strided else mask.to_dense()).float()  # not all types can be compared
    return bool(((values == 0) | (values == 1)).all())


def weight_of_mask(key: str) -> str:
    """The weight of a mask in a state dict; empty: it is no mask.

    `mask`, `X_mask`, `_X_mask` (NVIDIA ModelOpt) and `__X_mma_mask` (NVIDIA Apex).
    """
    layer, _, last = key.rpartition(".")
    name = "weight" if last == "mask" else ""
    if last.endswith("_mask"):
        name = last.removesuffix("_mask").removesuffix("_mma").lstrip("_")
    return f"{layer}.{name}" if layer and name else name


def multiplied(weight: Tensor, mask: Tensor, name: str) -> Tensor:
    """`weight` × `mask`, in the weight's shape and type; raises ValueError where the mask has another shape.

    A mask may have length 1 where the weight is longer: one number for each filter. name: of the weight.
    """
    pairs = zip(mask.shape, weight.shape, strict=False)
    if mask.ndim != weight.ndim or any(own not in (1, full) for own, full in pairs):
        raise ValueError(f"the mask of {name} is {tuple(mask.shape)}, its weight {tuple(weight.shape)}")
    if mask.is_complex():
        raise ValueError(f"the mask of {name} is not of zeros and ones")
    mask = mask if mask.layout is torch.strided else mask.to_dense()  # only now: a sparse tensor can claim any size
    product = weight * (mask.to(weight.dtype) if weight.is_floating_point() else mask)
    # softplus(−inf) × 0 and inf × 0 are NaN; the effective weight is 0
    return torch.where(torch.isnan(product) & (weight == 0), torch.zeros_like(product), product)


def pairs_by_name(names: Sequence[str], masks: Mapping[str, Tensor]) -> Pairs:
    """The weight of each mask; raises ValueError where a mask fits none.

    names: of all weights. A mask has its weight's name, that of its layer, either with `mask` at the end, or
    FlyingBird's. All masks or all weights may have the prefix of a wrapper (`student.`) that the others do not have,
    and each what DataParallel, FSDP and torch.compile add.
    """
    weights = {_INNER.sub("", name): name for name in names}
    own = {_INNER.sub("", name): mask for name, mask in masks.items()}
    if len(weights) < len(names) or len(own) < len(masks):
        return _pairs(names, masks)
    return [(weights[name], mask) for name, mask in _pairs(list(weights), own)]


def pairs_in_order(state: Mapping[str, Tensor], masks: Sequence[Tensor | None]) -> Pairs:
    """The weights of masks without names: one for each Conv and Linear weight, or one for each layer's weight.

    None: the weight at this place has no mask. Raises ValueError where there are more or fewer places.
    """
    layers = [key for key in state if key.endswith("weight")]
    weights = [key for key in layers if state[key].ndim > 1]
    for names in (layers, weights):
        if len(names) == len(masks):
            return [(name, mask) for name, mask in zip(names, masks, strict=True) if mask is not None]
    raise ValueError(f"{len(masks)} masks for {len(weights)} Conv and Linear weights ({len(layers)} with batch norms)")


def _pairs(names: Sequence[str], masks: Mapping[str, Tensor]) -> Pairs:
    """As `pairs_by_name`, under the names as they are."""
    if not masks:
        return []
    known, first = set(names), next(iter(masks))
    ends = [spelling for spelling in _spellings(first) if spelling]
    parts = first.split(".")
    drops = [".".join(parts[:count]) + "." for count in range(1, len(parts))]
    adds = {name.removesuffix(end) for end in ends for name in names if name.endswith(f".{end}")}
    found = [_read(known, masks, dropped) for dropped in ("", *drops)]
    whole = [reading for reading in found if None not in reading.values()]
    # each only up to the first that does not fit: a file can have any number of names that end alike
    fitting = (add for add in sorted(adds) if all(_weight(known, add, name) for name in masks))
    whole += [{name: _weight(known, add, name) for name in masks} for add in fitting]
    if len(whole) > 1 and whole[0] is not found[0]:
        raise ValueError(f"the mask of {first} fits several weights: {', '.join(_targets(whole)[:3])}")
    best = whole[0] if whole else max(found, key=lambda reading: sum(name is not None for name in reading.values()))
    pairs: Pairs = []
    for name, weight in best.items():
        if weight is None:
            raise ValueError(f"the mask of {name} fits no weight")
        pairs.append((weight, masks[name]))
    if len({weight for weight, _ in pairs}) < len(pairs):
        raise ValueError(f"several masks are for one weight: {', '.join(list(masks)[:3])}")
    return pairs


def _spellings(name: str) -> Iterator[str]:
    """The names that the weight of the mask `name` may have, the likeliest first."""
    bare = name.removesuffix("_mask").removesuffix(".mask")
    for own in dict.fromkeys((name, bare)):
        yield own
        yield f"{own}.weight"
    yield _INDEX.sub("", name)


def _read(known: set[str], masks: Mapping[str, Tensor], dropped: str) -> dict[str, str | None]:
    """The weight of each mask, where masks have the prefix `dropped` and weights have not; None: there is none."""
    return {
        name: _weight(known, "", name.removeprefix(dropped)) if name.startswith(dropped) else None for name in masks
    }


def _weight(known: set[str], added: str, name: str) -> str | None:
    """The weight of the mask `name`, where weights have the prefix `added`; None: there is none."""
    return next((own for spelling in _spellings(name) if (own := added + spelling) in known), None)


def _targets(readings: Sequence[Mapping[str, str | None]]) -> list[str]:
    """The weights that the first mask has in each reading."""
    return [str(next(iter(reading.values()))) for reading in readings]

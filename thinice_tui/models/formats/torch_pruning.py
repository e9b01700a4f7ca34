"""Torch-Pruning's own state dicts: `torch_pruning.state_dict` keeps each module's attributes, tensors among them."""

from collections.abc import Mapping

from torch import Tensor

KEYS = frozenset({"full_state_dict", "attributions"})


def with_plain_state(content: object) -> object:
    """The parameters and buffers by name, where `content` is Torch-Pruning's own state dict; else `content` as it is.

    `full_state_dict` holds the `__dict__` of each module by its name, with modules in it, so that such a file loads
    only where it is trusted (torch_pruning/serialization.py).
    """
    if not isinstance(content, Mapping) or not content.keys() >= KEYS:
        return content
    modules = content["full_state_dict"]
    if not isinstance(modules, Mapping) or not all(isinstance(inside, Mapping) for inside in modules.values()):
        return content
    state: dict[str, Tensor] = {}
    for name, inside in modules.items():
        unsaved = inside.get("_non_persistent_buffers_set", ())
        for kind in ("_parameters", "_buffers"):
            for attribute, value in dict(inside.get(kind, {})).items():
                if isinstance(value, Tensor) and attribute not in unsaved:
                    state[f"{name}.{attribute}" if name else attribute] = value
    return state or content

"""Masks of a live module made part of its weights, so that what is counted and searched is what it computes."""

from torch import nn
from torch.nn.utils import prune


def fold_torch_pruning(network: nn.Module) -> tuple[str, ...]:
    """Fold torch.nn.utils.prune's masks into weights, in place; what was done, in words.

    Parametrised modules cannot be pickled, and graphs have their masks as operators.
    """
    folded = 0
    for module in network.modules():
        hooks = getattr(module, "_forward_pre_hooks", {}).values()
        for name in [hook._tensor_name for hook in hooks if isinstance(hook, prune.BasePruningMethod)]:
            prune.remove(module, name)  # type: ignore[no-untyped-call]
            folded += 1
    return (f"{folded} masks of torch.nn.utils.prune folded in",) if folded else ()

"""Folds the masks of torch.nn.utils.prune into the weights of a whole module, so that its zeros can be counted."""

from torch import nn
from torch.nn.utils import prune


def fold_torch_pruning(network: nn.Module) -> tuple[str, ...]:
    """Fold torch.nn.utils.prune's masks into the weights, in place; returns what was done, in words.

    Other masks of a whole module stay: parametrised modules cannot be pickled, and graphs have masks as operators.
    """
    folded = 0
    for module in network.modules():
        hooks = getattr(module, "_forward_pre_hooks", {}).values()
        for name in [hook._tensor_name for hook in hooks if isinstance(hook, prune.BasePruningMethod)]:
            prune.remove(module, name)  # type: ignore[no-untyped-call]
            folded += 1
    return (f"{folded} masks of torch.nn.utils.prune folded in",) if folded else ()

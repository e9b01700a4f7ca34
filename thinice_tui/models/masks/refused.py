"""Layouts of pruned weights that are refused by their names, and halves of pairs."""

from collections.abc import Mapping

from torch import Tensor

from thinice_tui.errors import CheckpointError

_SECOND_HALVES = ("popup_scores", "scores", "mask_weight", "mask_bias", "aux_weight", "weight_mask", "bias_mask")
"""Last parts of names that only belong beside a weight or a bias."""
_RESTORE = "use a whole copy of the file, or save the weights with their masks folded in"


def check_wrappers(state: Mapping[str, Tensor]) -> None:
    """Raise CheckpointError for the wrappers of NNI's pruners and for torch's spectral norm, neither of which folds.

    NNI 1 and 2 hold a layer as `LAYER.module.weight` beside `LAYER.weight_mask`, NNI 3 in `LAYER._nni_wrapper`.
    """
    for key in state:
        layer, found, _ = key.rpartition(".module.weight")
        if "._nni_wrapper." in f".{key}" or (found and f"{layer}.weight_mask" in state):
            raise CheckpointError(
                f"holds the wrappers of an NNI pruner ({key}) in place of pruned weights",
                "save what NNI exports: pruner.export_model('model.pth') in NNI 1 and 2; in NNI 3 "
                "pruner.unwrap_model(), then ModelSpeedup(model, dummy_input, masks).speedup_model(), then the "
                "state dict (the whole module where channels were removed)",
            )
        name = key.removesuffix("_orig")
        if name != key and f"{name}_u" in state:
            raise CheckpointError(
                f"{name} is a spectral norm ({key} and {name}_u)",
                "call torch.nn.utils.remove_spectral_norm(module) and save the state dict again",
            )


def check_about(about: Mapping[str, object]) -> None:
    """Raise CheckpointError for a network that Distiller has quantised; about: what the file holds beside weights."""
    if "quantizer_metadata" in about:
        raise CheckpointError(
            "holds a network that Distiller has quantised (quantizer_metadata)",
            "save the network as it is before Distiller's quantizer.prepare_model()",
        )


def check_halves(state: Mapping[str, Tensor]) -> None:
    """Raise CheckpointError for a weight without its mask, or a mask without its weight; state: after folding."""
    for key in state:
        name = key.removesuffix("_orig")
        layer = key.rpartition(".")[0] or key
        if name != key and f"{name}_mask" not in state and name not in state:
            raise CheckpointError(f"the mask of {layer} is missing: {key} is there, {name}_mask is not", _RESTORE)
        last = key.rpartition(".")[2].removeprefix("_")
        if last not in _SECOND_HALVES or "." not in key:
            continue
        kind = "bias" if "bias" in last else "weight"
        weight = key.removesuffix(key.rpartition(".")[2]) + kind
        if weight not in state and f"{weight}_orig" not in state:
            raise CheckpointError(f"the {kind} of {layer} is missing: {key} is there, {weight} is not", _RESTORE)

"""Which names of a state dict are a normalisation's constants."""


def is_normalization(key: str) -> bool:
    """Whether `key` names the mean or std of a normalisation, at the top or in a layer of that name."""
    layer, _, name = key.rpartition(".")
    return name in ("mean", "std") and layer.rpartition(".")[2] in (
        "", "normalize", "normalise", "normalizer", "normalization", "norm", "normalize_layer",
    )  # fmt: skip

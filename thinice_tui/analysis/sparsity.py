"""What was pruned of a model, in words: zeros among its weights, and parameters that only the dense model has."""

from thinice_tui.runfile.records import ModelRecord

SHOWN = 0.0005
"""The least fraction that is not shown as 0.0 %."""


def removed(record: ModelRecord, dense: ModelRecord) -> float:
    """1 − parameters / the dense model's parameters: what structured pruning removed; 0 where there are more."""
    return max(0.0, 1 - record.parameters / dense.parameters) if dense.parameters else 0.0


def sparsity_words(record: ModelRecord, dense: ModelRecord) -> tuple[str, ...]:
    """`90.0 % zeros` of the Conv and Linear weights, `74.1 % removed` of the dense model's parameters, or both."""
    zeros, gone = record.sparsity_conv_linear, removed(record, dense)
    if gone < SHOWN:
        return (f"{100 * zeros:.1f} % zeros",)
    words = f"{100 * gone:.1f} % removed"
    return (words,) if zeros < SHOWN else (f"{100 * zeros:.1f} % zeros", words)

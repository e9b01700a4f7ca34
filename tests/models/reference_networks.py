"""Reference versions of published networks: names with shapes, and formulas on a dictionary of tensors.

Nothing here or in `references` uses the package: names are spelt out as the published code spells them, and logits are
computed with `torch.nn.functional`. Widths are small, so that tests are quick.
"""

from tests.models.references import plain, residual
from tests.models.references.parts import Maker, Reference, State
from tests.models.references.residual import preact, wide

__all__ = ["REFERENCES", "VARIANTS", "Maker", "Reference", "State", "effective_sparsity", "preact", "wide"]

REFERENCES = {
    reference.name: reference
    for reference in (
        *residual.REFERENCES,
        *plain.REFERENCES,
    )
}
"""Networks that are recognised by names and shapes."""
VARIANTS = {reference.name: reference for reference in (*residual.VARIANTS, *plain.VARIANTS)}
"""Networks with the names and shapes of a recognised one, and another forward pass."""


def effective_sparsity(state: State) -> float:
    """Zeros over the weights of convolutions and linear layers: those with two dimensions or more."""
    weights = [value for key, value in state.items() if key.endswith("weight") and value.ndim > 1]
    return sum(int((weight == 0).sum()) for weight in weights) / sum(weight.numel() for weight in weights)

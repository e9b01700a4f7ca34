"""Reference versions of published networks: names with shapes, and formulas on a dictionary of tensors.

Nothing here or in `references` uses the package: names are spelt out as the published code spells them, and logits are
computed with `torch.nn.functional`. Widths are small, so that tests are quick.
"""

from torch import Tensor
from torch.nn import functional as F

from tests.models.references import residual
from tests.models.references.parts import Maker, Reference, State, conv, linear, norm
from tests.models.references.residual import preact, wide

__all__ = ["REFERENCES", "VARIANTS", "Maker", "Reference", "State", "effective_sparsity", "preact", "wide"]

CONVS = (0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40)
"""Positions of VGG-16's convolutions in a flat list: conv, norm, ReLU, and a pooling where two numbers differ by 4."""
FEATURES = (8, 8, 16, 16, 32, 32, 32, 64, 64, 64, 64, 64, 64)


def flat_vgg(name: str, prefix: str, bias: bool, head: str, pool: str) -> Reference:
    """VGG-16 in a flat list; head: `linear`, `three` (HYDRA) or `two` (Li20); pool: the last one."""

    def make(classes: int, channels: int) -> State:
        m, ins = Maker(), channels
        for at, outs in zip(CONVS, FEATURES, strict=True):
            m.conv(f"{prefix}.{at}", ins, outs, 3, bias)
            m.norm(f"{prefix}.{at + 1}", outs)
            ins = outs
        if head == "linear":
            m.linear("classifier", ins, classes)
        elif head == "three":
            m.linear("classifier.0", 4 * ins, 12)
            m.linear("classifier.2", 12, 11)
            m.linear("classifier.4", 11, classes)
        else:
            m.linear("classifier.0", ins, 12)
            m.norm("classifier.1", 12)
            m.linear("classifier.3", 12, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        for at in CONVS:
            x = F.max_pool2d(x, 2) if at in (7, 14, 24, 34) else x
            x = F.relu(norm(s, f"{prefix}.{at + 1}", conv(s, f"{prefix}.{at}", x)))
        x = {"max": F.max_pool2d(x, 2), "mean": F.avg_pool2d(x, 2), "none": x}[pool].flatten(1)
        if head == "linear":
            return linear(s, "classifier", x)
        if head == "three":
            return linear(s, "classifier.4", F.relu(linear(s, "classifier.2", F.relu(linear(s, "classifier.0", x)))))
        return linear(s, "classifier.3", F.relu(norm(s, "classifier.1", linear(s, "classifier.0", x))))

    return Reference(name, make, logits)


def pwoa_vgg() -> Reference:
    """PwoA's VGG-16: blocks in five stages, three linear layers."""
    stages = ((8, 8), (16, 16), (32, 32, 32), (64, 64, 64), (64, 64, 64))

    def make(classes: int, channels: int) -> State:
        m, ins = Maker(), channels
        for stage, widths in enumerate(stages, 1):
            for i, outs in enumerate(widths):
                m.conv(f"layer{stage}.{i}.0", ins, outs, 3, bias=True)
                m.norm(f"layer{stage}.{i}.1", outs)
                ins = outs
        m.linear("layer6.0", 4 * ins, 12)
        m.linear("layer7.0", 12, 11)
        m.linear("layer8", 11, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        for stage, widths in enumerate(stages, 1):
            for i in range(len(widths)):
                x = F.relu(norm(s, f"layer{stage}.{i}.1", conv(s, f"layer{stage}.{i}.0", x)))
            x = F.max_pool2d(x, 2) if stage < 5 else x
        x = F.relu(linear(s, "layer6.0", x.flatten(1)))
        return linear(s, "layer8", F.relu(linear(s, "layer7.0", x)))

    return Reference("vgg16_pwoa", make, logits)


REFERENCES = {
    reference.name: reference
    for reference in (
        *residual.REFERENCES,
        flat_vgg("vgg16_hydra", "features", bias=False, head="three", pool="none"),
        flat_vgg("vgg16_radmm", "features", bias=True, head="linear", pool="max"),
        flat_vgg("vgg16_twinrep", "features", bias=False, head="linear", pool="max"),
        flat_vgg("vgg16_mad", "feature", bias=False, head="linear", pool="mean"),
        flat_vgg("vgg16_li20", "feature", bias=False, head="two", pool="mean"),
        pwoa_vgg(),
    )
}

"""Networks that are recognised by names and shapes."""
VARIANTS = {reference.name: reference for reference in residual.VARIANTS}
"""Networks with the names and shapes of a recognised one, and another forward pass."""


def effective_sparsity(state: State) -> float:
    """Zeros over the weights of convolutions and linear layers: those with two dimensions or more."""
    weights = [value for key, value in state.items() if key.endswith("weight") and value.ndim > 1]
    return sum(int((weight == 0).sum()) for weight in weights) / sum(weight.numel() for weight in weights)

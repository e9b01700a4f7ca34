"""Reference versions of published VGG networks; as in `parts`, nothing of the package."""

from torch import Tensor
from torch.nn import functional as F

from tests.models.references.parts import Maker, Reference, State, conv, linear, norm

CONFIGS = {
    "2": "8 M 8 M",
    "4": "8 8 M 12 12 M",
    "6": "8 8 M 12 12 M 16 16 M",
    "8": "8 8 M 12 12 M 16 16 M 20 20 M",
    "11": "8 M 12 M 16 16 M 20 20 M 24 24 M",
    "13": "8 8 M 12 12 M 16 16 M 20 20 M 24 24 M",
    "16": "8 8 M 12 12 M 16 16 16 M 20 20 20 M 24 24 24 M",
    "19": "8 8 M 12 12 M 16 16 16 16 M 20 20 20 20 M 24 24 24 24 M",
}
"""As in `make_layers` of the published code: channels of convolutions, and M for max poolings."""


def flat(config: str, at: str, normed: bool) -> list[tuple[str, str, int]]:
    """Kind, name and channels of the layers in a flat list of convolutions, norms, ReLUs and poolings."""
    found: list[tuple[str, str, int]] = []
    number = 0
    for word in config.split():
        kinds = ["pool"] if word == "M" else ["conv", "norm", "relu"] if normed else ["conv", "relu"]
        for kind in kinds:
            found.append((kind, f"{at}.{number}", 0 if word == "M" else int(word)))
            number += 1
    return found


def vgg(
    name: str,
    config: str,
    tail: str,
    heads: tuple[int, ...] = (),
    normed: bool = True,
    bias: bool = True,
    at: str = "features",
    head_norm: bool = False,
    conv_head: bool = False,
) -> Reference:
    """tail: how the features of the list become a vector; heads: places of linear layers in `classifier`."""
    layers = flat(config, at, normed)
    side = {"flatten": 1, "mean": 1, "2x2": 2, "7x7": 7}[tail]

    def make(classes: int, channels: int) -> State:
        m, ins = Maker(), channels
        for kind, where, outs in layers:
            if kind == "conv":
                m.conv(where, ins, outs, 3, bias)
                ins = outs
            elif kind == "norm":
                m.norm(where, outs)
        ins *= side * side
        for place in heads:
            outs = classes if place == heads[-1] else 10 + place
            m.linear(f"classifier.{place}", ins, outs)
            if head_norm and place != heads[-1]:
                m.norm(f"classifier.{place + 1}", outs)
            ins = outs
        if conv_head:
            m.conv("classifier", ins, classes, 1)
        elif not heads:
            m.linear("classifier", ins, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        for kind, where, _ in layers:
            if kind == "conv":
                x = conv(s, where, x)
            elif kind == "norm":
                x = norm(s, where, x)
            else:
                x = F.relu(x) if kind == "relu" else F.max_pool2d(x, 2, 2)
        if tail == "mean":
            x = F.avg_pool2d(x, 2)
        elif tail != "flatten":
            x = F.adaptive_avg_pool2d(x, (side, side))
        if conv_head:
            return conv(s, "classifier", x).flatten(1)
        x = x.flatten(1)
        for place in heads:
            x = linear(s, f"classifier.{place}", x)
            if place != heads[-1]:
                x = F.relu(norm(s, f"classifier.{place + 1}", x) if head_norm else x)
        return x if heads else linear(s, "classifier", x)

    return Reference(name, make, logits)


def pwoa_vgg() -> Reference:
    """PwoA's VGG-16 in the adversarial pruning benchmark: blocks in five stages, three linear layers."""
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


def hbar_vgg() -> Reference:
    """The VGG-16 of HBaR and PwoA: five blocks, each with a max pooling, and linear layers with batch norm."""
    stages = ((8, 8), (16, 16), (24, 24, 24), (32, 32, 32), (32, 32, 32))

    def make(classes: int, channels: int) -> State:
        m, ins = Maker(), channels
        for stage, widths in enumerate(stages, 1):
            for i, outs in enumerate(widths):
                m.conv(f"layer{stage}.{i}.0", ins, outs, 3, bias=True)
                m.norm(f"layer{stage}.{i}.1", outs)
                ins = outs
        for name, outs in (("layer6", 20), ("layer7", 18)):
            m.linear(f"{name}.0", ins, outs)
            m.norm(f"{name}.1", outs)
            ins = outs
        m.linear("layer8", ins, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        for stage, widths in enumerate(stages, 1):
            for i in range(len(widths)):
                x = F.relu(norm(s, f"layer{stage}.{i}.1", conv(s, f"layer{stage}.{i}.0", x)))
            x = F.max_pool2d(x, 2, 2)
        x = x.flatten(1)
        for name in ("layer6", "layer7"):
            x = F.relu(norm(s, f"{name}.1", linear(s, f"{name}.0", x)))
        return linear(s, "layer8", x)

    return Reference("vgg16_pwoa_bn1d", make, logits)


def openlth_vgg(depth: str) -> Reference:
    """open_lth's `cifar_vgg_16`: a convolution with its batch norm is one entry of the list, a pooling another."""
    words = without_last_pool(depth).split()

    def make(classes: int, channels: int) -> State:
        m, ins = Maker(), channels
        for place, word in enumerate(words):
            if word != "M":
                m.conv(f"layers.{place}.conv", ins, int(word), 3, bias=True)
                m.norm(f"layers.{place}.bn", int(word))
                ins = int(word)
        m.linear("fc", ins, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        for place, word in enumerate(words):
            at = f"layers.{place}"
            x = F.max_pool2d(x, 2, 2) if word == "M" else F.relu(norm(s, f"{at}.bn", conv(s, f"{at}.conv", x)))
        return linear(s, "fc", F.avg_pool2d(x, 2).flatten(1))

    return Reference(f"vgg{depth}_openlth", make, logits)


def without_last_pool(depth: str) -> str:
    return CONFIGS[depth].removesuffix(" M")


def vggs(depth: str) -> list[Reference]:
    """The networks of one depth that have the layout of published code."""
    config, cut = CONFIGS[depth], without_last_pool(depth)
    name = f"vgg{depth}_"
    three = (0, 2, 4)
    found = [
        vgg(f"{name}radmm", config, "flatten"),
        vgg(f"{name}radmm_nobn", config, "flatten", normed=False),
        vgg(f"{name}twinrep", config, "flatten", bias=False),
        vgg(f"{name}rst", config, "flatten", bias=False, conv_head=True),
        vgg(f"{name}mad", cut, "mean", bias=False, at="feature"),
        vgg(f"{name}li20", cut, "mean", (0, 3), bias=False, at="feature", head_norm=True),
        vgg(f"{name}chengyangfu", config, "flatten", (1, 4, 6)),
        vgg(f"{name}chengyangfu_nobn", config, "flatten", (1, 4, 6), normed=False),
        vgg(f"{name}chenyaofo", config, "flatten", (0, 3, 6)),
        vgg(f"torchvision_vgg{depth}", config, "7x7", (0, 3, 6), normed=False),
        vgg(f"torchvision_vgg{depth}_bn", config, "7x7", (0, 3, 6)),
    ]
    if depth == "19":
        longer = config.removesuffix(" M") + " 24 M"
        return [*found, vgg("vgg19_weiaicunzai", longer, "flatten", (0, 3, 5))]
    return [
        *found,
        vgg(f"{name}hydra", cut, "2x2", three, bias=False),
        vgg(f"{name}hydra_nobn", cut, "2x2", three, normed=False, bias=False),
        vgg(f"{name}weiaicunzai", config, "flatten", (0, 3, 5)),
        vgg(f"{name}weiaicunzai_nobn", config, "flatten", (0, 3, 5), normed=False),
    ]


def small_vggs(depth: str) -> list[Reference]:
    """HYDRA's networks of less than eleven layers, which end with a max pooling."""
    return [
        vgg(f"vgg{depth}_hydra", CONFIGS[depth], "2x2", (0, 2, 4), bias=False),
        vgg(f"vgg{depth}_hydra_nobn", CONFIGS[depth], "2x2", (0, 2, 4), normed=False, bias=False),
    ]


DEPTHS = ("11", "13", "16", "19")
REFERENCES = (
    *(reference for depth in DEPTHS for reference in vggs(depth)),
    *(reference for depth in ("2", "4", "6", "8") for reference in small_vggs(depth)),
    *(openlth_vgg(depth) for depth in DEPTHS),
    pwoa_vgg(),
    hbar_vgg(),
)
VARIANTS = (
    *(vgg(f"vgg{depth}_rethinking", without_last_pool(depth), "mean") for depth in DEPTHS),
    vgg("vgg16_rethinking_nobn", without_last_pool("16"), "mean", normed=False),
)
"""Networks with the names and shapes of another one, but another forward pass."""

"""The rows of the residual networks: listed ones, and families of any depth and width."""

from functools import partial

from torch.nn import functional as F

from thinice_tui.models.architectures.architecture import Architecture
from thinice_tui.models.architectures.biased_wide_resnet import BiasedWideResNet
from thinice_tui.models.architectures.deepmind_resnet import Activation, DeepMindPreActResNet, DeepMindWideResNet
from thinice_tui.models.architectures.families import WideFamily
from thinice_tui.models.architectures.layers import Layers
from thinice_tui.models.architectures.preact_block import BlockForm
from thinice_tui.models.architectures.preact_resnet import (
    PreActBasicBlock,
    PreActBlock,
    PreActBottleneck,
    PreActResNet,
)
from thinice_tui.models.architectures.preact_resnet8 import PreActResNet8
from thinice_tui.models.architectures.resnet import (
    CIFAR,
    LARGE,
    SMALL,
    TORCHVISION,
    BasicBlock,
    Block,
    Bottleneck,
    CifarResNet,
    ResNet,
    Stem,
    TorchvisionResNet,
)
from thinice_tui.models.architectures.three_stage_resnet import OPTION_A, ThreeStageResNet
from thinice_tui.models.architectures.wide_resnet import FORMS, WideResNet

DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
"""Blocks of each stage."""
BLOCKS: dict[int, Block] = {18: BasicBlock, 34: BasicBlock, 50: Bottleneck, 101: Bottleneck, 152: Bottleneck}
"""Of three convolutions from depth 50 on."""
THREE_STAGE_DEPTHS = (20, 32, 44, 56, 110)
STEMS = {
    "stride2": Stem(3, 2, pooled=False),
    "maxpool": Stem(3, 1, pooled=True),
    "stride2_maxpool": Stem(3, 2, pooled=True),
}
"""The 3×3 stems of variants, by the last part of their names."""
GROUPED: dict[str, tuple[int, Block]] = {
    "wide_resnet50_2": (50, partial(Bottleneck, inner=2)),
    "wide_resnet101_2": (101, partial(Bottleneck, inner=2)),
    "resnext50_32x4d": (50, partial(Bottleneck, inner=2, groups=32)),
    "resnext101_32x8d": (101, partial(Bottleneck, inner=4, groups=32)),
}
"""Depth and block of torchvision's other residual networks."""
DEEPMIND_ACTIVATIONS: dict[str, Activation] = {"": F.silu, "relu": F.relu}


def _depth_names(depth: int) -> tuple[str, tuple[str, ...]]:
    """A name that every state of a four-stage network of this depth has, and names that none has."""
    deep, blocks = depth >= 50, DEPTHS[depth][2]
    return (
        f"layer3.{blocks - 1}.conv{3 if deep else 2}.weight",
        (f"layer3.{blocks}.conv1.weight", *(() if deep else ("layer1.0.conv3.weight",))),
    )


def _resnet(
    name: str, kind: type[ResNet], block: Block, depth: int, stem: Stem = SMALL, variant_of: str = ""
) -> Architecture:
    """A post-activation network of four stages."""
    key, absent = _depth_names(depth)
    return Architecture(
        name,
        partial(kind, block=block, depths=DEPTHS[depth], stem=stem),
        key,
        variant_of=variant_of,
        marks=(f"layer4.0.{kind.names.skip}.1.running_mean",),
        absent=absent,
        kernel=("conv1.weight", stem.kernel),
    )


def _with_stems(name: str, kind: type[ResNet], block: Block, depth: int) -> list[Architecture]:
    """The network with the usual 3×3 stem, and its variants with stride 2 or max pooling."""
    variants = [_resnet(f"{name}_{suffix}", kind, block, depth, stem, name) for suffix, stem in STEMS.items()]
    return [_resnet(name, kind, block, depth), *variants]


def _torchvision(name: str, block: Block, depth: int) -> list[Architecture]:
    """The network with torchvision's stem, and those with 3×3 stems, for 32×32 images."""
    small = _with_stems(f"{name}_small", TorchvisionResNet, block, depth)
    return [_resnet(name, TorchvisionResNet, block, depth, LARGE), *small]


def _preact(depth: int) -> list[Architecture]:
    """The pre-activation network, and its variant of fast adversarial training, which has the same bottlenecks."""
    key, deeper = _depth_names(depth)
    name = f"preact_resnet{depth}"
    fast = partial(PreActBasicBlock, form=BlockForm(raw_shortcut=True))
    blocks: dict[str, PreActBlock] = {"": PreActBottleneck} if depth >= 50 else {"": PreActBasicBlock, "_fast_at": fast}
    return [
        Architecture(
            f"{name}{suffix}",
            partial(PreActResNet, block=block, depths=DEPTHS[depth]),
            key,
            variant_of=name if suffix else "",
            marks=("layer4.0.shortcut.0.weight",),
            absent=(*deeper, "layer4.0.shortcut.1.running_mean"),
        )
        for suffix, block in blocks.items()
    ]


def _three_stage(depth: int) -> list[Architecture]:
    """The network of three stages with each kind of shortcut; that without layers has two forms."""
    blocks = (depth - 2) // 6
    key, deeper = f"layer3.{blocks - 1}.conv2.weight", (f"layer3.{blocks}.conv1.weight", "layer4.0.conv1.weight")
    name, made = f"cifar_resnet{depth}", partial(ThreeStageResNet, depth=depth)
    option_a = (*deeper, "layer3.0.shortcut.0.weight", "layer3.0.downsample.0.weight")
    last = partial(made, names=OPTION_A, zeros_last=True)
    found = [
        Architecture(name, partial(made, names=OPTION_A), key, absent=option_a),
        Architecture(f"{name}_zeros_last", last, key, variant_of=name, absent=option_a),
    ]
    for suffix, names in {"shortcut": CIFAR, "downsample": TORCHVISION}.items():
        marks = (f"layer3.0.{names.skip}.1.running_mean",)
        found.append(Architecture(f"{name}_{suffix}", partial(made, names=names), key, marks=marks, absent=deeper))
    return found


def _deepmind_preact(depth: int) -> list[Architecture]:
    """DeepMind's pre-activation network, and its variant with ReLU."""
    name, blocks = f"dm_preact_resnet{depth}", DEPTHS[depth][2]
    key, absent = f"layer_2.{blocks - 1}.conv_2d_2.weight", (f"layer_2.{blocks}.conv_2d_2.weight",)
    return [
        Architecture(
            f"{name}_{suffix}" if suffix else name,
            partial(DeepMindPreActResNet, depths=DEPTHS[depth], activation=activation),
            key,
            variant_of=name if suffix else "",
            absent=absent,
        )
        for suffix, activation in DEEPMIND_ACTIVATIONS.items()
    ]


def _deepmind_wide(layers: Layers, depth: int, widen: int, form: str) -> DeepMindWideResNet:
    return DeepMindWideResNet(layers, depth, widen, DEEPMIND_ACTIVATIONS[form])


def _biased_wide(layers: Layers, depth: int, widen: int, form: str) -> BiasedWideResNet:  # noqa: ARG001
    return BiasedWideResNet(layers, depth, widen)


ROWS = (
    Architecture("preact_resnet8", PreActResNet8, "stem.weight"),
    *(
        known
        for depth, block in BLOCKS.items()
        for known in (
            *_with_stems(f"cifar_resnet{depth}", CifarResNet, block, depth),
            *_preact(depth),
            *_torchvision(f"torchvision_resnet{depth}", block, depth),
        )
    ),
    *(known for name, (depth, block) in GROUPED.items() for known in _torchvision(name, block, depth)),
    *(known for depth in THREE_STAGE_DEPTHS for known in _three_stage(depth)),
    *(known for depth in (18, 34) for known in _deepmind_preact(depth)),
)
FAMILIES = (
    WideFamily(
        "wide_resnet",
        WideResNet,
        tuple(form for form in FORMS if form),
        "block{}.layer.{}.conv2.weight",
        first_stage=1,
        unused=("sub_block1.",),
    ),
    WideFamily(
        "dm_wide_resnet",
        _deepmind_wide,
        tuple(form for form in DEEPMIND_ACTIVATIONS if form),
        "layer.{}.block.{}.conv_1.weight",
        first_stage=0,
    ),
    WideFamily(
        "biased_wide_resnet",
        _biased_wide,
        (),
        "layer{}.{}.conv2.weight",
        first_stage=1,
        marks=("conv1.bias", "layer1.0.conv1.bias", "bn1.weight"),
    ),
)

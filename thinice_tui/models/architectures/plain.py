"""The rows of known architectures outside the ResNet family: VGG, MobileNetV2 and DenseNet."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from thinice_tui.models.architectures.architecture import Architecture
from thinice_tui.models.architectures.densenet import (
    DEPTHS,
    DOTTED,
    TORCHVISION,
    CifarDenseNet,
    Names,
    TorchvisionDenseNet,
)
from thinice_tui.models.architectures.mobilenet_v2 import CifarMobileNetV2, TorchvisionMobileNetV2
from thinice_tui.models.architectures.vgg import STAGES, BlockVgg, Layout, OpenLthVgg, Stages, Vgg, positions

_DEEP = (11, 13, 16, 19)
_FEATURE = Layout(bias=False, features="feature", pool=False, side=1)
LAYOUTS: dict[str, tuple[Layout, tuple[int, ...], bool]] = {
    "hydra": (Layout(bias=False, pool=False, side=2, linear=(0, 2, 4), units=256), (11, 13, 16), True),
    "radmm": (Layout(bias=True), _DEEP, True),
    "twinrep": (Layout(bias=False), _DEEP, False),
    "rst": (Layout(bias=False, conv_head=True), _DEEP, False),
    "mad": (_FEATURE, _DEEP, False),
    "li20": (replace(_FEATURE, linear=(0, 3), norm1d=True), _DEEP, False),
    "chengyangfu": (Layout(bias=True, side=1, linear=(1, 4, 6)), _DEEP, True),
    "chenyaofo": (Layout(bias=True, side=1, linear=(0, 3, 6)), _DEEP, False),
    "weiaicunzai": (Layout(bias=True, side=1, linear=(0, 3, 5), units=4096), (11, 13, 16), True),
}
"""By whose code it is: the layout with batch norm, its depths, and whether there is one without batch norm.

hydra: HARP's too. radmm: kuangliu/pytorch-cifar's and the birds' too. rst: robust scratch tickets. mad: network
slimming's too. li20: that of rethinking-network-pruning (l1-norm pruning) too. chengyangfu: pytorch-vgg-cifar10.
chenyaofo: pytorch-cifar-models. weiaicunzai: pytorch-cifar100. openlth (not in this table): facebookresearch/open_lth.
"""
TORCHVISION_VGG = Layout(bias=True, side=7, linear=(0, 3, 6), units=4096)
RETHINKING = Layout(bias=True, pool=False, side=1)
"""rethinking-network-pruning (weight-level): the names and shapes of `radmm`, but the last pooling is an average."""


def _vgg(name: str, stages: Stages, layout: Layout, variant_of: str = "") -> Architecture:
    at = layout.features
    last = positions(stages, layout.norm)[-1]
    ends = [positions(other, layout.norm)[-1] for other in STAGES.values()]
    deeper = tuple(f"{at}.{end}.weight" for end in ends if end > last + 1)
    classifier = {f"classifier.{place}.weight": place in layout.linear for place in (0, *layout.linear)}
    has = {f"{at}.0.bias": layout.bias, f"{at}.1.running_mean": layout.norm, "classifier.weight": not layout.linear}
    has |= classifier if layout.linear else {}
    return Architecture(
        name,
        lambda layers: Vgg(layers, stages, layout),
        f"{at}.{last}.weight",
        variant_of=variant_of,
        marks=tuple(key for key, there in has.items() if there),
        absent=(*deeper, *(key for key, there in has.items() if not there)),
    )


def _vggs() -> Iterator[Architecture]:
    for project, (layout, depths, both) in LAYOUTS.items():
        for depth in depths:
            yield _vgg(f"vgg{depth}_{project}", STAGES[depth], layout)
            if both:
                yield _vgg(f"vgg{depth}_{project}_nobn", STAGES[depth], replace(layout, norm=False))
    weiaicunzai, longer = LAYOUTS["weiaicunzai"][0], (*STAGES[19][:4], (512,) * 5)  # five in its last stage
    yield _vgg("vgg19_weiaicunzai", longer, weiaicunzai)
    yield _vgg("vgg19_weiaicunzai_nobn", longer, replace(weiaicunzai, norm=False))
    hydra = replace(LAYOUTS["hydra"][0], pool=True)
    for depth in (2, 4, 6, 8):
        yield _vgg(f"vgg{depth}_hydra", STAGES[depth], hydra)
        yield _vgg(f"vgg{depth}_hydra_nobn", STAGES[depth], replace(hydra, norm=False))
    for depth in _DEEP:
        yield _vgg(f"torchvision_vgg{depth}_bn", STAGES[depth], TORCHVISION_VGG)
        yield _vgg(f"torchvision_vgg{depth}", STAGES[depth], replace(TORCHVISION_VGG, norm=False))
        yield _vgg(f"vgg{depth}_rethinking", STAGES[depth], RETHINKING, f"vgg{depth}_radmm")
        plain = replace(RETHINKING, norm=False)
        yield _vgg(f"vgg{depth}_rethinking_nobn", STAGES[depth], plain, f"vgg{depth}_radmm_nobn")
        yield _openlth(depth)
    last, norm1d = "layer5.2.0.weight", "layer6.1.running_mean"
    yield Architecture("vgg16_pwoa", lambda layers: BlockVgg(layers, norm1d=False), last, absent=(norm1d,))
    yield Architecture("vgg16_pwoa_bn1d", lambda layers: BlockVgg(layers, norm1d=True), last, marks=(norm1d,))


def _openlth(depth: int) -> Architecture:
    stages = STAGES[depth]
    ends = [sum(map(len, STAGES[other])) + len(STAGES[other]) - 2 for other in _DEEP]
    last = sum(map(len, stages)) + len(stages) - 2
    deeper = tuple(f"layers.{end}.conv.weight" for end in ends if end > last)
    return Architecture(
        f"vgg{depth}_openlth", lambda layers: OpenLthVgg(layers, stages), f"layers.{last}.conv.weight", absent=deeper
    )


def _mobilenets() -> Iterator[Architecture]:
    yield Architecture("cifar_mobilenet_v2", CifarMobileNetV2, "layers.16.conv3.weight")
    name, key = "torchvision_mobilenet_v2", "features.17.conv.2.weight"
    yield Architecture(name, lambda layers: TorchvisionMobileNetV2(layers, 2, small=False), key)
    for end, small in (("small_stem", False), ("small", True)):
        build = partial(TorchvisionMobileNetV2, stem_stride=1, small=small)
        yield Architecture(f"{name}_{end}", build, key, variant_of=name)


def _densenet(
    depth: int, name: str, names: Names, kernel: int = 7, pool: bool = True, variant_of: str = ""
) -> Architecture:
    growth, counts = DEPTHS[depth]
    conv = names.convs[1]

    def layer(block: int, number: int) -> str:
        return f"features.denseblock{block}.denselayer{number}.{conv}.weight"

    return Architecture(
        name,
        lambda layers: TorchvisionDenseNet(layers, growth, counts, names, kernel, pool),
        layer(4, counts[3]),
        variant_of=variant_of,
        marks=(layer(3, counts[2]),),
        absent=(layer(3, counts[2] + 1), layer(4, counts[3] + 1)),
        kernel=("features.conv0.weight", kernel),
    )


def _densenets() -> Iterator[Architecture]:
    for depth, (growth, counts) in DEPTHS.items():
        yield Architecture(
            f"cifar_densenet{depth}",
            partial(CifarDenseNet, growth=growth, counts=counts),
            f"dense4.{counts[3] - 1}.conv2.weight",
            marks=(f"dense3.{counts[2] - 1}.conv2.weight",),
            absent=(f"dense3.{counts[2]}.conv2.weight", f"dense4.{counts[3]}.conv2.weight"),
        )
        name = f"torchvision_densenet{depth}"
        yield _densenet(depth, name, TORCHVISION)
        yield _densenet(depth, f"{name}_dotted", DOTTED)
        yield _densenet(depth, f"{name}_small", TORCHVISION, 3, pool=False)
        yield _densenet(depth, f"{name}_small_maxpool", TORCHVISION, 3, variant_of=f"{name}_small")


ROWS: tuple[Architecture, ...] = (*_vggs(), *_mobilenets(), *_densenets())

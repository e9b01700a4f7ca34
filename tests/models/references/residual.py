"""Reference versions of the residual networks, recognised ones and those that only differ in the forward pass."""

from collections.abc import Callable
from functools import partial

from torch import Tensor
from torch.nn import functional as F

from tests.models.references.parts import Maker, Reference, State, blocks, conv, convolutions, linear, norm

SHALLOW, DEEP, DEEPER, DEEPEST = (2, 2, 2, 2), (3, 4, 6, 3), (3, 4, 23, 3), (3, 8, 36, 3)
Activation = Callable[[Tensor], Tensor]
LEAKY = partial(F.leaky_relu, negative_slope=0.1)


def resnet(
    name: str,
    depths: tuple[int, ...],
    deep: bool,
    big: bool = False,
    stem: tuple[int, int, bool] = (3, 1, False),
    inner: int = 1,
    groups: int = 1,
) -> Reference:
    """Post-activation; `big`: torchvision's names. stem: kernel, stride, and whether there is max pooling.

    inner: channels between the 1×1 convolutions over the width; groups: of the 3×3 convolution there.
    """
    skip, head = ("downsample", "fc") if big else ("shortcut", "linear")
    kernel, first_stride, pooled = stem
    stride_of = blocks(depths)

    def make(classes: int, channels: int) -> State:
        m, ins = Maker(), 8
        m.conv("conv1", channels, ins, kernel)
        m.norm("bn1", ins)
        for stage, block, stride in stride_of:
            at, width = f"layer{stage + 1}.{block}", 8 * 2**stage
            outs = 4 * width if deep else width
            plan = convolutions(ins, width * inner, outs, deep)
            for i, (a, b, k) in enumerate(plan, 1):
                m.conv(f"{at}.conv{i}", a // groups if k == 3 else a, b, k)
                m.norm(f"{at}.bn{i}", b)
            if stride != 1 or ins != outs:
                m.conv(f"{at}.{skip}.0", ins, outs, 1)
                m.norm(f"{at}.{skip}.1", outs)
            ins = outs
        m.linear(head, ins, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        x = F.relu(norm(s, "bn1", conv(s, "conv1", x, first_stride)))
        x = F.max_pool2d(x, 3, 2, 1) if pooled else x
        for stage, block, stride in stride_of:
            at, last = f"layer{stage + 1}.{block}", 3 if deep else 2
            y = x
            for i in range(1, last + 1):
                weight = s[f"{at}.conv{i}.weight"]
                split = groups if weight.shape[-1] == 3 else 1
                y = F.conv2d(y, weight, None, stride if i == last - 1 else 1, weight.shape[-1] // 2, groups=split)
                y = norm(s, f"{at}.bn{i}", y)
                y = F.relu(y) if i < last else y
            own = f"{at}.{skip}.0.weight" in s
            x = F.relu(y + (norm(s, f"{at}.{skip}.1", conv(s, f"{at}.{skip}.0", x, stride)) if own else x))
        return linear(s, head, x.mean(dim=(2, 3)))

    return Reference(name, make, logits)


def three_stage(name: str, depth: int, skip: str, head: str, zeros_last: bool = False) -> Reference:
    """Three stages of 16·2^i channels; skip: the shortcut's name, empty for option A.

    zeros_last: whether option A's new channels come after the old ones; else half of them come before.
    """
    stride_of = blocks(((depth - 2) // 6,) * 3)

    def make(classes: int, channels: int) -> State:
        m, ins = Maker(), 16
        m.conv("conv1", channels, ins, 3)
        m.norm("bn1", ins)
        for stage, block, stride in stride_of:
            at, outs = f"layer{stage + 1}.{block}", 16 * 2**stage
            m.conv(f"{at}.conv1", ins, outs, 3)
            m.norm(f"{at}.bn1", outs)
            m.conv(f"{at}.conv2", outs, outs, 3)
            m.norm(f"{at}.bn2", outs)
            if skip and stride != 1:
                m.conv(f"{at}.{skip}.0", ins, outs, 1)
                m.norm(f"{at}.{skip}.1", outs)
            ins = outs
        m.linear(head, ins, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        x = F.relu(norm(s, "bn1", conv(s, "conv1", x)))
        for stage, block, stride in stride_of:
            at = f"layer{stage + 1}.{block}"
            y = F.relu(norm(s, f"{at}.bn1", conv(s, f"{at}.conv1", x, stride)))
            y = norm(s, f"{at}.bn2", conv(s, f"{at}.conv2", y))
            if stride == 2 and skip:
                x = norm(s, f"{at}.{skip}.1", conv(s, f"{at}.{skip}.0", x, 2))
            elif stride == 2:
                old, every = x.shape[1], x[:, :, ::2, ::2]
                x, first = y.new_zeros(y.shape), 0 if zeros_last else old // 2
                x[:, first : first + old] = every
            x = F.relu(x + y)
        return linear(s, head, x.mean(dim=(2, 3)))

    return Reference(name, make, logits)


def preact(name: str, depths: tuple[int, ...], deep: bool, from_input: bool = False) -> Reference:
    """Pre-activation, with the final batch norm of the birds; from_input: the shortcut convolution takes the input."""
    stride_of = blocks(depths)

    def make(classes: int, channels: int) -> State:
        m, ins = Maker(), 8
        m.conv("conv1", channels, ins, 3)
        for stage, block, stride in stride_of:
            at, width = f"layer{stage + 1}.{block}", 8 * 2**stage
            outs = 4 * width if deep else width
            plan = convolutions(ins, width, outs, deep)
            for i, (a, b, k) in enumerate(plan, 1):
                m.norm(f"{at}.bn{i}", a)
                m.conv(f"{at}.conv{i}", a, b, k)
            if stride != 1 or ins != outs:
                m.conv(f"{at}.shortcut.0", ins, outs, 1)
            ins = outs
        m.norm("bn", ins)
        m.linear("linear", ins, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        x = conv(s, "conv1", x)
        for stage, block, stride in stride_of:
            at, last = f"layer{stage + 1}.{block}", 3 if deep else 2
            y = first = F.relu(norm(s, f"{at}.bn1", x))
            for i in range(1, last + 1):
                y = y if i == 1 else F.relu(norm(s, f"{at}.bn{i}", y))
                y = conv(s, f"{at}.conv{i}", y, stride if i == last - 1 else 1)
            source = x if from_input else first
            x = y + (conv(s, f"{at}.shortcut.0", source, stride) if f"{at}.shortcut.0.weight" in s else x)
        x = F.relu(norm(s, "bn", x)) if "bn.weight" in s else x
        return linear(s, "linear", x.mean(dim=(2, 3)))

    return Reference(name, make, logits)


def wide(
    name: str, depth: int, widen: int, base: int = 16, act: Activation = F.relu, raw: tuple[int, ...] = ()
) -> Reference:
    """Wide residual networks as in TRADES; `base` 16 is the published stem.

    raw: the stages whose first block hands its input, not its activation, to its convolutions.
    """
    count = (depth - 4) // 6

    def make(classes: int, channels: int) -> State:
        m, ins = Maker(), base
        m.conv("conv1", channels, ins, 3)
        for stage in range(1, 4):
            outs = base * widen * 2 ** (stage - 1)
            for i in range(count):
                at = f"block{stage}.layer.{i}"
                m.norm(f"{at}.bn1", ins)
                m.conv(f"{at}.conv1", ins, outs, 3)
                m.norm(f"{at}.bn2", outs)
                m.conv(f"{at}.conv2", outs, outs, 3)
                if ins != outs:
                    m.conv(f"{at}.convShortcut", ins, outs, 1)
                ins = outs
        m.norm("bn1", ins)
        m.linear("fc", ins, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        x = conv(s, "conv1", x)
        for stage in range(1, 4):
            for i in range(count):
                at, stride = f"block{stage}.layer.{i}", 2 if stage > 1 and i == 0 else 1
                active = x if i == 0 and stage in raw else act(norm(s, f"{at}.bn1", x))
                y = conv(s, f"{at}.conv1", active, stride)
                y = conv(s, f"{at}.conv2", act(norm(s, f"{at}.bn2", y)))
                x = y + (conv(s, f"{at}.convShortcut", active, stride) if f"{at}.convShortcut.weight" in s else x)
        return linear(s, "fc", act(norm(s, "bn1", x)).mean(dim=(2, 3)))

    return Reference(name, make, logits)


def biased_wide(name: str, depth: int, widen: int) -> Reference:
    """Wide residual networks of meliketoy: biases, the stride in the second convolution, shortcuts of the input."""
    stride_of = blocks(((depth - 4) // 6,) * 3)

    def make(classes: int, channels: int) -> State:
        m, ins = Maker(), 16
        m.conv("conv1", channels, ins, 3, bias=True)
        for stage, block, _ in stride_of:
            at, outs = f"layer{stage + 1}.{block}", 16 * widen * 2**stage
            m.norm(f"{at}.bn1", ins)
            m.conv(f"{at}.conv1", ins, outs, 3, bias=True)
            m.norm(f"{at}.bn2", outs)
            m.conv(f"{at}.conv2", outs, outs, 3, bias=True)
            if ins != outs:
                m.conv(f"{at}.shortcut.0", ins, outs, 1, bias=True)
            ins = outs
        m.norm("bn1", ins)
        m.linear("linear", ins, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        x = conv(s, "conv1", x)
        for stage, block, stride in stride_of:
            at = f"layer{stage + 1}.{block}"
            y = conv(s, f"{at}.conv1", F.relu(norm(s, f"{at}.bn1", x)))
            y = conv(s, f"{at}.conv2", F.relu(norm(s, f"{at}.bn2", y)), stride)
            x = y + (conv(s, f"{at}.shortcut.0", x, stride) if block == 0 else x)
        return linear(s, "linear", F.relu(norm(s, "bn1", x)).mean(dim=(2, 3)))

    return Reference(name, make, logits)


def same_conv(s: State, name: str, x: Tensor, stride: int) -> Tensor:
    """A 3×3 convolution with TensorFlow's padding SAME: at stride 2 and even sizes, at the right and bottom only."""
    if stride == 1:
        return conv(s, name, x)
    larger = x.new_zeros(*x.shape[:2], x.shape[2] + 1, x.shape[3] + 1)
    larger[:, :, :-1, :-1] = x
    return F.conv2d(larger, s[f"{name}.weight"], None, 2)


def deepmind_wide(name: str, depth: int, widen: int, act: Activation = F.silu) -> Reference:
    """DeepMind's wide residual networks."""
    stride_of = blocks(((depth - 4) // 6,) * 3)

    def make(classes: int, channels: int) -> State:
        m, ins = Maker(), 16
        m.conv("init_conv", channels, ins, 3)
        for stage, block, _ in stride_of:
            at, outs = f"layer.{stage}.block.{block}", 16 * widen * 2**stage
            m.norm(f"{at}.batchnorm_0", ins)
            m.conv(f"{at}.conv_0", ins, outs, 3)
            m.norm(f"{at}.batchnorm_1", outs)
            m.conv(f"{at}.conv_1", outs, outs, 3)
            if ins != outs:
                m.conv(f"{at}.shortcut", ins, outs, 1)
            ins = outs
        m.norm("batchnorm", ins)
        m.linear("logits", ins, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        x = conv(s, "init_conv", x)
        for stage, block, stride in stride_of:
            at = f"layer.{stage}.block.{block}"
            active = act(norm(s, f"{at}.batchnorm_0", x))
            y = same_conv(s, f"{at}.conv_0", active, stride)
            y = conv(s, f"{at}.conv_1", act(norm(s, f"{at}.batchnorm_1", y)))
            x = y + (conv(s, f"{at}.shortcut", active, stride) if f"{at}.shortcut.weight" in s else x)
        return linear(s, "logits", act(norm(s, "batchnorm", x)).mean(dim=(2, 3)))

    return Reference(name, make, logits)


def deepmind_preact(name: str, depths: tuple[int, ...], act: Activation = F.silu) -> Reference:
    """DeepMind's pre-activation networks: 3×3 shortcuts of the input."""
    stride_of = blocks(depths)

    def make(classes: int, channels: int) -> State:
        m, ins = Maker(), 8
        m.conv("conv_2d", channels, ins, 3)
        for stage, block, stride in stride_of:
            at, outs = f"layer_{stage}.{block}", 8 * 2**stage
            m.norm(f"{at}.batchnorm_0", ins)
            m.conv(f"{at}.conv_2d_1", ins, outs, 3)
            m.norm(f"{at}.batchnorm_1", outs)
            m.conv(f"{at}.conv_2d_2", outs, outs, 3)
            if stride != 1:
                m.conv(f"{at}.shortcut", ins, outs, 3)
            ins = outs
        m.norm("batchnorm", ins)
        m.linear("logits", ins, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        x = conv(s, "conv_2d", x)
        for stage, block, stride in stride_of:
            at = f"layer_{stage}.{block}"
            skip = same_conv(s, f"{at}.shortcut", x, stride) if stride == 2 else x
            y = same_conv(s, f"{at}.conv_2d_1", act(norm(s, f"{at}.batchnorm_0", x)), stride)
            x = skip + conv(s, f"{at}.conv_2d_2", act(norm(s, f"{at}.batchnorm_1", y)))
        return linear(s, "logits", act(norm(s, "batchnorm", x)).mean(dim=(2, 3)))

    return Reference(name, make, logits)


LARGE = (7, 2, True)
REFERENCES = (
    resnet("cifar_resnet18", SHALLOW, deep=False),
    resnet("cifar_resnet34", DEEP, deep=False),
    resnet("cifar_resnet50", DEEP, deep=True),
    resnet("cifar_resnet152", DEEPEST, deep=True),
    preact("preact_resnet18", SHALLOW, deep=False),
    preact("preact_resnet34", DEEP, deep=False),
    preact("preact_resnet50", DEEP, deep=True),
    resnet("torchvision_resnet18", SHALLOW, deep=False, big=True, stem=LARGE),
    resnet("torchvision_resnet34", DEEP, deep=False, big=True, stem=LARGE),
    resnet("torchvision_resnet50", DEEP, deep=True, big=True, stem=LARGE),
    resnet("torchvision_resnet101", DEEPER, deep=True, big=True, stem=LARGE),
    resnet("torchvision_resnet152", DEEPEST, deep=True, big=True, stem=LARGE),
    resnet("torchvision_resnet18_small", SHALLOW, deep=False, big=True),
    resnet("torchvision_resnet50_small", DEEP, deep=True, big=True),
    resnet("wide_resnet50_2", DEEP, deep=True, big=True, stem=LARGE, inner=2),
    resnet("wide_resnet101_2", DEEPER, deep=True, big=True, stem=LARGE, inner=2),
    resnet("resnext50_32x4d", DEEP, deep=True, big=True, stem=LARGE, inner=2, groups=4),
    resnet("resnext101_32x8d", DEEPER, deep=True, big=True, stem=LARGE, inner=4, groups=4),
    resnet("resnext50_32x4d_small", DEEP, deep=True, big=True, inner=2, groups=4),
    three_stage("cifar_resnet20", 20, "", "linear"),
    three_stage("cifar_resnet32", 32, "", "linear"),
    three_stage("cifar_resnet44", 44, "", "linear"),
    three_stage("cifar_resnet56", 56, "", "linear"),
    three_stage("cifar_resnet110", 110, "", "linear"),
    three_stage("cifar_resnet20_shortcut", 20, "shortcut", "linear"),
    three_stage("cifar_resnet20_downsample", 20, "downsample", "fc"),
    three_stage("cifar_resnet110_downsample", 110, "downsample", "fc"),
    wide("wide_resnet_28_2", 28, 2),
    wide("wide_resnet_34_1", 34, 1),
    wide("wide_resnet_10_3", 10, 3),
    wide("wide_resnet_70_1", 70, 1),
    biased_wide("biased_wide_resnet_28_2", 28, 2),
    deepmind_wide("dm_wide_resnet_28_2", 28, 2),
    deepmind_wide("dm_wide_resnet_34_1", 34, 1),
    deepmind_preact("dm_preact_resnet18", SHALLOW),
    deepmind_preact("dm_preact_resnet34", DEEP),
)
"""Networks that are recognised by names and shapes."""
VARIANTS = (
    resnet("cifar_resnet18_stride2", SHALLOW, deep=False, stem=(3, 2, False)),
    resnet("cifar_resnet18_maxpool", SHALLOW, deep=False, stem=(3, 1, True)),
    resnet("cifar_resnet18_stride2_maxpool", SHALLOW, deep=False, stem=(3, 2, True)),
    resnet("cifar_resnet50_maxpool", DEEP, deep=True, stem=(3, 1, True)),
    resnet("torchvision_resnet18_small_stride2", SHALLOW, deep=False, big=True, stem=(3, 2, False)),
    resnet("torchvision_resnet18_small_maxpool", SHALLOW, deep=False, big=True, stem=(3, 1, True)),
    resnet("torchvision_resnet18_small_stride2_maxpool", SHALLOW, deep=False, big=True, stem=(3, 2, True)),
    three_stage("cifar_resnet20_zeros_last", 20, "", "linear", zeros_last=True),
    three_stage("cifar_resnet56_zeros_last", 56, "", "linear", zeros_last=True),
    preact("preact_resnet18_fast_at", SHALLOW, deep=False, from_input=True),
    preact("preact_resnet34_fast_at", DEEP, deep=False, from_input=True),
    wide("wide_resnet_28_2_leaky", 28, 2, act=LEAKY),
    wide("wide_resnet_28_2_silu", 28, 2, act=F.silu),
    wide("wide_resnet_28_2_fixmatch", 28, 2, act=LEAKY, raw=(2, 3)),
    wide("wide_resnet_28_2_arow", 28, 2, act=F.silu, raw=(1, 2, 3)),
    deepmind_wide("dm_wide_resnet_28_2_relu", 28, 2, act=F.relu),
    deepmind_preact("dm_preact_resnet18_relu", SHALLOW, act=F.relu),
)
"""Networks with the names and shapes of a recognised one, and another forward pass."""

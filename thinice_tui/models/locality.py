"""Which first part of a traced network is local, and how much of it a window of the images reaches."""

import math
import operator
from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.fx.passes.shape_prop import TensorMetadata

Span = tuple[int, int]
"""Rows or columns, from the first one to behind the last."""

POINTWISE_MODULES = (
    *(nn.BatchNorm2d, nn.Identity, nn.Dropout, nn.Dropout2d, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SiLU),
    *(nn.GELU, nn.Hardswish, nn.Hardtanh, nn.Sigmoid, nn.Tanh, nn.Softplus),
)
POINTWISE_FUNCTIONS = {
    *(operator.add, operator.sub, operator.mul, operator.truediv, torch.add, torch.sub, torch.mul, torch.div),
    *(torch.relu, torch.sigmoid, torch.tanh, F.relu, F.relu6, F.leaky_relu, F.elu, F.silu, F.gelu, F.hardswish),
    *(F.sigmoid, F.tanh, F.softplus, F.dropout),
}
POINTWISE_METHODS = {"clone", "contiguous", "float", "add", "sub", "mul", "div", "relu", "sigmoid", "tanh"}
SHARE = 0.1
"""The side of the window for which segments are chosen, as a share of the image's: most of Square's are smaller."""
SLOWNESS = 2.0
"""How much longer a multiplication takes in the small maps around a window than in whole ones; measured: 1.8 to 2."""
JOINT = 250_000
"""What one more segment costs, in multiplications of an image: about 40 µs for a batch of 32."""
WORTHWHILE = 0.9
"""Of a whole pass's multiplications in convolutions, what a query with such a window may cost at most."""


@dataclass(frozen=True)
class Reach:
    """Along one axis: what each node computes, what each convolution reads, and how it is padded before and behind."""

    computed: dict[fx.Node, Span]
    read: dict[fx.Node, Span]
    padding: dict[fx.Node, tuple[int, int]]


class Segment:
    """Local nodes of a traced network from `source` to `result`; what comes after needs no other of them.

    A window of the source changes a part of each; only that is computed, and what convolutions read around it.
    """

    def __init__(self, source: fx.Node, nodes: list[fx.Node], convolutions: dict[fx.Node, nn.Conv2d]) -> None:
        """`nodes`: in order, without the source and constants; the shapes of their results noted by ShapeProp."""
        self.source, self.nodes, self.result = source, nodes, nodes[-1]
        self.convolutions = {node: convolutions[node] for node in nodes if node in convolutions}
        self.multiplications = sum(
            _multiplications(conv, math.prod(size_of(node))) for node, conv in self.convolutions.items()
        )
        """In convolutions, of an image."""
        self._reaches: dict[tuple[int, Span], Reach] = {}
        self._widths: dict[tuple[int, int], int] = {}
        self._pays: dict[tuple[int, int], bool] = {}

    def reach(self, axis: int, window: Span) -> Reach:
        """What to compute where rows (axis 0) or columns (1) of the source change.

        As much wherever the window is: the first convolution of a new size is slow.
        """
        if (axis, window) not in self._reaches:
            low, _ = self._changed(axis, window)
            width = self._width(axis, window[1] - window[0])
            self._reaches[axis, window] = self._reach(axis, min(low, size_of(self.result)[axis] - width), width)
        return self._reaches[axis, window]

    def pays(self, height: int, width: int) -> bool:
        """Whether computing only what a window of that size reaches takes less time than everything."""
        if (height, width) not in self._pays:
            self._pays[height, width] = self.cost(height, width) < self.multiplications
        return self._pays[height, width]

    def cost(self, height: int, width: int) -> float:
        """Of a window of that size in the source's middle, in multiplications within whole maps, an image."""
        changed = self.changed(height, width)
        reaches = [self._reach(axis, low, high - low) for axis, (low, high) in enumerate(changed)]
        needed = 0.0
        for node, conv in self.convolutions.items():
            spans = [reach.computed[node] for reach in reaches]
            needed += _multiplications(conv, math.prod(high - low for low, high in spans))
        return SLOWNESS * needed

    def changed(self, height: int, width: int) -> tuple[Span, Span]:
        """Rows and columns of the result that a window of that size in the source's middle changes."""
        top, left = ((whole - part) // 2 for whole, part in zip(size_of(self.source), (height, width), strict=True))
        return self._changed(0, (top, top + height)), self._changed(1, (left, left + width))

    def _width(self, axis: int, side: int) -> int:
        """How much of the result a window of the source changes, wherever it is."""
        if (axis, side) not in self._widths:
            places = range(size_of(self.source)[axis] - side + 1)
            spans = [self._changed(axis, (place, place + side)) for place in places]
            self._widths[axis, side] = max(high - low for low, high in spans)
        return self._widths[axis, side]

    def _reach(self, axis: int, first: int, width: int) -> Reach:
        """To compute that much of the result."""
        computed: dict[fx.Node, Span] = {self.result: (first, first + width)}
        read, padding = {}, {}
        for node in reversed(self.nodes):
            span = computed[node]
            if node in self.convolutions:
                low, high = _field(self.convolutions[node], axis, span)
                span = max(low, 0), min(high, size_of(node.all_input_nodes[0])[axis])
                read[node], padding[node] = span, (span[0] - low, high - span[1])
            for source in sources(node):
                computed[source] = _hull([computed.get(source, span), span])
        return Reach(computed, read, padding)

    def _changed(self, axis: int, window: Span) -> Span:
        """What a window changes of the result."""
        changed = {self.source: window}
        for node in self.nodes:
            span = _hull(changed[source] for source in sources(node))
            if node in self.convolutions:
                span = _touched(self.convolutions[node], axis, span, size_of(node)[axis])
            changed[node] = span
        return changed[self.result]


@dataclass(frozen=True)
class _Chain:
    """Segments one after the other, what a window costs in them, and the size of what it changes of the last result."""

    segments: tuple[Segment, ...]
    cost: float
    changed: tuple[int, int]

    def longer(self, segment: Segment) -> "_Chain":
        """With one more segment."""
        rows, columns = segment.changed(*self.changed)
        changed = rows[1] - rows[0], columns[1] - columns[0]
        return _Chain((*self.segments, segment), self.cost + segment.cost(*self.changed) + JOINT, changed)

    @property
    def saved(self) -> float:
        """Of the multiplications of whole passes."""
        return sum(segment.multiplications for segment in self.segments) - self.cost


def find_segments(traced: fx.GraphModule) -> tuple[Segment, ...]:
    """The segments, one after the other from the images on, that save most where a small window changes.

    `traced`: with the shapes of all results noted by ShapeProp. LookupError: they would save less than a tenth of the
    multiplications in convolutions.
    """
    convolutions = {
        node: module
        for node in traced.graph.nodes
        if node.op == "call_module" and isinstance(module := traced.get_submodule(node.target), nn.Conv2d)
    }
    joints = _joints(traced)
    if not joints:
        raise LookupError("nothing is local")
    side = max(1, round(SHARE * min(size_of(joints[0][-1]))))
    chains = [_Chain((), 0.0, (side, side))]
    for made_of in joints[1:]:
        # What makes up an earlier joint comes first in what makes up this one.
        segments = [Segment(before[-1], made_of[len(before) :], convolutions) for before in joints[: len(chains)]]
        longer = [chain.longer(segment) for chain, segment in zip(chains, segments, strict=True)]
        chains.append(min(longer, key=lambda chain: chain.cost))
        if chains[-1].changed == size_of(made_of[-1]):
            break
    best = max(reversed(chains), key=lambda chain: chain.saved)
    whole = sum(_multiplications(conv, math.prod(size_of(node))) for node, conv in convolutions.items())
    if best.saved < (1 - WORTHWHILE) * whole:
        raise LookupError("too little is local")
    return best.segments


def _joints(traced: fx.GraphModule) -> list[list[fx.Node]]:
    """What a result is made of, with itself as the last: of each local one from whose making no other one is used."""
    joints: list[list[fx.Node]] = []
    local: list[fx.Node] = []
    for node in traced.graph.nodes:
        if _is_local(traced, node, local):
            local.append(node)
            made_of = _ancestors(node, local)
            inside = set(made_of)
            if all(user in inside for other in made_of[:-1] for user in other.users):
                joints.append(made_of)
    return joints


def _is_local(traced: fx.GraphModule, node: fx.Node, local: list[fx.Node]) -> bool:
    """Whether each pixel of the result depends on a few of its inputs' around the same place, and all are local."""
    if not _is_image(node):
        return False
    if node.op == "placeholder":
        return not local
    found = sources(node)
    constants = [source for source in node.all_input_nodes if source.op == "get_attr"]
    if not found or any(source not in local for source in found):
        return False
    if node.op == "call_module" and isinstance(module := traced.get_submodule(str(node.target)), nn.Conv2d):
        return module.padding_mode == "zeros" and not isinstance(module.padding, str)
    if any(size_of(source) != size_of(node) for source in found):
        return False
    if not all(_is_constant_over_pixels(constant(traced, source)) for source in constants):
        return False
    match node.op:
        case "call_module":
            module = traced.get_submodule(str(node.target))
            of_the_batch = isinstance(module, nn.BatchNorm2d) and module.running_mean is None
            return isinstance(module, POINTWISE_MODULES) and not of_the_batch
        case "call_function":
            return node.target in POINTWISE_FUNCTIONS
        case _:
            return node.op == "call_method" and node.target in POINTWISE_METHODS


def _is_image(node: fx.Node) -> bool:
    meta = node.meta.get("tensor_meta")
    return isinstance(meta, TensorMetadata) and len(meta.shape) == 4


def constant(traced: fx.GraphModule, node: fx.Node) -> Tensor:
    """The parameter or buffer that a node stands for."""
    owner, _, name = str(node.target).rpartition(".")
    value: Tensor = getattr(traced.get_submodule(owner), name)
    return value


def _is_constant_over_pixels(value: object) -> bool:
    return isinstance(value, Tensor) and (value.numel() == 1 or (value.dim() in (3, 4) and value.shape[-2:] == (1, 1)))


def _ancestors(cut: fx.Node, local: list[fx.Node]) -> list[fx.Node]:
    """The nodes that a result is made of, with itself, in order."""
    wanted = {cut}
    for node in reversed(local):
        if node in wanted:
            wanted.update(sources(node))
    return [node for node in local if node in wanted]


def sources(node: fx.Node) -> list[fx.Node]:
    """Its inputs without constants."""
    return [source for source in node.all_input_nodes if source.op != "get_attr"]


def size_of(node: fx.Node) -> tuple[int, int]:
    """Height and width of a result."""
    height, width = node.meta["tensor_meta"].shape[2:]
    return int(height), int(width)


def _multiplications(conv: nn.Conv2d, area: float) -> float:
    """An image's, for so many pixels of the result."""
    return conv.weight.numel() * area


def _hull(spans: Iterable[Span]) -> Span:
    lows, highs = zip(*spans, strict=True)
    return min(lows), max(highs)


def _field(conv: nn.Conv2d, axis: int, span: Span) -> Span:
    """What a convolution reads for a span of its result, padding included."""
    low = span[0] * conv.stride[axis] - int(conv.padding[axis])
    high = (span[1] - 1) * conv.stride[axis] - int(conv.padding[axis])
    return low, high + conv.dilation[axis] * (conv.kernel_size[axis] - 1) + 1


def _touched(conv: nn.Conv2d, axis: int, span: Span, length: int) -> Span:
    """What a span of its input changes of a convolution's result, `length` long; at least one pixel."""
    behind = conv.dilation[axis] * (conv.kernel_size[axis] - 1)
    low = -((behind - int(conv.padding[axis]) - span[0]) // conv.stride[axis])
    high = (span[1] - 1 + int(conv.padding[axis])) // conv.stride[axis] + 1
    low = min(max(low, 0), length - 1)
    return low, max(min(high, length), low + 1)

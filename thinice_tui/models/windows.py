"""A network's pass where only a window of each image changed: what convolutions compute elsewhere is remembered.

Exact up to rounding, for Square's queries; the idea is the incremental inference of Nakandala et al. 2019 (SIGMOD,
"Incremental and Approximate Inference for Faster Occlusion-based Deep CNN Explanations"). The network's first part,
convolutions and what works pixel by pixel, is cut into segments. Their results are remembered, and only that part is
computed which the window reaches; the rest of the network, where a window reaches nearly everything, is run whole.
"""

import itertools
from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.fx.node import map_arg
from torch.fx.passes.shape_prop import ShapeProp

from thinice_tui.models.locality import Segment, Span, constant, find_segments, sources


class Memory:
    """The segments' results for a batch of images, kept up to date while windows of these change."""

    def __init__(self, form: "Windowed", images: Tensor) -> None:
        self._form = form
        self._results: list[Tensor] = []
        for segment in form.segments:
            images = segment(images)
            self._results.append(images)
        self._changes: list[tuple[Tensor, Tensor, Tensor]] = []
        """Of each segment: the part of the result that was computed last, what it was before, and what it became."""

    def moved(self, images: Tensor, top: int, left: int, side: int) -> Tensor:
        """Logits of images [n,C,H,W] which differ from those remembered in that window at most."""
        source, rows, columns = images, (top, top + side), (left, left + side)
        self._changes.clear()
        for segment, result in zip(self._form.segments, self._results, strict=True):
            after, rows, columns = segment.moved(source, rows, columns)
            part = result[..., slice(*rows), slice(*columns)]
            self._changes.append((part, part.clone(), after))
            part.copy_(after)
            source = result
        logits: Tensor = self._form.rest(source)
        return logits

    def keep(self, better: Tensor) -> None:
        """Remember the last images where `better`, bool [n]; elsewhere those before."""
        mask = better.view(-1, 1, 1, 1)
        for part, before, after in self._changes:
            part.copy_(torch.where(mask, after, before))

    def only(self, rows: Tensor) -> None:
        """Forget all images but these, bool [n]."""
        self._results = [result[rows].contiguous(memory_format=torch.channels_last) for result in self._results]


class Windowed(nn.Module):
    """A network that can remember a pass, and then tell the logits where a window changed."""

    def __init__(self, network: nn.Module, probe: Tensor) -> None:
        """`probe` [n,C,H,W]: images of the size that all will have.

        LookupError: too little of the network is local. Raises what torch.fx does where it cannot be traced.
        """
        super().__init__()
        if not any(isinstance(module, nn.Conv2d) for module in network.modules()):
            raise LookupError("no convolutions")  # before it is traced, which is a pass
        traced = _nothing_in_place(fx.symbolic_trace(network))
        ShapeProp(traced).propagate(probe[:1])
        segments = find_segments(traced)
        self.segments = cast(list[_Segment], nn.ModuleList(_Segment(traced, segment) for segment in segments))
        local = {node for segment in segments for node in (segment.source, *segment.nodes)}
        rest = [node for node in traced.graph.nodes if node not in local and node.op != "get_attr"]
        self.rest = _part(traced, segments[-1].result, rest, None)

    def forward(self, images: Tensor) -> Tensor:
        """Images [n,C,H,W] to logits [n,classes], by a whole pass."""
        maps = images
        for segment in self.segments:
            maps = segment(maps)
        logits: Tensor = self.rest(maps)
        return logits

    def remember(self, images: Tensor) -> Memory:
        """The memory of a pass on images [n,C,H,W]."""
        return Memory(self, images)

    def difference(self, images: Tensor) -> float:
        """How far logits by memory come from those by whole passes, while windows of images [n,C,H,W] change.

        Windows of four sizes, in two corners and the middle; every other image is kept.
        """
        height, width = images.shape[2:]
        current, memory = images.clone(), self.remember(images)
        furthest = torch.zeros((), device=images.device)
        sides = sorted({max(1, min(height, width) // part) for part in (3, 5, 10, 100)})
        for number, (side, place) in enumerate(itertools.product(sides, (0, 1, 2))):
            top, left = ((length - side) * place // 2 for length in (height, width))
            window = (..., slice(top, top + side), slice(left, left + side))
            moved = current.clone()
            moved[window] = 1 - moved[window]
            logits = memory.moved(moved, top, left, side)
            furthest = torch.maximum(furthest, (logits - self(moved)).abs().max())
            kept = torch.arange(len(images), device=images.device) % 2 == number % 2
            memory.keep(kept)
            current = torch.where(kept.view(-1, 1, 1, 1), moved, current)
        return float(furthest)


class _Segment(nn.Module):
    """A segment that can be run whole, or where a window of its source changed."""

    def __init__(self, traced: fx.GraphModule, segment: Segment) -> None:
        super().__init__()
        self._segment = segment
        used = {source for node in segment.nodes for source in node.all_input_nodes if source.op == "get_attr"}
        self._constants = {node: constant(traced, node) for node in used}
        self._functions = {node: _function(traced, node) for node in segment.nodes}
        self.whole = _part(traced, segment.source, segment.nodes, segment.result)

    def forward(self, source: Tensor) -> Tensor:
        result: Tensor = self.whole(source)
        return result

    def moved(self, source: Tensor, rows: Span, columns: Span) -> tuple[Tensor, Span, Span]:
        """What a change of those rows and columns of the source reaches of the result, and its rows and columns."""
        segment = self._segment
        if not segment.pays(rows[1] - rows[0], columns[1] - columns[0]):
            result = self.whole(source)
            return result, (0, result.shape[2]), (0, result.shape[3])
        down, across = segment.reach(0, rows), segment.reach(1, columns)
        row, column = down.computed[segment.source], across.computed[segment.source]
        found = {segment.source: source[..., slice(*row), slice(*column)]}

        def part(node: fx.Node, row: Span, column: Span) -> Tensor:
            """Those rows and columns of what was found."""
            top, left = down.computed[node][0], across.computed[node][0]
            return found[node][..., row[0] - top : row[1] - top, column[0] - left : column[1] - left]

        for node in segment.nodes:
            if node in segment.convolutions:
                conv = segment.convolutions[node]
                read = part(node.all_input_nodes[0], down.read[node], across.read[node])
                padded = F.pad(read, (*across.padding[node], *down.padding[node]))
                found[node] = F.conv2d(padded, conv.weight, conv.bias, conv.stride, 0, conv.dilation, conv.groups)
            else:
                row, column = down.computed[node], across.computed[node]
                inputs = self._constants | {each: part(each, row, column) for each in sources(node)}
                args, kwargs = map_arg((node.args, node.kwargs), inputs.__getitem__)
                found[node] = self._functions[node](*args, **kwargs)
        return found[segment.result], down.computed[segment.result], across.computed[segment.result]


def _nothing_in_place(traced: fx.GraphModule) -> fx.GraphModule:
    """The same network, changed so that no result is overwritten: they are remembered."""
    for module in traced.modules():
        if hasattr(module, "inplace"):
            module.inplace = False  # type: ignore[assignment]
    for node in traced.graph.nodes:
        if "inplace" in node.kwargs:
            node.update_kwarg("inplace", False)
        if node.op == "call_method" and node.target == "relu_":
            node.target = "relu"
    return traced


def _function(traced: fx.GraphModule, node: fx.Node) -> Callable[..., Tensor]:
    """What a node calls with its arguments."""
    if node.op == "call_module":
        return traced.get_submodule(str(node.target))
    function: Callable[..., Tensor] = getattr(Tensor, node.target) if isinstance(node.target, str) else node.target
    return function


def _part(traced: fx.GraphModule, source: fx.Node, nodes: list[fx.Node], result: fx.Node | None) -> fx.GraphModule:
    """These nodes of a network, and constants, as one from `source` to `result`; None: to the network's own."""
    graph = fx.Graph()
    copies = {source: graph.placeholder("maps")}
    for node in nodes:
        for used in node.all_input_nodes:
            if used.op == "get_attr" and used not in copies:
                copies[used] = graph.node_copy(used)
        if node.op == "output":
            graph.output(map_arg(node.args[0], copies.__getitem__))
        else:
            copies[node] = graph.node_copy(node, copies.__getitem__)
    if result is not None:
        graph.output(copies[result])
    return fx.GraphModule(traced, graph)

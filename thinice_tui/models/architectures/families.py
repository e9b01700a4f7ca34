"""Architectures of any depth and width, whose rows are made when a name or a state asks for one."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import count

from torch import nn

from thinice_tui.models.architectures.architecture import Architecture
from thinice_tui.models.architectures.layers import Layers, Shapes
from thinice_tui.models.architectures.wide_resnet import WIDTHS


@dataclass(frozen=True)
class WideFamily:
    """Wide residual networks `PREFIX_DEPTH_WIDTH` with depth 6n + 4, and their variants `PREFIX_DEPTH_WIDTH_FORM`."""

    prefix: str
    build: Callable[[Layers, int, int, str], nn.Module]
    """Makes the network of a depth, a widening factor and a form."""
    forms: tuple[str, ...]
    """Other forward passes with the same names and shapes, as the names' last part."""
    convolution: str
    """The name of a block's second 3×3 convolution, with places for the stage and the block."""
    first_stage: int
    marks: tuple[str, ...] = ()
    """Names that every state has, beside the convolutions."""
    unused: tuple[str, ...] = ()
    """Prefixes of names in published states that the forward pass never reads."""

    def named(self, name: str) -> Architecture | None:
        """The architecture of this name; None: it is no name of this family."""
        match = re.fullmatch(rf"{self.prefix}_(\d{{1,3}})_(\d{{1,3}})(?:_([a-z0-9]+))?", name)
        if match is None:
            return None
        depth, widen, form = int(match[1]), int(match[2]), match[3] or ""
        known = depth >= 10 and depth % 6 == 4 and widen >= 1 and form in ("", *self.forms)
        return _row(self, depth, widen, form) if known else None

    def variants(self, name: str) -> tuple[Architecture, ...]:
        """The variants of the architecture of this name; empty: it has none."""
        found = self.named(name)
        if found is None or found.variant_of:
            return ()
        return tuple(known for form in self.forms if (known := self.named(f"{name}_{form}")))

    def fitting(self, shapes: Shapes) -> Architecture | None:
        """The architecture of the depth and width of a state; None: it has not the names of this family.

        The width is that of the widest stage, rounded up, since pruning takes channels away.
        """
        blocks = max(self._blocks(stage, shapes) for stage in range(3))
        outs = [shapes.get(self._convolution(stage, 0), ()) for stage in range(3)]
        widths = [-(-shape[0] // width) for shape, width in zip(outs, WIDTHS, strict=True) if len(shape) == 4]
        if not blocks or not widths or not all(name in shapes for name in self.marks):
            return None
        return self.named(f"{self.prefix}_{6 * blocks + 4}_{max(widths)}")

    def without_width(self, name: str) -> str:
        """The name without its width, where it is one of this family; else the name."""
        return re.sub(rf"^({self.prefix}_\d+)_\d+", r"\1", name) if self.named(name) else name

    def _blocks(self, stage: int, shapes: Shapes) -> int:
        """The number of a stage's blocks, counted from its first."""
        return next(block for block in count() if self._convolution(stage, block) not in shapes)

    def _convolution(self, stage: int, block: int) -> str:
        return self.convolution.format(self.first_stage + stage, block)

    def row(self, depth: int, widen: int, form: str) -> Architecture:
        """The architecture of this depth, width and form."""
        name = f"{self.prefix}_{depth}_{widen}"
        blocks = (depth - 4) // 6
        return Architecture(
            f"{name}_{form}" if form else name,
            lambda layers: self.build(layers, depth, widen, form),
            self._convolution(2, blocks - 1),
            self.unused,
            name if form else "",
            self.marks,
            (self._convolution(2, blocks),),
        )


@cache
def _row(family: WideFamily, depth: int, widen: int, form: str) -> Architecture:
    """One object for each architecture, so that what is computed of it is kept with it."""
    return family.row(depth, widen, form)

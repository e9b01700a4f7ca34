"""Gives our noise to attacks of other libraries, which draw from torch's global generator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import Tensor

from thinice_tui.attacks.noise import Draw, Noise, normal, uniform

CPU = torch.device("cpu")
Own = Callable[[Draw, tuple[int, ...]], Tensor]
"""From a way of drawing and the shape [n,…] that is asked for to the samples' own numbers."""


def noise_for(images: Tensor) -> Noise:
    """Noise for images [n,C,H,W] of any stage, with seed 0."""
    return Noise(0, "a stage", np.arange(len(images)))


@contextmanager
def injected(own: Own, shared: Tensor) -> Iterator[None]:
    """While active, torch.rand, randn and randn_like give the samples' own numbers where a shape has four dimensions.

    Other shapes are served from `shared`, one number after the other.
    """
    queue = iter(shared.flatten().tolist())

    def served(draw: Draw, *shape: object) -> Tensor:
        sizes = torch.Size(shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape)  # type: ignore[arg-type]
        if len(sizes) == 4:
            return own(draw, tuple(sizes))
        return torch.tensor([next(queue) for _ in range(sizes.numel())]).view(sizes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "rand", lambda *shape, **_: served(uniform, *shape))
        patch.setattr(torch, "randn", lambda *shape, **_: served(normal, *shape))
        patch.setattr(torch, "randn_like", lambda like: served(normal, *like.shape))
        yield


def runs_of(noise: Noise, first: int = 0) -> Own:
    """The noise of one restart after the other, from the restart `first` on: one for each time it is asked for."""
    asked = first - 1

    def own(draw: Draw, shape: tuple[int, ...]) -> Tensor:
        nonlocal asked
        asked += 1
        return noise.each(draw, shape[1:], asked, CPU)

    return own


def alone(
    attack: Callable[[Tensor, Tensor], Tensor],
    batch: tuple[Tensor, Tensor],
    own: Callable[[int], Own],
    shared: Tensor | None = None,
) -> Tensor:
    """What the attack makes of each image of the batch alone; own: the numbers of the sample of that row."""
    images, labels = batch
    found = []
    for row in range(len(images)):
        numbers = injected(own(row), torch.empty(0) if shared is None else shared)
        with numbers, torch.random.fork_rng(), torch.no_grad():
            found.append(attack(images[row : row + 1], labels[row : row + 1]))
    return torch.cat(found)

"""The attacks' random numbers, which depend on nothing but the seed, the stage, the restart and the sample.

Counter-based (Philox, Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): each sample has a stream of
its own, found by its index in the original data. So a sample's attack is the same alone, in any batch, in any order and
on any worker, and the process's global generators are neither read nor changed.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Draw = Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.float32]]
"""From a generator and a shape to float32 numbers of that shape."""
_SHARED = 2**64 - 1
"""The counter of the numbers that all samples share: no sample has this index."""


@dataclass(frozen=True)
class Noise:
    """The random numbers of one stage for the samples of a batch.

    seed: the run's; stage: the stage's name, the same for every model; indices: int64 [n], the samples' indices in the
    original data.
    """

    seed: int
    stage: str
    indices: NDArray[np.int64]

    def of(self, rows: Tensor) -> "Noise":
        """The numbers of the samples at `rows` [m] of the batch."""
        return replace(self, indices=self.indices[rows.cpu().numpy()])

    def each(self, draw: Draw, shape: Sequence[int], restarts: int | Sequence[int], device: torch.device) -> Tensor:
        """Numbers of each sample's own, [n,*shape]; restarts: the number of the restart, of all samples or of each."""
        numbers = [restarts] * len(self.indices) if isinstance(restarts, int) else restarts
        drawn = np.empty((len(self.indices), *shape), dtype=np.float32)
        for row, (index, restart) in enumerate(zip(self.indices.tolist(), numbers, strict=True)):
            drawn[row] = draw(self._generator(restart, index), tuple(shape))
        return torch.from_numpy(drawn).to(device)

    def shared(self, shape: Sequence[int], restart: int) -> Tensor:
        """Numbers that all samples share: uniform in [0,1), float32, on the CPU."""
        return torch.from_numpy(uniform(self._generator(restart, _SHARED), tuple(shape)))

    def _generator(self, restart: int, index: int) -> np.random.Generator:
        name = f"{self.seed}|{self.stage}|{restart}".encode()
        key = np.frombuffer(hashlib.sha256(name).digest()[:16], dtype=np.uint64)
        # The last word of the counter; a stream of 2^192 blocks begins there.
        return np.random.Generator(np.random.Philox(key=key, counter=np.array([0, 0, 0, index], dtype=np.uint64)))


def uniform(generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Uniform in [0,1)."""
    return generator.random(shape, dtype=np.float32)


def in_cube(generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Uniform in [−1,1)."""
    return 2 * uniform(generator, shape) - 1


def normal(generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Standard normal."""
    return generator.standard_normal(shape, dtype=np.float32)


def signs(generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """−1 or 1."""
    return np.where(uniform(generator, shape) < 0.5, np.float32(-1), np.float32(1))

"""Square Attack (Andriushchenko et al. 2020, arXiv 1912.00049), mended.

torchattacks' L2 form sums the windows' norms over channels where the authors' code keeps them per
channel (square.py:348), and fails on images that are not square or lower than 5 pixels; its Linf form
draws window positions outside images that are not square. Both are right here; on square images the
random numbers are drawn in the authors' order, so results can be compared with theirs.
"""

import math

import torch
import torchattacks
from torch import Tensor


class Square(torchattacks.Square):  # type: ignore[misc]
    """torchattacks' Square with its own L2 search and windows that stay inside the image."""

    def random_int(self, low: int = 0, high: int = 1, shape: list[int] | None = None) -> Tensor:
        """A whole number in [low, high), or `low` where the window fills the image."""
        drawn: Tensor = super().random_int(low, max(high, low), shape or [1])
        return drawn

    def attack_single_run(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Queries used and the best image found, for each of x [n,C,H,W] under labels y [n]."""
        if self.norm == "L2":
            return self._search_l2(x, y)
        result: tuple[Tensor, Tensor] = super().attack_single_run(x, y)
        return result

    @torch.no_grad()
    def _search_l2(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        height, width = x.shape[2:]
        best = (x + self.normalize_delta(self._tiles(x)) * self.eps).clamp(0, 1)
        margin, _ = self.margin_and_loss(best, y)
        queries = torch.ones(len(x), device=x.device)
        for query in range(self.n_queries):
            index = (margin > 0).nonzero().flatten()
            if not index.numel():
                break
            clean, current = x[index], best[index]
            side = max(round(math.sqrt(self.p_selection(query) * height * width)), 3)
            side = min(side + (side % 2 == 0), height, width)
            candidate = self._moved(clean, current - clean, side)
            margins, _ = self.margin_and_loss(candidate, y[index])
            better = margins < margin[index]
            best[index[better]] = candidate[better]
            margin[index[better]] = margins[better]
            queries[index] += 1
        return queries, best

    def _moved(self, clean: Tensor, delta: Tensor, side: int) -> Tensor:
        """One proposal: two windows' mass of `delta` gathered into the first, spent up to eps."""
        n, channels, height, width = clean.shape
        top, left = int(self.random_int(0, height - side)), int(self.random_int(0, width - side))
        window = (..., slice(top, top + side), slice(left, left + side))
        top, left = int(self.random_int(0, height - side)), int(self.random_int(0, width - side))
        other = (..., slice(top, top + side), slice(left, left + side))

        mask = torch.zeros_like(clean[:1, :1])
        mask[window] = 1
        mask[other] = 1
        norms_image = delta.square().sum(dim=(1, 2, 3), keepdim=True)
        norms_windows = (delta * mask).square().sum(dim=(-2, -1), keepdim=True)
        unused = (self.eps**2 - norms_image).clamp(min=0) / channels

        fresh = self.eta(side).view(1, 1, side, side) * self.random_choice([n, channels, 1, 1])
        kept = delta[window]
        fresh = fresh + kept / (1e-12 + kept.square().sum(dim=(-2, -1), keepdim=True).sqrt())
        fresh = fresh / (1e-12 + fresh.square().sum(dim=(-2, -1), keepdim=True).sqrt())
        delta = delta.clone()
        delta[other] = 0
        delta[window] = fresh * (unused + norms_windows).sqrt()
        moved: Tensor = (clean + self.normalize_delta(delta) * self.eps).clamp(0, 1)
        return moved

    def _tiles(self, x: Tensor) -> Tensor:
        """The start: a grid of tiles, each of random sign per sample and channel."""
        n, channels, height, width = x.shape
        side = max(min(height, width) // 5, 1)
        delta = torch.zeros_like(x)
        for top in range((height % side) // 2, height - side + 1, side):
            for left in range((width % side) // 2, width - side + 1, side):
                tile = self.eta(side).view(1, 1, side, side) * self.random_choice([n, channels, 1, 1])
                delta[:, :, top : top + side, left : left + side] += tile
        return delta

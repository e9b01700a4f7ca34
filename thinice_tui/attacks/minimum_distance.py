"""The distance to the decision boundary: FMN towards any class, then towards each of the nearest ones.

An adversarial image that is known is first drawn towards the clean image, as far as it stays adversarial. Each search
is for an image nearer than the nearest known one; that one gives an upper bound of the minimum-norm distance.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from thinice_tui.attacks.fmn import shrink_radius
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.norms import TINY, LpNorm, per_image
from thinice_tui.protocol.distance import LIKELY_CLASSES

OUTWARDS = (1.0, 1.005, 1.02, 1.05, 1.1)
"""Where low precision misled the search, the image is moved to these multiples of its distance."""
RANDOM_IMAGES = 10
"""How many random images are tried where the search towards any class finds nothing."""
WHOLE_LINE, LINE_HALVINGS = 0.0, 8
"""A known image is drawn back by bisection from the clean image on: most lie at eps, not at the boundary."""
LAST_PART, LAST_HALVINGS = 0.95, 5
"""The nearest image is drawn back by bisection from this share of its distance on."""

DistancesIfBroken = Callable[[Tensor, Tensor], Tensor]
"""From candidates [k,C,H,W] and their indices in the batch [k]: float64 distances [k], inf where the unmodified model
is right."""


@dataclass(frozen=True)
class Boundary:
    """images: [n,C,H,W], the nearest adversarial image, the clean one where none was found; distances: float64 [n],
    inf where none was found."""

    images: Tensor
    distances: Tensor


def nearest_boundary(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    norm: LpNorm,
    steps: int,
    n_target_classes: int,
    known: Boundary,
    distances_if_broken: DistancesIfBroken,
    noise: Noise,
) -> Boundary:
    """The nearest images found for x [n,C,H,W] in [0,1] with labels y [n], none further than the `known` ones.

    steps: of each search, one towards any class and one towards each of the `n_target_classes` nearest ones.
    """
    search = _Search(model, x, y, norm, steps, distances_if_broken)
    best = search.towards(search.drawn_back(known, WHOLE_LINE, LINE_HALVINGS), None)
    if bool(torch.isinf(best.distances).any()):
        best = search.drawn_back(search.random_images(best, noise), WHOLE_LINE, LINE_HALVINGS)
    if n_target_classes:
        for targets in search.nearest_classes(n_target_classes).unbind(dim=1):
            best = search.towards(best, targets)
    return search.drawn_back(best, LAST_PART, LAST_HALVINGS)


@dataclass(frozen=True)
class _Search:
    """What the steps of the search have in common: see nearest_boundary."""

    model: nn.Module
    x: Tensor
    y: Tensor
    norm: LpNorm
    steps: int
    distances_if_broken: DistancesIfBroken

    def towards(self, best: Boundary, targets: Tensor | None) -> Boundary:
        """The nearer of `best` and what FMN finds, moved outwards where the unmodified model is still right."""
        images, reached = shrink_radius(self.model, self.x, self.y, self.norm, self.steps, best.distances, targets)
        found = Boundary(images, torch.full_like(best.distances, torch.inf))
        for share in OUTWARDS:
            promising = torch.isinf(found.distances) & (reached * share < best.distances)
            if not (index := promising.nonzero().flatten()).numel():
                break
            found = self._tried(found, index, self._on_line(images, index, torch.full_like(reached[index], share)))
        return self._nearer(best, found)

    def random_images(self, best: Boundary, noise: Noise) -> Boundary:
        """Random images where none is known."""
        for number in range(RANDOM_IMAGES):
            if not (index := torch.isinf(best.distances).nonzero().flatten()).numel():
                break
            drawn = noise.of(index).each(self.norm.draw, self.x.shape[1:], number, self.x.device)
            anywhere = torch.full((len(index), 1, 1, 1), self.norm.diameter(self.x), device=self.x.device)
            best = self._tried(best, index, self.norm.random_start(self.x[index], anywhere, drawn))
        return best

    def drawn_back(self, found: Boundary, from_share: float, halvings: int) -> Boundary:
        """The nearest adversarial image on the line from each found image to x, by bisection.

        from_share: the share of the line, from x on, that is left out.
        """
        best, index = found, torch.isfinite(found.distances).nonzero().flatten()
        if not index.numel():
            return found
        inner = torch.full((len(index),), from_share, dtype=self.x.dtype, device=self.x.device)
        outer = torch.ones_like(inner)
        for _ in range(halvings):
            share = (inner + outer) / 2
            before = best.distances[index]
            best = self._tried(best, index, self._on_line(found.images, index, share))
            nearer = best.distances[index] < before
            inner, outer = torch.where(nearer, inner, share), torch.where(nearer, share, outer)
        return best

    def nearest_classes(self, number: int) -> Tensor:
        """The classes [n,k≤number] whose boundaries are nearest to x if logits were linear, the nearest first.

        (MALT, NeurIPS 2024.) Of the LIKELY_CLASSES of the largest logits; empty where there are but two classes, as the
        search towards any class is then towards the other.
        """
        with torch.enable_grad():
            inputs = self.x.detach().requires_grad_()
            logits: Tensor = self.model(inputs)
            ranking = logits.detach().scatter(1, self.y[:, None], -torch.inf).argsort(dim=1, descending=True)
            rivals = ranking[:, : min(LIKELY_CLASSES, logits.shape[1] - 1)] if logits.shape[1] > 2 else ranking[:, :0]
            gaps = (logits.gather(1, self.y[:, None]) - logits.gather(1, rivals)).unbind(dim=1)
            lengths = []
            for gap in gaps:
                (gradient,) = torch.autograd.grad(gap.sum(), inputs, retain_graph=True)
                lengths.append(gap.detach() / self.norm.dual_lengths(gradient.flatten(1)).clamp(min=TINY))
        if not lengths:
            return rivals
        return rivals.gather(1, torch.stack(lengths, dim=1).argsort(dim=1)[:, :number])

    def _on_line(self, images: Tensor, index: Tensor, share: Tensor) -> Tensor:
        """Images at that share [k] of the way from x to `images` [n,C,H,W], for the samples at `index` [k]."""
        clean = self.x[index]
        delta: Tensor = images[index] - clean
        return delta.mul_(per_image(share)).add_(clean).clamp_(0.0, 1.0)

    def _tried(self, best: Boundary, index: Tensor, candidates: Tensor) -> Boundary:
        """`best`, where the candidates [k,C,H,W] for the samples at `index` are not nearer, else these."""
        tried = Boundary(best.images.clone(), torch.full_like(best.distances, torch.inf))
        tried.images[index], tried.distances[index] = candidates, self.distances_if_broken(candidates, index)
        return self._nearer(best, tried)

    @staticmethod
    def _nearer(one: Boundary, other: Boundary) -> Boundary:
        nearer = other.distances < one.distances
        return Boundary(
            torch.where(per_image(nearer), other.images, one.images),
            torch.where(nearer, other.distances, one.distances),
        )

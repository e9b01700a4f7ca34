"""Norms of perturbations: lengths, projections and random starts.

A further norm is a class here and a row in protocol/threat_model.py. Attacks that search differently under each norm
(APGD, PGD, Square) hold their search by the norm.
"""

import math
from abc import ABC, abstractmethod
from typing import Protocol

import torch
from torch import Tensor

from thinice_tui.attacks.l1_ball import onto_hyperplane_in_l1, pull_in, shorten, sparse_step
from thinice_tui.attacks.noise import Draw, in_cube, normal
from thinice_tui.attacks.projection import onto_hyperplane
from thinice_tui.protocol.threat_model import Norm

TINY = 1e-12
"""Keeps a division by a length of zero finite."""
SLIDE_SHARE = 0.01
"""The share of the pixels that a step changes under L1: the default in cleverhans and foolbox."""


class Ball(Protocol):
    """The balls of radius eps around a batch of clean images, cut to [0,1], in which APGD moves."""

    def step(self, x_adv: Tensor, gradient: Tensor, step_size: Tensor) -> Tensor:
        """A step of length step_size [n,1,1,1] from x_adv [n,C,H,W] in a steep direction, projected.

        Under Linf and L2 no direction is steeper. Under L1 that would be one pixel alone.
        """

    def project(self, x_adv: Tensor) -> Tensor:
        """x_adv [n,C,H,W] moved into the balls; may overwrite x_adv."""


class LpNorm(ABC):
    """What attacks and verification need of a norm. Lengths are in units of [0,1] pixels."""

    rounding: float
    """How far outside eps float32 may leave an image that `project` returns, relative to eps where eps is above 1."""

    @abstractmethod
    def lengths(self, delta: Tensor) -> Tensor:
        """The lengths [n] of perturbations [n,d]."""

    @abstractmethod
    def dual_lengths(self, gradient: Tensor) -> Tensor:
        """The lengths [n] of gradients [n,d] in the dual norm: the steepest slope over perturbations of length 1."""

    @abstractmethod
    def diameter(self, x: Tensor) -> float:
        """The largest distance between two images of the shape of x [n,C,H,W] in [0,1]."""

    draw: Draw
    """Draws noise of any length: uniform in the cube [−1,1]^d or normally distributed."""

    @abstractmethod
    def random_perturbation(self, noise: Tensor, eps: float) -> Tensor:
        """A random perturbation within eps, from drawn noise [n,C,H,W]."""

    @abstractmethod
    def random_start(self, x: Tensor, eps: Tensor, noise: Tensor) -> Tensor:
        """APGD's random start: x [n,C,H,W] moved along drawn noise by a length of eps [n,1,1,1], clipped to [0,1]."""

    @abstractmethod
    def ball(self, x: Tensor, eps: Tensor) -> Ball:
        """The balls of radius eps [n,1,1,1] around x [n,C,H,W]."""

    @abstractmethod
    def shorten(self, delta: Tensor, eps: Tensor) -> Tensor:
        """Perturbations [n,C,H,W], those longer than eps [n,1,1,1] moved to the nearest of length eps."""

    @abstractmethod
    def onto_hyperplane(self, points: Tensor, weights: Tensor, missing: Tensor) -> Tensor:
        """The shortest δ [n,d] with ⟨w, δ⟩ = missing [n] and p + δ in [0,1]^d, for points and weights [n,d].

        (Croce and Hein 2020, arXiv 1907.02044, equation 4.) Where no such point exists, the δ that comes nearest.
        """

    def project(self, clean: Tensor, candidates: Tensor, eps: float) -> Tensor:
        """Candidates [n,C,H,W] moved to within eps of `clean` and clipped to [0,1]; computed in float64."""
        radius = torch.full((len(clean), 1, 1, 1), eps, dtype=torch.float64, device=clean.device)
        delta = self.shorten(candidates.double() - clean.double(), radius)
        return (clean.double() + delta).clamp(0, 1).to(clean.dtype)

    def distances(self, clean: Tensor, images: Tensor) -> Tensor:
        """The distance of each of the images [n,C,H,W] from `clean`, float64 [n]."""
        return self.lengths((images.double() - clean.double()).flatten(1))


class Linf(LpNorm):
    """The largest change of a pixel."""

    rounding = 0.0
    draw = staticmethod(in_cube)

    def lengths(self, delta: Tensor) -> Tensor:
        return delta.abs().amax(dim=1)

    def dual_lengths(self, gradient: Tensor) -> Tensor:
        return gradient.abs().sum(dim=1)

    def diameter(self, x: Tensor) -> float:  # noqa: ARG002
        return 1.0

    def random_perturbation(self, noise: Tensor, eps: float) -> Tensor:
        """Uniform in the ball."""
        return eps * noise

    def random_start(self, x: Tensor, eps: Tensor, noise: Tensor) -> Tensor:
        return (x + eps * noise / per_image(self.lengths(noise.flatten(1)))).clamp_(0.0, 1.0)

    def ball(self, x: Tensor, eps: Tensor) -> Ball:
        return _Box(x, eps)

    def shorten(self, delta: Tensor, eps: Tensor) -> Tensor:
        return torch.minimum(torch.maximum(delta, -eps), eps)

    def onto_hyperplane(self, points: Tensor, weights: Tensor, missing: Tensor) -> Tensor:
        return onto_hyperplane(points, weights, missing, reach=lambda length, _: length, gains=lambda slopes: slopes)

    def project(self, clean: Tensor, candidates: Tensor, eps: float) -> Tensor:
        """As for every norm; pixels that rounding to float32 leaves outside then move one step in."""
        images = super().project(clean, candidates, eps)
        outside = (images.double() - clean.double()).abs() > eps
        return torch.where(outside, torch.nextafter(images, clean), images)


class L2(LpNorm):
    """The Euclidean length."""

    rounding = 1e-6
    draw = staticmethod(normal)

    def lengths(self, delta: Tensor) -> Tensor:
        lengths: Tensor = delta.norm(dim=1)
        return lengths

    def dual_lengths(self, gradient: Tensor) -> Tensor:
        return self.lengths(gradient)

    def diameter(self, x: Tensor) -> float:
        diameter: float = float(x[0].numel()) ** 0.5
        return diameter

    def random_perturbation(self, noise: Tensor, eps: float) -> Tensor:
        """A random direction of length eps."""
        return eps * (noise / per_image(self.lengths(noise.flatten(1))))

    def random_start(self, x: Tensor, eps: Tensor, noise: Tensor) -> Tensor:
        return (x + eps * noise / (_euclidean(noise) + TINY)).clamp_(0.0, 1.0)

    def ball(self, x: Tensor, eps: Tensor) -> Ball:
        return _Sphere(x, eps)

    def shorten(self, delta: Tensor, eps: Tensor) -> Tensor:
        """On the line to the clean image."""
        return delta * (eps / per_image(self.lengths(delta.flatten(1))).clamp(min=TINY)).clamp(max=1.0)

    def onto_hyperplane(self, points: Tensor, weights: Tensor, missing: Tensor) -> Tensor:
        return onto_hyperplane(
            points, weights, missing, reach=lambda length, slopes: length * slopes, gains=lambda slopes: slopes.square()
        )


class L1(LpNorm):
    """The sum of the changes of all pixels."""

    rounding = 1e-9
    draw = staticmethod(normal)

    def lengths(self, delta: Tensor) -> Tensor:
        return delta.abs().sum(dim=1)

    def dual_lengths(self, gradient: Tensor) -> Tensor:
        return gradient.abs().amax(dim=1)

    def diameter(self, x: Tensor) -> float:
        return float(x[0].numel())

    def random_perturbation(self, noise: Tensor, eps: float) -> Tensor:
        """Uniform on the ball's surface: normal numbers become those of the Laplace distribution, scaled."""
        laplace: Tensor = noise.sign() * -(torch.special.log_ndtr(-noise.abs()) + math.log(2))
        return eps * (laplace / per_image(self.lengths(laplace.flatten(1))))

    def random_start(self, x: Tensor, eps: Tensor, noise: Tensor) -> Tensor:
        """The nearest point of the ball to x + noise; projected twice, as by the authors, against rounding."""
        ball = _Diamond(x, eps)
        return ball.project(ball.project(x + noise)).clamp_(0.0, 1.0)

    def ball(self, x: Tensor, eps: Tensor) -> Ball:
        return _Diamond(x, eps)

    def shorten(self, delta: Tensor, eps: Tensor) -> Tensor:
        """To the nearest in the Euclidean norm: all pixels lose as much, those that change less become clean."""
        return shorten(delta, eps)

    def onto_hyperplane(self, points: Tensor, weights: Tensor, missing: Tensor) -> Tensor:
        return onto_hyperplane_in_l1(points, weights, missing)

    def project(self, clean: Tensor, candidates: Tensor, eps: float) -> Tensor:
        """The nearest point of ball and cube, computed in float64; pixels are rounded to float32 towards the clean."""
        x, radius = clean.double(), torch.full((len(clean), 1, 1, 1), eps, dtype=torch.float64, device=clean.device)
        delta = candidates.double() - x
        delta += pull_in(x, delta, radius)
        images = (x + delta).clamp(0, 1).to(clean.dtype)
        outside = (images.double() - x).abs() > delta.abs()
        return torch.where(outside, torch.nextafter(images, clean), images)


_BY_NAME: dict[Norm, LpNorm] = {"Linf": Linf(), "L2": L2(), "L1": L1()}


def norm_of(name: Norm) -> LpNorm:
    """The norm of that name; raises KeyError for a name that has no class here."""
    return _BY_NAME[name]


def per_image(values: Tensor) -> Tensor:
    """Values or a mask [n] as [n,1,1,1], to be broadcast over images [n,C,H,W]."""
    return values.view(-1, 1, 1, 1)


class _Box:
    """The Linf ball: every pixel between two bounds."""

    def __init__(self, x: Tensor, eps: Tensor) -> None:
        self._low, self._high = (x - eps).clamp_(min=0.0), (x + eps).clamp_(max=1.0)

    def step(self, x_adv: Tensor, gradient: Tensor, step_size: Tensor) -> Tensor:
        return self.project(gradient.sign().mul_(step_size).add_(x_adv))

    def project(self, x_adv: Tensor) -> Tensor:
        """In place: torch.clamp between tensors takes five times as long on a CPU."""
        return torch.minimum(torch.maximum(x_adv, self._low, out=x_adv), self._high, out=x_adv)


class _Sphere:
    """The L2 ball, in the arithmetic of APGD's authors, so that iterates agree with theirs bit for bit."""

    def __init__(self, x: Tensor, eps: Tensor) -> None:
        self._x, self._eps = x, eps

    def step(self, x_adv: Tensor, gradient: Tensor, step_size: Tensor) -> Tensor:
        return self._shortened(x_adv + step_size * gradient / (_euclidean(gradient) + TINY), 0.0)

    def project(self, x_adv: Tensor) -> Tensor:
        return self._shortened(x_adv, TINY)

    def _shortened(self, x_adv: Tensor, slack: float) -> Tensor:
        delta = x_adv - self._x
        length = _euclidean(delta)
        return torch.clamp(self._x + delta / (length + TINY) * torch.min(self._eps, length + slack), 0.0, 1.0)


class _Diamond:
    """The L1 ball, with the steps of SLIDE (Tramèr and Boneh 2019, arXiv 1904.13000)."""

    def __init__(self, x: Tensor, eps: Tensor) -> None:
        self._x, self._eps = x, eps

    def step(self, x_adv: Tensor, gradient: Tensor, step_size: Tensor) -> Tensor:
        """Along the signs of the largest entries of the gradient, but for pixels that the cube holds back."""
        held_back = ((x_adv <= 0) & (gradient < 0)) | ((x_adv >= 1) & (gradient > 0))
        share = torch.full((len(x_adv),), SLIDE_SHARE, dtype=x_adv.dtype, device=x_adv.device)
        step = sparse_step(gradient.masked_fill(held_back, 0.0), share, step_size)
        return self.project(x_adv + step).clamp_(0.0, 1.0)

    def project(self, x_adv: Tensor) -> Tensor:
        return x_adv + pull_in(self._x, x_adv - self._x, self._eps)


def _euclidean(delta: Tensor) -> Tensor:
    """L2 lengths [n,1,1,1] of [n,C,H,W] as APGD's authors sum them, which rounds otherwise than torch.norm."""
    return (delta**2).sum(dim=(1, 2, 3), keepdim=True).sqrt()

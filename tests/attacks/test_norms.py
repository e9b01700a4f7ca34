"""Norms: closed forms, and what must hold for every perturbation."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.norms import norm_of, per_image
from thinice_tui.protocol.threat_model import NORM_ROWS, NORMS, Norm

PIXELS = arrays(np.float32, (2, 1, 3, 3), elements=st.floats(0, 1, width=32))
ANYTHING = arrays(np.float32, (2, 1, 3, 3), elements=st.floats(-2, 3, width=32))
VECTORS = arrays(np.float64, (4, 6), elements=st.floats(-10, 10))
LENGTHS = {"Linf": 4.0, "L2": 5.0, "L1": 7.0}
"""Of (3, −4)."""
DUAL_LENGTHS = {"Linf": 7.0, "L2": 5.0, "L1": 4.0}
DIAMETERS = {"Linf": 1.0, "L2": 48**0.5, "L1": 48.0}
SHORTENED = {"Linf": [2.0, -2.0], "L2": [1.2, -1.6], "L1": [0.5, -1.5]}
"""To a length of 2."""


def columns(*values: float) -> Tensor:
    return torch.tensor([list(values)], dtype=torch.float64)


def radius(eps: float, n: int = 1) -> Tensor:
    return torch.full((n, 1, 1, 1), eps)


@pytest.mark.parametrize("norm", NORMS)
def test_lengths_are_those_by_hand(norm: Norm) -> None:
    lp, vector = norm_of(norm), columns(3, -4)
    assert lp.lengths(vector).tolist() == [LENGTHS[norm]]
    assert lp.dual_lengths(vector).tolist() == [DUAL_LENGTHS[norm]]
    assert lp.shorten(vector.view(1, 1, 1, 2), radius(2.0).double()).flatten().tolist() == pytest.approx(
        SHORTENED[norm]
    )
    assert lp.diameter(torch.zeros(5, 3, 4, 4)) == pytest.approx(DIAMETERS[norm])
    black, white = torch.zeros(1, 3, 4, 4), torch.ones(1, 3, 4, 4)
    assert lp.distances(black, white).tolist() == pytest.approx([lp.diameter(black)])


def test_every_norm_has_a_class_and_no_other_name_means_one() -> None:
    assert {type(norm_of(norm)).__name__ for norm in NORMS} == set(NORM_ROWS)
    with pytest.raises(KeyError):
        norm_of("L3")  # type: ignore[arg-type]


@given(gradient=VECTORS, delta=VECTORS, norm=st.sampled_from(NORMS))
def test_no_perturbation_of_a_length_gains_more_than_the_dual_norm_says(
    gradient: np.ndarray, delta: np.ndarray, norm: Norm
) -> None:
    """Hölder's inequality."""
    lp, g, d = norm_of(norm), torch.from_numpy(gradient), torch.from_numpy(delta)
    assert ((g * d).sum(dim=1).abs() <= lp.dual_lengths(g) * lp.lengths(d) * (1 + 1e-9) + 1e-9).all()


@given(clean=PIXELS, candidate=ANYTHING, eps=st.floats(1e-4, 2), norm=st.sampled_from(NORMS))
def test_projection_ends_inside_the_ball_and_the_box(
    clean: np.ndarray, candidate: np.ndarray, eps: float, norm: Norm
) -> None:
    x, lp = torch.from_numpy(clean), norm_of(norm)
    images = lp.project(x, torch.from_numpy(candidate), eps)
    assert images.dtype == torch.float32
    assert ((images >= 0) & (images <= 1)).all()
    assert (lp.distances(x, images) <= eps + lp.rounding).all()


@given(clean=PIXELS, shift=st.floats(-1, 1), norm=st.sampled_from(NORMS))
def test_what_is_inside_stays_where_it_is(clean: np.ndarray, shift: float, norm: Norm) -> None:
    x = torch.from_numpy(clean)
    inside = (x + shift * 0.01).clamp(0, 1)
    assert torch.allclose(norm_of(norm).project(x, inside, 0.5), inside, atol=1e-7)


@given(clean=PIXELS, candidate=ANYTHING, eps=st.floats(1e-3, 2), norm=st.sampled_from(NORMS))
def test_apgds_ball_agrees_with_the_exact_projection(
    clean: np.ndarray, candidate: np.ndarray, eps: float, norm: Norm
) -> None:
    x, z, lp = torch.from_numpy(clean), torch.from_numpy(candidate), norm_of(norm)
    exact = lp.project(x, z, eps)
    assert torch.allclose(lp.ball(x, radius(eps, 2)).project(z.clone()), exact, atol=1e-5)


@pytest.mark.parametrize("norm", NORMS)
def test_a_step_has_the_length_asked_for_and_the_steepest_slope(norm: Norm) -> None:
    torch.manual_seed(0)
    lp, x = norm_of(norm), torch.full((3, 2, 4, 4), 0.5)
    gradient = torch.randn_like(x)
    delta = lp.ball(x, radius(0.4, 3)).step(x, gradient, radius(0.1, 3)) - x
    assert torch.allclose(lp.lengths(delta.flatten(1)), torch.full((3,), 0.1), atol=1e-6)
    gained = (gradient * delta).flatten(1).sum(dim=1)  # under L1 one pixel of 32, the least that a step can change
    assert torch.allclose(gained, 0.1 * lp.dual_lengths(gradient.flatten(1)), rtol=1e-5)


@pytest.mark.parametrize("norm", NORMS)
def test_random_starts_are_at_the_distance_asked_for(norm: Norm) -> None:
    lp, x, eps = norm_of(norm), torch.full((5, 3, 4, 4), 0.5), torch.linspace(0.01, 0.2, 5)
    noise = Noise(0, "a stage", np.arange(5)).each(lp.draw, (3, 4, 4), 0, x.device)
    start = lp.random_start(x, per_image(eps), noise)
    assert torch.allclose(lp.distances(x, start), eps.double(), atol=1e-5)
    assert len(torch.unique((start - x).sign().flatten(1), dim=0)) == 5, "each in a direction of its own"
    assert (lp.lengths(lp.random_perturbation(noise, 0.3).flatten(1)) <= 0.3 + 1e-6).all()


@pytest.mark.parametrize("norm", NORMS)
def test_the_nearest_point_of_a_hyperplane_is_as_far_as_the_dual_norm_says(norm: Norm) -> None:
    """Where the cube is not in the way: |missing| over the dual length of the weights."""
    torch.manual_seed(0)
    lp, weights = norm_of(norm), torch.randn(6, 50)
    missing = torch.linspace(-0.5, 0.5, 6)
    delta = lp.onto_hyperplane(torch.full((6, 50), 0.5), weights, missing)
    assert torch.allclose((weights * delta).sum(dim=1), missing, atol=1e-5)
    assert torch.allclose(lp.lengths(delta), missing.abs() / lp.dual_lengths(weights), atol=1e-6)

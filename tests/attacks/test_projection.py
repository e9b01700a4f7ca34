"""The projection onto a hyperplane within the cube against the code of FAB's authors."""

import pytest
import torch
from pyautoattack import fab_projections
from torchattacks.attacks import fab as their_fab

from tests.pretend_gpu import AVAILABLE, PRETEND, counted
from thinice_tui.attacks.norms import norm_of
from thinice_tui.protocol.threat_model import NORMS, Norm


@pytest.mark.parametrize("norm", NORMS)
def test_projections_are_the_authors(norm: Norm) -> None:
    """On hyperplanes from near to so far that no point of the cube is on them."""
    generator = torch.Generator().manual_seed(0)
    points, weights = torch.rand(200, 300, generator=generator), torch.randn(200, 300, generator=generator)
    points[:, :20], points[:, 20:40], weights[:, 40:60] = 0.0, 1.0, 0.0
    missing = torch.randn(200, generator=generator) * torch.logspace(-2, 3, 200)
    of_torchattacks = {"Linf": their_fab.projection_linf, "L2": their_fab.projection_l2}
    theirs = of_torchattacks.get(norm, fab_projections.projection_l1)
    expected = theirs(points, weights, (weights * points).sum(dim=1) + missing)
    found = norm_of(norm).onto_hyperplane(points, weights, missing)
    missed = ((weights * found).sum(dim=1) - missing).abs() > 1e-3
    assert missed.any() and not missed.all()
    assert torch.allclose(found, expected, atol=2e-4)
    assert ((points + found >= -1e-6) & (points + found <= 1 + 1e-6)).all()


@pytest.mark.skipif(not AVAILABLE, reason="this torch lets no Python code be a backend")
@pytest.mark.parametrize("norm", ["Linf", "L2"])
def test_many_newton_steps_make_the_cpu_wait_for_a_gpu_seven_times_at_most(norm: Norm) -> None:
    """A step of FAB projects twice. Slopes over six orders of magnitude take most steps; rows end at different ones."""
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(64, 300, generator=generator)
    weights = torch.randn(64, 300, generator=generator) * 10 ** (-6 * torch.rand(64, 300, generator=generator))
    missing = weights.abs().sum(dim=1) * torch.rand(64, generator=generator) * 0.5
    expected = norm_of(norm).onto_hyperplane(points, weights, missing)
    with counted() as costs:
        found = norm_of(norm).onto_hyperplane(*(part.to(PRETEND) for part in (points, weights, missing)))
    assert 1 <= costs.syncs.total() <= 7, costs.syncs
    assert torch.allclose(found.cpu(), expected, atol=1e-5)

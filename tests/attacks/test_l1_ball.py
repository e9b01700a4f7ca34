"""The L1 ball within the cube: against solvers of scipy, the authors' code and closed forms."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from pyautoattack.autopgd_base import L1_projection
from scipy import optimize

from tests.attacks.injected_noise import CPU
from tests.attacks.stages import STRONG
from tests.pretend_gpu import AVAILABLE, PRETEND, counted
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.l1_ball import onto_hyperplane_in_l1, pull_in, shorten, sparse_step
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.norms import norm_of
from thinice_tui.attacks.registry import attack_batch
from thinice_tui.engine.worker.verify import verify
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.ensembles import under_norm


def images(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64).view(1, 1, 1, -1)


def radius(eps: float, n: int = 1) -> torch.Tensor:
    return torch.full((n, 1, 1, 1), eps, dtype=torch.float64)


@pytest.mark.parametrize(
    ("x", "delta", "eps", "expected"),
    [
        ([0.5, 0.5], [0.2, -0.1], 0.5, [0.2, -0.1]),  # inside
        ([0.5, 0.5], [0.4, -0.2], 0.2, [0.2, 0.0]),  # each lowered by 0.2
        ([0.5, 0.5], [0.4, -0.3], 0.5, [0.3, -0.2]),
        ([0.9, 0.5], [0.6, 0.3], 5.0, [0.1, 0.3]),  # the cube alone
        ([0.9, 0.5], [0.6, 0.3], 0.3, [0.1, 0.2]),  # the first is lowered by more already
        ([0.0, 1.0], [-3.0, 2.0], 1.0, [0.0, 0.0]),
        ([0.3], [0.4], 0.1, [0.1]),
    ],
)
def test_projections_by_hand(x: list[float], delta: list[float], eps: float, expected: list[float]) -> None:
    found = images(*delta) + pull_in(images(*x), images(*delta), radius(eps))
    assert found.flatten().tolist() == pytest.approx(expected, abs=1e-12)


def test_the_projection_is_the_nearest_point_by_a_general_solver() -> None:
    """Quadratic programming over δ = p − n with p, n ≥ 0: nothing is shared with the formula."""
    random = np.random.default_rng(0)
    for eps in (0.05, 0.3, 1.0, 2.0):
        for _ in range(6):
            x = np.clip(random.uniform(-0.3, 1.3, 5), 0, 1)
            wanted = random.normal(0, 0.8, 5)
            bounds = [(0, 1 - v) for v in x] + [(0, v) for v in x]
            solved = optimize.minimize(
                lambda parts, wanted=wanted: ((parts[:5] - parts[5:] - wanted) ** 2).sum() + 1e-9 * parts.sum(),
                np.zeros(10),
                bounds=bounds,
                constraints={"type": "ineq", "fun": lambda parts, eps=eps: eps - parts.sum()},
                method="SLSQP",
                options={"ftol": 1e-14, "maxiter": 500},
            )
            delta = images(*wanted)
            found = (delta + pull_in(images(*x), delta, radius(eps))).flatten().numpy()
            assert found == pytest.approx(solved.x[:5] - solved.x[5:], abs=2e-4)


@pytest.mark.parametrize("scale", [3.0, 0.3, 0.01])
@pytest.mark.parametrize("kept", [1.0, 0.03])
def test_the_projection_is_the_authors_bit_for_bit(scale: float, kept: float) -> None:
    random = torch.Generator().manual_seed(0)
    x = torch.rand(40, 3, 16, 16, generator=random).mul(1.4).sub(0.2).clamp(0, 1)
    delta = torch.randn(x.shape, generator=random) * scale * (torch.rand(x.shape, generator=random) <= kept)
    for eps in (12.0, 1.0, 0.05):
        assert torch.equal(pull_in(x, delta, radius(eps, 40).float()), L1_projection(x, delta, eps))


@pytest.mark.skipif(not AVAILABLE, reason="this torch lets no Python code be a backend")
@pytest.mark.parametrize("kept", [1.0, 0.03])
def test_projections_and_steps_on_a_gpu_are_the_same_without_waiting(kept: float) -> None:
    """Some perturbations are inside, and need no change."""
    random = torch.Generator().manual_seed(0)
    x = torch.rand(40, 3, 8, 8, generator=random)
    delta = torch.randn(x.shape, generator=random) * (torch.rand(x.shape, generator=random) <= kept)
    delta *= torch.logspace(-3, 0, 40).view(-1, 1, 1, 1)
    share, eps = torch.rand(40, generator=random), radius(1.0, 40).float()
    assert not pull_in(x, delta * 1e-3, eps)[0].any() and pull_in(x, delta, eps)[-1].any()
    with counted() as costs:
        pulled = pull_in(x.to(PRETEND), delta.to(PRETEND), eps.to(PRETEND))
        step = sparse_step(delta.to(PRETEND), share.to(PRETEND), eps.to(PRETEND))
    assert not costs.syncs
    assert torch.equal(pulled.cpu(), pull_in(x, delta, eps)) and torch.equal(step.cpu(), sparse_step(delta, share, eps))


def test_what_verification_projects_is_never_outside_and_where_it_was_if_inside() -> None:
    """A whole photograph's 150,528 values of float32, within 1e-9 of eps in float64."""
    random = torch.Generator().manual_seed(0)
    x = torch.rand(2, 3, 224, 224, generator=random)
    lp, far = norm_of("L1"), x + torch.randn(x.shape, generator=random) * 0.02
    for eps in (0.1, 12.0, 255.0):
        found = lp.project(x, far, eps)
        assert (lp.distances(x, found) <= eps + lp.rounding).all()
        assert (lp.distances(x, found) >= eps * (1 - 1e-3)).all() and ((found >= 0) & (found <= 1)).all()
        assert torch.equal(lp.project(x, found, eps + 1e-6), found)


def test_shortening_forgets_the_cube() -> None:
    assert shorten(images(3.0, -4.0, 0.5), radius(3.0)).flatten().tolist() == pytest.approx([1.0, -2.0, 0.0])


def test_a_sparse_step_keeps_each_images_own_share() -> None:
    gradient = torch.arange(1.0, 11.0).repeat(3, 1).view(3, 1, 2, 5) * torch.tensor([1.0, -1.0, 0.0]).view(3, 1, 1, 1)
    step = sparse_step(gradient, torch.tensor([0.25, 0.0, 0.5]), torch.full((3, 1, 1, 1), 0.6)).flatten(1)
    assert step[0].tolist() == pytest.approx([0.0] * 7 + [0.2] * 3)
    assert step[1].tolist() == pytest.approx([0.0] * 9 + [-0.6])
    assert not step[2].any(), "no gradient, no step"


def box_aware_distance(x: np.ndarray, slopes: np.ndarray, gap: float) -> float:
    """The least ‖δ‖₁ with ⟨w, δ⟩ = −gap and x + δ in [0,1]^d, by linear programming; inf where there is none."""
    bounds = [*zip(np.zeros_like(x), 1 - x, strict=True), *zip(np.zeros_like(x), x, strict=True)]
    solved = optimize.linprog(np.ones(2 * len(x)), A_eq=[[*slopes, *-slopes]], b_eq=[-gap], bounds=bounds)
    return float(solved.fun) if solved.success else np.inf


def test_the_way_to_a_hyperplane_is_the_shortest_by_linear_programming() -> None:
    random = np.random.default_rng(0)
    points, weights = random.uniform(-0.5, 1.5, (8, 300)).clip(0, 1), random.normal(size=(8, 300))
    missing = np.concatenate([random.normal(size=4), random.normal(size=4) * 60])  # so far that 256 pixels do not do
    found = onto_hyperplane_in_l1(*(torch.from_numpy(part) for part in (points, weights, missing))).numpy()
    assert (points + found).min() >= -1e-9 and (points + found).max() <= 1 + 1e-9
    for point, weight, gap, delta in zip(points, weights, missing, found, strict=True):
        expected = box_aware_distance(point, weight, -gap)
        if np.isfinite(expected):
            assert weight @ delta == pytest.approx(gap) and np.abs(delta).sum() == pytest.approx(expected)


@pytest.mark.parametrize(("classes", "n"), [(2, 1), (3, 2), (10, 12), (1000, 33)])
def test_strong_stages_break_what_is_within_eps_at_the_edge_of_the_cube(classes: int, n: int) -> None:
    """Half of the pixels are black or white, so that the steepest ones often cannot move: distances differ by a third
    and more from those without the cube."""
    random = np.random.default_rng(classes)
    weight = random.normal(size=(classes, 48)).astype(np.float32)
    x = random.uniform(-0.5, 1.5, (n, 48)).clip(0, 1).astype(np.float32)
    logits = x.astype(np.float64) @ weight.T
    labels = logits.argmax(axis=1)
    exact = np.empty(n)
    for row, label in enumerate(labels):
        gaps, slopes = logits[row, label] - logits[row], weight[label].astype(np.float64) - weight
        nearest = np.argsort(gaps / (np.abs(slopes).max(axis=1) + 1e-9) + 1e9 * (np.arange(classes) == label))[:20]
        exact[row] = min(box_aware_distance(x[row].astype(np.float64), slopes[j], gaps[j]) for j in nearest)
    layer = torch.nn.Linear(48, classes, bias=False)
    layer.weight = torch.nn.Parameter(torch.from_numpy(weight))
    model = Classifier(torch.nn.Sequential(torch.nn.Flatten(), layer))
    clean, y = torch.from_numpy(x).view(n, 3, 4, 4), torch.from_numpy(labels)
    eps = float(np.median(exact)) * 1.0001
    for stage in STRONG:
        if classes < stage.attack.classes or (classes > 10 and stage.kind in ("fab", "apgd-dlr")):
            continue
        stage = under_norm(replace(stage, steps=100, targets=min(stage.targets, classes - 1)), "L1")
        found = attack_batch(stage, CountingModel(model, CPU), clean, y, "L1", eps, Noise(0, stage.name, np.arange(n)))
        broken = verify(model, clean, y, found, "L1", eps).broken.numpy()
        assert not broken[exact > eps * (1 + 1e-6)].any(), stage
        assert broken[exact < 0.9 * eps].mean() >= 0.9 if (exact < 0.9 * eps).any() else True, stage

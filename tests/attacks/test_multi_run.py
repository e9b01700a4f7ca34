"""Several runs of an attack in one batch find what they find one after the other."""

import pytest
import torch
from torch import Tensor, nn

from tests.attacks.stages import broken, noise_of
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.losses import logit_margins
from thinice_tui.attacks.multi_run import Run, decisive_run, lowest_margins, run_numbers, runs_per_batch, target_classes
from thinice_tui.attacks.norms import norm_of
from thinice_tui.attacks.registry import attack_batch
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.ensembles import Stage, under_norm
from thinice_tui.protocol.threat_model import NORMS, Norm


def test_a_batch_is_filled_and_never_overfull() -> None:
    assert [runs_per_batch(9, standing, 100) for standing in (100, 51, 50, 33, 10, 1)] == [1, 1, 2, 3, 9, 9]
    assert runs_per_batch(2, 10, 100) == 2
    assert runs_per_batch(9, 120, 100) == 1, "a batch that is too large already is not split here"


def test_a_sample_ends_with_the_first_run_that_is_low_enough_else_with_the_lowest() -> None:
    inf = torch.inf  # a run without finite logits
    values = torch.tensor([0.5, 2.0, inf, inf, -0.1, 3.0, -1.0, inf, -9.0, 1.0, inf, inf])  # 3 runs on 4 samples
    images = torch.arange(12.0).view(12, 1, 1, 1)
    best, found = decisive_run(values, images, 3, enough=0.0)
    assert torch.allclose(best, torch.tensor([-0.1, 1.0, -1.0, torch.inf]))
    assert found.flatten()[:3].tolist() == [4.0, 9.0, 6.0]
    assert decisive_run(values, images, 3, enough=0.5)[1].flatten()[0] == 0.0


def test_runs_are_numbered_one_after_the_other() -> None:
    assert run_numbers(2, 3, 2) == [2, 2, 3, 3, 4, 4]


def test_targets_are_the_likeliest_wrong_classes_one_run_after_the_other() -> None:
    ranking = torch.tensor([[3, 2, 1, 0], [0, 1, 2, 3]])  # the label is the most likely class
    targets = target_classes(ranking, torch.tensor([0, 1, 0, 1]), first_run=0, runs=2, n_targets=3)
    assert targets.tolist() == [1, 2, 2, 1]
    assert target_classes(ranking, torch.tensor([0, 1]), 2, 1, n_targets=3).tolist() == [3, 0]


def test_a_restart_begins_again_with_the_likeliest_target() -> None:
    ranking = torch.tensor([[3, 2, 1, 0]])
    rows = torch.zeros(5, dtype=torch.long)
    assert target_classes(ranking, rows, first_run=0, runs=5, n_targets=2).tolist() == [1, 2, 1, 2, 1]
    assert target_classes(ranking, rows[:2], first_run=5, runs=2, n_targets=2).tolist() == [2, 1]


class _Constant(nn.Module):
    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = logits

    def forward(self, _: Tensor) -> Tensor:
        return self.logits


def test_a_restart_of_a_targeted_attack_has_all_targets_again_and_new_starts() -> None:
    x, y, seen = torch.full((1, 3, 4, 4), 0.5), torch.tensor([0]), list[tuple[int, Tensor]]()

    def search(run: Run) -> tuple[Tensor, Tensor]:
        assert run.targets is not None
        seen.extend(zip(run.targets.tolist(), run.noise, strict=True))
        return run.x, torch.ones(len(run.x))

    logits = torch.tensor([[4.0, 3.0, 2.0, 1.0]])
    noise = noise_of(Stage("T", "apgd-t", 1), 1)
    for batch_capacity in (1, 4):
        seen.clear()
        lowest_margins(_Constant(logits), x, y, norm_of("Linf"), 0.1, 4, 2, noise, batch_capacity, search)
        assert [target for target, _ in seen] == [1, 2, 1, 2]
        assert len({tuple(start.flatten().tolist()) for _, start in seen}) == 4


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(
    "stage",
    [
        Stage("APGD-T", "apgd-t", 20, targets=7),
        Stage("APGD-T, twice", "apgd-t", 10, restarts=2, targets=4),
        Stage("APGD-CE", "apgd-ce", 20, restarts=5),
        Stage("PMA", "pma", 20, restarts=4),
        Stage("Margin-T", "margin-t", 20, targets=7),
        Stage("FAB-T", "fab-t", 20, targets=7),
        Stage("FAB", "fab", 10, restarts=4),
    ],
    ids=lambda stage: stage.name,
)
def test_several_targets_or_restarts_at_once_find_what_they_find_one_by_one(
    stage: Stage, norm: Norm, model: Classifier, batch: tuple[Tensor, Tensor]
) -> None:
    """16 images, so 2 or 3 runs at once, and 1 is left."""
    images, labels = batch
    eps = {"Linf": 0.5 / 255, "L2": 0.02, "L1": 0.3}[norm]
    stage = under_norm(stage, norm)
    models, found, noise = [], [], noise_of(stage, len(images))
    for batch_capacity in (1, 48):
        models.append(CountingModel(model, torch.device("cpu")))
        found.append(attack_batch(stage, models[-1], images, labels, norm, eps, noise, batch_capacity))
    assert not torch.equal(found[0], images)
    if norm == "L1":  # how many pixels a step changes follows from how many differ at all: rounding makes itself felt
        with torch.no_grad():
            margins = [logit_margins(model(images), labels) for images in found]
        assert torch.allclose(margins[0], margins[1], atol=2e-2), margins[0] - margins[1]
        assert models[0].forwards == pytest.approx(models[1].forwards, rel=0.05)
        return
    assert torch.allclose(found[0], found[1], atol=1e-5), (found[0] - found[1]).abs().flatten(1).amax(1)
    assert models[0].forwards == models[1].forwards and models[0].backwards == models[1].backwards


@pytest.mark.parametrize("stage", [Stage("T", "apgd-t", 20, targets=9), Stage("FAB-T", "fab-t", 20, targets=9)])
def test_several_targets_at_once_break_as_many_in_fewer_passes(
    stage: Stage, model: Classifier, batch: tuple[Tensor, Tensor]
) -> None:
    images, labels = batch
    sizes: list[int] = []

    def watched(batch_capacity: int) -> Tensor:
        sizes.clear()
        counting = CountingModel(model, torch.device("cpu"))
        counting.register_forward_hook(lambda _module, inputs, _logits: sizes.append(len(inputs[0])))
        found = attack_batch(
            stage, counting, images, labels, "Linf", 8 / 255, noise_of(stage, len(images)), batch_capacity
        )
        return broken(model, norm_of("Linf").project(images, found, 8 / 255), labels)

    expected, passes = watched(1), len(sizes)
    assert torch.equal(watched(40), expected) and expected.any() and not expected.all()
    assert max(sizes) <= 40 and len(sizes) < passes / 2

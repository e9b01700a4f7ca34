"""One model's check: rounding at the decision boundary, and networks that do not take the run's images."""

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.linear_models import Task, make_task, module
from tests.tampering import put_at_boundary
from thinice_tui.engine.verification.check_model import TOLERANCE, check_model
from thinice_tui.engine.verification.model_files import FoundFile
from thinice_tui.engine.verification.stored_samples import stored_samples
from thinice_tui.errors import ModelError
from thinice_tui.models.classifier import Classifier
from thinice_tui.report.verified_run import Discrepancy, VerifiedModel
from thinice_tui.runfile.reader import read_run

TASK: Task = make_task()


class Shifted(nn.Module):
    """The dense model, whose true class gets `by` more."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.inner, self.by = module(TASK.weight), by

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.inner(x)
        return logits + self.by


def check(path: Path, network: nn.Module) -> tuple[VerifiedModel, list[Discrepancy]]:
    run = read_run(path)
    found = FoundFile(0, Path("dense.pt"), "")
    return check_model(run, stored_samples(run), found, Classifier(network), torch.device("cpu"), lambda *_: None)


def test_rounding_is_no_discrepancy_and_more_is(run_file: Path) -> None:
    model, wrong = check(run_file, Shifted(1e-5))
    assert not wrong and model.images_verified == model.images > 0
    model, wrong = check(run_file, Shifted(1.0))
    assert model.clean_verified == 0 and len(wrong) == 48 + model.images
    assert "logits on the clean image differ by 1" in wrong[0].problem


def test_an_image_at_the_boundary_is_too_close_to_call(run_file: Path) -> None:
    """Misclassified by less than the tolerance when it was stored; the model at hand sees it on the other side."""
    position = put_at_boundary(run_file, module(TASK.weight), -TOLERANCE / 4)
    assert not check(run_file, module(TASK.weight))[1]
    lift = torch.zeros(5)
    lift[TASK.labels[position]] = TOLERANCE / 2

    class Lifted(Shifted):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = self.inner(x)
            return logits + lift

    model, wrong = check(run_file, Lifted(0))
    assert not wrong and (model.too_close, model.images_verified) == (1, model.images - 1)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (nn.Conv2d(1, 5, 8), r"cannot take the run's images, of shape \(3, 8, 8\)"),
        (nn.Sequential(nn.Flatten(), nn.Linear(192, 4)), r"returns an array of shape \(48, 4\)"),
    ],
    ids=["channels", "classes"],
)
def test_a_network_for_other_images_or_classes_is_an_error(run_file: Path, network: nn.Module, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        check(run_file, network)

"""FAB against torchattacks, on a real model."""

from collections.abc import Callable

import pytest
import torchattacks
from torch import Tensor
from torchattacks.attack import Attack

from tests.attacks.injected_noise import alone
from tests.attacks.stages import check_verdicts, few, own_of
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.ensembles import Stage


@pytest.mark.parametrize(
    ("stage", "theirs"),
    [
        (
            Stage("FAB-T", "fab-t", 20, targets=9),
            lambda m: torchattacks.FAB(m, steps=20, seed=7, multi_targeted=True, n_classes=10),
        ),
        (Stage("FAB", "fab", 20, 2), lambda m: torchattacks.FAB(m, steps=20, seed=7, n_restarts=2)),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_verdicts_are_torchattacks(
    stage: Stage, theirs: Callable[[Classifier], Attack], model: Classifier, batch: tuple[Tensor, Tensor]
) -> None:
    batch = few(batch)
    restarts = own_of(stage, first=1)  # the first run begins at the clean image
    check_verdicts(stage, alone(theirs(model), batch, restarts), model, batch)

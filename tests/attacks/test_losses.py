"""Losses: values computed by hand."""

import pytest
import torch

from thinice_tui.attacks.losses import logit_margins, loss_of, lowered_margins, misclassified
from thinice_tui.protocol.attacks import Loss

LOGITS = torch.tensor([[4.0, 1.0, 0.0, -2.0], [1.0, 4.0, 0.0, -2.0]])
LABELS = torch.tensor([0, 0])


def test_margins_are_negative_where_the_label_is_not_the_largest() -> None:
    assert logit_margins(LOGITS, LABELS).tolist() == [3.0, -3.0]
    assert misclassified(LOGITS, LABELS).tolist() == [False, True]


@pytest.mark.parametrize(
    ("loss", "values"),
    [
        ("margin", [-3.0, 3.0]),
        ("dlr", [-3 / 4, 3 / 4]),  # over the largest minus the third largest logit
        ("targeted", [-4 / 5, -1 / 5]),  # class 2 against the label, over 4 − (0 − 2)/2
    ],
)
def test_losses_are_those_of_the_papers_formulas(loss: Loss, values: list[float]) -> None:
    assert loss_of(loss, LOGITS, LABELS, torch.tensor([2, 2])).tolist() == pytest.approx(values)


@pytest.mark.parametrize("loss", ["ce", "dlr", "margin", "targeted"])
def test_every_loss_rises_as_the_label_falls(loss: Loss) -> None:
    lower = LOGITS.clone()
    lower[:, 0] -= 0.5
    targets = torch.tensor([1, 1])
    assert (loss_of(loss, lower, LABELS, targets) > loss_of(loss, LOGITS, LABELS, targets)).all()


def test_logits_that_are_not_finite_are_neither_low_margins_nor_mistakes() -> None:
    logits = torch.tensor([[0.0, torch.nan, 1.0], [0.0, torch.inf, 1.0], [0.0, 2.0, 1.0]])
    labels = torch.tensor([0, 0, 0])
    assert lowered_margins(logits, labels).tolist() == [torch.inf, torch.inf, -2.0]
    assert misclassified(logits, labels).tolist() == [False, False, True]

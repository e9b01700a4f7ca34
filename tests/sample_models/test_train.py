"""The recipe's parts that the thin-ice experiment shares: weights in the loss, and going on after a stop."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.places import SAMPLE_MODELS


def test_weights_of_one_are_no_weights() -> None:
    from train import weighted_loss

    logits, labels = torch.randn(6, 10, generator=torch.Generator().manual_seed(0)), torch.arange(6)
    plain = weighted_loss(logits, labels, None)
    assert weighted_loss(logits, labels, torch.ones(6)).item() == pytest.approx(plain.item())
    one = weighted_loss(logits[:1], labels[:1], None).item()
    alone = weighted_loss(logits, labels, torch.tensor([6.0, 0, 0, 0, 0, 0]))
    assert alone.item() == pytest.approx(one)


def test_a_fit_goes_on_after_an_epoch_and_refuses_other_weights(tmp_path: Path) -> None:
    from train import RECIPES, fit

    recipe = replace(RECIPES["pruned"], epochs=2, batch=16)
    images = torch.randint(0, 256, (32, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    labels, weights, start = torch.arange(32) % 10, torch.linspace(0.5, 1.5, 32), SAMPLE_MODELS / "dense.pt"

    def fitted(epochs: int, path: str, weights: torch.Tensor) -> list[torch.Tensor]:
        one = replace(recipe, epochs=epochs)
        network, seconds = fit("a", one, 1, start, images, labels, tmp_path / path, weights=weights)
        assert seconds > 0
        return list(network.state_dict().values())

    whole = fitted(2, "whole.pt", weights)
    state = torch.load(tmp_path / "whole.pt", weights_only=True)
    assert state["epoch"] == 2
    assert all(torch.equal(a, b) for a, b in zip(fitted(2, "whole.pt", weights), whole, strict=True)), "nothing again"
    with pytest.raises(SystemExit, match="another recipe, seed, start or weights"):
        fitted(2, "whole.pt", weights.flip(0))
    assert not all(torch.equal(a, b) for a, b in zip(fitted(2, "other.pt", weights.flip(0)), whole, strict=True))
    zeros = sum(int((value == 0).sum()) for value in whole if value.ndim > 1)
    assert zeros / sum(value.numel() for value in whole if value.ndim > 1) == pytest.approx(0.95, abs=1e-3)

"""Architecture and normalisation that are both open, on networks whose own predictions are the labels."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.commands.calling import call
from thinice_tui.models.architectures.known import KNOWN

IMAGES = 400


def write_task(arch: str, seed: int, said: dict[str, object]) -> None:
    """dense.pt and pruned.pt of a random network, which takes images in [−1,1], and data.npz with its own predictions.

    said: entries beside the weights.
    """
    torch.manual_seed(seed)
    network = KNOWN[arch].random(10)
    images = torch.randint(0, 256, (IMAGES, 3, 4, 4), dtype=torch.uint8).repeat_interleave(4, 2).repeat_interleave(4, 3)
    with torch.no_grad():
        inputs = (images.float() / 255 - 0.5) / 0.5
        for _ in range(20):  # batch norms learn what they see
            network.train()(inputs)
        logits = network.eval()(inputs)
        spread = logits.std(dim=0)  # and all classes are said as often
        weight, bias = network.get_parameter("fc.weight"), network.get_parameter("fc.bias")
        weight.copy_(weight / spread[:, None])
        bias.copy_((bias - logits.mean(dim=0)) / spread)
        labels = network(inputs).argmax(dim=1)
    assert labels.bincount(minlength=10).min() > 10
    np.savez("data.npz", images=images.permute(0, 2, 3, 1).numpy(), labels=labels.numpy())
    for name, share in (("dense", 0.0), ("pruned", 0.1)):
        state = {key: value.clone() for key, value in network.state_dict().items()}
        for value in state.values():
            if value.ndim > 1 and share:
                value[value.abs() < value.abs().quantile(share)] = 0
        torch.save({"state_dict": state, **said}, f"{name}.pt")


@pytest.mark.parametrize(
    ("arch", "said"),
    [
        ("wide_resnet_10_1", {}),
        ("wide_resnet_10_1_leaky", {}),
        ("wide_resnet_10_1_silu", {}),
        ("wide_resnet_10_1_leaky", {"arch": "wide_resnet_10_1"}),
    ],
    ids=["relu", "leaky", "silu", "leaky, though the file says the usual one"],
)
def test_both_are_found_together(arch: str, said: dict[str, object], tmp_path: Path) -> None:
    """Neither can be told while the other is wrong; a name in a file is often that of a look-alike."""
    write_task(arch, 2, said)
    result = call(
        *("compare", "dense.pt", "pruned.pt", "--data", "data.npz", "--attack", "pgd-1", "--samples", "5"),
        *("--report", "--format", "json", "--run", str(tmp_path / "a.thinice")),
    )
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert [model["arch"] for model in found["models"]] == [arch, arch]
    assert all(model["normalization"].startswith("half") for model in found["models"])
    assert found["run"]["architecture"]["dense"]["accuracies"][arch] == 1.0

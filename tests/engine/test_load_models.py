"""The model files of a command: looked for before any is loaded, and errors that say how one file gets its option."""

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.commands.calling import call
from tests.places import SAMPLE_MODELS
from thinice_tui.errors import CheckpointError

DENSE = str(SAMPLE_MODELS / "dense.pt")


def said(*arguments: str) -> tuple[int, str]:
    result = call(*arguments)
    return result.exit_code, " ".join(result.stderr.split())


def test_no_code_runs_where_a_file_is_missing(tmp_path: Path) -> None:
    torch.save(nn.Sequential(nn.Flatten(), nn.Linear(12, 3)), tmp_path / "whole.pt")
    code, text = said("inspect", str(tmp_path / "whole.pt"), "absent.pt", "--trust-pickle")
    assert code == 1 and "absent.pt: there is no such file" in text and "running code" not in text


def test_an_error_names_the_option_with_the_file_that_it_is_for(tmp_path: Path) -> None:
    state = torch.load(DENSE, weights_only=True)["state_dict"]
    torch.save({"one": state, "two": {name: 2 * value for name, value in state.items()}}, tmp_path / "several.pt")
    code, text = said("inspect", DENSE, str(tmp_path / "several.pt"))
    assert code == 1 and "write its name before the value: --key several=" in text
    assert said("inspect", DENSE, str(tmp_path / "several.pt"), "--key", "several=one")[0] == 0
    code, text = said("inspect", str(tmp_path / "several.pt"))
    assert code == 1 and "before the value" not in text


@pytest.mark.parametrize("value", ["dense=No", "whole=maybe", "whole=1"])
def test_a_mistyped_trust_runs_no_code(value: str, tmp_path: Path) -> None:
    torch.save(nn.Sequential(nn.Flatten(), nn.Linear(12, 3)), tmp_path / "whole.pt")
    code, text = said("inspect", DENSE, str(tmp_path / "whole.pt"), "--trust-pickle", value)
    assert code == 2 and "expected yes or no" in text and "running code" not in text


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_whole_networks_of_other_precisions_are_compared(dtype: torch.dtype, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)).eval()
    torch.save(network, tmp_path / "a.pt")
    torch.save(network.to(dtype), tmp_path / "b.pt")
    result = call("inspect", str(tmp_path / "a.pt"), str(tmp_path / "b.pt"), "--trust-pickle")
    assert result.exit_code == 0 and "cosine to the dense weights 1.00" in " ".join(result.stdout.split())


def test_complex_networks_are_refused(tmp_path: Path) -> None:
    torch.save(nn.Sequential(nn.Flatten(), nn.Linear(12, 3, dtype=torch.complex64)), tmp_path / "a.pt")
    code, text = said("inspect", str(tmp_path / "a.pt"), "--trust-pickle")
    assert code == 1 and "is complex, expected real weights" in text
    assert CheckpointError.exit_code == 1

"""What a caller gives: eps as a number or a fraction, devices, arrays of any kind."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.python.modules import TASK, dense
from thinice_tui.errors import UsageError
from thinice_tui.protocol.threat_model import Epsilon
from thinice_tui.python.arguments import device_of, eps_text, samples_of


@pytest.mark.parametrize(
    ("eps", "text"), [(8 / 255, "8/255"), (0.5, "0.5"), (0.031, "0.031"), (1 / 255, "1/255"), (3, "3"), (1 / 3, None)]
)
def test_eps_is_written_as_people_do_and_read_back_exactly(eps: float, text: str | None) -> None:
    written = eps_text(eps)
    assert written is not None and text in (None, written) and Epsilon.parse(written).value == eps


def test_the_device_is_the_modules_own() -> None:
    assert device_of(None, dense()) == device_of("cpu", dense()) == torch.device("cpu")
    assert device_of(None, nn.Flatten()) == torch.device("cpu")
    assert device_of(torch.device("cpu"), dense()) == torch.device("cpu")
    assert device_of(None, nn.Linear(2, 2, device="meta")) == torch.device("meta")
    with pytest.raises(UsageError, match="meta"):
        device_of("meta", dense())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_tensors_of_any_precision_are_taken(dtype: torch.dtype) -> None:
    images = torch.from_numpy(TASK.images).to(dtype).requires_grad_()
    samples = samples_of(images, torch.from_numpy(TASK.labels).int(), list(range(10, 58)), ["a"] * 5)
    assert samples.floats().dtype == np.float32 and samples.indices[0] == 10 and samples.labels.dtype == np.int64
    assert np.allclose(samples.floats(), TASK.images, atol=1e-2)

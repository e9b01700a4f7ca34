"""The device of a run."""

import pytest
import torch

from thinice_tui.engine.worker.device import choose_device
from thinice_tui.errors import UsageError


@pytest.mark.parametrize("name", ["meta", "gpu", "cuda:99", "", "cpu:x"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(UsageError, match="--device") as caught:
        choose_device(name)
    assert "expected one of auto, cpu" in caught.value.do


def test_the_cpu_is_always_there() -> None:
    assert choose_device("cpu") == torch.device("cpu")


def test_full_precision_is_restored_after_an_error() -> None:
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.allow_tf32
    with pytest.raises(ZeroDivisionError), full_precision():
        assert cudnn.deterministic and not cudnn.allow_tf32
        raise ZeroDivisionError
    assert (cudnn.deterministic, cudnn.allow_tf32) == before

"""Full precision under every setting of TF32 and bf16, each in a process of its own, as a user's code may leave it."""

import subprocess
import sys
from typing import Any

import pytest
import torch

from thinice_tui.engine.worker.full_precision import full_precision, tensor_float32

SETTINGS = (
    "",
    "torch.set_float32_matmul_precision('medium')",
    "torch.set_float32_matmul_precision('high')",
    "backends.cuda.matmul.allow_tf32 = True; backends.cudnn.allow_tf32 = False",
    "backends.cuda.matmul.fp32_precision = 'tf32'",
    "backends.cudnn.conv.fp32_precision = 'tf32'",
    "backends.fp32_precision = 'tf32'",
    "backends.fp32_precision = 'bf16'",
    "backends.mkldnn.matmul.fp32_precision = 'bf16'",
)
CODE = """
import torch
from torch import backends
from thinice_tui.engine.worker.full_precision import full_precision

def state():
    places = [backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn]
    places += [backends.mkldnn.matmul, backends.mkldnn.conv, backends.mkldnn.rnn]
    return [place.fp32_precision for place in places]

def flag(read):
    try:
        return read()
    except RuntimeError:
        return "cannot be read"

def flags():
    return [flag(lambda: backends.cudnn.allow_tf32), flag(lambda: backends.cuda.matmul.allow_tf32),
            flag(torch.get_float32_matmul_precision)]

SETTING
before = state(), flags()
with full_precision():
    assert state() == ["ieee"] * 6, state()
    assert flags() == [False, False, "highest"], flags()
    with full_precision():
        pass
    assert state() == ["ieee"] * 6, state()
assert state() == before[0], (state(), before)
for now, then in zip(flags(), before[1]):
    assert then in (now, "cannot be read"), (flags(), before)
print("restored")
"""
NEW = hasattr(torch.backends.cuda.matmul, "fp32_precision")


@pytest.mark.skipif(not NEW, reason="this torch has one precision for all operations")
def test_every_operation_is_ieee_inside_and_as_it_was_afterwards() -> None:
    """All settings at once: each is a process that imports torch."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CODE.replace("SETTING", setting)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for setting in SETTINGS
    ]
    said = {setting: process.communicate() for setting, process in zip(SETTINGS, processes, strict=True)}
    assert {setting: words for setting, words in said.items() if words[0] != "restored\n"} == {}


def test_full_precision_is_restored_after_an_error() -> None:
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.allow_tf32
    with pytest.raises(ZeroDivisionError), full_precision():
        assert cudnn.deterministic and not cudnn.allow_tf32
        raise ZeroDivisionError
    assert (cudnn.deterministic, cudnn.allow_tf32) == before


@pytest.mark.skipif(not NEW, reason="this torch has one precision for all operations")
def test_tf32_is_for_gpus_and_a_judge_inside_is_ieee() -> None:
    backends: Any = torch.backends
    places = backends.cuda.matmul, backends.cudnn.conv, backends.mkldnn.matmul
    with full_precision():
        with tensor_float32():
            assert [place.fp32_precision for place in places] == ["tf32", "tf32", "ieee"]
            with full_precision():
                assert [place.fp32_precision for place in places] == ["ieee"] * 3
            assert [place.fp32_precision for place in places] == ["tf32", "tf32", "ieee"]
        assert [place.fp32_precision for place in places] == ["ieee"] * 3

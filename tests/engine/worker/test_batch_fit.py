"""Batches that fit into a GPU's memory, on a pretend GPU with a limit; a CPU keeps its size."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import nn

from tests.pretend_gpu import AVAILABLE, PRETEND, Memory, limited
from thinice_tui.engine.worker import batch_fit
from thinice_tui.engine.worker.attack_model import AttackModel
from thinice_tui.engine.worker.batch_fit import fitting_batch_size
from thinice_tui.engine.worker.device import CPU
from thinice_tui.errors import ModelError
from thinice_tui.models.classifier import Classifier, Normalization

IMAGES = np.random.default_rng(0).random((5, 3, 8, 8), dtype=np.float32)
MIB = 2**20
pretend = pytest.mark.skipif(not AVAILABLE, reason="this torch lets no Python code be a backend")


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Conv2d(16, 16, 3), nn.Flatten(), nn.Linear(256, 5))


def attack_model() -> AttackModel:
    judge = Classifier(network(), Normalization("n", (0.5,), (0.5,)))
    return AttackModel(judge, judge, "fp32", (), ())


@contextmanager
def pretend_memory(limit: int) -> Iterator[Memory]:
    gc.collect()
    with limited(limit) as memory, pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_fit, "memory_of", lambda _: memory)
        patch.setattr(batch_fit, "default_batch_size", lambda _: 512)
        yield memory


def fitted(limit: int) -> int:
    form = attack_model()
    with pretend_memory(limit):
        form.module.to(PRETEND)
        return fitting_batch_size(form, IMAGES, PRETEND)


def test_a_cpu_keeps_its_batches() -> None:
    assert fitting_batch_size(attack_model(), IMAGES, CPU) == 128


@pretend
def test_more_memory_gives_larger_batches_each_a_power_of_two() -> None:
    sizes = [fitted(int(limit * MIB)) for limit in (0.25, 0.5, 1, 2, 4, 8, 16, 1000)]
    assert sizes == sorted(sizes) and len(set(sizes)) > 4 and sizes[-1] == 512
    assert all(size == 2 ** (size.bit_length() - 1) for size in sizes)


@pretend
@pytest.mark.parametrize("limit", [0.5, 3, 10])
def test_a_batch_of_that_size_fits_and_one_eight_times_as_large_does_not(limit: float) -> None:
    size, form = fitted(int(limit * MIB)), attack_model()
    with pretend_memory(int(limit * MIB)) as memory:
        form.module.to(PRETEND)
        memory.peak(lambda: batch_fit._pass(form, torch.from_numpy(np.resize(IMAGES, (size, 3, 8, 8))).to(PRETEND)))
        gc.collect()
        with pytest.raises(torch.OutOfMemoryError):
            memory.peak(
                lambda: batch_fit._pass(form, torch.from_numpy(np.resize(IMAGES, (8 * size, 3, 8, 8))).to(PRETEND))
            )


@pretend
def test_where_not_even_the_measured_images_fit_fewer_are_measured() -> None:
    assert 1 <= fitted(250_000) < batch_fit.MEASURED


@pretend
def test_what_does_not_fit_alone_or_fails_is_an_error() -> None:
    form = attack_model()
    with pretend_memory(100_000):
        form.module.to(PRETEND)
        with pytest.raises(torch.OutOfMemoryError):
            fitting_batch_size(form, np.zeros((1, 3, 8, 8), np.float32).repeat(40, axis=2), PRETEND)

    def fail(*_: object) -> None:
        raise ModelError("wrong")

    with pretend_memory(MIB), pytest.MonkeyPatch.context() as patch, pytest.raises(ModelError, match="wrong"):
        patch.setattr(batch_fit, "_pass", fail)
        fitting_batch_size(form, IMAGES, PRETEND)


def test_a_gpus_memory_is_what_the_driver_and_the_allocator_have(monkeypatch: pytest.MonkeyPatch) -> None:
    allocated, most = [1000], [0]
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (5000, 9000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 1600)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: allocated[0])
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _: most[0])
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda _: most.__setitem__(0, allocated[0]))
    monkeypatch.setattr(torch.cuda, "synchronize", lambda _: None)
    memory = batch_fit.memory_of(torch.device("cuda:0"))
    assert memory is not None and memory.free() == 5600
    assert memory.peak(lambda: most.__setitem__(0, 1700)) == 700
    assert batch_fit.memory_of(CPU) is None

"""Whole runs on a pretend GPU: no mixed devices, the CPU's verdicts, and every form of out-of-memory."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.engine_runs import StopAfter, request, run_it
from tests.linear_models import Files
from tests.pretend_gpu import AVAILABLE, NAME, failing, limited
from thinice_tui.engine.worker import batch_fit
from thinice_tui.engine.worker.memory import OutOfMemory
from thinice_tui.protocol import ensembles
from thinice_tui.protocol.ensembles import ENSEMBLES
from thinice_tui.protocol.settings import Settings
from thinice_tui.protocol.threat_model import NORMS, Norm
from thinice_tui.runfile.records import Run

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="this torch lets no Python code be a backend")
EPS: dict[Norm, str] = {"Linf": "4/255", "L2": "0.3", "L1": "3"}
STEPS = 3
ROOM = 9
"""Images that fit; the checks take eight at once."""
ENOUGH_FOR_A_FEW = 250_000
"""Bytes that suffice for a few images in a batch."""


@pytest.fixture(autouse=True)
def short_attacks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every attack of every ensemble, with few steps: a pretend GPU is slow."""
    short = {
        name: replace(one, stages=tuple(replace(stage, steps=min(stage.steps, STEPS)) for stage in one.stages))
        for name, one in ENSEMBLES.items()
    }
    monkeypatch.setattr(ensembles, "ENSEMBLES", short)
    yield


def run_on(device: str, files: Files, folder: Path, ensemble: str, norm: Norm, samples: int = 6) -> Run:
    distances = ensemble == "quick"
    settings = Settings.build(norm, EPS[norm], ensemble, batch_size="16", keep_images="all", distances=distances)
    path = folder / f"{device}-{ensemble}-{norm}.thinice"
    return run_it(request(files, path, device=device, settings=settings, samples=samples))


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("ensemble", ENSEMBLES)
def test_a_whole_run_has_the_verdicts_of_the_cpu(files: Files, tmp_path: Path, ensemble: str, norm: Norm) -> None:
    there, here = (run_on(device, files, tmp_path, ensemble, norm) for device in (f"{NAME}:0", "cpu"))
    assert there.info.device == f"{NAME}:0"
    for one, other in zip(there.models, here.models, strict=True):
        assert np.array_equal(one.broken_by, other.broken_by)
        assert np.allclose(one.worst_margin, other.worst_margin, atol=1e-4, equal_nan=True)
        assert np.allclose(one.boundary, other.boundary, atol=1e-5, equal_nan=True)


MESSAGES = {
    "CUDA": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    "asynchronous": RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"),
    "cuDNN": RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    "cuBLAS": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    "workspace": RuntimeError("GET was unable to find an engine to execute this computation"),
}


@contextmanager
def backward_failing(error: RuntimeError) -> Iterator[None]:
    """Raise `error` from every backward pass to more than ROOM images."""
    differentiate: Callable[..., tuple[Tensor, ...]] = torch.autograd.grad

    def grad(outputs: Tensor, inputs: Tensor, **options: bool) -> tuple[Tensor, ...]:
        if len(inputs) > ROOM:
            raise error
        return differentiate(outputs, inputs, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.autograd, "grad", grad)
        yield


@pytest.mark.parametrize("error", MESSAGES.values(), ids=MESSAGES)
@pytest.mark.parametrize("where", ["forward", "backward"])
def test_a_batch_that_is_too_large_is_halved_and_changes_no_verdict(
    files: Files, tmp_path: Path, where: str, error: RuntimeError
) -> None:
    """From the forward and from the backward pass, in the checks and in the attacks."""
    whole = run_on("cpu", files, tmp_path, "pgd-3", "Linf", samples=16)
    with failing("addmm", above=ROOM, error=error) if where == "forward" else backward_failing(error):
        halved = run_on(f"{NAME}:0", files, tmp_path, "pgd-3", "Linf", samples=16)
    assert any("halved, which changes no outcome" in warning for warning in halved.info.warnings)
    for one, other in zip(halved.models, whole.models, strict=True):
        assert np.array_equal(one.broken_by, other.broken_by)


@pytest.mark.parametrize("error", MESSAGES.values(), ids=MESSAGES)
@pytest.mark.parametrize("operation", ["addmm", "copy_"])
def test_a_device_without_room_for_one_image_or_the_model_is_a_clear_error(
    files: Files, tmp_path: Path, operation: str, error: RuntimeError
) -> None:
    """In a trial of normalisations this must not read as "takes no such images"."""
    with failing(operation, above=0, error=error), pytest.raises(OutOfMemory, match="out of memory") as caught:
        run_on(f"{NAME}:0", files, tmp_path, "pgd-3", "Linf", samples=16)
    assert "free memory on the device" in caught.value.do


def test_a_run_that_was_halved_says_so_to_its_observer(files: Files, tmp_path: Path) -> None:
    settings = Settings.build("Linf", "4/255", "pgd-3", batch_size="16")
    wanted = request(files, tmp_path / "run.thinice", device=f"{NAME}:0", settings=settings, samples=16)
    observer = StopAfter()
    with failing("addmm", above=ROOM, error=MESSAGES["cuBLAS"]):
        run_it(wanted, observer)
    assert any(f"too large for {NAME}:0" in warning for warning in observer.warnings)


def test_a_batch_fits_itself_to_the_memory_and_changes_no_verdict(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.build("Linf", "4/255", "quick", keep_images="all")
    wanted = request(files, tmp_path / "here.thinice", settings=settings, samples=24)
    here, observer = run_it(wanted), StopAfter()
    with limited(ENOUGH_FOR_A_FEW) as memory:
        monkeypatch.setattr(batch_fit, "memory_of", lambda device: memory if device.type == NAME else None)
        there = run_it(replace(wanted, run=tmp_path / "there.thinice", device=f"{NAME}:0"), observer)
    assert here.info.batch_size == 128
    assert there.info.batch_size in (2, 4, 8, 16) and not any("halved" in warning for warning in observer.warnings)
    for one, other in zip(there.models, here.models, strict=True):
        assert np.array_equal(one.broken_by, other.broken_by)
        assert max(samples for stage in one.stages for _, samples in stage.batches) == there.info.batch_size

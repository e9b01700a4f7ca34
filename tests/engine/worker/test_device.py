"""The device of a run."""

import pytest
import torch

from thinice_tui.engine.worker import device as worker_device
from thinice_tui.engine.worker.device import check_precision, choose_device, describe, has_bfloat16
from thinice_tui.errors import UsageError


@pytest.mark.parametrize("name", ["meta", "gpu", "cuda:99", "", "cpu:x"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(UsageError, match="--device") as caught:
        choose_device(name)
    assert "expected one of auto, cpu" in caught.value.do


def test_the_cpu_is_always_there() -> None:
    assert choose_device("cpu") == torch.device("cpu")


def test_mps_is_refused_with_its_reason() -> None:
    with pytest.raises(UsageError, match="float64"):
        choose_device("mps")


class PretendCuda:
    """What choose_device asks of torch.cuda: GPUs with free memory, some of which cannot compute."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, free: dict[int, int], broken: dict[int, str]) -> None:
        self.current: torch.device | None = None
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: len(free))
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda index: (free[index], 80))
        monkeypatch.setattr(torch.cuda, "set_device", self._set)

        def compute(device: torch.device) -> None:
            if device.index in broken:
                raise RuntimeError(broken[device.index])

        monkeypatch.setattr(worker_device, "_compute_something", compute)

    def _set(self, device: torch.device) -> None:
        self.current = device


NO_KERNEL = "CUDA error: no kernel image is available for execution on the device"
BUSY = "CUDA error: CUDA-capable device(s) is/are busy or unavailable"


def test_auto_takes_the_gpu_with_the_most_free_memory_that_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = PretendCuda(monkeypatch, {0: 10, 1: 70, 2: 80, 3: 70}, {2: BUSY})
    assert choose_device("auto") == torch.device("cuda:1") == cuda.current


def test_auto_is_the_cpu_where_no_gpu_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = PretendCuda(monkeypatch, {0: 10, 1: 70}, {0: NO_KERNEL, 1: BUSY})
    assert choose_device("auto") == torch.device("cpu") and cuda.current is None


@pytest.mark.parametrize(
    ("error", "words"), [(NO_KERNEL, "install a build of torch for it"), (BUSY, "another process holds it alone")]
)
def test_a_gpu_that_cannot_compute_is_refused_with_the_reason(
    error: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    PretendCuda(monkeypatch, {0: 10}, {0: error})
    with pytest.raises(UsageError, match=words):
        choose_device("cuda")


def test_the_cpu_leaves_cuda_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def touched(*_: object) -> None:
        raise AssertionError("CUDA was touched")

    for name in ("is_available", "device_count", "mem_get_info", "set_device", "_lazy_init"):
        monkeypatch.setattr(torch.cuda, name, touched)
    assert choose_device("cpu") == torch.device("cpu")


def test_a_gpu_that_only_emulates_bfloat16_is_not_given_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: including_emulation)
    assert not has_bfloat16(torch.device("cuda:0")) and has_bfloat16(torch.device("cpu"))


def pretend_generations(monkeypatch: pytest.MonkeyPatch, *generations: tuple[int, int], hip: str | None = None) -> None:
    """GPUs of these compute capabilities, the first with the most free memory."""
    PretendCuda(monkeypatch, {index: 80 - index for index in range(len(generations))}, {})
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"GPU {torch.device(device).index}")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: generations[torch.device(device).index])
    monkeypatch.setattr(torch.version, "hip", hip)


def test_tf32_is_refused_on_cpus_and_older_gpus_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="--precision tf32: cpu has no TF32; NVIDIA GPUs from Ampere on") as caught:
        choose_device("cpu", "tf32")
    assert "give --precision fp32 or bf16" in caught.value.do
    pretend_generations(monkeypatch, (7, 5))
    assert choose_device("cuda") == torch.device("cuda:0")
    with pytest.raises(UsageError, match=r"cuda:0 \(GPU 0, compute capability 7.5\) has no TF32"):
        choose_device("cuda", "tf32")
    pretend_generations(monkeypatch, (9, 4), hip="6.0")
    with pytest.raises(UsageError, match="is no GPU of NVIDIA"):
        check_precision("tf32", torch.device("cuda:0"))


def test_auto_takes_a_gpu_that_has_the_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_generations(monkeypatch, (7, 0), (8, 0), (9, 0))
    assert choose_device("auto") == torch.device("cuda:0")
    assert choose_device("auto", "tf32") == torch.device("cuda:1")
    pretend_generations(monkeypatch, (7, 0))
    with pytest.raises(UsageError, match="cpu has no TF32"):
        choose_device("auto", "tf32")


@pytest.mark.parametrize(("threads", "said"), [(1, "cpu (1 thread)"), (2, "cpu (2 threads)")])
def test_the_cpu_is_named_with_its_threads(threads: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert describe(torch.device("cpu")) == said

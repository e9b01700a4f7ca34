"""The device that computes a run."""

import torch

from thinice_tui.errors import UsageError, reason
from thinice_tui.protocol.settings import Precision

AUTO, CPU = "auto", torch.device("cpu")
AMPERE = (8, 0)
"""The compute capability of the first NVIDIA GPUs with TF32."""


def choose_device(name: str, precision: Precision = "fp32") -> torch.device:
    """The device of that name, as torch names it, after it has computed something. Raises UsageError.

    `auto`: the CUDA GPU with the most free memory that can compute, with tf32 of those that have it, else the CPU.
    `cpu` leaves CUDA uninitialised. precision: of the gradients; the device must have it if it is tf32.
    """
    device = (_best_gpu(precision) or CPU) if name == AUTO else _named_device(name)
    check_precision(precision, device)
    return device


def check_precision(precision: Precision, device: torch.device) -> None:
    """Raise UsageError where gradients in TF32 are wanted of a device that has none."""
    if precision == "tf32" and (missing := why_no_tf32(device)):
        raise UsageError(
            f"--precision tf32: {missing}; NVIDIA GPUs from Ampere on (2020) have it",
            "give --precision fp32 or bf16, or another --device",
        )


def why_no_tf32(device: torch.device) -> str:
    """Why the device does not compute in TF32; empty: it does."""
    if device.type != "cuda":
        return f"{device} has no TF32"
    name = torch.cuda.get_device_name(device)
    if torch.version.hip is not None:
        return f"{device} ({name}) is no GPU of NVIDIA"
    found = torch.cuda.get_device_capability(device)
    return "" if found >= AMPERE else f"{device} ({name}, compute capability {found[0]}.{found[1]}) has no TF32"


def _named_device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError) as error:
        raise UsageError(f"--device {name}: is no device of torch", _expected()) from error
    if device == CPU:
        return device
    if device.type == "meta":
        raise UsageError("--device meta: computes nothing", _expected())
    if device.type == "mps":
        raise UsageError("--device mps: has no float64, in which every adversarial image is verified", _expected())
    if device.type == "cuda" and device.index is None:
        device = torch.device("cuda:0")
    try:
        _compute_something(device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise UsageError(f"--device {name}: cannot be used here: {_why(error)}", _expected()) from error
    _make_current(device)
    return device


def _best_gpu(precision: Precision) -> torch.device | None:
    """The GPU with the most free memory on which a kernel runs, with tf32 one that has it; None: there is none."""
    if not torch.cuda.is_available():
        return None
    found: list[tuple[int, int]] = []
    for index in range(torch.cuda.device_count()):
        try:
            _compute_something(torch.device("cuda", index))
            if precision == "tf32" and why_no_tf32(torch.device("cuda", index)):
                continue
            found.append((torch.cuda.mem_get_info(index)[0], -index))
        except (RuntimeError, AssertionError):  # busy, or of an architecture that this torch has no kernels for
            continue
    if not found:
        return None
    device = torch.device("cuda", -max(found)[1])
    _make_current(device)
    return device


def _compute_something(device: torch.device) -> None:
    """Run a kernel in float64, as verification does; raises what the device raises."""
    value = float((torch.ones(2, device=device, dtype=torch.float64) * 2).sum())
    if value != 4:
        raise RuntimeError(f"2 + 2 is {value} there")


def _make_current(device: torch.device) -> None:
    """Let tensors that a network creates on `cuda` lie on this GPU."""
    if device.type == "cuda":
        torch.cuda.set_device(device)


def _why(error: BaseException) -> str:
    """The reason in one line, with what it means where torch's words do not say it."""
    text = reason(error)
    if "no kernel image" in text:
        return f"this torch has no kernels for this GPU ({text}): install a build of torch for it"
    if "busy or unavailable" in text or "all CUDA-capable devices are busy" in text:
        return f"another process holds it alone ({text})"
    return text


def _expected() -> str:
    return f"expected one of {', '.join(['auto', 'cpu', *(f'cuda:{i}' for i in range(torch.cuda.device_count()))])}"


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device computes in bfloat16 itself; a GPU that only emulates it is slower with it."""
    return device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)


def describe(device: torch.device) -> str:
    """The device with its GPU's name or its number of threads, for the run file and the report."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    threads = torch.get_num_threads()
    return f"{device} ({threads} thread{'' if threads == 1 else 's'})" if device.type == "cpu" else str(device)


def default_batch_size(device: torch.device) -> int:
    """Images in a batch: enough to keep the device busy; fewer on a CPU, so that a crash loses little.

    On a GPU it is the most: batches fit themselves to its memory (batch_fit.py).
    """
    return 512 if device.type == "cuda" else 128

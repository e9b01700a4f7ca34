"""How many images a second pass forward and backward: by network, precision, layout and batch."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import torch
from torch import Tensor, nn

from tests.benchmarks.gpu.bench import OUT_OF_TIME, Bench, first_line, table
from tests.benchmarks.gpu.networks import resnet
from thinice_tui.engine.worker.attack_model import prepare_attack_model
from thinice_tui.engine.worker.device import why_no_tf32
from thinice_tui.engine.worker.full_precision import full_precision, tensor_float32
from thinice_tui.engine.worker.memory import is_out_of_memory

BATCHES = (512, 256, 128, 64, 8)
LAYOUTS = {"NCHW": torch.contiguous_format, "NHWC": torch.channels_last}
Way = tuple[str, str, torch.dtype, Callable[[], AbstractContextManager[None]]]
WAYS: tuple[Way, ...] = tuple(
    (precision, layout, dtype, inside)
    for precision, dtype, inside in (
        ("fp32", torch.float32, nullcontext),
        ("tf32", torch.float32, tensor_float32),
        ("bf16", torch.bfloat16, nullcontext),
    )
    for layout in LAYOUTS
)


def throughput(bench: Bench) -> str:
    """Images a second of a forward and a backward pass with batch norms folded; the engine's rule is marked."""
    cases = (("ResNet-18 at 32²", 18, False, 32), ("ResNet-50 at 224²", 50, True, 224))
    sizes = (2,) if bench.small else BATCHES
    rows = []
    for number, (name, depth, large, side) in enumerate(cases):
        side = 16 if bench.small else side
        judge = resnet(depth, large, bench.small).to(bench.device)
        probe = torch.rand(2, 3, side, side).to(bench.device)
        with full_precision():
            form = prepare_attack_model(judge, probe, "fp32").exact
            for at, (precision, layout, dtype, inside) in enumerate(WAYS):
                if precision == "tf32" and (missing := why_no_tf32(bench.device)):
                    rows.append((name, precision, layout, f"not run: {missing}", *[""] * (len(sizes) - 1)))
                    continue
                ways_left = len(WAYS) * (len(cases) - number) - at
                cells = []
                for size in sizes:
                    most = bench.left / ways_left / len(sizes)
                    cells.append(_rate(bench, form, precision, layout, dtype, inside, size, side, most))
                ruled = layout == ("NCHW" if precision == "fp32" and bench.device.type != "cpu" else "NHWC")
                rows.append((name, precision, f"{layout}{' (the rule)' if ruled else ''}", *cells))
    return table(("network", "precision", "layout", *(f"batch {size}" for size in sizes)), rows)


def _rate(
    bench: Bench,
    form: nn.Module,
    precision: str,
    layout: str,
    dtype: torch.dtype,
    inside: Callable[[], AbstractContextManager[None]],
    size: int,
    side: int,
    most: float,
) -> str:
    """Images a second, or why there is no figure."""
    if most <= 0:
        return OUT_OF_TIME
    try:
        form.to(memory_format=LAYOUTS[layout])  # type: ignore[call-overload]
        images = torch.rand(size, 3, side, side).to(bench.device)
        if precision == "bf16" and bench.device.type not in ("cuda", "cpu"):
            return "not measured here"
        low = torch.autocast(bench.device.type, dtype) if precision == "bf16" else nullcontext()
        with inside(), low:
            seconds = bench.seconds(partial(_pass, form, images), most)
        return f"{size / seconds:.0f}"
    except RuntimeError as error:
        return "out of memory" if is_out_of_memory(error) else first_line(error)


def _pass(form: nn.Module, images: Tensor) -> None:
    inputs = images.clone().requires_grad_()
    torch.autograd.grad(form(inputs).float().logsumexp(dim=1).sum(), inputs)

"""Rounding: convolutions and matrix products against float64, as the judge computes them and as a search may."""

import copy

import torch
from torch import Tensor, nn

from tests.benchmarks.gpu.bench import Bench, table
from thinice_tui.engine.worker.device import why_no_tf32
from thinice_tui.engine.worker.full_precision import full_precision, tensor_float32


def errors(bench: Bench) -> str:
    """The largest and the mean error, relative to the largest value of the exact result."""
    torch.manual_seed(0)
    size = 16 if bench.small else 512
    layers = {
        "convolution 3×3": (nn.Conv2d(size, size, 3, padding=1, bias=False), torch.rand(8, size, 16, 16)),
        "matrix product": (nn.Linear(size, size, bias=False), torch.rand(256, size)),
    }
    rows = []
    for name, (layer, inputs) in layers.items():
        exact = copy.deepcopy(layer).double()(inputs.double()).detach()
        low = copy.deepcopy(layer).to(torch.bfloat16).to(bench.device)
        there, images = layer.to(bench.device), inputs.to(bench.device)
        with torch.no_grad(), full_precision():
            rows.append((name, "judge, in full precision", *_errors(there(images), exact)))
            with tensor_float32():
                said = ", which the device has not" if why_no_tf32(bench.device) else ""
                rows.append((name, f"TF32{said}", *_errors(there(images), exact)))
                with full_precision():
                    rows.append((name, "judge inside a search in TF32", *_errors(there(images), exact)))
        with torch.no_grad():
            rows.append((name, "torch's default", *_errors(there(images), exact)))
            rows.append((name, "bf16", *_errors(low(images.to(torch.bfloat16)), exact)))
    return table(("operation", "computed", "largest error", "mean error"), rows)


def _errors(found: Tensor, exact: Tensor) -> tuple[float, float]:
    error = (found.cpu().double() - exact).abs() / exact.abs().max()
    return float(error.max()), float(error.mean())

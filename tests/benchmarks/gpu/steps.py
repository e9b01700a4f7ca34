"""What a step of each attack takes, how long the device is busy meanwhile, and how much of it is the model's."""

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from tests.benchmarks.gpu.bench import OUT_OF_TIME, Bench, table
from tests.benchmarks.gpu.networks import resnet
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.registry import attack_batch
from thinice_tui.engine.worker.attack_model import prepare_attack_model
from thinice_tui.engine.worker.full_precision import full_precision
from thinice_tui.protocol.ensembles import Stage

KINDS = ("pgd", "apgd-ce", "apgd-t", "margin-t", "fab-t", "square")
FEW, MORE = 10, 30
"""A step's time is the difference between attacks of so many steps, over the steps between."""


def steps(bench: Bench) -> str:
    """Milliseconds a step for ResNet-18 at 32², Linf, on samples that nothing breaks."""
    sizes = (2,) if bench.small else (512, 64, 8)
    few, more = (1, 3) if bench.small else (FEW, MORE)
    rows = list[tuple[object, ...]]()
    judge = resnet(18, large=False, small=bench.small).to(bench.device)
    with full_precision():
        for size in sizes:
            images = torch.rand(size, 3, 16 if bench.small else 32, 16 if bench.small else 32).to(bench.device)
            with torch.no_grad():
                labels = judge(images).argmax(dim=1)
            form = prepare_attack_model(judge, images[:8], "fp32")
            for kind in KINDS:
                if bench.left <= 0:
                    rows.append((kind, size, OUT_OF_TIME, "", ""))
                    continue
                network = form.module if kind != "square" else form.exact
                model = CountingModel(network, bench.device)

                attack = partial(_attack, kind, model, images, labels)
                short, long = (bench.seconds(partial(attack, count), 0) for count in (few, more))
                step = max(long - short, 0) / (more - few)
                rows.append(
                    (kind, size, 1000 * step, 1000 * _pass_seconds(bench, model, images), _busy(bench, attack, more))
                )
    return table(("attack", "batch", "ms a step", "ms forward and backward alone", "device busy"), rows)


def _attack(kind: str, model: CountingModel, images: Tensor, labels: Tensor, count: int) -> None:
    """The attack with `count` steps."""
    stage = Stage(kind, kind, count, targets=1 if kind.endswith("-t") else 0)
    noise = Noise(0, kind, np.arange(len(images)))
    attack_batch(stage, model, images, labels, "Linf", 1e-6, noise, len(images))


def _pass_seconds(bench: Bench, model: CountingModel, images: Tensor) -> float:
    """Of a forward and a backward pass of the form that is searched with."""

    def both() -> None:
        inputs = images.clone().requires_grad_()
        torch.autograd.grad(model(inputs).logsumexp(dim=1).sum(), inputs)

    return bench.seconds(both, 0.1)


def _busy(bench: Bench, attack: Callable[[int], None], count: int) -> str:
    """The share of the attack's time in which the device computed; measured on GPUs only."""
    if not bench.cuda:
        return "not measured here"
    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        began = time.perf_counter()
        attack(count)
        bench.wait()
        wall = time.perf_counter() - began
    busy = sum(event.self_device_time_total for event in profiled.key_averages()) / 1e6
    return f"{100 * busy / wall:.0f} %"

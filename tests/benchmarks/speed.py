"""Measures how long `standard` takes on the sample models, beside other implementations and the bare model.

    python -m tests.benchmarks.speed                          # 100 images, dense and 95 % pruned, 2 rounds
    python -m tests.benchmarks.speed --samples 300 --rounds 3 --threads 1

Every round measures, one after the other on the same samples and models: pyautoattack (the authors' AutoAttack,
packaged), torchattacks' components with the same arguments, and this engine with fp32 and with bf16, from loaded models
to a finished run file. "pure" is the time of the prepared model alone (for Square in fp32) for as many forward and
backward passes as the engine made, in full batches; its throughput is measured before and after each run. Prints wall
time and processor time: with other work on the machine only the latter, with one thread, is meaningful. Prints
Markdown; ratios are within one round, medians and range over the rounds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyautoattack
import torch
import torchattacks
from numpy.typing import NDArray
from torch import Tensor, nn

from tests.places import SAMPLE_MODELS
from thinice_tui.analysis.correctness import robust_correct
from thinice_tui.engine.compare import execute, prepare
from thinice_tui.engine.worker.attack_model import prepare_attack_model
from thinice_tui.engine.worker.environment import SPIN_COUNT, prepare_process
from thinice_tui.engine.worker.verify import verify
from thinice_tui.models.classifier import Classifier
from thinice_tui.models.load import load_model
from thinice_tui.protocol.progress import SilentObserver
from thinice_tui.protocol.request import Request
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.reader import read_run

MODELS = ("dense", "pruned")
EPS = 8 / 255
BATCH = 100
CONTENDERS = ("pyautoattack", "torchattacks' components", "thinice-tui fp32", "thinice-tui bf16")
PURE_SECONDS = 2.0
"""Seconds for which a throughput is measured."""


@dataclass(frozen=True)
class Measured:
    """Wall and processor seconds, the models' robust accuracies, and the pure model time (NaN: not measured)."""

    wall: float
    cpu: float
    robust: tuple[float, ...]
    pure_wall: float = float("nan")
    pure_cpu: float = float("nan")


def timed(work: Callable[[], tuple[float, ...]]) -> Measured:
    wall, cpu = time.perf_counter(), time.process_time()
    accuracies = work()
    return Measured(time.perf_counter() - wall, time.process_time() - cpu, accuracies)


def with_pyautoattack(judges: list[Classifier], images: Tensor, labels: Tensor) -> tuple[float, ...]:
    """Attack each model with pyautoattack's standard version."""
    accuracies = []
    for judge in judges:
        attack = pyautoattack.AutoAttack(judge, norm="Linf", eps=EPS, version="standard", seed=0)
        with torch.random.fork_rng():
            found = attack.run_standard_evaluation(images, labels, batch_size=BATCH)[0]
        accuracies.append(_robust(judge, images, labels, found))
    return tuple(accuracies)


def with_torchattacks(judges: list[Classifier], images: Tensor, labels: Tensor) -> tuple[float, ...]:
    """Attack with torchattacks' four components in turn, each on the samples that are still robust."""
    accuracies = []
    for judge in judges:
        common = {"norm": "Linf", "eps": EPS, "seed": 0}
        components = [
            torchattacks.APGD(judge, steps=100, loss="ce", **common),
            torchattacks.APGDT(judge, steps=100, n_classes=10, **common),
            torchattacks.FAB(judge, steps=100, multi_targeted=True, n_classes=10, **common),
            torchattacks.Square(judge, n_queries=5000, resc_schedule=False, **common),
        ]
        found = images.clone()
        with torch.no_grad(), torch.random.fork_rng():
            standing = (judge(images).argmax(1) == labels).nonzero().flatten()
            for attack in components:
                for part in torch.split(standing, BATCH):
                    found[part] = attack(images[part], labels[part])
                standing = standing[judge(found[standing]).argmax(1) == labels[standing]]
        accuracies.append(_robust(judge, images, labels, found))
    return tuple(accuracies)


def _robust(judge: Classifier, images: Tensor, labels: Tensor, found: Tensor) -> float:
    with torch.no_grad():
        correct = judge(images).argmax(1) == labels
    broken = verify(judge, images, labels, found.detach(), "Linf", EPS).broken
    return float((correct & ~broken).float().mean())


def with_thinice(precision: str, samples: int, judges: list[Classifier], images: Tensor) -> Measured:
    """Attack with this engine, and measure the throughput of bare passes before and after."""
    prepare_process()
    with tempfile.TemporaryDirectory() as folder:
        request = Request(
            dense=SAMPLE_MODELS / f"{MODELS[0]}.pt",
            pruned=tuple(SAMPLE_MODELS / f"{name}.pt" for name in MODELS[1:]),
            control=None,
            data=None,
            samples=samples,
            device="cpu",
            settings=Settings.build("Linf", None, "standard", 0, str(BATCH), "none", precision),
            run=Path(folder) / "run.thinice",
            folder=Path.cwd(),
        )
        prepared = prepare(request)
        searches = [prepare_attack_model(judge, images[:64], request.settings.precision) for judge in judges]

        def rates() -> list[dict[str, NDArray[np.float64]]]:
            """Throughputs of each model, in the form that Square searches with and in that of the other stages."""
            full = images[:BATCH]
            return [{"Square": throughput(one.exact, full), "": throughput(one.module, full)} for one in searches]

        before = rates()

        def work() -> tuple[float, ...]:
            execute(request, prepared, SilentObserver())
            run = read_run(prepared.path)
            return tuple(float(robust_correct(run, model, len(model.stages)).mean()) for model in run.models)

        measured = timed(work)
        pure = np.zeros(2)
        for model, first, last in zip(read_run(prepared.path).models, before, rates(), strict=True):
            for stage in model.stages:
                form = stage.name if stage.name in first else ""
                forward, both = (first[form] + last[form]) / 2
                pure += (stage.forwards - stage.backwards) * forward + stage.backwards * both
    return Measured(measured.wall, measured.cpu, measured.robust, *pure.tolist())


def throughput(model: nn.Module, images: Tensor) -> NDArray[np.float64]:
    """Seconds per image, [2,2]: forward, forward and backward; wall time, processor time."""

    def forward() -> None:
        with torch.no_grad():
            model(images)

    def both() -> None:
        inputs = images.clone().requires_grad_()
        torch.autograd.grad(model(inputs).logsumexp(dim=1).sum(), inputs)

    found = []
    for work in (forward, both):
        work()
        passes, wall, cpu = 0, time.perf_counter(), time.process_time()
        while time.perf_counter() - wall < PURE_SECONDS:
            work()
            passes += len(images)
        found.append(((time.perf_counter() - wall) / passes, (time.process_time() - cpu) / passes))
    return np.array(found)


def measure(contender: str, samples: int, threads: int) -> Measured:
    """Measure one contender in this process."""
    torch.set_num_threads(threads)
    judges = [load_model(SAMPLE_MODELS / f"{name}.pt").classifier() for name in MODELS]
    with np.load(SAMPLE_MODELS / "cifar10-test-1000.npz") as data:
        images = torch.from_numpy(data["images"][:samples]).permute(0, 3, 1, 2).contiguous().float() / 255
        labels = torch.from_numpy(data["labels"][:samples].astype(np.int64))
    match contender:
        case "pyautoattack":
            return timed(lambda: with_pyautoattack(judges, images, labels))
        case "torchattacks' components":
            return timed(lambda: with_torchattacks(judges, images, labels))
        case _:
            return with_thinice(contender.removeprefix("thinice-tui "), samples, judges, images)


def in_a_process(contender: str, samples: int, threads: int) -> Measured:
    """Measure one contender in a process of its own, so that none profits from another's settings."""
    command = [sys.executable, "-m", "tests.benchmarks.speed", "--samples", str(samples), "--threads", str(threads)]
    environment = os.environ | ({"GOMP_SPINCOUNT": SPIN_COUNT} if contender.startswith("thinice-tui") else {})
    words = subprocess.run(
        [*command, "--contender", contender], check=True, capture_output=True, text=True, env=environment
    ).stdout
    return Measured(**json.loads(words.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--contender", choices=CONTENDERS, help="measure one, once, and print JSON")
    args = parser.parse_args()
    if args.contender:
        print(json.dumps(asdict(measure(args.contender, args.samples, args.threads))))
        return
    rounds: list[dict[str, Measured]] = []
    for number in range(args.rounds):
        rounds.append({})
        for name in CONTENDERS:
            found = rounds[-1][name] = in_a_process(name, args.samples, args.threads)
            print(f"round {number + 1}: {name}: {found.wall:.0f} s, processor {found.cpu:.0f} s", flush=True)
    print(f"\n{args.samples} samples, {args.threads} threads, {args.rounds} rounds, batches of {BATCH}\n")
    print("| | wall s | wall ratio | processor ratio | wall over pure | processor over pure | robust dense, pruned % |")
    print("|---|---|---|---|---|---|---|")
    for name in CONTENDERS:
        mine, first = [one[name] for one in rounds], [one["pyautoattack"] for one in rounds]
        accuracies = ", ".join(f"{100 * value:.1f}" for value in mine[0].robust)
        columns = [
            f"{statistics.median(one.wall for one in mine):.0f}",
            _spread([one.wall / other.wall for one, other in zip(mine, first, strict=True)]),
            _spread([one.cpu / other.cpu for one, other in zip(mine, first, strict=True)]),
            _spread([one.wall / one.pure_wall for one in mine]),
            _spread([one.cpu / one.pure_cpu for one in mine]),
            accuracies,
        ]
        print(f"| {name} | {' | '.join(columns)} |", flush=True)


def _spread(ratios: list[float]) -> str:
    if ratios[0] != ratios[0]:
        return "–"
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


if __name__ == "__main__":
    main()

"""Compares each stage of an ensemble, and the whole ensemble, with independent implementations, sample by sample.

    python -m tests.benchmarks.agreement                            # standard, Linf, 500 samples, dense and 95 % pruned
    python -m tests.benchmarks.agreement --norm L2 --samples 200
    python -m tests.benchmarks.agreement --norm L1 --samples 200 --columns thinice-tui pyautoattack    # no torchattacks
    python -m tests.benchmarks.agreement --ensemble plus --samples 100
    python -m tests.benchmarks.agreement --only pyautoattack torchattacks --folder verdicts     # in parts, kept there

Not a test: it takes hours of CPU. Each stage attacks every sample that the model classifies correctly, alone; the
ensemble is the pointwise worst case. All verdicts are verified the same way, so that none counts an invalid flip.
pyautoattack is the authors' AutoAttack, packaged; torchattacks' components are called with the same arguments on the
unmodified model; it has none under L1. A second seed shows how much of a disagreement random starts alone explain.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyautoattack
import torch
import torchattacks
from numpy.typing import NDArray
from torch import Tensor

from tests.places import SAMPLE_MODELS
from thinice_tui.data.spec import read_samples
from thinice_tui.engine.worker.attack import AttackTask
from thinice_tui.engine.worker.model_host import ModelHost
from thinice_tui.engine.worker.verify import verify
from thinice_tui.models.classifier import Classifier
from thinice_tui.models.load import load_model
from thinice_tui.protocol.ensembles import Stage, build_ensemble
from thinice_tui.protocol.settings import Settings
from thinice_tui.protocol.threat_model import NORM_ROWS, NORMS, Norm

BATCH = 100
CLASSES = 10
Verdicts = NDArray[np.bool_]
PYAUTOATTACK = {"apgd-ce": "apgd-ce", "apgd-dlr": "apgd-dlr", "apgd-t": "apgd-t", "fab-t": "fab-t", "square": "square"}


@dataclass(frozen=True)
class Case:
    """A model, threat model and seed, and the samples that are attacked."""

    model: str
    norm: Norm
    seed: int
    images: Tensor
    labels: Tensor

    @property
    def eps(self) -> float:
        return Settings.build(self.norm, None, "standard").eps.value


def with_thinice(precision: str) -> Callable[[Case, Stage, Classifier, Tensor], Verdicts]:
    """The engine's attacks, as a function from a stage to which samples it breaks."""

    def attack(case: Case, stage: Stage, classifier: Classifier, correct: Tensor) -> Verdicts:
        settings = Settings.build(case.norm, None, "standard", case.seed, precision=precision)
        probe = case.images[:BATCH].numpy()
        host = ModelHost([case.model], [classifier], settings, torch.device("cpu"), probe)
        positions = correct.nonzero().flatten().numpy()
        broken, images = np.zeros(len(case.labels), np.bool_), case.images.numpy()
        tasks = [
            AttackTask(
                model=0,
                stage=stage,
                first=0,
                positions=part,
                indices=part,
                images=images[part],
                labels=case.labels[part].numpy(),
                batch_capacity=BATCH,
            )
            for part in np.array_split(positions, max(1, -(-len(positions) // BATCH)))
        ]
        for task in tasks:
            broken[task.positions] = host.compute(task, lambda _: None).broken
        return broken

    return attack


def with_pyautoattack(case: Case, stage: Stage, classifier: Classifier, correct: Tensor) -> Verdicts:
    """The stage by pyautoattack."""
    kind = "fab" if stage.kind == "fab" else PYAUTOATTACK[stage.kind]
    attack = pyautoattack.AutoAttack(
        classifier, norm=case.norm, eps=case.eps, version="custom", attacks=[kind], seed=case.seed
    )
    attack.apgd.n_restarts = attack.fab.n_restarts = stage.restarts
    attack.apgd_targeted.n_restarts = 1
    attack.apgd_targeted.n_target_classes = attack.fab.n_target_classes = stage.targets
    attack.apgd.use_largereps = attack.apgd_targeted.use_largereps = stage.large_eps
    found = attack.run_standard_evaluation(case.images, case.labels, batch_size=BATCH)[0]
    return _verified(case, classifier, correct, found)


def with_torchattacks(case: Case, stage: Stage, classifier: Classifier, correct: Tensor) -> Verdicts:
    """The stage by torchattacks' component, with every argument explicit."""
    common = {"norm": case.norm, "eps": case.eps, "seed": case.seed, "n_restarts": stage.restarts}
    attack: torchattacks.attack.Attack
    match stage.kind:
        case "apgd-ce" | "apgd-dlr":
            attack = torchattacks.APGD(classifier, steps=100, loss=stage.kind[5:], **common)
        case "apgd-t":
            attack = torchattacks.APGDT(classifier, steps=100, n_classes=CLASSES, **common)
        case "fab" | "fab-t":
            targeted = stage.kind == "fab-t"
            attack = torchattacks.FAB(classifier, steps=100, multi_targeted=targeted, n_classes=CLASSES, **common)
        case "square":
            attack = torchattacks.Square(classifier, n_queries=5000, resc_schedule=False, **common)
        case _:
            raise ValueError(stage.kind)
    found = case.images.clone()
    with torch.no_grad():
        for part in torch.split(correct.nonzero().flatten(), BATCH):
            found[part] = attack(case.images[part], case.labels[part])
    return _verified(case, classifier, correct, found)


IMPLEMENTATIONS = {
    "thinice-tui": with_thinice("fp32"),
    "thinice-tui bf16": with_thinice("bf16"),
    "pyautoattack": with_pyautoattack,
    "torchattacks": with_torchattacks,
}


def _verified(case: Case, classifier: Classifier, correct: Tensor, found: Tensor) -> Verdicts:
    parts = zip(
        torch.split(case.images, BATCH),
        torch.split(case.labels, BATCH),
        torch.split(found.detach(), BATCH),
        strict=True,
    )
    broken = [verify(classifier, *part, case.norm, case.eps).broken for part in parts]
    verdicts: Verdicts = (torch.cat(broken) & correct).numpy()
    return verdicts


def broken_by(folder: Path, name: str, case: Case, stage: Stage) -> Verdicts:
    """Which samples the implementation `name` breaks with `stage`; cached in `folder`."""
    label = f"{name}-{case.norm}-{case.model}-{len(case.labels)}-{case.seed}-{stage.name}x{stage.restarts}"
    file = folder / f"{label.replace(' ', '-')}.npy"
    if not file.exists():
        classifier = load_model(SAMPLE_MODELS / f"{case.model}.pt").classifier()
        with torch.no_grad():
            correct = torch.cat([classifier(part).argmax(1) for part in torch.split(case.images, BATCH)]) == case.labels
        with torch.random.fork_rng():
            np.save(file, IMPLEMENTATIONS[name](case, stage, classifier, correct))
    verdicts: Verdicts = np.load(file)
    return verdicts


def compare(folder: Path, columns: Sequence[tuple[str, Case]], stages: Sequence[Stage]) -> None:
    """Print the table of one model; the others are compared to the first column."""
    _, case = columns[0]
    classifier = load_model(SAMPLE_MODELS / f"{case.model}.pt").classifier()
    with torch.no_grad():
        clean_wrong = (
            torch.cat([classifier(part).argmax(1) for part in torch.split(case.images, BATCH)]) != case.labels
        ).numpy()
    worst = [clean_wrong.copy() for _ in columns]
    for stage in [*stages, None]:
        if stage is None:
            broken = worst
        else:
            broken = [clean_wrong | broken_by(folder, name, at, stage) for name, at in columns]
            worst = [one | new for one, new in zip(worst, broken, strict=True)]
        cells = []
        for number, found in enumerate(broken):
            cell = f"{100 * (1 - found.mean()):.1f} %"
            if number:
                ours_only, theirs_only = np.flatnonzero(broken[0] & ~found), np.flatnonzero(found & ~broken[0])
                cell += f" (+{len(ours_only)} −{len(theirs_only)}"
                listed = stage is None or case.norm == "L1"
                cell += f": {ours_only.tolist()} {theirs_only.tolist()})" if listed else ")"
            cells.append(cell)
        title = f"{stage.name} ×{stage.restarts}" if stage else "**ensemble**"
        print(
            f"| {case.norm} {NORM_ROWS[case.norm].default_eps} | {case.model} | {title} | {' | '.join(cells)} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ensemble", default="standard", choices=("standard", "plus"))
    parser.add_argument("--norm", default="Linf", choices=NORMS)
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--models", nargs="+", default=["dense", "pruned"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--second-seed", action="store_true", help="what noise alone makes: ours once more")
    parser.add_argument("--columns", nargs="+", choices=IMPLEMENTATIONS, default=[*IMPLEMENTATIONS])
    parser.add_argument("--only", nargs="+", choices=IMPLEMENTATIONS, help="compute these and print no table")
    parser.add_argument("--folder", type=Path, help="keep verdicts there; what is there is not computed again")
    args = parser.parse_args()
    data = read_samples(str(SAMPLE_MODELS / "cifar10-test-1000.npz")).first(args.samples)
    images, labels = torch.from_numpy(data.floats()), torch.from_numpy(data.labels)
    stages = build_ensemble(args.ensemble, CLASSES, norm=args.norm)[1:]  # PGD, in front, is nobody else's stage
    with tempfile.TemporaryDirectory() as own:
        folder = args.folder or Path(own)
        folder.mkdir(parents=True, exist_ok=True)
        if not args.only:
            print(f"{args.samples} samples, seed {args.seed}; (+ only thinice-tui breaks, − only the other breaks)\n")
            titles = args.columns + [f"thinice-tui, seed {args.seed + 1}"] * args.second_seed
            print(f"| threat model | model | stage alone | {' | '.join(titles)} |\n|{'---|' * (3 + len(titles))}")
        for model in args.models:
            case, other = (Case(model, args.norm, seed, images, labels) for seed in (args.seed, args.seed + 1))
            if not args.only:
                columns = [(name, case) for name in args.columns]
                compare(folder, columns + [("thinice-tui", other)] * args.second_seed, stages)
                continue
            for name in args.only:
                for stage in stages:
                    broken_by(folder, name, case, stage)


if __name__ == "__main__":
    main()

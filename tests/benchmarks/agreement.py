"""How far `standard` agrees with pyautoattack, an AutoAttack that we did not write, sample by sample.

    python -m tests.benchmarks.agreement                        # both norms, dense and 95 % pruned, 200 samples
    python -m tests.benchmarks.agreement --samples 500 --models pruned-99 --norms L2

Not a test: it takes many minutes. Prints a Markdown table, and the samples on which the two differ.
Verdicts of pyautoattack are re-verified the same way as ours, so that neither counts what is no flip.
"""

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyautoattack
import torch
from numpy.typing import NDArray

from thinice_tui.analysis.comparison import robust
from thinice_tui.engine.compare import execute, prepare
from thinice_tui.engine.observer import SilentObserver
from thinice_tui.engine.verify import verify
from thinice_tui.models.load import load_model
from thinice_tui.runfile.reader import read_run
from thinice_tui.settings import DEFAULT_EPS, NORMS, Norm, Request, Settings

SAMPLE_MODELS = Path(__file__).parents[2] / "sample_models"


@dataclass(frozen=True)
class Verdicts:
    """Which samples are robust, bool [n], and the seconds it took to know."""

    robust: NDArray[np.bool_]
    seconds: float


def ours(model: Path, norm: Norm, count: int, seed: int) -> Verdicts:
    """The engine's `standard` on one model: as dense, with nothing to compare it to."""
    with tempfile.TemporaryDirectory() as folder:
        request = Request(
            dense=model,
            pruned=(),
            control=None,
            data=None,
            samples=count,
            arch="auto",
            normalize="auto",
            device="cpu",
            settings=Settings.build(norm, None, "standard", seed),
            run=Path(folder) / "run.thinice",
            folder=Path.cwd(),
        )
        prepared = prepare(request)
        started = time.perf_counter()
        execute(request, prepared, SilentObserver())
        seconds = time.perf_counter() - started
        run = read_run(prepared.path)
    return Verdicts(robust(run, run.models[0], len(run.models[0].stages)), seconds)


def theirs(model: Path, norm: Norm, count: int, seed: int) -> Verdicts:
    """pyautoattack's standard version, its adversarial images judged by the unmodified model."""
    classifier = load_model(model).classifier()
    with np.load(SAMPLE_MODELS / "cifar10-test-1000.npz") as data:
        images = torch.from_numpy(data["images"][:count]).permute(0, 3, 1, 2).contiguous().float() / 255
        labels = torch.from_numpy(data["labels"][:count].astype(np.int64))
    eps = Settings.build(norm, None, "standard").eps.value
    attack = pyautoattack.AutoAttack(classifier, norm=norm, eps=eps, version="standard", seed=seed)
    started = time.perf_counter()
    with torch.random.fork_rng():
        adversarial = attack.run_standard_evaluation(images, labels, batch_size=128)
    seconds = time.perf_counter() - started
    if isinstance(adversarial, tuple):
        adversarial = adversarial[0]
    verdict = verify(classifier, images, labels, adversarial.detach(), norm, eps)
    return Verdicts(~verdict.broken.numpy(), seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--models", nargs="+", default=["dense", "pruned"])
    parser.add_argument("--norms", nargs="+", default=list(NORMS), choices=NORMS)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print(f"standard, {args.samples} samples, seed {args.seed}, {torch.get_num_threads()} threads\n")
    print("| threat model | model | thinice-tui | pyautoattack | differ | samples (robust only for) | time ratio |")
    print("|---|---|---|---|---|---|---|")
    for norm in args.norms:
        for name in args.models:
            path = SAMPLE_MODELS / f"{name}.pt"
            one = ours(path, norm, args.samples, args.seed)
            other = theirs(path, norm, args.samples, args.seed)
            only_ours = np.flatnonzero(one.robust & ~other.robust).tolist()
            only_theirs = np.flatnonzero(other.robust & ~one.robust).tolist()
            print(
                f"| {norm} {DEFAULT_EPS[norm]} | {name} | {100 * one.robust.mean():.1f} % "
                f"| {100 * other.robust.mean():.1f} % | {len(only_ours) + len(only_theirs)} "
                f"| us {only_ours}, them {only_theirs} | {one.seconds / other.seconds:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()

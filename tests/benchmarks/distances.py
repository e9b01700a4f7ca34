"""Compares minimum-norm distances with adv-lib's minimum-norm attacks, sample by sample.

    pip install --no-deps adv-lib==0.2.8 && pip install tqdm
    python -m tests.benchmarks.distances                                   # dense and 95 % pruned, Linf and L2
    python -m tests.benchmarks.distances --norms L2 --folder images        # images are kept there, and not found again

adv-lib also asks for visdom and torchvision, which its attacks import and do not use: empty modules take their place.

Each algorithm searches on the same samples, all classified correctly, with the same form of the model (batch norms
folded, fp32), in batches of 100, on one thread. Its images are then verified alike: in [0,1], finite, misclassified by
the unmodified model; distances are computed in float64. "best" is the nearest image of all algorithms. An image passed
forward or backward is a pass, also through the unmodified model. The passes of `quick`, whose images the distance
measurement starts from in a run, are not among its own. Passes of adv-lib's APGD-T are fewer than steps × bisections ×
targets where early targets succeed.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tests.places import SAMPLE_MODELS
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.losses import misclassified
from thinice_tui.attacks.minimum_distance import Boundary, nearest_boundary
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.norms import norm_of, per_image
from thinice_tui.attacks.registry import attack_batch
from thinice_tui.data.spec import read_samples
from thinice_tui.engine.worker.attack_model import prepare_attack_model
from thinice_tui.engine.worker.verify import verify
from thinice_tui.models.load import load_model
from thinice_tui.protocol.distance import DistanceMeasurement
from thinice_tui.protocol.ensembles import build_ensemble
from thinice_tui.protocol.settings import Settings
from thinice_tui.protocol.threat_model import NORMS, Norm

BATCH, CLASSES, CPU = 100, 10, torch.device("cpu")
EXPONENT = {"Linf": float("inf"), "L2": 2, "L1": 1}
LARGEST_EPS = {"Linf": 0.1, "L2": 2.5, "L1": 50.0}
"""adv-lib's APGD-T begins its bisection there."""
FMN_STEP = {"Linf": 10.0, "L2": 1.0, "L1": 1.0}
Images = NDArray[np.float32]


@dataclass(frozen=True)
class Case:
    """n samples that a model classifies correctly: x [n,C,H,W], y [n], their indices [n]; the model and its fast form.

    known: what `quick` found; its distances are inf where a sample stands.
    """

    model: str
    norm: Norm
    x: Tensor
    y: Tensor
    indices: NDArray[np.int64]
    judge: nn.Module
    form: nn.Module
    known: Boundary


Search = Callable[[Case, nn.Module, nn.Module, Tensor], Tensor]
"""From a case, its form and its judge, both counting, and samples [b]: an image for each, [b,C,H,W]."""


def thinice(known: bool) -> Search:
    """The distance measurement as in a run, from the images of `quick` or from none."""

    def search(case: Case, form: nn.Module, judge: nn.Module, rows: Tensor) -> Tensor:
        x, y, norm, measurement = case.x[rows], case.y[rows], norm_of(case.norm), DistanceMeasurement()
        distances = case.known.distances[rows] if known else torch.full((len(rows),), torch.inf, dtype=torch.float64)

        def distances_if_broken(candidates: Tensor, index: Tensor) -> Tensor:
            broken = misclassified(judge(candidates), y[index])
            return torch.where(broken, norm.distances(x[index], candidates), torch.inf)

        start, noise = Boundary(case.known.images[rows], distances), Noise(0, measurement.name, case.indices[rows])
        numbers = measurement.steps, measurement.targets
        return nearest_boundary(form, x, y, norm, *numbers, start, distances_if_broken, noise).images

    return search


def advlib(call: Callable[[Case, nn.Module, Tensor, Tensor], Tensor]) -> Search:
    """An attack of adv-lib, which differentiates by itself."""

    def search(case: Case, form: nn.Module, _judge: nn.Module, rows: Tensor) -> Tensor:
        with torch.enable_grad():
            return call(case, form, case.x[rows], case.y[rows]).detach()

    return search


def algorithms(norm: Norm) -> dict[str, Search]:
    """By the name in the table; adv-lib's parameters are its defaults where none is named."""
    for name in ("visdom", "torchvision"):
        if name not in sys.modules:
            sys.modules[name] = ModuleType(name)
            sys.modules[name].models = None  # type: ignore[attr-defined]
    from adv_lib.attacks import ddn, fmn, pdpgd
    from adv_lib.attacks.auto_pgd import minimal_apgd

    p = EXPONENT[norm]

    def apgd_t(steps: int, bisections: int, targets: int) -> Search:
        options = {"n_iter": steps, "binary_search_steps": bisections, "num_targets": targets, "targeted_version": True}
        return advlib(lambda _, f, x, y: minimal_apgd(f, x, y, norm=p, max_eps=LARGEST_EPS[norm], **options))

    found = {
        "thinice-tui, alone": thinice(False),
        "thinice-tui, after `quick`": thinice(True),
        "DDN, 200 steps": advlib(lambda _, f, x, y: ddn(f, x, y, steps=200, levels=None)),
        "FMN, 200 steps": advlib(lambda _, f, x, y: fmn(f, x, y, norm=p, steps=200, α_init=FMN_STEP[norm])),
        "PDPGD, 200 steps": advlib(lambda _, f, x, y: pdpgd(f, x, y, norm=p, num_steps=200)),
        "APGD-T, 10 × 8 × 3": apgd_t(10, 8, 3),
        "APGD-T, 20 × 10 × 5": apgd_t(20, 10, 5),
    }
    return found if norm == "L2" else {name: search for name, search in found.items() if not name.startswith("DDN")}


class Counting(nn.Module):
    """Counts the images that are judged."""

    def __init__(self, judge: nn.Module) -> None:
        super().__init__()
        self.judge, self.forwards = judge, 0

    def forward(self, images: Tensor) -> Tensor:
        self.forwards += len(images)
        logits: Tensor = self.judge(images)
        return logits


@torch.no_grad()
def make_case(model: str, norm: Norm, samples: int) -> Case:
    """The first `samples` samples that the model classifies correctly, attacked by `quick`."""
    data = read_samples(str(SAMPLE_MODELS / "cifar10-test-1000.npz"))
    images, labels = torch.from_numpy(data.floats()), torch.from_numpy(data.labels)
    judge = load_model(SAMPLE_MODELS / f"{model}.pt").classifier()
    rows = (~misclassified(judge(images), labels)).nonzero().flatten()[:samples]
    x, y, indices = images[rows], labels[rows], rows.numpy()
    form = prepare_attack_model(judge, x[:BATCH], "fp32").module
    eps = Settings.build(norm, None, "quick").eps.value
    adversarial, distances = x.clone(), torch.full((len(x),), torch.inf, dtype=torch.float64)
    for stage in build_ensemble("quick", CLASSES):
        standing = torch.isinf(distances).nonzero().flatten()
        for part in torch.split(standing, BATCH):
            noise = Noise(0, stage.noise_name, indices[part.numpy()])
            candidates = attack_batch(stage, CountingModel(form, CPU), x[part], y[part], norm, eps, noise, BATCH)
            verdict = verify(judge, x[part], y[part], candidates, norm, eps)
            adversarial[part] = torch.where(per_image(verdict.broken), verdict.images, x[part])
            distances[part] = torch.where(verdict.broken, verdict.distances, torch.inf)
    return Case(model, norm, x, y, indices, judge, form, Boundary(adversarial, distances))


@dataclass(frozen=True)
class Found:
    """What an algorithm found: verified distances [n], inf where none; passes of a sample; processor seconds."""

    distances: NDArray[np.float64]
    forwards: float
    backwards: float
    seconds: float


@torch.no_grad()
def found_by(folder: Path, name: str, search: Search, case: Case) -> Found:
    """What `search` finds; its images are kept in `folder`, and not searched for again where they are there."""
    file = folder / f"{name}-{case.model}-{case.norm}-{len(case.x)}.npz".replace(" ", "")
    if not file.exists():
        torch.manual_seed(0)
        form, judge = CountingModel(case.form, CPU), Counting(case.judge)
        images, started = case.x.clone(), time.process_time()
        for rows in torch.split(torch.arange(len(case.x)), BATCH):
            images[rows] = search(case, form, judge, rows)
        seconds = time.process_time() - started
        counts = np.array([form.forwards + judge.forwards, form.backwards, seconds])
        np.savez(file, images=images.numpy(), counts=counts)
    kept = np.load(file)
    images = torch.from_numpy(kept["images"])
    usable = (torch.isfinite(images) & (images >= 0) & (images <= 1)).flatten(1).all(dim=1)
    broken = usable & misclassified(case.judge(images), case.y)
    distances = torch.where(broken, norm_of(case.norm).distances(case.x, images), torch.inf).numpy()
    forwards, backwards, seconds = kept["counts"].tolist()
    return Found(distances, forwards / len(images), backwards / len(images), seconds)


def print_table(case: Case, found: dict[str, Found]) -> None:
    """One row an algorithm; ratios are to the nearest image of all."""
    best = np.min([one.distances for one in found.values()], axis=0)
    unit = {"Linf": (255.0, "/255")}.get(case.norm, (1.0, ""))
    for name, one in found.items():
        ratios = np.sort(one.distances / best)
        places = [ratios[min(len(ratios) - 1, int(share * len(ratios)))] for share in (0.5, 0.9, 0.99)]
        quantiles = " / ".join("none" if np.isinf(place) else f"{place:.3f}" for place in places)
        within = f"{100 * (ratios <= 1.02).mean():.1f}"
        median, failed = np.median(one.distances) * unit[0], int(np.isinf(one.distances).sum())
        print(
            f"| {case.norm}, {case.model} | {name} | {median:.3f}{unit[1]} | {quantiles} | {within} | {failed} | "
            f"{one.forwards:.0f}, {one.backwards:.0f} | {one.seconds:.0f} |",
            flush=True,
        )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--norms", nargs="+", default=["Linf", "L2"], choices=NORMS)
    parser.add_argument("--models", nargs="+", default=["dense", "pruned"])
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="the algorithms whose names begin like that")
    parser.add_argument("--folder", type=Path, help="keep images there; what is there is not searched for again")
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    print("| norm, model | algorithm | median distance | ratio, 50 / 90 / 99 % | within 2 % | failed | passes | s |")
    print(f"|{'---|' * 8}")
    with tempfile.TemporaryDirectory() as own:
        folder = args.folder or Path(own)
        folder.mkdir(parents=True, exist_ok=True)
        for norm in args.norms:
            for model in args.models:
                case = make_case(model, norm, args.samples)
                chosen = {
                    name: search
                    for name, search in algorithms(norm).items()
                    if not args.only or name.startswith(tuple(args.only))
                }
                print_table(case, {name: found_by(folder, name, search, case) for name, search in chosen.items()})


if __name__ == "__main__":
    main()

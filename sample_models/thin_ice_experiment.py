"""Does a fine-tuning that looks at thin ice lose fewer samples? What is fixed: docs/thin-ice-experiment.md.

    python sample_models/thin_ice_experiment.py                      # everything that is missing, then the page
    python sample_models/thin_ice_experiment.py --arms plain,up      # only these arms
    python sample_models/thin_ice_experiment.py --page               # only the page, from what is stored

Run prepare_data.py before. Every epoch and every batch of an attack is kept in data/thin-ice: the same command again
goes on where it stopped. Start it in several terminals and they share the work: each takes what no other has taken.
"""

import argparse
import csv
import io
import json
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from prepare_data import KEPT, UNSEEN, write_unseen
from thin_ice_analysis import ARMS, COLUMNS, PAGE, TABLE, Outcome, results, with_results
from train import DATA, HELD_OUT, HERE, MODEL, RECIPES, console, fit, half_precision, load_images, save_atomically

import thinice_tui as ti
from thinice_tui.analysis.correctness import clean_correct, robust_correct
from thinice_tui.analysis.excess import matched_odds_ratio
from thinice_tui.engine.compare import execute, prepare
from thinice_tui.protocol.durations import duration
from thinice_tui.protocol.request import Request
from thinice_tui.protocol.settings import Settings
from thinice_tui.report.console import ConsoleObserver
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Run
from thinice_tui.safe_io.atomic_write import write_text

SEEDS = 5
CONTROLS = ("dense", "control")
MARGINS = "margins"


@dataclass(frozen=True)
class Plan:
    """What decides the result, beside the code; the defaults are what was fixed beforehand."""

    epochs: int = 5
    images: int = 50_000 - HELD_OUT
    test_images: int = UNSEEN
    attack: str = "fast"
    audit: str = "32"
    margin_attack: str = "pgd-10"
    share: float = 0.3
    softness: float = 0.25
    strength: float = 0.5


@dataclass(frozen=True)
class Place:
    """Where the data is and where results go."""

    data: Path
    folder: Path

    def run(self, name: str) -> Path:
        return self.folder / f"{name}.thinice"

    def model(self, name: str) -> Path:
        """The checked-in dense model and control, or a fine-tuned model."""
        return HERE / f"{name}.pt" if name in CONTROLS else self.folder / f"{name}.pt"

    def test(self, plan: Plan) -> Path:
        """The test images, written where they are not there yet."""
        path = self.folder / f"cifar10-test-{KEPT}-{KEPT + plan.test_images - 1}.npz"
        if not path.exists():
            partial = path.with_suffix(".partial.npz")
            write_unseen(self.data, partial, plan.test_images)
            partial.replace(path)
        return path


def attack(model: Path, data: str, samples: int | None, attack: str, audit: str | None, run: Path) -> None:
    """Attack one model alone, as `thinice-tui compare MODEL` does, into `run`; goes on where it stopped."""
    settings = Settings.build("Linf", "8/255", attack, 0, "auto", "none", "bf16", False, audit, escalate=False)
    request = Request(model, (), None, data, samples, "cpu", settings, run, Path.cwd())
    prepared = prepare(request)
    with ConsoleObserver(console) as observer:
        execute(request, prepared, observer)


def is_finished(run: Path) -> bool:
    return run.exists() and read_run(run).complete


def measure_margins(plan: Plan, place: Place) -> None:
    """The dense model's margins on the training images, under attack."""
    data = f"{place.data}#images=train_images,labels=train_labels"
    attack(place.model("dense"), data, plan.images, plan.margin_attack, None, place.run(MARGINS))


def thin_ice_weights(plan: Plan, place: Place, arm: str, seed: int) -> torch.Tensor | None:
    """The weights of the training images in an arm, float32 [n]; None: plain."""
    if arm == "plain":
        return None
    strength = plan.strength if arm.endswith("up") else -plan.strength
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ti.ThiniceWarning)  # the file's name does not say that they are training images
        found = ti.thin_ice_weights(
            place.run(MARGINS),
            "threshold",
            margin="attacked",
            strength=strength,
            share=plan.share,
            softness=plan.softness,
        )
    assert np.array_equal(found.indices, np.arange(plan.images))
    weights = found.weights
    if arm.startswith("random"):
        weights = weights[np.random.default_rng(seed).permutation(len(weights))]
    return torch.from_numpy(weights)


def fine_tune(plan: Plan, place: Place, arm: str, seed: int) -> None:
    """Prune the dense model to 95 % and fine-tune it with the arm's weights."""
    name, recipe = f"{arm}-{seed}", replace(RECIPES["pruned"], epochs=plan.epochs)
    images, labels = load_images("train", place.data)
    network, seconds = fit(
        name,
        recipe,
        seed,
        place.model("dense"),
        images[: plan.images],
        labels[: plan.images],
        place.folder / f"{name}.resume.pt",
        weights=thin_ice_weights(plan, place, arm, seed),
    )
    about = {"recipe": asdict(recipe), "seed": seed, "arm": arm, "measured": {"cpu_seconds": seconds}}
    save_atomically({"state_dict": half_precision(network), **MODEL, **about}, place.model(name))


def work_on(name: str, plan: Plan, place: Place) -> None:
    """Compute what is missing of the run `name`: dense, control, or a fine-tuned model `ARM-SEED`."""
    if not place.model(name).exists():
        arm, _, seed = name.rpartition("-")
        fine_tune(plan, place, arm, int(seed))
    attack(place.model(name), str(place.test(plan)), None, plan.attack, plan.audit, place.run(name))


@contextmanager
def taken(path: Path) -> Iterator[bool]:
    """Whether this process has it for itself; False: another one works on it."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def work(names: list[str], plan: Plan, place: Place) -> None:
    """Compute all of `names` that no other process works on, and say how long the rest takes."""
    console.print(f"{MARGINS}: measured here, or waited for where another process measures them")
    with FileLock(place.folder / f"{MARGINS}.lock"):
        place.test(plan)
        if not is_finished(place.run(MARGINS)):
            measure_margins(plan, place)
    took: list[float] = []
    for name in names:
        with taken(place.folder / f"{name}.lock") as mine:
            if not mine or is_finished(place.run(name)):
                continue
            began = time.monotonic()
            work_on(name, plan, place)
            took.append(time.monotonic() - began)
        left = sum(not is_finished(place.run(other)) for other in names)
        expected = duration(left * sum(took) / len(took))
        console.print(f"{name} is done in {duration(took[-1])}; {left} are left, about {expected} for one process")


def outcome(name: str, place: Place, dense: Run, control: Run) -> Outcome:
    """One model's row of the table."""
    run = read_run(place.run(name))
    if not np.array_equal(run.indices, dense.indices):
        raise SystemExit(f"{place.run(name)} is of other samples than {dense.path}: delete it to compute it again")
    held, standing = standing_of(dense), standing_of(run)
    lost, lost_by_control = held & ~standing, held & ~standing_of(control)
    margins = dense.models[0].clean_margin[held]
    odds = matched_odds_ratio(margins, lost[held], lost_by_control[held])
    audits = [stage for stage in run.models[0].stages if stage.name.endswith("(audit)")]
    broken = sum(int((run.models[0].broken_by == stage.ordinal).sum()) for stage in audits)
    arm, _, seed = (name, "", "") if name in CONTROLS else name.rpartition("-")
    seconds = 0.0
    if seed:
        seconds = torch.load(place.model(name), weights_only=True)["measured"]["cpu_seconds"]
    return Outcome(
        arm=arm,
        seed=int(seed) if seed else -1,
        cpu_seconds=seconds,
        correct=clean_correct(run, run.models[0]),
        standing=standing,
        odds_ratio=odds.value,
        audited=max((stage.entered or 0 for stage in audits), default=0),
        broken_by_audit=broken,
    )


def standing_of(run: Run) -> NDArray[np.bool_]:
    return robust_correct(run, run.models[0], len(run.models[0].stages))


def write_page(names: list[str], plan: Plan, place: Place, page: Path) -> None:
    """Write the table of all runs beside `page`, and the page's results from it."""
    missing = [name for name in names if not is_finished(place.run(name))]
    if missing:
        raise SystemExit(f"not finished yet: {', '.join(missing)}")
    dense, control = (read_run(place.run(name)) for name in CONTROLS)
    outcomes = [outcome(name, place, dense, control) for name in names]
    about = {**asdict(plan), "fixed": plan == Plan(), "versions": dict(dense.info.versions)}
    about |= {
        f"{name} sha256": run.models[0].record.sha256 for name, run in zip(CONTROLS, (dense, control), strict=True)
    }
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, one in enumerate(outcomes):
        writer.writerow([*one.cells(outcomes[0], outcomes[1]), json.dumps(about) if number == 0 else ""])
    table = page.with_name(TABLE)
    write_text(table, stream.getvalue())
    write_text(page, with_results(page.read_text(), results(table)))
    console.print(f"wrote {table} and the results in {page}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arms", default=",".join(ARMS), help=f"some of {', '.join(ARMS)}")
    parser.add_argument("--seeds", default=",".join(map(str, range(SEEDS))), help="numbers, separated by commas")
    parser.add_argument("--threads", type=int, default=1, help="results depend on it; ours were made with 1")
    parser.add_argument("--page", action="store_true", help="compute nothing, write the page from what is stored")
    parser.add_argument("--folder", type=Path, default=HERE / "data" / "thin-ice", help="where everything is kept")
    parser.add_argument("--data", type=Path, default=DATA, help="data/cifar10.npz of prepare_data.py")
    parser.add_argument("--page-file", type=Path, default=PAGE, help="the page whose results are written")
    trial = parser.add_argument_group("a trial, which the page says it is")
    for name, value in asdict(Plan()).items():
        trial.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value, metavar="X")
    args = parser.parse_args()
    arms, seeds = args.arms.split(","), [int(seed) for seed in args.seeds.split(",")]
    if unknown := [arm for arm in arms if arm not in ARMS]:
        parser.error(f"unknown: {', '.join(unknown)}; expected some of {', '.join(ARMS)}")
    plan = Plan(**{name: getattr(args, name) for name in asdict(Plan())})
    place = Place(args.data.resolve(), args.folder.resolve())
    place.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    torch.use_deterministic_algorithms(True)
    names = [*CONTROLS, *(f"{arm}-{seed}" for seed in seeds for arm in arms)]
    if not args.page:
        work(names, plan, place)
    whole = [*CONTROLS, *(f"{arm}-{seed}" for seed in (seeds if plan != Plan() else range(SEEDS)) for arm in ARMS)]
    if args.page or all(is_finished(place.run(name)) for name in whole):
        write_page(whole, plan, place, args.page_file)


if __name__ == "__main__":
    try:
        main()
    except (KeyboardInterrupt, ti.Interrupted):
        raise SystemExit("stopped: the same command goes on where it stopped") from None

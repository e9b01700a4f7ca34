"""Compares `fast` with `standard` and with pyautoattack on the five sample models: samples, passes, processor time.

    python -m tests.benchmarks.fast                             # Linf, 1000 samples: hours on one core
    python -m tests.benchmarks.fast --norm L2 --folder kept     # what is in that folder is not computed again
    python -m tests.benchmarks.fast --only pyautoattack --folder kept

One thread, seed 0. `fast` and `standard` are the installed command's, ten minutes at a time, start-up included. The
99 % pruned model has a run of its own, because its audit may send every model of its run through FAB and Square.
Prints Markdown.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyautoattack
import torch
from numpy.typing import NDArray

from tests.places import SAMPLE_MODELS
from thinice_tui.analysis.audit import audit_of, is_escalated
from thinice_tui.analysis.correctness import robust_correct
from thinice_tui.data.spec import read_samples
from thinice_tui.engine.worker.verify import verify
from thinice_tui.models.load import load_model
from thinice_tui.protocol.settings import Settings
from thinice_tui.protocol.threat_model import NORMS, Norm
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import ModelOutcomes, Run

BATCH = 128
CONTROL = "control"
GROUPS = (("dense", "pruned-90", "pruned", CONTROL), ("pruned-99",))
ENSEMBLES = ("standard", "fast")
PYAUTOATTACK = "pyautoattack"
PIECE, STOPPED = "10m", 130
"""How long the command runs at a time, and its exit code where that was not enough."""
Robust = NDArray[np.bool_]


@dataclass(frozen=True)
class Case:
    """What is attacked, and where results are kept."""

    norm: Norm
    samples: int
    folder: Path

    def kept(self, name: str, suffix: str) -> Path:
        return self.folder / f"{self.norm}-{self.samples}-{name}{suffix}"


def attack_with_pyautoattack(case: Case, model: str) -> None:
    """Attack one model in this process, and keep which samples are robust and the processor seconds."""
    torch.set_num_threads(1)
    classifier = load_model(SAMPLE_MODELS / f"{model}.pt").classifier()
    data = read_samples(str(SAMPLE_MODELS / "cifar10-test-1000.npz")).first(case.samples)
    images, labels = torch.from_numpy(data.floats()), torch.from_numpy(data.labels)
    eps = Settings.build(case.norm, None, "standard").eps.value
    attack = pyautoattack.AutoAttack(classifier, norm=case.norm, eps=eps, version="standard", seed=0)
    found = attack.run_standard_evaluation(images, labels, batch_size=BATCH)[0].detach()
    robust = []
    for x, y, x_adv in zip(*(torch.split(one, BATCH) for one in (images, labels, found)), strict=True):
        with torch.no_grad():
            correct = classifier(x).argmax(1) == y
        robust.append(correct & ~verify(classifier, x, y, x_adv, case.norm, eps).broken)
    np.savez(case.kept(f"{PYAUTOATTACK}-{model}", ".npz"), robust=torch.cat(robust).numpy(), seconds=_processor(False))


def attack_with(case: Case, ensemble: str, group: tuple[str, ...]) -> None:
    """Attack a group of models with the command, and keep the run file and the processor seconds.

    In pieces of PIECE, whose run file is kept with their seconds: what a piece that is cut off has done is done again.
    """
    run, about = case.kept(f"{ensemble}-{group[-1]}", ".thinice"), case.kept(f"{ensemble}-{group[-1]}", ".json")
    saved = case.kept(f"{ensemble}-{group[-1]}", ".saved")
    known = json.loads(about.read_text()) if saved.exists() else {"seconds": 0.0, "finished": False}
    for part in case.folder.glob(f"{run.name}*"):
        part.unlink()
    if saved.exists():
        shutil.copy(saved, run)
    files = [str(SAMPLE_MODELS / f"{name}.pt") for name in group if name != CONTROL]
    files += ["--control", str(SAMPLE_MODELS / f"{CONTROL}.pt")] * (CONTROL in group)
    options = ["--attack", ensemble, "--norm", case.norm, "--samples", str(case.samples), "--keep-images", "none"]
    options += ["--report", "--format", "json", "--run", str(run), "--time-limit", PIECE]
    while not known["finished"]:
        before = _processor(True)
        ended = subprocess.run(
            [sys.executable, "-m", "thinice_tui", "compare", *files, *options],
            stdout=subprocess.DEVNULL,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            check=False,
        )
        if ended.returncode not in (0, STOPPED):
            ended.check_returncode()
        known["finished"], known["seconds"] = ended.returncode == 0, known["seconds"] + _processor(True) - before
        shutil.copy(run, saved)
        about.write_text(json.dumps(known))


def _processor(children: bool) -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def is_finished(case: Case, ensemble: str, group: tuple[str, ...]) -> bool:
    """Whether that run is kept whole."""
    about = case.kept(f"{ensemble}-{group[-1]}", ".json")
    return about.exists() and bool(json.loads(about.read_text())["finished"])


def compute(case: Case, only: list[str]) -> None:
    """Whatever is not in the folder yet."""
    for group in GROUPS:
        for ensemble in (name for name in ENSEMBLES if name in only):
            if not is_finished(case, ensemble, group):
                attack_with(case, ensemble, group)
        for model in group if PYAUTOATTACK in only else ():
            if not case.kept(f"{PYAUTOATTACK}-{model}", ".npz").exists():
                words = ["--norm", case.norm, "--samples", str(case.samples), "--folder", str(case.folder)]
                command = [sys.executable, "-m", "tests.benchmarks.fast", *words, "--model", model]
                subprocess.run(command, check=True)


def report(case: Case) -> None:
    """Print the three tables."""
    print(f"{case.norm}, {case.samples} samples\n")
    print("| model | pyautoattack | `standard` | `fast` | fast alone breaks, leaves | passes of `standard` | audit |")
    print("|---|---|---|---|---|---|---|")
    agreement = []
    for group in GROUPS:
        runs = [read_run(case.kept(f"{ensemble}-{group[-1]}", ".thinice")) for ensemble in ENSEMBLES]
        for number, model in enumerate(group):
            theirs = np.load(case.kept(f"{PYAUTOATTACK}-{model}", ".npz"))["robust"]
            standard, fast = (_robust(run, run.models[number]) for run in runs)
            share = _passes(runs[1].models[number]) / _passes(runs[0].models[number])
            cells = [f"{100 * one.mean():.1f}" for one in (theirs, standard)]
            cells += [f"{100 * fast.mean():.1f}", f"{_apart(standard, fast)}; {_apart(theirs, fast)}", f"{share:.3f}"]
            print(f"| {model} | {' | '.join(cells)} | {_audit(runs[1], runs[1].models[number])} |")
            differ = (np.flatnonzero(one & ~other).tolist() for one, other in ((theirs, standard), (standard, theirs)))
            agreement.append(f"| {model} | {' | '.join(', '.join(map(str, samples)) for samples in differ)} |")
    print("\n| model | only `standard` breaks | only pyautoattack breaks |\n|---|---|---|", *agreement, sep="\n")
    print("\n| models | `fast` / `standard` | `fast` / pyautoattack | `standard` / pyautoattack |\n|---|---|---|---|")
    for group in GROUPS:
        ours = [json.loads(case.kept(f"{name}-{group[-1]}", ".json").read_text())["seconds"] for name in ENSEMBLES]
        theirs = sum(float(np.load(case.kept(f"{PYAUTOATTACK}-{model}", ".npz"))["seconds"]) for model in group)
        standard, fast = ours
        print(f"| {', '.join(group)} | {fast / standard:.3f} | {fast / theirs:.3f} | {standard / theirs:.3f} |")


def _robust(run: Run, model: ModelOutcomes) -> Robust:
    return robust_correct(run, model, len(model.stages))


def _passes(model: ModelOutcomes) -> int:
    return sum(stage.forwards + stage.backwards for stage in model.stages)


def _apart(other: Robust, fast: Robust) -> str:
    """Samples that fast alone breaks, and that it alone leaves."""
    return f"+{int((other & ~fast).sum())} −{int((fast & ~other).sum())}"


def _audit(run: Run, model: ModelOutcomes) -> str:
    audit = audit_of(run, model)
    assert audit is not None
    end = ", escalated" if is_escalated(run) else f", at most {audit.bound} more"
    return f"{audit.broken} of {audit.audited}{end}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--norm", default="Linf", choices=NORMS)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--only", nargs="+", choices=(PYAUTOATTACK, *ENSEMBLES), help="compute these, print no table")
    parser.add_argument("--folder", type=Path, help="keep results there; what is there is not computed again")
    parser.add_argument("--model", help="attack this one with pyautoattack in this process")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as own:
        case = Case(args.norm, args.samples, args.folder or Path(own))
        case.folder.mkdir(parents=True, exist_ok=True)
        if args.model:
            attack_with_pyautoattack(case, args.model)
            return
        compute(case, args.only or [PYAUTOATTACK, *ENSEMBLES])
        if not args.only:
            report(case)


if __name__ == "__main__":
    main()

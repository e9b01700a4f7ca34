"""`standard` and `fast` from prepared models to a finished run file, beside pyautoattack and the bare model."""

import time
import warnings

import numpy as np
import pyautoattack
import torch

from tests.benchmarks.gpu.bench import OUT_OF_TIME, Bench, OutOfTime, first_line, table
from tests.places import SAMPLE_MODELS
from thinice_tui.engine.worker.attack_model import prepare_attack_model
from thinice_tui.engine.worker.device import why_no_tf32
from thinice_tui.engine.worker.full_precision import full_precision
from thinice_tui.errors import Interrupted
from thinice_tui.models.classifier import Classifier
from thinice_tui.models.load import load_model
from thinice_tui.protocol.settings import Precision
from thinice_tui.runfile.records import Run

AIMS = "Aims: `standard` at most 0.25 and `fast` at most 0.15 of pyautoattack's time, wall over pure at most 1.15."
SAMPLES = 256


def end_to_end(bench: Bench) -> str:
    """On the dense sample model; pure: the model's passes alone, at the speed of full batches."""
    judge = load_model(SAMPLE_MODELS / "dense.pt").classifier().to(bench.device)
    images, labels = _data(4 if bench.small else SAMPLES, bench.device)
    took = dict[str, tuple[float, str, float] | str]()
    precisions: list[Precision] = ["fp32"] if why_no_tf32(bench.device) else ["fp32", "tf32"]
    for attack in ("fast", "standard"):
        for precision in precisions:
            name, most = f"{attack}, {precision}", bench.left
            took[name] = OUT_OF_TIME
            if most <= 0:
                continue
            wanted = bench.request(name.replace(", ", "-"), attack, precision, len(labels), ("dense",), most=most)
            try:
                run, seconds = bench.run(wanted)
            except Interrupted:
                took[name] = f"not finished in {most:.0f} s"
                continue
            pure = _pure(bench, judge, images, run, precision)
            took[name] = seconds, f"{seconds / pure:.2f}", float((run.models[0].broken_by < 0).mean())
    took["pyautoattack"] = _pyautoattack(bench, judge, images, labels)
    rows = list[tuple[object, ...]]()
    reference = took["pyautoattack"]
    for name, found in took.items():
        if isinstance(found, str):
            rows.append((name, found, "", "", ""))
        else:
            ratio = "" if isinstance(reference, str) else found[0] / reference[0]
            rows.append((name, found[0], ratio, *found[1:]))
    names = ("contender", "seconds", "over pyautoattack's", "wall over pure", "not broken by an attack")
    return f"{len(labels)} samples, the dense sample model, Linf 8/255. {AIMS}\n\n{table(names, rows)}"


def _data(count: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    with np.load(SAMPLE_MODELS / "cifar10-test-1000.npz") as data:
        images = torch.from_numpy(data["images"][:count]).permute(0, 3, 1, 2).contiguous().float() / 255
        return images.to(device), torch.from_numpy(data["labels"][:count].astype(np.int64)).to(device)


def _pyautoattack(
    bench: Bench, judge: Classifier, images: torch.Tensor, labels: torch.Tensor
) -> tuple[float, str, float] | str:
    """Seconds, nothing, and the share that stands; or why there is none. In the small setting one attack, two steps."""
    if bench.device.type not in ("cuda", "cpu"):
        return "not run: it knows no such device"
    attack = pyautoattack.AutoAttack(
        judge,
        attacks=["apgd-ce"] if bench.small else None,
        version="custom" if bench.small else "standard",
        norm="Linf",
        eps=8 / 255,
        seed=0,
        device=bench.device,
    )
    attack.verbose = False
    if bench.small:
        attack.apgd.n_iter = 2
    began = time.perf_counter()
    try:
        with torch.random.fork_rng(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = attack.run_standard_evaluation(images, labels, batch_size=512)[0]
        bench.wait()
    except OutOfTime:
        return f"not finished in {time.perf_counter() - began:.0f} s"
    except Exception as error:
        return first_line(error)
    seconds = time.perf_counter() - began
    with torch.no_grad(), full_precision():
        return seconds, "", float((judge(found).argmax(dim=1) == labels).float().mean())


def _pure(bench: Bench, judge: Classifier, images: torch.Tensor, run: Run, precision: Precision) -> float:
    """Seconds of the run's passes alone."""
    with full_precision():
        forms = prepare_attack_model(judge, images[:64], precision)

        def forward() -> None:
            with torch.no_grad():
                forms.exact(images)

        def both() -> None:
            inputs = images.clone().requires_grad_()
            with forms.searching():
                torch.autograd.grad(forms.module(inputs).logsumexp(dim=1).sum(), inputs)

        one, two = (bench.seconds(work, 0.5) / len(images) for work in (forward, both))
    stages = run.models[0].stages
    return sum((stage.forwards - stage.backwards) * one + stage.backwards * two for stage in stages)

"""The shipped run's verdicts on this device: its adversarial images judged again, and whole runs beside it."""

import numpy as np
import torch
from numpy.typing import NDArray

from tests.benchmarks.gpu.bench import OUT_OF_TIME, PRECISIONS, Bench, first_line, table
from tests.places import SAMPLE_MODELS
from thinice_tui.engine.worker.full_precision import full_precision
from thinice_tui.errors import Interrupted, ThiniceError
from thinice_tui.models.load import load_model
from thinice_tui.protocol.settings import Precision
from thinice_tui.runfile.read_sample import read_adversarial
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Run

SHIPPED = SAMPLE_MODELS / "standard.thinice"
SIZES = (512, 64, 1)


def judged_again(bench: Bench) -> str:
    """Kept adversarial images that the model classifies rightly here, and how far logits are from batch 1's."""
    run, rows = read_run(SHIPPED), []
    for number, model in enumerate(run.models[:1] if bench.small else run.models):
        name = model.record.name
        positions = np.flatnonzero(model.broken_by >= 0)[: 40 if bench.small else None]
        kept = {int(at): read_adversarial(SHIPPED, number, int(at)) for at in positions}
        images = np.stack([image for image in kept.values() if image is not None])
        labels = run.labels[[at for at, image in kept.items() if image is not None]]
        judge = load_model(SAMPLE_MODELS / f"{name}.pt").classifier().to(bench.device)
        logits = dict[int, NDArray[np.float32]]()
        with torch.no_grad(), full_precision():
            for size in SIZES:
                if bench.left > 0:
                    parts = (torch.from_numpy(images[at : at + size]) for at in range(0, len(images), size))
                    logits[size] = np.concatenate([judge(part.to(bench.device)).cpu().numpy() for part in parts])
        right = [
            int((logits[size].argmax(axis=1) == labels).sum()) if size in logits else OUT_OF_TIME for size in SIZES
        ]
        apart = np.abs(logits[512] - logits[1]).max() if {1, 512} <= logits.keys() else np.nan
        rows.append((name, len(images), *right, float(apart)))
    sizes = [f"right at batch {size}" for size in SIZES]
    return table(("model", "images", *sizes, "largest difference of logits, 512 to 1"), rows)


def robust_sets(bench: Bench) -> str:
    """Samples that a run here judges otherwise than the shipped run, stage by stage; fp32 twice."""
    shipped = read_run(SHIPPED)
    runs: list[tuple[str, Precision]] = [("fp32", "fp32"), ("fp32 again", "fp32"), *((p, p) for p in PRECISIONS[1:])]
    rows, first = list[tuple[object, ...]](), None
    for number, (name, precision) in enumerate(runs):
        most = bench.left / (len(runs) - number)
        if most <= 0:
            rows.append((name, OUT_OF_TIME))
            continue
        models = ("dense",) if bench.small else ("dense", "pruned")
        request = bench.request(f"sets-{number}", "standard", precision, 256, models, most=max(most - 5, 1))
        try:
            found, seconds = bench.run(request)
        except Interrupted:
            rows.append((name, f"not finished in {most:.0f} s"))
            continue
        except ThiniceError as error:
            rows.append((name, first_line(error)))
            continue
        same = "–" if first is None else str(_differences(found, first, len(found.labels)))
        first = first or found
        rows.append((name, f"{seconds:.1f}", str(_differences(found, shipped, len(found.labels))), same))
    names = ("searched in", "seconds", "otherwise than the shipped run, dense and pruned", "than the first run")
    return table(names, [(*row, *[""] * (len(names) - len(row))) for row in rows])


def _differences(one: Run, other: Run, count: int) -> list[int]:
    """By model of `one`: samples that stand at its end in one run and not in the other."""
    others = {model.record.name: model for model in other.models}
    return [
        int(((model.broken_by < 0) != (others[model.record.name].broken_by[:count] < 0)).sum()) for model in one.models
    ]

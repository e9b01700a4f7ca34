"""The machine, and a smoke of every attack under every norm in every precision."""

import platform

import numpy as np
import torch

from tests.benchmarks.gpu.bench import OUT_OF_TIME, PRECISIONS, Bench, first_line, table
from tests.benchmarks.gpu.networks import resnet
from tests.places import SAMPLE_MODELS
from thinice_tui.engine.worker.attack import AttackTask, run_attack
from thinice_tui.engine.worker.attack_model import prepare_attack_model
from thinice_tui.engine.worker.device import describe, has_bfloat16, why_no_tf32
from thinice_tui.engine.worker.full_precision import full_precision
from thinice_tui.engine.worker.tasks import Worker
from thinice_tui.models.load import load_model
from thinice_tui.protocol.attacks import ATTACKS
from thinice_tui.protocol.ensembles import Stage
from thinice_tui.protocol.settings import Settings
from thinice_tui.protocol.threat_model import NORMS


def environment(bench: Bench) -> str:
    """Versions, the device, its memory and what it can compute in."""
    rows = [
        ("torch", torch.__version__),
        ("CUDA, cuDNN", f"{torch.version.cuda}, {torch.backends.cudnn.version()}"),  # type: ignore[no-untyped-call]
        ("Python, system", f"{platform.python_version()}, {platform.platform()}"),
        ("device", describe(bench.device)),
        ("TF32", why_no_tf32(bench.device) or "yes"),
        ("bf16", "yes" if has_bfloat16(bench.device) else "no"),
    ]
    if bench.cuda:
        free, total = torch.cuda.mem_get_info(bench.device)
        rows.append(("memory free of all", f"{free / 2**30:.1f} of {total / 2**30:.1f} GiB"))
    return table(("what", "value"), rows)


def smoke(bench: Bench) -> str:
    """Every kind of attack, norm and precision once: images broken of those attacked, or what went wrong."""
    count, steps = (2, 2) if bench.small else (64, 10)
    with np.load(SAMPLE_MODELS / "cifar10-test-1000.npz") as data:
        images = (data["images"][:count].transpose(0, 3, 1, 2) / 255).astype(np.float32, order="C")
        labels = data["labels"][:count].astype(np.int64)
    judge = (
        resnet(18, large=False, small=True) if bench.small else load_model(SAMPLE_MODELS / "dense.pt").classifier()
    ).to(bench.device)
    probe = torch.from_numpy(images).to(bench.device)
    with torch.no_grad():
        labels = judge(probe).argmax(dim=1).cpu().numpy() if bench.small else labels
    rows = list[tuple[str, ...]]()
    with full_precision():
        for precision in PRECISIONS:
            form = prepare_attack_model(judge, probe, precision)
            if form.precision != precision:
                rows.append((precision, f"not run: {form.refused[-1]}", *[""] * len(NORMS)))
                continue
            cells = {(kind, norm): OUT_OF_TIME for kind in ATTACKS for norm in NORMS}
            for kind, norm in cells:
                if bench.left <= 0:
                    break
                stage = Stage(kind, kind, steps, targets=2 if kind.endswith("-t") else 0)
                worker = Worker("dense", judge, form, Settings.build(norm, None, "quick"), bench.device, lambda _: None)
                task = AttackTask(
                    model=0,
                    first=0,
                    positions=np.arange(count),
                    indices=np.arange(count),
                    images=images,
                    labels=labels,
                    batch_capacity=count,
                    stage=stage,
                )
                try:
                    cells[kind, norm] = f"{int(run_attack(task, worker).broken.sum())}/{count}"
                except Exception as error:
                    cells[kind, norm] = first_line(error)
            rows += [(precision, kind, *(cells[kind, norm] for norm in NORMS)) for kind in ATTACKS]
    return table(("searched in", "attack", *NORMS), rows)

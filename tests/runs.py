"""Run files made by hand, so that views are tested without attacking anything."""

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import BatchOutcome, Heartbeat, LayerRecord, ModelRecord, Role, Run, RunPlan
from thinice_tui.runfile.writer import RunWriter

STAGES = ("PGD-20", "APGD-CE", "APGD-T")
SHAPE = (3, 8, 8)


def record(name: str, role: Role) -> ModelRecord:
    layers = (LayerRecord("conv", "Conv2d", (4, 3, 3, 3), 108, 54), LayerRecord("fc", "Linear", (5, 4), 20, 0))
    return ModelRecord(role, name, f"/m/{name}.pt", f"{name:a<64}", "made", "none", 133, 0.42, 0.25, 0.41, layers)


def about(n: int, classes: int, attack: str, class_names: list[str]) -> dict[str, object]:
    return {
        "settings": {
            "norm": "Linf",
            "eps": {"text": "8/255", "value": 8 / 255},
            "attack": attack,
            "seed": 3,
            "batch_size": None,
            "keep_images": "flips",
        },
        "batch_size": 16,
        "classes": classes,
        "data": {
            "source": "made.npz",
            "sha256": "0" * 64,
            "samples": n,
            "shape": list(SHAPE),
            "dtype": "uint8",
            "class_names": class_names,
        },
        "versions": {"thinice-tui": "0.1.0", "python": "3.11", "torch": "2", "torchattacks": "3", "numpy": "2"},
        "device": "cpu",
        "warnings": [],
    }


def write_run(
    path: Path,
    models: dict[str, Role],
    n: int = 200,
    classes: int = 5,
    attack: str = "standard",
    through: int = len(STAGES),
    class_names: list[str] | None = None,
    seed: int = 0,
    flip: bool = True,
) -> Run:
    """A run in which each model breaks low-margin samples first; finished when `through` is every stage."""
    random = np.random.default_rng(seed)
    labels = np.arange(n, dtype=np.int64) % classes
    shared = random.normal(1.5, 1.5, n)
    images = random.integers(0, 256, (n, *SHAPE), dtype=np.uint8)
    plan = RunPlan({"made": seed}, about(n, classes, attack, class_names or [f"class {i}" for i in range(classes)]))
    records = [record(name, role) for name, role in models.items()]
    with RunWriter.open(path, plan, records, labels, np.arange(n) * 3, images) as writer:
        writer.plan_stages([(name, {"steps": 20}) for name in STAGES], len(models))
        for number in range(len(models)):
            margins = shared + (random.normal(0, 0.6, n) if number and flip else 0)
            logits = logits_of(margins, labels, classes, random)
            writer.add_clean(number, np.arange(n), logits)
            standing = np.flatnonzero(margins > 0)
            for ordinal in range(through):
                writer.start_stage(number, ordinal, len(standing))
                broken = margins[standing] < (ordinal + 1) * 0.5
                if len(standing):
                    outcome = attacked(standing, logits, labels, broken, images)
                    writer.add_batch(number, ordinal, 0, outcome, np.ones(len(standing), dtype=bool), True)
                writer.finish_stage(number, ordinal)
                standing = standing[~broken]
        writer.heartbeat(Heartbeat(time.time(), "running", "dense · APGD-T", 5, 10, 100.0, 30.0))
        if through == len(STAGES):
            writer.finish(None)
    return read_run(path)


def logits_of(
    margins: NDArray[np.float64], labels: NDArray[np.int64], classes: int, random: np.random.Generator
) -> NDArray[np.float32]:
    """Logits [n,C] whose margins are `margins` [n]."""
    logits = random.uniform(-3, -1, (len(labels), classes))
    rows = np.arange(len(labels))
    logits[rows, labels] = -np.inf
    logits[rows, labels] = logits.max(axis=1) + margins
    return logits.astype(np.float32)


def attacked(
    positions: NDArray[np.int64],
    logits: NDArray[np.float32],
    labels: NDArray[np.int64],
    broken: NDArray[np.bool_],
    images: NDArray[np.uint8],
) -> BatchOutcome:
    found = logits[positions].copy()
    rows, own = np.arange(len(positions)), labels[positions]
    found[rows[broken], own[broken]] -= 10
    return BatchOutcome(
        positions=positions,
        logits=found,
        broken=broken,
        distances=np.full(len(positions), 8 / 255),
        images=(images[positions] / np.float32(255)).astype(np.float32),
        forwards=20 * len(positions),
        backwards=20 * len(positions),
        seconds=0.5,
    )

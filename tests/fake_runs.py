"""Fake run files: written batch by batch with known outcomes, without attacking anything."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from thinice_tui.protocol.pixels import as_floats
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import BatchOutcome, Layer, ModelRecord, Role, Run, RunPlan
from thinice_tui.runfile.writer import RunWriter

STAGES = ("PGD-20", "APGD-CE", "APGD-T")
KINDS = ("pgd", "apgd-ce", "apgd-t")
SHAPE = (3, 8, 8)
BATCH = 16


def record(name: str, role: Role, sparsity: float = 0.42) -> ModelRecord:
    layers = (Layer("conv", "Conv2d", (4, 3, 3, 3), 108, 54), Layer("fc", "Linear", (5, 4), 20, 0))
    return ModelRecord(role, name, f"/m/{name}.pt", f"{name:a<64}", "made", "none", 133, sparsity, 0.25, 0.41, layers)


def run_table(
    n: int, classes: int, attack: str, class_names: list[str], shape: tuple[int, int, int] = SHAPE
) -> dict[str, object]:
    return {
        "settings": {
            "norm": "Linf",
            "eps": {"text": "8/255", "value": 8 / 255},
            "attack": attack,
            "seed": 3,
            "batch_size": None,
            "keep_images": "flips",
            "precision": "fp32",
            "distances": False,
        },
        "batch_size": BATCH,
        "classes": classes,
        "data": {
            "source": "made.npz",
            "sha256": "0" * 64,
            "samples": n,
            "shape": list(shape),
            "dtype": "uint8",
            "class_names": class_names,
        },
        "versions": {"thinice-tui": "0.1.0", "python": "3.11", "torch": "2", "torchattacks": "3", "numpy": "2"},
        "device": "cpu",
        "warnings": [],
    }


@dataclass(frozen=True)
class MadeRun:
    """A fake run, and what its file holds once it is finished; `begin`, `clean` and `attack` write parts of it."""

    path: Path
    plan: RunPlan
    records: list[ModelRecord]
    labels: NDArray[np.int64]
    images: NDArray[np.uint8]
    margins: list[NDArray[np.float64]]
    """Each model's margins on the clean images, [n]. Stage k breaks the samples below (k + 1) / 2."""
    logits: list[NDArray[np.float32]]
    keep_images: bool = True

    def open(self) -> RunWriter:
        """Create the file, or continue it."""
        return RunWriter.open(
            self.path, self.plan, self.records, self.labels, np.arange(len(self.labels)) * 3, self.images
        )

    def begin(self, writer: RunWriter) -> None:
        """Plan the stages; nothing is computed yet."""
        writer.plan_stages(
            [(name, {"kind": kind, "steps": 20}) for name, kind in zip(STAGES, KINDS, strict=True)], len(self.records)
        )

    def clean(self, writer: RunWriter, number: int) -> None:
        """The clean predictions of the model `number`."""
        writer.add_clean(number, np.arange(len(self.labels)), self.logits[number])

    def standing(self, number: int, ordinal: int) -> NDArray[np.int64]:
        """The positions that the stage `ordinal` attacks."""
        margins = self.margins[number]
        return np.flatnonzero((margins > 0) & (margins >= ordinal * 0.5))

    def batches(self, number: int, ordinal: int) -> list[NDArray[np.int64]]:
        """The stage's batches, as the engine makes them."""
        standing = self.standing(number, ordinal)
        return [standing[i : i + BATCH] for i in range(0, len(standing), BATCH)]

    def attack(self, writer: RunWriter, number: int, ordinal: int) -> None:
        """All of one stage against the model `number`."""
        writer.start_stage(number, ordinal, len(self.standing(number, ordinal)))
        for batch in range(len(self.batches(number, ordinal))):
            self.attack_batch(writer, number, ordinal, batch)
        writer.finish_stage(number, ordinal)

    def attack_batch(self, writer: RunWriter, number: int, ordinal: int, batch: int) -> None:
        """One of the stage's batches; beginning and finishing the stage is up to the caller."""
        positions = self.batches(number, ordinal)[batch]
        broken = self.margins[number][positions] < (ordinal + 1) * 0.5
        outcome = attacked(positions, self.logits[number], self.labels, broken, self.images)
        clean = as_floats(self.images[positions]) if self.keep_images else None
        writer.add_batch(number, ordinal, batch * BATCH, outcome, np.ones(len(positions), dtype=bool), clean)
        writer.drain()


class Options(TypedDict, total=False):
    """Options of a fake run."""

    n: int
    classes: int
    attack: str
    class_names: list[str]
    seed: int
    flip: bool
    """Whether the models differ."""
    shape: tuple[int, int, int]
    labels: NDArray[np.int64]
    """[n]; default: each class in turn."""
    keep_images: bool
    sparsities: dict[str, float]
    """Of the convolutional and linear weights, by the model's name; default: 0.42."""
    more: dict[str, object]
    """Entries of the run table, added or replaced."""


def make_run(path: Path, models: dict[str, Role], **options: Unpack[Options]) -> MadeRun:
    """A run whose stages break the samples of lowest margin first; nothing is written yet."""
    n, classes, seed = options.get("n", 200), options.get("classes", 5), options.get("seed", 0)
    shape, attack = options.get("shape", SHAPE), options.get("attack", "standard")
    names = options.get("class_names", [f"class {i}" for i in range(classes)])
    random = np.random.default_rng(seed)
    labels = options.get("labels", np.arange(n, dtype=np.int64) % classes)
    shared = random.normal(1.5, 1.5, n)
    images = random.integers(0, 256, (n, *shape), dtype=np.uint8)
    plan = RunPlan({"made": seed}, run_table(n, classes, attack, names, shape) | options.get("more", {}))
    sparsities = options.get("sparsities", {})
    records = [record(name, role, sparsities.get(name, 0.42)) for name, role in models.items()]
    margins, logits = [], []
    for number in range(len(models)):
        margins.append(shared + (random.normal(0, 0.6, n) if number and options.get("flip", True) else 0))
        logits.append(logits_of(margins[-1], labels, classes, random))
    return MadeRun(path, plan, records, labels, images, margins, logits, options.get("keep_images", True))


def write_run(path: Path, models: dict[str, Role], through: int = len(STAGES), **options: Unpack[Options]) -> Run:
    """The same run, written through the first `through` stages; finished where these are all."""
    beat = Heartbeat(time.time(), "running", "dense", "APGD-T", 5, 10, 100.0, 30.0)
    return read_run(written(make_run(path, models, **options), through, beat))


def written(made: MadeRun, through: int = len(STAGES), beat: Heartbeat | None = None) -> Path:
    """Its file, through the first `through` stages; finished where these are all. beat: the last one before the end."""
    with made.open() as writer:
        made.begin(writer)
        for number in range(len(made.records)):
            made.clean(writer, number)
            for ordinal in range(through):
                made.attack(writer, number, ordinal)
        if beat is not None:
            writer.heartbeat(beat)
        if through == len(STAGES):
            writer.finish(None)
    return made.path


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
        images=as_floats(images[positions]),
        boundary=None,
        forwards=20 * len(positions),
        backwards=20 * len(positions),
        seconds=0.5,
    )

"""Measures whether an engine's memory stays flat: its peak in each quarter of each stage, on a large data set.

python -m tests.benchmarks.memory [--samples 20000] [--attack quick] [--device cpu]

The samples are random, the networks small, and eps so small that most samples stay robust; every adversarial image is
kept. Prints the peak resident memory of the process, or the peak allocated memory of a GPU. Linux only.
"""

import argparse
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn

from thinice_tui.engine.compare import execute, prepare
from thinice_tui.engine.worker.device import choose_device
from thinice_tui.engine.worker.environment import prepare_process
from thinice_tui.protocol.model_options import ModelOptions
from thinice_tui.protocol.progress import Heartbeat, SilentObserver
from thinice_tui.protocol.request import Request
from thinice_tui.protocol.settings import Settings

MB = 1024**2
CLASSES = 10
ARCH = f"{Path(__file__)}:small"


def small(num_classes: int = CLASSES) -> nn.Module:
    """A network of a few thousand parameters, so that the engine's own memory is measured."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=4, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 4 * 4, num_classes),
    )


def write_inputs(folder: Path, count: int) -> None:
    """Write dense.pt, pruned.pt, and data.npz with the dense model's predictions as labels."""
    torch.manual_seed(0)
    networks = {"dense": small(), "pruned": small()}
    networks["pruned"].load_state_dict(networks["dense"].state_dict())
    with torch.no_grad():
        weight = networks["pruned"].get_parameter("5.weight")
        weight[weight.abs() < weight.abs().median() / 4] = 0
    for name, network in networks.items():
        torch.save({"state_dict": network.state_dict()}, folder / f"{name}.pt")
    images = np.random.default_rng(0).integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)
    with torch.no_grad():
        parts = (torch.from_numpy(part).float() / 255 for part in np.array_split(images, max(1, count // 1000)))
        labels = torch.cat([networks["dense"](part).argmax(dim=1) for part in parts])
    np.savez(folder / "data.npz", images=images, labels=labels.numpy())


class Peaks(SilentObserver):
    """Prints the peak of each quarter of each stage."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._at = ("before", 0)
        self.tell("reading models and data")

    def progress(self, beat: Heartbeat) -> None:
        quarter = min(int(4 * beat.done / beat.total), 3)
        if (beat.stage, quarter) != self._at:
            stage, before = self._at
            self.tell("checks, clean pass" if stage == "before" else f"{stage}, quarter {before + 1}")
            self._at = (beat.stage, quarter)

    def tell(self, what: str) -> None:
        """Print the peak since the last call, and reset it."""
        words = f"{what:28} {peak_resident() / MB:6.0f} MB"
        if self._device.type == "cuda":
            words += f"   GPU {torch.cuda.max_memory_allocated(self._device) / MB:6.0f} MB"
            torch.cuda.reset_peak_memory_stats(self._device)
        print(words, flush=True)
        Path("/proc/self/clear_refs").write_text("5")


def peak_resident() -> float:
    """The peak in bytes since the kernel was last told to reset it."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return float(line.split()[1]) * 1024


def engine(folder: Path, attack: str, device: str) -> None:
    prepare_process()
    request = Request(
        dense=folder / "dense.pt",
        pruned=(folder / "pruned.pt",),
        control=None,
        data=str(folder / "data.npz"),
        samples=None,
        device=device,
        settings=Settings.build("Linf", "0.2/255", attack, keep_images="all"),
        run=folder / "run.thinice",
        folder=folder,
        model_options=ModelOptions(arch=(ARCH,)),
    )
    prepared = prepare(request)
    peaks = Peaks(choose_device(device))
    execute(request, prepared, peaks)
    peaks.tell("the last quarter, the end")
    images = prepared.samples.images
    size = math.prod(images.shape) * images.dtype.itemsize
    print(f"{'the data set itself':28} {size / MB:6.0f} MB")
    print(f"{'the run file':28} {(folder / 'run.thinice').stat().st_size / MB:6.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--attack", default="quick")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--engine", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine:
        engine(options.engine, options.attack, options.device)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_inputs(Path(folder), options.samples)
        words = ["--engine", folder, "--attack", options.attack, "--device", options.device]
        subprocess.run([sys.executable, "-m", "tests.benchmarks.memory", *words], check=True)


if __name__ == "__main__":
    main()

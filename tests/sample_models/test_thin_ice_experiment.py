"""The experiment from beginning to end, in a tiny setting: stopped in between, shared, and written to a page."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.places import ROOT, SAMPLE_MODELS
from thinice_tui.runfile.reader import read_run

SETTINGS = "--epochs 1 --images 256 --test-images 16 --attack pgd-1 --margin-attack pgd-1 --seeds 0"


def experiment(*more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    places = ["--data", "cifar10.npz", "--folder", "work", "--page-file", "page.md"]
    command = [sys.executable, str(SAMPLE_MODELS / "thin_ice_experiment.py"), *places, *SETTINGS.split(), *more]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=200)


@pytest.fixture
def data() -> Path:
    """Images and labels in the form of prepare_data.py: 256 for training, and 1016 for tests."""
    with np.load(SAMPLE_MODELS / "cifar10-test-1000.npz") as stored:
        images, labels = stored["images"], stored["labels"].astype(np.int64)
    tests = {"test_images": np.concatenate([images, images[:16]]), "test_labels": np.concatenate([labels, labels[:16]])}
    np.savez("cifar10.npz", train_images=images[:256], train_labels=labels[:256], **tests)  # type: ignore[arg-type]
    Path("page.md").write_text("# A page\n\n## Results\n\nNot yet run.\n")
    return Path("cifar10.npz")


def test_it_runs_through_and_goes_on(data: Path) -> None:
    assert data.exists()
    first = experiment("--arms", "plain,up")
    assert first.returncode == 0, first.stderr
    assert "Not yet run." in Path("page.md").read_text() and "1 are left, about" in first.stderr
    plain = Path("work/plain-0.thinice").read_bytes()
    done = experiment()
    assert done.returncode == 0 and "plain-0 epoch" not in done.stderr and "down-0 epoch 1/1" in done.stderr, (
        done.stderr
    )
    assert Path("work/plain-0.thinice").read_bytes() == plain
    page, table = Path("page.md").read_text(), Path("thin-ice-experiment.csv").read_text().splitlines()
    assert page.startswith("# A page\n\n## Results\n\n**A trial") and "too few seeds to tell" in page
    assert [row.split(",")[0] for row in table[1:]] == [
        *("dense", "control", "plain", "up", "down", "random-up", "random-down")
    ]
    assert read_run(Path("work/dense.thinice")).indices.tolist() == list(range(1000, 1016)), "unseen by any choice"
    check_models_and_weights()


def check_models_and_weights() -> None:
    """95 % sparse, each arm with other weights: those of margins, or the same in another order."""
    from thin_ice_experiment import Place, Plan, thin_ice_weights

    runs = {arm: read_run(Path(f"work/{arm}-0.thinice")) for arm in ("plain", "up", "down", "random-up", "random-down")}
    assert len({run.models[0].record.sha256 for run in runs.values()}) == 5
    assert all(abs(run.models[0].record.sparsity_conv_linear - 0.95) < 1e-3 for run in runs.values())
    plan, place = Plan(images=256), Place(Path("cifar10.npz"), Path("work"))
    found = {arm: thin_ice_weights(plan, place, arm, 0) for arm in runs}
    up, down, shuffled = found["up"], found["down"], found["random-up"]
    assert found["plain"] is None and up is not None and down is not None and shuffled is not None
    margins = np.abs(read_run(Path("work/margins.thinice")).models[0].worst_margin)
    assert np.argmin(margins) == int(up.argmax()) == int(down.argmin())
    assert np.array_equal(np.sort(up), np.sort(shuffled)) and not np.array_equal(up, shuffled)
    again, other = thin_ice_weights(plan, place, "random-up", 0), thin_ice_weights(plan, place, "random-up", 1)
    assert again is not None and other is not None and again.equal(shuffled) and not other.equal(shuffled)


def test_processes_share_the_work(data: Path) -> None:
    from filelock import FileLock
    from thin_ice_experiment import taken

    assert data.exists()
    with taken(Path("a.lock")) as mine, taken(Path("b.lock")) as other:
        assert mine and other
    with FileLock("a.lock"), taken(Path("a.lock")) as mine:
        assert not mine

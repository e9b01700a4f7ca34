"""`export`: weights from margins and runs, a warning for test images, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from tests.commands.calling import call, check_refused, error_text
from tests.fake_runs import write_run
from tests.places import SAMPLE_MODELS
from thinice_tui.report.array_file import read_arrays
from thinice_tui.runfile.reader import read_run


def weights(path: str) -> np.ndarray:
    columns, _ = read_arrays(Path(path), ("sample", "weight"), "weights")
    return columns["weight"]


def test_thin_ice_goes_up_or_down(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"})
    up = call("export", "a.thinice", "--thin-ice", "up.csv", "--strength", "0.5")
    down = call("export", "a.thinice", "--thin-ice", "down.npz", "--strength", "-0.5")
    assert (up.exit_code, down.exit_code, up.stdout) == (0, 0, ""), up.stderr + down.stderr
    order = np.argsort(np.abs(run.models[0].clean_margin))
    assert (np.diff(weights("up.csv")[order]) <= 0).all() and (np.diff(weights("down.npz")[order]) >= 0).all()
    assert weights("up.csv").mean() == pytest.approx(1) and weights("up.csv")[order][0] > 1.49
    for formula in ("threshold", "flips"):
        done = call("export", "a.thinice", "--thin-ice", "w.csv", "--formula", formula, "--margin", "attacked")
        assert done.exit_code == 0, done.stderr


def test_the_sample_run_is_of_test_images_and_is_warned_about() -> None:
    run = SAMPLE_MODELS / "standard.thinice"
    result = call("export", run, "--thin-ice", "w.npz", "--formula", "flips")
    assert result.exit_code == 0
    assert "warning:" in result.stderr and "are test images: a training that is weighted by them" in error_text(result)
    assert len(weights("w.npz")) == len(read_run(run).labels)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("--thin-ice w.txt", "--thin-ice is w.txt, expected NAME.npz or NAME.csv"),
        ("--thin-ice w.npz --formula margin", "--formula is 'margin', expected rank, threshold or flips"),
        ("--thin-ice w.npz --strength 0", "not 0 above 0 raises"),
        ("--thin-ice w.npz --strength much", "Invalid value for '--strength'"),
        ("--thin-ice a.npz", "would replace a file that this command reads"),
        ("", "Missing option '--thin-ice'"),
    ],
)
def test_wrong_usage_is_refused(words: str, what: str) -> None:
    Path("a.npz").write_text("")
    result = call("export", "a.npz", *words.split())
    assert result.exit_code == 2 and what in error_text(result), result.stderr
    assert not Path("w.npz").exists()


def test_other_files_are_refused(tmp_path: Path) -> None:
    check_refused(call("export", "absent.npz", "--thin-ice", "w.csv"), "absent.npz", "thinice-tui margins")
    np.savez("data.npz", images=np.zeros((2, 3, 8, 8)), labels=np.zeros(2))
    check_refused(call("export", "data.npz", "--thin-ice", "w.csv"), "has no column sample", "thinice-tui margins")
    write_run(tmp_path / "a.thinice", {"dense": "dense"}, through=1)
    check_refused(call("export", "a.thinice", "--thin-ice", "w.csv"), "is not finished", "repeat the command")
    assert not Path("w.csv").exists()

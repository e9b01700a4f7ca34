"""`ti.thin_ice_weights`: from a path or a loaded run, without torch, in the words of Python."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import thinice_tui as ti
from tests.fake_runs import write_run
from thinice_tui.analysis.thin_ice_weights import WeightOptions
from thinice_tui.report.thin_ice_export import weights_from_file


def test_a_path_and_a_loaded_run_give_the_same_and_the_source_is_warned_of(tmp_path: Path) -> None:
    write_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"})
    with pytest.warns(ti.ThiniceWarning, match=r"whether made\.npz are training images is not known") as caught:
        found = ti.thin_ice_weights("a.thinice", margin="attacked", strength=-0.25)
    assert Path(caught[0].filename).name == Path(__file__).name
    expected = weights_from_file(Path("a.thinice"), WeightOptions("rank", "attacked", -0.25))
    assert isinstance(found, ti.ThinIceWeights) and np.array_equal(found.weights, expected.weights)
    with pytest.warns(ti.ThiniceWarning):
        again = ti.thin_ice_weights(ti.load_run("a.thinice"), "flips", strength=1)
    assert (again.weights > 1).any() and again.indices.tolist() == found.indices.tolist()


def test_training_images_are_not_warned_of(tmp_path: Path) -> None:
    data = {
        "source": "/x/train.npz",
        "samples": 200,
        "shape": [3, 8, 8],
        "dtype": "uint8",
        "class_names": [],
        "sha256": "",
    }
    write_run(tmp_path / "a.thinice", {"dense": "dense"}, more={"data": data})
    assert len(ti.thin_ice_weights(tmp_path / "a.thinice", "threshold")) == 200


def test_errors_speak_of_arguments(tmp_path: Path) -> None:
    write_run(tmp_path / "a.thinice", {"dense": "dense"})
    with pytest.raises(ti.UsageError, match=r"^strength is 2, expected"):
        ti.thin_ice_weights("a.thinice", strength=2)
    with pytest.raises(ti.UsageError) as caught:
        ti.thin_ice_weights("a.thinice", "flips")
    assert caught.value.do == "take formula rank or threshold"


def test_it_needs_no_torch() -> None:
    code = "import thinice_tui as ti, sys; ti.thin_ice_weights; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)

"""Files of images: every model's, exactly, and never in the place of another's."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.fake_runs import write_run
from thinice_tui.analysis.rows import View, select_rows
from thinice_tui.errors import ThiniceError
from thinice_tui.report.sample_export import Selection
from thinice_tui.runfile.read_sample import read_adversarial, read_image
from thinice_tui.runfile.records import Role
from thinice_tui.tui.export_files import save_arrays, save_folder, save_pictures
from thinice_tui.tui.jobs import Cancelled, Job

MODELS: dict[str, Role] = {"dense": "dense", "../half": "pruned", "again": "control"}


@pytest.fixture
def chosen(tmp_path: Path) -> Selection:
    run = write_run(tmp_path / "a.thinice", MODELS, n=40, shape=(3, 4, 6))
    return Selection.shown(select_rows(run, View(sets=frozenset({"S10"}))))


def job() -> Job:
    return Job("saving", 10, lambda _text: None)


def test_arrays_are_those_of_the_run_file(chosen: Selection, tmp_path: Path) -> None:
    path = save_arrays(chosen, tmp_path / "arrays", job())
    assert path == tmp_path / "arrays.npz"
    with np.load(path) as found:
        for row, position in enumerate(chosen.order.tolist()):
            assert np.array_equal(found["clean"][row], read_image(tmp_path / "a.thinice", position))
            stored = read_adversarial(tmp_path / "a.thinice", 1, position)
            assert stored is not None and np.array_equal(found["adversarial@half"][row], stored)
        assert all(name.replace("@", "").replace("_", "").isalnum() for name in found), "no path is in it"
    with pytest.raises(ThiniceError, match="exists already"):
        save_arrays(chosen, tmp_path / "arrays", job())


def test_arrays_that_do_not_fit_into_memory_are_refused(chosen: Selection, tmp_path: Path) -> None:
    huge = Selection(chosen.rows, np.broadcast_to(np.int64(0), (10**12,)))
    with pytest.raises(ThiniceError, match="in memory"):
        save_arrays(huge, tmp_path / "arrays", job())
    assert not (tmp_path / "arrays.npz").exists()


def test_a_folder_holds_images_and_their_table(chosen: Selection, tmp_path: Path) -> None:
    folder = save_folder(chosen, tmp_path / "images", job())
    assert (folder / "samples.csv").read_text().count("\n") == 1 + len(chosen.order)
    index = int(chosen.rows.table.run.indices[chosen.order[0]])
    with Image.open(folder / f"sample-{index}-half-attacked.png") as png:
        assert png.size == (48, 32)
    with pytest.raises(ThiniceError, match="exists already"):
        save_folder(chosen, tmp_path / "images", job())


def test_nothing_is_left_of_a_folder_that_was_cancelled(chosen: Selection, tmp_path: Path) -> None:
    cancelled = Job("saving", 10, lambda _text: cancelled.cancel())  # at its first report
    cancelled._next = 0.0
    with pytest.raises(Cancelled):
        save_folder(chosen, tmp_path / "images", cancelled)
    assert not (tmp_path / "images").exists()


def test_a_large_image_is_not_enlarged(tmp_path: Path) -> None:
    run = write_run(tmp_path / "large.thinice", MODELS, n=2, shape=(1, 300, 200))
    written = save_pictures(run, np.array([0]), tmp_path / "images", job())
    with Image.open(written[0]) as png:
        assert png.size == (200, 300)

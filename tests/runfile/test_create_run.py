"""The first rows of a new run file."""

from pathlib import Path

import numpy as np

from tests.runfile.small_runs import IMAGES, LABELS, database, open_writer, small_plan
from thinice_tui.runfile.connection import reading
from thinice_tui.runfile.read_sample import read_image
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.run_table import read_run_table
from thinice_tui.runfile.schema import APPLICATION_ID, VERSION


def test_a_new_file_holds_the_plan_models_samples_and_images(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    plan, models = small_plan()
    open_writer(path).__exit__()
    with reading(path) as connection:
        table = read_run_table(connection)
    assert table["identity"] == plan.identity and table["finished"] is None and table["created"] > 0
    assert {key: table[key] for key in plan.table} == plan.table
    run = read_run(path)
    assert [model.record for model in run.models] == models
    assert np.array_equal(run.labels, LABELS) and np.array_equal(run.indices, LABELS)
    assert all(np.array_equal(read_image(path, position), IMAGES[position]) for position in (0, 17, 39))
    with database(path) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []

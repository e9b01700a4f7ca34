"""How a run file is recognised; files of every version from 3 on stay readable, other files are refused."""

import contextlib
import hashlib
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import write_run
from tests.runfile.small_runs import open_writer
from thinice_tui.analysis.comparison import analyse
from thinice_tui.errors import RunFileError
from thinice_tui.runfile import schema
from thinice_tui.runfile.read_sample import read_adversarial, read_image, read_logits_at
from thinice_tui.runfile.reader import check_run_file, read_run
from thinice_tui.runfile.schema import OLDEST, TABLES, VERSION

FIXTURES = Path(__file__).parent / "fixtures"
SCHEMAS = {
    3: "954832b56368205936ba9c34a0eee134e778c5f9a86016ca6d54527b4ef9a06c",
    4: "23c6ebb440960cbac2173e8f8d0c94133e15d2d321b419de9e7cf762037e9611",  # heartbeat.seconds_expected
    5: "9f6b47675e53ca23f7bdaaab103fe36a475057df6dcd246d6d3d844ee77a072c",  # batch.first in place of batch.batch
}
"""sha256 of TABLES, by version. Other tables are another version: add a line, a fixture that the writer of before
made (`version-N.thinice`, a few kB), and whatever the reader needs for it."""


def test_changed_tables_need_a_new_version() -> None:
    assert hashlib.sha256(TABLES.encode()).hexdigest() == SCHEMAS[VERSION]
    assert list(SCHEMAS) == list(range(OLDEST, VERSION + 1))


@pytest.fixture(params=range(OLDEST, VERSION + 1))
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A finished run of that version: 12 samples of 3 classes, dense and one pruned model, three stages."""
    return Path(shutil.copy(FIXTURES / f"version-{request.param}.thinice", tmp_path))


def test_a_run_file_of_each_version_is_read(old: Path) -> None:
    run = read_run(old)
    analysis = analyse(run)
    assert run.complete and analysis.through == 3 and run.indices.tolist() == list(range(0, 36, 3))
    dense, half = run.models
    assert dense.clean_prediction.tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2, 2, 1, 2]
    assert dense.broken_by.tolist() == [-1, 2, -1, -1, 1, -1, -1, -1, 0, -1, 1, -1]
    assert half.broken_by.tolist() == [-1, 1, -1, 1, 0, -1, -1, -1, 1, -1, 0, 1]
    assert half.clean_margin[:4].tolist() == pytest.approx([2.291, 0.931, 3.554, 0.865], abs=5e-4)
    assert dense.distance[9] != dense.distance[9] and dense.distance[8] == pytest.approx(8 / 255)
    assert analysis.comparisons[0].sets.s10.nonzero()[0].tolist() == [3, 11]
    assert [finding.check for finding in run.findings] == ["gradients vanish"]
    assert read_image(old, 11).shape == (1, 4, 4) and read_adversarial(old, 0, 8) is not None
    assert all(logits is not None and logits.shape == (3,) for logits in read_logits_at(old, 0, 8))


def test_a_later_version_reads_earlier_files(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "VERSION", VERSION + 1)
    assert read_run(old).complete


def test_a_file_of_a_development_version_is_refused(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "OLDEST", VERSION + 1)
    with pytest.raises(RunFileError, match="by a development version"):
        check_run_file(old)


def test_a_newer_version_is_refused_by_reader_and_writer(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    write_run(path, {"dense": "dense", "p": "pruned"})
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    for access in (lambda: read_run(path), lambda: open_writer(path)):
        with pytest.raises(RunFileError, match="written by a newer thinice-tui") as caught:
            access()
        assert "upgrade" in caught.value.do


@pytest.mark.parametrize("content", [b"plain text, long enough to be read as a header " * 4, b"SQLite format 3\0cut"])
def test_other_files_are_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.thinice"
    path.write_bytes(content)
    with pytest.raises(RunFileError, match=r"not a run file|cannot be read"):
        read_run(path)
    with pytest.raises(RunFileError, match="not a run file"):
        open_writer(path)
    assert path.read_bytes() == content


def test_another_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (a)")
    with pytest.raises(RunFileError, match="is not a thinice-tui run file"):
        open_writer(path)
    with pytest.raises(RunFileError, match="is not a thinice-tui run file"):
        read_run(path)
    with pytest.raises(RunFileError, match="there is no such run file"):
        read_run(tmp_path / "absent.thinice")


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    """What plain sqlite3 finds."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_views_show_verdicts_and_stages_by_sql(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    run = write_run(path, {"dense": "dense", "p": "pruned"}, n=60)
    found = rows(path, "SELECT model, dataset_index, label, attacked, broken_by, distance, has_image FROM verdict")
    expected = [
        (
            model.record.name,
            int(run.indices[i]),
            int(run.labels[i]),
            int(model.clean_prediction[i] == run.labels[i]),
            None if model.broken_by[i] < 0 else model.stages[model.broken_by[i]].name,
            None if np.isnan(model.distance[i]) else model.distance[i],
            int(model.broken_by[i] >= 0),
        )
        for model in run.models
        for i in range(60)
    ]
    assert sorted(found, key=str) == sorted(expected, key=str)
    stages = rows(path, "SELECT model, stage, entered, broken, finished FROM stage_result ORDER BY model, ordinal")
    assert stages == [
        (model.record.name, stage.name, stage.entered, int((model.broken_by == stage.ordinal).sum()), 1)
        for model in run.models
        for stage in model.stages
    ]


FLIPS = """
SELECT count(*) FROM verdict AS dense JOIN verdict AS other USING (position)
WHERE dense.role = 'dense' AND other.model = 'p'
    AND dense.attacked AND dense.broken_by IS NULL AND NOT (other.attacked AND other.broken_by IS NULL)
"""


def test_flips_can_be_counted_by_sql(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"}, n=60)
    (comparison,) = analyse(run).comparisons
    assert rows(tmp_path / "a.thinice", FLIPS) == [(comparison.sets.counts()["S10"],)]


def test_a_continued_file_gets_the_views_that_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    open_writer(path).__exit__()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP VIEW verdict")
        connection.execute("DROP VIEW stage_result")
    open_writer(path).__exit__()
    assert rows(path, "SELECT count(*) > 0 FROM verdict") == [(1,)] and rows(path, "SELECT * FROM stage_result") == []

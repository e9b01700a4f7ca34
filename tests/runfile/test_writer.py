"""The writer: what it adds is whole, whatever interrupts it, and another run's file is refused."""

import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import attacked, record, write_run
from tests.places import ROOT
from tests.runfile.small_runs import BATCH, IMAGES, LABELS, add_batch, database, logits, open_writer, plan_stages, store
from thinice_tui.errors import RunFileError
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.runfile.read_sample import read_adversarial, read_image
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.schema import VERSION


def test_a_closed_file_is_one_plain_database_that_names_its_format(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    write_run(path, {"dense": "dense", "p": "pruned"})
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (0x74686963,)
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert [p.name for p in tmp_path.iterdir()] == ["a.thinice"]
    path.chmod(stat.S_IRUSR)
    assert len(read_run(path).models) == 2


def test_a_reader_finds_what_the_writer_added(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    with open_writer(path) as writer:
        plan_stages(writer)
        writer.start_stage(0, 0, 40)
        add_batch(writer, 0)
        add_batch(writer, 1, broken=False)
        run = read_run(path)  # while the writer has it open
    dense = run.models[0]
    assert dense.record == record("dense", "dense")
    assert (dense.broken_by[:8] == 0).all() and (dense.broken_by[8:] == -1).all()
    assert np.isfinite(dense.distance[:16]).all() and np.isnan(dense.distance[16:]).all()
    stage = dense.stages[0]
    assert (stage.entered, stage.attacked, stage.forwards, stage.finished) == (40, 16, 320, False)
    assert stage.parameters == {"steps": 3}
    assert read_image(path, 0).shape == (3, 8, 8) and read_image(path, 0).dtype == np.uint8
    assert read_adversarial(path, 0, 0) is not None
    assert read_adversarial(path, 0, 9) is None and read_adversarial(path, 1, 0) is None
    with pytest.raises(RunFileError, match="has no sample 99"):
        read_image(path, 99)


def test_a_second_engine_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    with open_writer(path), pytest.raises(RunFileError, match="another engine is writing"):
        open_writer(path)
    open_writer(path).__exit__()


def test_a_dead_engines_lock_does_not_hold(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    code = f"""
import os
from pathlib import Path
from tests.runfile.small_runs import add_batch, open_writer
writer = open_writer(Path({str(path)!r}))
writer.plan_stages([("PGD-20", {{}})], 2)
add_batch(writer, 0)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == -9
    assert read_run(path).models[0].stages[0].attacked == 8, "what was committed is there without the writer"
    with open_writer(path) as writer:
        assert writer.resumed and writer.batches_done(0, 0) == {0: 8}


def test_an_empty_file_is_created_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    path.touch()
    with open_writer(path) as writer:
        assert not writer.resumed


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    for path in (blocked / "a.thinice", tmp_path):
        with pytest.raises(RunFileError, match=r"cannot be written|not a run file"):
            open_writer(path)


def test_a_full_disk_loses_the_batch_in_flight_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thinice_tui.runfile.writer.PAGE_SIZE", 512)  # batches this small fit into larger ones
    path = tmp_path / "a.thinice"
    with open_writer(path) as writer:
        plan_stages(writer)
        add_batch(writer, 0)
        (pages,) = writer._connection.execute("PRAGMA page_count").fetchone()
        writer._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(RunFileError, match="the disk is full, the batches in flight were not kept") as caught:
            for batch in range(1, 5):
                add_batch(writer, batch)
        assert "make space" in caught.value.do
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with open_writer(path) as writer:
        done = {first // BATCH for first in writer.batches_done(0, 0)}
        assert 0 in done and len(done) < 5
        for batch in sorted(set(range(5)) - done):
            add_batch(writer, batch)
    assert (read_run(path).models[0].broken_by == 0).all()


def test_heartbeats_are_written_at_most_twice_a_second(tmp_path: Path) -> None:
    with open_writer(tmp_path / "a.thinice") as writer:
        for done in range(200):
            writer.heartbeat(Heartbeat(time.time(), "running", "dense", "PGD-20", done, 200, 1.0, None))
        assert writer._connection.execute("SELECT done FROM heartbeat").fetchone() == (0,)


def test_a_finished_file_has_no_heartbeat(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"})
    with sqlite3.connect(run.path) as connection:
        assert connection.execute("SELECT count(*) FROM heartbeat").fetchone() == (0,)
    assert run.complete


@pytest.mark.parametrize("words", ["INSERT OR REPLACE INTO outcome", "INSERT INTO batch", "COMMIT"])
def test_a_crash_between_two_statements_of_a_batch_leaves_none_of_it(words: str, tmp_path: Path) -> None:
    """The process is killed before the first statement that begins with `words`."""
    path = tmp_path / "a.thinice"
    code = f"""
import os
from pathlib import Path
from tests.runfile.small_runs import add_batch, open_writer, plan_stages
writer = open_writer(Path({str(path)!r}))
plan_stages(writer)
add_batch(writer, 0)
writer._connection.set_trace_callback(lambda text: os.kill(os.getpid(), 9) if text.startswith({words!r}) else None)
add_batch(writer, 1)
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == -9
    dense = read_run(path).models[0]
    assert dense.stages[0].batches == {(0, BATCH)} and int((dense.broken_by == 0).sum()) == BATCH
    assert read_adversarial(path, 0, BATCH) is None
    with open_writer(path) as writer:
        assert writer.resumed
        add_batch(writer, 1)
    assert read_run(path).models[0].stages[0].batches == {(0, BATCH), (BATCH, BATCH)}


def test_an_exception_inside_a_batch_leaves_none_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_writer(tmp_path / "a.thinice") as writer:
        plan_stages(writer)
        with monkeypatch.context() as patch:
            patch.setattr("thinice_tui.runfile.writer.pack_adversarial", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                add_batch(writer, 0)
    with open_writer(tmp_path / "a.thinice") as writer:
        assert writer.batches_done(0, 0) == {} and (writer.broken_by(0, 40) == -1).all()
        add_batch(writer, 0)
        assert writer.batches_done(0, 0) == {0: 8}


def test_only_the_samples_kept_replace_what_is_known(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    with open_writer(path) as writer:
        plan_stages(writer)
        add_batch(writer, 0)
        outcome = attacked(np.arange(8), logits(5), LABELS, np.zeros(8, dtype=bool), IMAGES)
        writer.add_batch(0, 1, 0, outcome, np.arange(8) < 2, None)
    dense = read_run(path).models[0]
    assert dense.broken_by[:8].tolist() == [-1, -1, 0, 0, 0, 0, 0, 0]
    assert dense.stages[1].attacked == 8, "every sample of the batch was attacked"


def test_planned_stages_stay_when_they_are_planned_again(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    with open_writer(path) as writer:
        plan_stages(writer)
        writer.start_stage(0, 0, 40)
        writer.plan_stages([("PGD-20", {"steps": 99})], 2)
    assert read_run(path).models[0].stages[0].parameters == {"steps": 3}
    assert read_run(path).models[0].stages[0].entered == 40


def test_what_is_missing_is_counted(tmp_path: Path) -> None:
    with open_writer(tmp_path / "a.thinice") as writer:
        plan_stages(writer)
        stages, samples = writer.count_missing() - 2 * len(LABELS), len(LABELS)
        assert stages > 0, "those that were planned"
        writer.add_clean(0, np.arange(samples), logits())
        assert writer.count_missing() == stages + samples
        writer.add_clean(1, np.arange(samples), logits())
        writer.finish_stage(0, 0)
        assert writer.count_missing() == stages - 1


def test_finish_keeps_the_adversarial_images_it_is_told_to_keep(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    with open_writer(path) as writer:
        plan_stages(writer)
        add_batch(writer, 0)
        writer.finish({0: {1, 3}, 1: set()})
    kept = [position for position in range(BATCH) if read_adversarial(path, 0, position) is not None]
    assert kept == [1, 3] and read_run(path).complete


@pytest.mark.parametrize("value", ["not JSON", "", "{"])
def test_a_run_table_that_is_no_json_is_a_damaged_file(value: str, tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    open_writer(path).__exit__()
    with database(path) as connection:
        connection.execute("UPDATE run SET value = ? WHERE key = 'device'", (value,))
    with pytest.raises(RunFileError, match="is damaged"):
        open_writer(path)
    with pytest.raises(RunFileError, match="is damaged"):
        read_run(path)
    assert [file.name for file in tmp_path.iterdir()] == ["a.thinice"], "and its lock is released"


@pytest.mark.parametrize("identity", [[], "text", None, 3])
def test_a_file_of_unreadable_identity_is_another_run(identity: object, tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    open_writer(path).__exit__()
    store(path, identity=identity)
    with pytest.raises(RunFileError, match="holds another run: made was None, now 0"):
        open_writer(path)

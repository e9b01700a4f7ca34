"""The run file: recognised, refused, locked, and whole whatever happens."""

import sqlite3
import stat
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import STAGES, attacked, logits_of, record, run_table, write_run
from tests.places import ROOT
from thinice_tui.analysis.comparison import analyse
from thinice_tui.errors import RunFileError
from thinice_tui.protocol.pixels import as_floats
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.runfile.reader import RunReader, read_adversarial, read_image, read_run
from thinice_tui.runfile.records import RunPlan
from thinice_tui.runfile.schema import VERSION, pack_adversarial, unpack_adversarial
from thinice_tui.runfile.writer import RunWriter


def open_writer(path: Path, n: int = 40, seed: int = 0) -> RunWriter:
    labels = np.arange(n, dtype=np.int64) % 3
    images = np.random.default_rng(0).integers(0, 256, (n, 3, 8, 8), dtype=np.uint8)
    plan = RunPlan({"made": seed}, run_table(n, 3, "standard", ["a", "b", "c"]))
    return RunWriter.open(path, plan, [record("dense", "dense"), record("p", "pruned")], labels, labels, images)


def add_batch(writer: RunWriter, batch: int, broken: bool = True) -> None:
    random = np.random.default_rng(batch)
    labels = np.arange(40, dtype=np.int64) % 3
    logits = logits_of(np.full(40, 1.0), labels, 3, random)
    positions = np.arange(batch * 8, batch * 8 + 8)
    images = random.integers(0, 256, (40, 3, 8, 8), dtype=np.uint8)
    outcome = attacked(positions, logits, labels, np.full(8, broken), images)
    writer.add_batch(0, 0, batch, outcome, np.ones(8, dtype=bool), as_floats(images[positions]))


def test_a_file_says_what_it_is_and_is_one_file_when_closed(tmp_path: Path) -> None:
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


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    with open_writer(path) as writer:
        writer.plan_stages([(name, {"steps": 3}) for name in STAGES], 2)
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
from tests.runfile.test_runfile import add_batch, open_writer
writer = open_writer(Path({str(path)!r}))
writer.plan_stages([("PGD-20", {{}})], 2)
add_batch(writer, 0)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == -9
    assert read_run(path).models[0].stages[0].attacked == 8, "what was committed is there without the writer"
    with open_writer(path) as writer:
        assert writer.resumed and writer.batches_done(0, 0) == {0}


def test_a_newer_version_is_refused_politely(tmp_path: Path) -> None:
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


def test_an_empty_file_is_taken_as_new(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    path.touch()
    with open_writer(path) as writer:
        assert not writer.resumed


def test_where_it_cannot_be_written_that_is_said(tmp_path: Path) -> None:
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
        writer.plan_stages([(name, {}) for name in STAGES], 2)
        add_batch(writer, 0)
        (pages,) = writer._connection.execute("PRAGMA page_count").fetchone()
        writer._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(RunFileError, match="the disk is full, the batch in flight was not kept") as caught:
            for batch in range(1, 5):
                add_batch(writer, batch)
        assert "make space" in caught.value.do
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with open_writer(path) as writer:
        done = writer.batches_done(0, 0)
        assert 0 in done and len(done) < 5
        for batch in sorted(set(range(5)) - done):
            add_batch(writer, batch)
    assert (read_run(path).models[0].broken_by == 0).all()


def test_heartbeats_come_at_most_twice_a_second(tmp_path: Path) -> None:
    with open_writer(tmp_path / "a.thinice") as writer:
        for done in range(200):
            writer.heartbeat(Heartbeat(time.time(), "running", "dense", "PGD-20", done, 200, 1.0, None))
        assert writer._connection.execute("SELECT done FROM heartbeat").fetchone() == (0,)


@pytest.mark.parametrize("fails", ["_read_heartbeat", "Finding"])
def test_a_reader_that_fails_while_it_builds_has_not_advanced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("half written")

    path = tmp_path / "a.thinice"
    with open_writer(path) as writer:
        writer.plan_stages([(name, {}) for name in STAGES], 2)
        reader = RunReader(path)
        first = reader.read()
        writer.add_clean(0, np.arange(40), logits_of(np.full(40, 1.0), first.labels, 3, np.random.default_rng(0)))
        add_batch(writer, 0)
        writer.set_values(findings=[{"model": "p", "check": "c", "value": 0, "n": 1, "doubtful": False, "samples": []}])
        with monkeypatch.context() as patch:
            patch.setattr(f"thinice_tui.runfile.reader.{fails}", broken)
            with pytest.raises(RunFileError, match="half written"):
                reader.read()
        now = reader.read()
        assert (now.models[0].broken_by[:8] == 0).all() and (now.models[0].clean_prediction >= 0).all()
        assert reader.read() is now and (first.models[0].broken_by == -1).all()


def test_a_finished_file_has_no_heartbeat(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"})
    with sqlite3.connect(run.path) as connection:
        assert connection.execute("SELECT count(*) FROM heartbeat").fetchone() == (0,)
    assert analyse(run).complete


def test_adversarial_images_are_kept_to_the_bit_and_in_less_space() -> None:
    random = np.random.default_rng(0)
    shades = np.linspace(40, 200, 32).astype(np.uint8)
    clean = as_floats(np.broadcast_to(shades, (3, 32, 32)))
    signs = random.choice([-1, 1], clean.shape)
    image = np.clip(clean + np.float32(8 / 255) * signs, 0, 1).astype(np.float32)
    blob = pack_adversarial(image, clean)
    assert np.array_equal(unpack_adversarial(blob, clean), image)
    assert len(blob) < len(zlib.compress(image.tobytes(), 6))
    with pytest.raises(ValueError, match="size"):
        unpack_adversarial(zlib.compress(b"short"), clean)

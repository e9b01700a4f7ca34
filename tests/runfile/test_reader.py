"""The reader: only what is new, never half of it, and no damage of a file that is not told as such."""

import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import make_run, write_run
from tests.runfile.small_runs import add_batch, database, logits, open_writer, plan_stages, store
from thinice_tui.errors import RunFileError
from thinice_tui.runfile import schema
from thinice_tui.runfile.reader import RunReader, check_run_file, read_run
from thinice_tui.runfile.records import Run
from thinice_tui.runfile.schema import is_empty


@pytest.mark.parametrize("fails", ["read_heartbeat", "findings_of"])
def test_a_reading_that_fails_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("half written")

    path = tmp_path / "a.thinice"
    with open_writer(path) as writer:
        plan_stages(writer)
        reader = RunReader(path)
        first = reader.read()
        writer.add_clean(0, np.arange(40), logits())
        add_batch(writer, 0)
        writer.set_values(findings=[{"model": "p", "check": "c", "value": 0, "n": 1, "doubtful": False, "samples": []}])
        with monkeypatch.context() as patch:
            patch.setattr(f"thinice_tui.runfile.reader.{fails}", broken)
            with pytest.raises(RunFileError, match="half written"):
                reader.read()
        now = reader.read()
        assert (now.models[0].broken_by[:8] == 0).all() and (now.models[0].clean_prediction >= 0).all()
        assert reader.read() is now and (first.models[0].broken_by == -1).all()


def test_an_unchanged_file_is_the_same_object(tmp_path: Path) -> None:
    write_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"}, n=20)
    reader = RunReader(tmp_path / "a.thinice")
    assert reader.read() is reader.read()


def same(one: Run, other: Run) -> bool:
    """Whether two readings hold the same, array by array."""
    return repr(one.info) == repr(other.info) and all(
        a.stages == b.stages
        and a.record == b.record
        and all(
            np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True)
            for name in ("clean_prediction", "clean_margin", "worst_margin", "broken_by", "distance", "boundary")
        )
        for a, b in zip(one.models, other.models, strict=True)
    )


def test_reading_in_steps_gives_the_same_as_reading_at_once(tmp_path: Path) -> None:
    made = make_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"}, n=60)
    with made.open() as writer:
        reader = RunReader(made.path)
        made.begin(writer)
        for number in range(2):
            made.clean(writer, number)
            assert same(reader.read(), read_run(made.path))
        for ordinal in range(3):
            for number in range(2):
                made.attack(writer, number, ordinal)
                assert same(reader.read(), read_run(made.path))


def test_two_readers_and_a_writer_do_not_disturb_one_another(tmp_path: Path) -> None:
    made = make_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"}, n=100)
    seen: list[list[int]] = [[], []]
    errors: list[Exception] = []
    ended = threading.Event()

    def follow(counts: list[int]) -> None:
        reader = RunReader(made.path)
        while not ended.is_set():
            try:
                counts.append(sum(stage.attacked for model in reader.read().models for stage in model.stages))
            except Exception as error:
                errors.append(error)
                return

    with made.open() as writer:
        views = [threading.Thread(target=follow, args=(counts,)) for counts in seen]
        for view in views:
            view.start()
        made.begin(writer)
        for number in range(2):
            made.clean(writer, number)
            for ordinal in range(3):
                made.attack(writer, number, ordinal)
        ended.set()
        for view in views:
            view.join()
    assert not errors
    for counts in seen:
        assert counts == sorted(counts), "what was read is never taken back"


def test_another_run_in_its_place_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    write_run(path, {"dense": "dense", "p": "pruned"}, n=20)
    reader = RunReader(path)
    first = reader.read()
    write_run(tmp_path / "b.thinice", {"dense": "dense", "p": "pruned"}, n=30)
    shutil.copy(tmp_path / "b.thinice", path)
    with pytest.raises(RunFileError, match="another run has taken its place"):
        reader.read()
    assert len(first.labels) == 20


def test_a_file_that_goes_away_is_an_error_and_can_come_back(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    write_run(path, {"dense": "dense", "p": "pruned"}, n=20)
    reader = RunReader(path)
    first = reader.read()
    path.rename(tmp_path / "away")
    with pytest.raises(RunFileError, match="there is no such run file"):
        reader.read()
    (tmp_path / "away").rename(path)
    assert same(reader.read(), first)


HOSTILE = {
    "a model's number of its own": "UPDATE model SET parameters = 'many'",
    "layers that are no list": "UPDATE model SET layers = '7'",
    "a layer of other fields": """UPDATE model SET layers = '[{"a": 1}]'""",
    "layers that are no JSON": "UPDATE model SET layers = 'x'",
    "logits of another size": "UPDATE clean SET logits = x'00'",
    "a text of logits": "UPDATE clean SET logits = 'text'",
    "no logits": "UPDATE outcome SET logits = x''",
    "a sample that is not there": "UPDATE OR REPLACE outcome SET position = 10000",
    "a sample before the first": "UPDATE OR REPLACE outcome SET position = -1",
    "a broken_by that is text": "UPDATE outcome SET broken_by = 'stage'",
    "a stage beyond all stages": "UPDATE outcome SET broken_by = 100000",
    "a label that is text": "UPDATE sample SET label = 'cat'",
    "a label of no class": "UPDATE sample SET label = 99",
    "a label below the first class": "UPDATE sample SET label = -1",
    "parameters of a stage that are no JSON": "UPDATE stage SET parameters = 'x'",
    "parameters of a stage that are a list": "UPDATE stage SET parameters = '[]'",
    "a stage number that is left out": "UPDATE stage SET ordinal = 7 WHERE ordinal = 1",
    "a stage of one model alone": "DELETE FROM stage WHERE model = 1 AND ordinal = 2",
    "a batch that is text": "UPDATE batch SET first = 'x' || first",
    "a stage that text entered": "UPDATE stage SET entered = 'many'",
    "no model": "DELETE FROM model",
    "findings that are none": "INSERT OR REPLACE INTO run VALUES ('findings', '[1]')",
    "a finding on a sample that is not there": "INSERT OR REPLACE INTO run VALUES ('findings', "
    """'[{"model": "p", "check": "c", "value": 0, "n": 1, "doubtful": false, "samples": [999]}]')""",
    "an engine of a process that cannot be": "INSERT OR REPLACE INTO run VALUES ('engine', "
    """'{"pid": -1, "born": 0, "host": "h", "log": null}')""",
    "an engine that is none": "INSERT OR REPLACE INTO run VALUES ('engine', '[1, 2]')",
    "a heartbeat of an unknown column": "ALTER TABLE heartbeat ADD COLUMN more; INSERT INTO heartbeat "
    "(id, at, state, doing, done, total, rate) VALUES (1, 0, 'running', '', 0, 0, 0)",
    "a heartbeat at no time": "INSERT INTO heartbeat (id, at, state, doing, done, total, rate) "
    "VALUES (1, 'now', 'running', '', 0, 0, 0)",
    "no settings": "DELETE FROM run WHERE key = 'settings'",
    "no table of stages": "DROP TABLE stage",
    "no column": "DROP VIEW verdict; ALTER TABLE outcome DROP COLUMN boundary",
}


@pytest.mark.parametrize("damage", HOSTILE)
def test_a_damaged_or_hostile_file_is_one_error_for_the_user(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    write_run(path, {"dense": "dense", "p": "pruned"}, n=20)
    with database(path) as connection:
        connection.executescript(HOSTILE[damage])
    with pytest.raises(RunFileError, match=r"a\.thinice: (is damaged|cannot be read)"):
        read_run(path)


def test_a_reader_goes_on_once_the_damage_is_undone(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    with open_writer(path) as writer:
        plan_stages(writer)
        reader = RunReader(path)
        reader.read()
        add_batch(writer, 0)
        writer.set_values(findings=[1])
        with pytest.raises(RunFileError, match="is damaged"):
            reader.read()
        writer.set_values(findings=[])
        assert (reader.read().models[0].broken_by[:8] == 0).all(), "nothing of the batch was lost"


def test_escape_sequences_in_a_file_are_made_harmless(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    write_run(path, {"dense": "dense", "p": "pruned"}, n=20, class_names=["\x1b[2J", "b", "c", "d", "e"])
    store(path, device="\x1b]0;title\x07")
    with database(path) as connection:
        connection.execute("UPDATE model SET name = char(27) || 'x'")
        connection.execute("UPDATE stage SET name = char(27) || name")
    run = read_run(path)
    said = [run.info.device, *run.class_names, *(model.record.name for model in run.models)]
    assert all(text.isprintable() for text in [*said, *(stage.name for stage in run.models[0].stages)])


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, lambda _: None], ids=["empty", "folder", "absent"])
def test_check_run_file_refuses_what_is_no_run_file(make: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    make(path)
    with pytest.raises(RunFileError, match=r"nothing is computed yet|is a folder|there is no such run file"):
        check_run_file(path)


def test_a_view_that_reads_while_the_file_is_created_sees_all_of_it_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.thinice"
    path.touch()

    def created_meanwhile(connection: sqlite3.Connection) -> bool:
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(path, timeout=0)) as writer, writer:
            writer.execute("CREATE TABLE run (key, value)")
        return is_empty(connection)

    monkeypatch.setattr(schema, "is_empty", created_meanwhile)
    with pytest.raises(RunFileError, match="nothing is computed yet"):
        check_run_file(path)

"""Stages as far as they have come."""

from pathlib import Path

from tests.fake_runs import STAGES
from tests.runfile.small_runs import BATCH, add_batch, database, open_writer, plan_stages
from thinice_tui.runfile.connection import reading
from thinice_tui.runfile.read_stages import read_stages


def test_stages_are_counted_batch_by_batch(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    with open_writer(path) as writer:
        with reading(path) as connection:
            assert read_stages(connection, 0) == ()
        plan_stages(writer)
        writer.start_stage(0, 0, 40)
        add_batch(writer, 0)
        add_batch(writer, 3)
        writer.finish_stage(0, 0)
        with reading(path) as connection:
            first, *rest = read_stages(connection, 0)
            others = read_stages(connection, 1)
    assert [stage.name for stage in (first, *rest)] == [stage.name for stage in others] == list(STAGES)
    assert (first.entered, first.attacked, first.batches, first.finished) == (
        40,
        16,
        frozenset({(0, 8), (24, 8)}),
        True,
    )
    assert (first.forwards, first.backwards, first.seconds) == (320, 320, 1.0)
    for stage in (*rest, *others):
        assert stage.entered is None and (stage.attacked, stage.batches) == (0, frozenset()) and not stage.finished


def test_batches_of_earlier_versions_were_numbered(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    with open_writer(path) as writer:
        plan_stages(writer)
        add_batch(writer, 0)
        add_batch(writer, 3)
        writer.set_values(batch_size=BATCH)
        with reading(path) as connection:
            now = read_stages(connection, 0)
    with database(path) as connection:
        connection.execute("ALTER TABLE batch RENAME COLUMN first TO batch")
        connection.execute("UPDATE batch SET batch = batch / ?", (BATCH,))
        connection.execute("PRAGMA user_version = 4")
    with reading(path) as connection:
        assert read_stages(connection, 0) == now

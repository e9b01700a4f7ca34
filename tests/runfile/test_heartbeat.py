"""What the engine says of itself reaches views, also in a file of before an entry was known."""

import sqlite3
import time
from pathlib import Path

from tests.fake_runs import make_run
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.runfile.reader import read_run


def test_every_entry_of_a_heartbeat_is_read_as_it_was_written(tmp_path: Path) -> None:
    beat = Heartbeat(time.time(), "running", "dense", "APGD-T", 5, 10, 100.5, 30.5, 12.25)
    made = make_run(tmp_path / "a.thinice", {"dense": "dense", "half": "pruned"})
    with made.open() as writer:
        made.begin(writer)
        writer.heartbeat(beat)
        assert read_run(made.path).heartbeat == beat


def test_a_file_of_version_3_has_no_expected_time(tmp_path: Path) -> None:
    made = make_run(tmp_path / "a.thinice", {"dense": "dense", "half": "pruned"})
    with made.open() as writer:
        made.begin(writer)
        writer.heartbeat(Heartbeat(1.0, "running", "dense", "APGD-T", 5, 10, 100.5, 30.5, 12.25))
    with sqlite3.connect(made.path) as connection:
        connection.execute("ALTER TABLE heartbeat DROP COLUMN seconds_expected")
        connection.execute("ALTER TABLE batch RENAME COLUMN first TO batch")
        connection.execute("PRAGMA user_version = 3")
    connection.close()
    assert read_run(made.path).heartbeat == Heartbeat(1.0, "running", "dense", "APGD-T", 5, 10, 100.5, 30.5)

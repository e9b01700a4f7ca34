"""The run table: JSON in, the same JSON out."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.runfile.small_runs import database, open_writer
from thinice_tui.runfile.run_table import read_run_table, read_value, write_values

VALUES = {"text": "猫\n", "number": 0.1, "list": [1, None, True], "object": {"a": {"b": []}}, "connection": 3}


def test_values_come_back_as_they_were_written() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
        write_values(connection, **VALUES)
        write_values(connection, number=0.2)
        assert read_run_table(connection) == VALUES | {"number": 0.2}
        assert read_value(connection, "list") == [1, None, True] and read_value(connection, "absent") is None


def test_a_value_that_is_no_json_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    open_writer(path).__exit__()
    with database(path) as connection:
        connection.execute("UPDATE run SET value = 'cpu' WHERE key = 'device'")
        for read in (read_run_table, lambda one: read_value(one, "device")):
            with pytest.raises(ValueError, match="Expecting value"):
                read(connection)

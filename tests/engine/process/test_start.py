"""What the engine's process tells the one that started it."""

import json
import os
from pathlib import Path

import pytest

from thinice_tui.engine.process.start import Announcer


def test_the_run_and_its_log_are_announced_once_as_a_line_of_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    reader, writer = os.pipe()
    announcer = Announcer(writer)
    assert not os.get_inheritable(writer), "processes that a model starts do not keep the pipe open"
    announcer.announce(Path("a.thinice"), tmp_path / "a.log")
    announcer.announce(Path("b.thinice"), None)
    with os.fdopen(reader) as lines:
        (line,) = lines.read().splitlines()
    assert json.loads(line) == {"run": str(tmp_path / "a.thinice"), "log": str(tmp_path / "a.log")}


def test_without_a_log_null_is_announced() -> None:
    reader, writer = os.pipe()
    Announcer(writer).announce(Path("/a.thinice"), None)
    with os.fdopen(reader) as lines:
        assert json.loads(lines.read()) == {"run": "/a.thinice", "log": None}


def test_a_starter_that_has_ended_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    Announcer(writer).announce(Path("/a.thinice"), None)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(writer)
    Announcer(None).announce(Path("/a.thinice"), None)

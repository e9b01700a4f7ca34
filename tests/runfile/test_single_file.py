"""A finished run whose engine was killed before it folded its log into the file."""

import shutil
from pathlib import Path

import pytest

from tests.runfile.small_runs import journal_mode, open_writer, plan_stages
from thinice_tui.runfile import journal
from thinice_tui.runfile.lock import RunLock
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.single_file import make_single_file


@pytest.fixture
def killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of a run file with its log, taken before the writer has closed it."""
    monkeypatch.setattr(journal, "file_system", lambda _: "ext4")
    (tmp_path / "copy").mkdir()
    with open_writer(tmp_path / "a.thinice") as writer:
        plan_stages(writer)
        writer.finish(None)
        for suffix in ("", "-wal"):
            shutil.copy(tmp_path / f"a.thinice{suffix}", tmp_path / "copy")
    return tmp_path / "copy" / "a.thinice"


def test_the_log_is_folded_into_the_file(killed: Path) -> None:
    make_single_file(killed)
    assert [file.name for file in killed.parent.iterdir()] == ["a.thinice"]
    assert journal_mode(killed) == "delete" and read_run(killed).complete


def test_a_run_that_an_engine_holds_is_left_alone(killed: Path) -> None:
    lock = RunLock(killed)
    make_single_file(killed)
    assert journal_mode(killed) == "wal"
    lock.release()


@pytest.mark.parametrize("content", [None, b"", b"text " * 100])
def test_other_files_than_a_run_file_are_left_alone(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    if content is not None:
        path.write_bytes(content)
    make_single_file(path)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == ([] if content is None else [content])

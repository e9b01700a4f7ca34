"""Copying: through tmux, by OSC 52, or into a file."""

import os
from pathlib import Path

import pytest

from tests.tui.driver import opened
from thinice_tui.tui import clipboard


def tmux(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tmux that is only `script`."""
    folder.mkdir()
    (folder / "tmux").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "tmux").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")


async def test_copying_goes_through_tmux_where_there_is_one(
    run_file: Path, settings_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmux(tmp_path / "bin", f'echo "$@" > {tmp_path}/asked; cat > {tmp_path}/copied', monkeypatch)
    async with opened(run_file, settings_file) as driver:
        await driver.press("Y")
        await driver.says("through tmux")
        copied = (tmp_path / "copied").read_text().split("\n")
        assert list(map(int, copied)) == [3 * position for position in driver.order]
        assert (tmp_path / "asked").read_text() == "load-buffer -w -\n"


async def test_a_tmux_that_refuses_leaves_a_file_and_the_screen_as_it_is(
    run_file: Path,
    settings_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    tmux(tmp_path / "bin", "echo no server running; echo no server running >&2; exit 1", monkeypatch)
    async with opened(run_file, settings_file) as driver:
        await driver.press("y")
        await driver.says("tmux did not take it")
        assert Path("thinice-copied.txt").read_text() == f"{3 * driver.selected}\n"
    assert "no server" not in "".join(capfd.readouterr()), "what it says does not reach the terminal"


async def test_text_that_is_too_long_for_a_terminal_goes_to_a_file(
    run_file: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 10_000 < clipboard.LARGEST <= 75_000 * 3 // 4
    monkeypatch.setattr(clipboard, "LARGEST", 100)
    async with opened(run_file, settings_file) as driver:
        await driver.press("0", "Y")
        await driver.says(f"saved to {Path('thinice-copied.txt').absolute()}")
        assert len(Path("thinice-copied.txt").read_text().split()) == 200
        assert driver.app.clipboard == ""

"""Showing a file on the desktop."""

from pathlib import Path

import pytest

from tests.end_to_end.terminal import wait_until
from thinice_tui.tui.desktop import show_on_desktop


def test_without_a_display_nothing_is_started(tmp_path: Path) -> None:
    assert not show_on_desktop(tmp_path / "a.png")


def test_with_a_display_the_desktops_program_gets_the_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opener = tmp_path / "xdg-open"
    opener.write_text('#!/bin/sh\necho "$1" > "$(dirname "$0")/opened"\n')
    opener.chmod(0o755)
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert show_on_desktop(Path("a.png"))
    opened = tmp_path / "opened"
    wait_until(lambda: opened.exists() and opened.read_text(), "the program ran")
    assert opened.read_text().strip() == str(Path("a.png").absolute())


def test_a_display_without_that_program_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not show_on_desktop(Path("a.png"))

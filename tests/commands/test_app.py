"""The program as a whole: help and version without heavy imports, first steps, completion, odd streams."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.calling import call
from tests.fake_runs import write_run
from thinice_tui import __version__


def test_help_and_version_come_without_torch() -> None:
    for arguments in (["--help"], ["compare", "--help"], ["--version"]):
        code = (
            "import sys; from thinice_tui.commands.app import app\n"
            f"try: app({arguments!r})\n"
            "except SystemExit as stop: assert not stop.code\n"
            "assert not {'torch', 'numpy', 'scipy', 'plotext', 'textual'} & set(sys.modules)\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()
    assert __version__ in done.stdout


def test_a_stream_without_unicode_gets_question_marks(tmp_path: Path) -> None:
    write_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"}, attack="quick")
    done = subprocess.run(
        [sys.executable, "-m", "thinice_tui", "report", "a.thinice"],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0 and b"Samples on thin ice" in done.stdout and done.stderr == b""


def test_alone_in_a_terminal_it_offers_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    for command in ((), ("open",)):
        asked: list[bool] = []
        for module in ("app", "open"):
            monkeypatch.setattr(f"thinice_tui.commands.{module}.can_draw", lambda: True)
        monkeypatch.setattr("thinice_tui.tui.app.choose_in_app", lambda asked=asked: asked.append(True) or 0)
        assert call(*command).exit_code == 0 and asked == [True]


def test_alone_it_shows_first_steps() -> None:
    result = call()
    assert result.exit_code == 2 and result.stderr == ""
    for command in ("inspect", "compare", "open", "report"):
        assert f"  thinice-tui {command} " in result.stdout


@pytest.mark.parametrize(
    ("typed", "completed"), [("thinice-tui rep", "report"), ("thinice-tui compare --dis", "--distances")]
)
def test_the_shell_completes_commands_and_options(typed: str, completed: str) -> None:
    asked = {"_THINICE_TUI_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    code = (
        "import sys; sys.argv = ['thinice-tui']; from thinice_tui.commands.app import app; app(prog_name='thinice-tui')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | asked, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == [completed], done.stderr

"""`report`: files that are no run files, and a reader of stdout that goes away."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.calling import call, check_refused
from tests.fake_runs import write_run


def test_a_file_that_is_no_run_file_is_refused() -> None:
    Path("a.thinice").write_text("text " * 100)
    check_refused(call("report", "a.thinice"), "a.thinice", "expected NAME.thinice")
    check_refused(call("report", "absent.thinice"), "no such run file", "compare")


@pytest.mark.parametrize("options", ["--format json --samples-in-report", ""])
def test_a_closed_pipe_is_no_error(tmp_path: Path, options: str) -> None:
    write_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"}, n=3000)
    command = f"{sys.executable} -m thinice_tui report a.thinice {options}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} | (sleep 3; true)"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.stderr == "" and done.returncode == 0

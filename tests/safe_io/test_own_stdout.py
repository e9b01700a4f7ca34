"""stdout carries the program's output, and nothing that a model's code prints."""

import io
import json
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest
import torch

from tests.linear_models import Files
from tests.places import PRINTING, ROOT
from tests.printing import WORDS, Printing, forward
from thinice_tui.safe_io.own_stdout import own_stdout

PROGRAM = """
import atexit, ctypes, os
from thinice_tui.safe_io.own_stdout import own_stdout
with own_stdout() as stdout:
    print("a stranger")
    os.write(1, b"a stranger's C\\n")
    ctypes.CDLL(None).puts(b"its buffer")
    atexit.register(print, "its end")
    stdout.write("ours\\n")
with open("file", "w") as file:
    os.write(1, b"later\\n")
"""


def python(*arguments: str, shell: str = "") -> "subprocess.CompletedProcess[str]":
    """Run Python here with `arguments`; shell: how its streams are redirected."""
    command = ["bash", "-o", "pipefail", "-c", f'"$0" "$@" {shell}', sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)})


def program(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """The command line, in a process of its own."""
    return python("-m", "thinice_tui", *map(str, arguments))


def test_other_output_goes_to_stderr_until_the_process_ends() -> None:
    done = python("-c", PROGRAM)
    assert (done.returncode, done.stdout) == (0, "ours\n"), done.stderr
    assert sorted(done.stderr.splitlines()) == ["a stranger", "a stranger's C", "its buffer", "its end", "later"]


@pytest.mark.parametrize(("shell", "ours"), [(">&-", ""), ("2>&-", "ours\n"), (">&- 2>&-", ""), (">&- <&-", "")])
def test_closed_streams_are_no_error(shell: str, ours: str) -> None:
    done = python("-c", PROGRAM, shell=shell)
    assert (done.returncode, done.stdout) == (0, ours), done.stderr
    assert "Traceback" not in done.stderr
    assert Path("file").read_text() == "", "no file takes the place of a stream that strangers write to"


def test_a_closed_reader_raises_as_with_any_stream() -> None:
    code = (
        "from thinice_tui.safe_io.own_stdout import own_stdout\n"
        "try:\n"
        "    with own_stdout() as stdout: stdout.write('x' * 200_000)\n"
        "except BrokenPipeError: raise SystemExit(7)\n"
    )
    done = python("-c", code, shell="| (sleep 1; true)")
    assert (done.returncode, done.stderr) == (7, "")


def test_a_replaced_stdout_is_used_and_restored(capfd: pytest.CaptureFixture[str]) -> None:
    given = io.StringIO()
    with redirect_stdout(given):
        with own_stdout() as stdout:
            print("a stranger")
            print("ours", file=stdout)
        print("ours again")
    assert given.getvalue() == "ours\nours again\n"
    assert capfd.readouterr() == ("", "a stranger\n")


def check(done: "subprocess.CompletedProcess[str]", words: tuple[str, ...]) -> None:
    assert done.returncode == 0, done.stderr
    assert [word for word in WORDS if word in done.stdout] == []
    assert [word for word in words if word not in done.stderr] == []


def test_a_report_is_all_that_compare_prints(files: Files) -> None:
    arguments = [*files.arguments_with(PRINTING), "--attack", "pgd-2", "--run", "a.thinice"]
    done = program(*arguments, "--format", "json")
    check(done, WORDS)
    assert json.loads(done.stdout)["run"]["complete"]
    again = program(*arguments)
    check(again, WORDS)
    assert again.stdout == program("report", "a.thinice").stdout


@pytest.mark.parametrize("whole", [True, False])
def test_an_inspection_is_all_that_inspect_prints(files: Files, whole: bool) -> None:
    """For a model that its file creates, and for one that a factory creates."""
    torch.save(Printing(), "whole.pt")
    path, options = (Path("whole.pt"), ["--trust-pickle"]) if whole else (files.pruned, ["--arch", PRINTING])
    unforced = tuple(word for word in WORDS if word != forward)
    done = program("inspect", path, *options, "--format", "json")
    check(done, unforced)
    assert len(json.loads(done.stdout)) == 1
    if whole:
        done = program("inspect", path, *options)
        check(done, unforced)
        assert done.stdout.startswith(str(path))

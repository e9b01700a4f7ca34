"""Where a report goes: checked first, whole or not at all, and an error where stdout cannot take it."""

import json
import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import Result

from tests.commands.calling import call
from tests.fake_runs import make_run, write_run
from tests.linear_models import ARCH, Files
from thinice_tui.runfile.records import Role

MODELS: dict[str, Role] = {"dense": "dense", "p": "pruned"}


def said(result: Result) -> str:
    return " ".join(result.stderr.split())


@pytest.fixture
def run() -> Path:
    """A finished run in the current folder."""
    write_run(Path("a.thinice"), MODELS)
    return Path("a.thinice")


def is_json(path: Path) -> bool:
    try:
        return bool(json.loads(path.read_text())["run"]["complete"])
    except ValueError:
        assert "Samples on thin ice" in path.read_text()
        return False


# several files, each in its format


def test_the_name_decides_the_format(run: Path) -> None:
    result = call("report", run, "-o", "a.json", "-o", "a.txt", "-o", "out", "-o", "A.JSON", "--samples-in-report")
    assert result.exit_code == 0 and result.stdout == result.stderr == ""
    assert [is_json(Path(name)) for name in ("a.json", "a.txt", "out", "A.JSON")] == [True, False, False, True]
    assert len(json.loads(Path("a.json").read_text())["samples"]) == 200


def test_a_file_name_without_a_known_suffix_takes_the_format_option(run: Path) -> None:
    assert call("report", run, "-o", "out", "-o", "a.log", "-o", "out.json", "--format", "json").exit_code == 0
    assert is_json(Path("out")) and is_json(Path("a.log")) and is_json(Path("out.json"))


@pytest.mark.parametrize("name", ["x.pdf", "x.PDF", "x.log", "v1.2", "x.json.gz"])
def test_a_suffix_of_no_format_is_wrong_usage(run: Path, name: str) -> None:
    result = call("report", run, "-o", "good.txt", "-o", name)
    assert result.exit_code == 2 and f"no report format ends in {Path(name).suffix}" in said(result)
    assert "expected .txt, .md, .csv, .json, .tex, .html, or a name without a suffix" in said(result)
    assert not Path(name).exists() and not Path("good.txt").exists()


def test_stdout_can_be_one_of_several_outputs(run: Path) -> None:
    result = call("report", run, "-o", "/dev/stdout", "-o", "out.json")
    assert "Samples on thin ice" in result.stdout and is_json(Path("out.json"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--format", "text", "-o", "a.json"], "-o a.json is named as json, --format says text"),
        (["--format", "json", "-o", "a.json", "-o", "a.txt"], "-o a.txt is named as text, --format says json"),
        (["-o", "a.txt", "--samples-in-report"], "--samples-in-report is for JSON reports"),
        (["-o", "a.json", "--full"], "--full is for text reports"),
        (["-o", "a.json", "-o", "./a.json"], "is given twice"),
        (["-o", "a.json", "-o", "link.json"], "is given twice"),
        (["-o", "dense.pt"], "-o dense.pt would replace a file that this command reads"),
        (["-o", "run.thinice", "--run", "run.thinice"], "would replace a file that this command reads"),
    ],
)
def test_contradicting_options_are_wrong_usage_before_anything_is_read(
    files: Files, options: list[str], words: str
) -> None:
    Path("link.json").symlink_to("a.json")
    result = call(*files.arguments, "--attack", "pgd-2", *options)
    assert result.exit_code == 2 and words in said(result), said(result)
    assert "reading models" not in result.stderr and not Path("runs").exists() and files.dense.stat().st_size


@pytest.mark.parametrize("place", ["absent/a.txt", "folder", "file/a.txt", "/sys/a.txt", "b/../absent/a.json"])
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_read(files: Files, place: str) -> None:
    Path("folder").mkdir()
    Path("file").touch()
    result = call(*files.arguments, "--attack", "pgd-2", "-o", "good.txt", "-o", place)
    assert result.exit_code == 1 and f"-o {place}: cannot be written" in said(result), said(result)
    assert "reading models" not in result.stderr and not Path("runs").exists() and not Path("good.txt").exists()


def test_a_report_may_not_replace_its_run(run: Path) -> None:
    before = run.read_bytes()
    assert call("report", run, "-o", run.absolute()).exit_code == 2 and run.read_bytes() == before


# full disks


@pytest.mark.parametrize("name", ["good.json", "good.txt"])
def test_a_full_disk_keeps_the_old_report_and_the_other_reports_are_written(run: Path, name: str) -> None:
    Path(name).write_text("of before")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        result = call("report", run, "-o", name, "-o", "/dev/stdout")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert result.exit_code == 1 and f"{name}: cannot be written (File too large)" in said(result)
    assert "the run is kept: thinice-tui report a.thinice" in said(result)
    assert Path(name).read_text() == "of before" and "Samples on thin ice" in result.stdout
    assert sorted(file.name for file in Path().iterdir()) == ["a.thinice", name]


@pytest.mark.parametrize(
    ("command", "unbuffered"),
    [
        ("report a.thinice", "1"),
        ("report a.thinice --format json --samples-in-report", ""),
        ("inspect dense.pt --arch ARCH --format json", ""),
        ("info", ""),
        ("--help", "1"),
        ("--help", ""),
        ("compare dense.pt pruned.pt --data data.npz --arch ARCH --report --attack pgd-2", ""),
    ],
)
def test_a_full_stdout_is_one_message(run: Path, files: Files, command: str, unbuffered: str) -> None:
    assert run.exists() and files.dense.exists()
    words = command.replace("ARCH", ARCH).split()
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "thinice_tui", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered, "OMP_NUM_THREADS": "1"},
            check=False,
        )
    assert done.returncode == 1
    told = [line for line in done.stderr.splitlines() if "error" in line.lower() or "Traceback" in line]
    assert len(told) == 1 and "stdout" in told[0] and "cannot be written (No space left on device)" in told[0]
    assert "Exception ignored" not in done.stderr


# what is not finished


@pytest.mark.parametrize("clean", [0, 2])
def test_a_run_without_stages_is_reported(clean: int) -> None:
    made = make_run(Path("a.thinice"), MODELS, n=20)
    with made.open() as writer:
        for number in range(clean):
            made.clean(writer, number)
    result = call("report", "a.thinice")
    far = "left: all" if clean else "PARTIAL: nothing is computed yet."
    assert result.exit_code == 0 and far in " ".join(result.stdout.split())
    assert json.loads(call("report", "a.thinice", "--format", "json").stdout)["run"]["complete"] is False


def test_a_partial_run_is_reported_as_such_and_that_is_no_error() -> None:
    write_run(Path("a.thinice"), MODELS, through=1)
    result = call("report", "a.thinice", "-o", "a.txt", "-o", "a.json")
    assert result.exit_code == 0 and "PARTIAL" in Path("a.txt").read_text()
    assert json.loads(Path("a.json").read_text())["run"]["complete"] is False


@pytest.mark.parametrize("content", [b"", None])
def test_an_empty_run_file_says_that_nothing_is_computed_yet(content: bytes | None) -> None:
    if content is None:
        connection = sqlite3.connect("a.thinice")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.close()
    else:
        Path("a.thinice").write_bytes(content)
    result = call("report", "a.thinice")
    assert result.exit_code == 1 and "a.thinice: nothing is computed yet" in said(result)
    assert "repeat the command" in said(result)


@pytest.mark.parametrize("command", ["report", "open"])
def test_a_folder_in_place_of_a_run_file_is_an_error(command: str) -> None:
    Path("runs").mkdir()
    result = call(command, "runs")
    assert result.exit_code == 1 and "runs: is a folder, expected a run file" in said(result)


@pytest.mark.parametrize("report", [True, False])
def test_a_folder_as_run_file_is_an_error_before_anything_is_read(files: Files, report: bool) -> None:
    Path("here").mkdir()
    arguments = files.arguments if report else files.arguments[:-1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thinice_tui.commands.compare.need_terminal", lambda _: None)
        patch.setattr("thinice_tui.tui.app.compare_in_app", lambda _: pytest.fail("the interface opens"))
        result = call(*arguments, "--run", "here")
    assert result.exit_code == 1
    assert "here: cannot be written: it is a folder, expected a file" in said(result)
    assert "--run here/NAME.thinice" in said(result) and not list(Path("here").iterdir())
    assert "reading models" not in result.stderr

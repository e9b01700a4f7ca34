"""Runs every command that the documents and the help texts show, on small files of the names it uses.

The commands are taken from the pages, so a new example is tested without a change here.
"""

import importlib.util
import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.end_to_end.small_networks import ARCH, write_small_files
from tests.end_to_end.terminal import Window, terminal
from tests.places import ROOT
from thinice_tui.commands.app import app

PAGES = sorted(
    path for pattern in ("*.md", "docs/*.md", "sample_models/*.md", "tests/**/*.md") for path in ROOT.glob(pattern)
)
DEVELOPER_TOOLS = {"ruff": "ruff", "mypy": "mypy", "lint-imports": "import-linter"}
"""Programs of the extra `dev`, and the packages that bring them."""
MODELS = ("dense.pt", "pruned.pt", "control.pt", "pruned-90.pt", "finetuned.pt", "pruned-95.pt", "pruned-99.pt")
BLOCK = re.compile(r"^```(?:sh|bash|console|shell)\n(.*?)^```", re.MULTILINE | re.DOTALL)
STEP = re.compile(r"^ *- run: (thinice-tui .*)$", re.MULTILINE)
"""A step of a job for GitHub Actions."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
FACTORY = """
from tests.end_to_end.small_networks import SmallResNet


def build(num_classes: int = 6) -> SmallResNet:
    return SmallResNet(3)
"""
WRITING = ("-o", "--thin-ice")
"""Options before the name of a file that is written; stdout then may be empty."""
QUICKER = {"--samples": "4", "--attack": "quick"}
"""Options added to a `compare` line that does not have them, so that a test takes seconds."""


@dataclass(frozen=True)
class Line:
    """One command of a page: its words, and the folder of the repository in which it runs."""

    page: str
    folder: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {shlex.join(self.words)}"


def shell_lines() -> Iterator[Line]:
    """Each command of each shell block, and each example of each command's help; `a && b` are two commands."""
    for command in app.registered_commands:
        for line in (command.epilog or "").splitlines()[1:]:
            yield Line(f"{command.name} --help", "", tuple(shlex.split(line)))
    for page in PAGES:
        for run in STEP.findall(page.read_text()):
            yield Line(str(page.relative_to(ROOT)), "", tuple(shlex.split(run)))
        for block in BLOCK.findall(page.read_text()):
            folder = ""
            for line in block.replace("\\\n", " ").splitlines():
                for part in line.split("&&"):
                    words = tuple(shlex.split(part, comments=True))
                    if words[:1] == ("cd",):
                        folder = words[1]
                    elif words:
                        yield Line(str(page.relative_to(ROOT)), folder, words)


LINES = list({(line.folder, line.words): line for line in shell_lines()}.values())
"""A command that several pages show is run once."""
OURS = [line for line in LINES if line.words[0] == "thinice-tui"]
OTHERS = [line for line in LINES if line.words[0] != "thinice-tui"]


def test_there_are_commands_to_test() -> None:
    assert len(OURS) >= 8 and {"pip", "pytest", "python"} <= {line.words[0] for line in OTHERS}


@pytest.mark.parametrize("line", OTHERS, ids=str)
def test_what_a_command_of_another_program_names_exists(line: Line) -> None:
    folder, (program, *arguments) = ROOT / line.folder, line.words
    if program == "pip":
        check_pip(folder, arguments)
    elif program == "pytest":
        assert all((folder / argument).exists() for argument in arguments if not argument.startswith("-"))
    elif program in DEVELOPER_TOOLS:
        requirements = PROJECT["optional-dependencies"]["dev"]
        assert any(requirement.startswith(DEVELOPER_TOOLS[program]) for requirement in requirements)
    elif program == "python" and arguments[0] == "-m":
        assert importlib.util.find_spec(arguments[1]) is not None
    elif program == "python":
        assert (folder / arguments[0]).is_file()
    else:
        assert shutil.which(program) or (folder / program).is_file(), f"what is {program}?"


def check_pip(folder: Path, arguments: list[str]) -> None:
    assert arguments[0] == "install"
    if "-c" in arguments:
        assert (folder / arguments[arguments.index("-c") + 1]).is_file()
    asked = [name for word in arguments for found in re.findall(r"\[(.*?)\]", word) for name in found.split(",")]
    assert set(asked) <= set(PROJECT["optional-dependencies"])


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small files of the names that the commands use, also in the folders that they change into."""
    folder = tmp_path_factory.mktemp("shown")
    for place in (folder, folder / "sample_models"):
        place.mkdir(exist_ok=True)
        files = write_small_files(place, ARCH, 3, MODELS)
        np.savez(place / "test.npz", images=(files.images * 255).round().astype(np.uint8), labels=files.labels)
        (place / "mynet.py").write_text(FACTORY)
    shutil.copy(folder / "test.npz", folder / "train.npz")
    (folder / "indices.csv").write_text("sample\n0\n1\n")
    made = ["compare", "dense.pt", "pruned.pt", "--attack", "pgd-2", "--report", "--run"]
    done = command([*made, "finished.thinice"], folder)
    assert done.returncode == 0, done.stderr
    done = command(["margins", "dense.pt", "--data", "train.npz", "--attack", "pgd-2", "-o", "attacked.npz"], folder)
    assert done.returncode == 0, done.stderr
    shutil.copy(folder / "attacked.npz", folder / "margins.npz")
    for run in {word for line in OURS for word in line.words if word.endswith(".thinice")}:
        (folder / run).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "finished.thinice", folder / run)
    together = [[word for word in line.words if word.endswith(".thinice")] for line in OURS]
    for seed, run in enumerate(sorted({run for runs in together for run in runs[1:]}), start=1):
        # runs that are read together are not the same run
        with closing(sqlite3.connect(folder / run)) as connection, connection:
            found = "UPDATE run SET value = json_set(value, '$.seed', ?) WHERE key = 'settings'"
            connection.execute(found, (seed,))
    return folder


def command(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "thinice_tui", *arguments]
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120)


def is_browsed(line: Line) -> bool:
    """Whether it opens the interface."""
    return line.words[1] in ("open", "demo") or (
        line.words[1] == "compare" and not {"--report", "--dry-run"} & set(line.words)
    )


PLAIN = [line for line in OURS if not is_browsed(line)]
BROWSED = [line for line in OURS if is_browsed(line)]
Ended = Future[subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def ended(shown: Path) -> Iterator[dict[Line, Ended]]:
    """How each line that does not open the interface ended; two run at a time."""
    with ThreadPoolExecutor(2) as pool:
        yield {line: pool.submit(command, shortened(line), shown / line.folder) for line in PLAIN}


@pytest.mark.parametrize("line", PLAIN, ids=str)
def test_a_shown_command_succeeds(line: Line, shown: Path, ended: dict[Line, Ended]) -> None:
    done = ended[line].result()
    assert done.returncode == 0, done.stderr
    if output := next((word for word in WRITING if word in line.words), ""):
        written = shown / line.folder / line.words[line.words.index(output) + 1]
        assert written.stat().st_size and (written.suffix != ".json" or json.loads(written.read_text()))
    else:
        assert done.stdout.strip()


def shortened(line: Line) -> list[str]:
    """The words after the program's name; for `compare` with fewer samples and a short attack."""
    words = list(line.words[1:])
    if words[0] == "compare":
        given = {"--attack" if word == "--stages" else word for word in words}
        words += [word for option, value in QUICKER.items() if option not in given for word in (option, value)]
    return words


@pytest.fixture(scope="module")
def windows(shown: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Line, Window]]:
    """A terminal window for each line that opens the interface, all started at once."""
    with terminal(tmp_path_factory.mktemp("terminal")) as first:
        found = {}
        for line in BROWSED:
            window = found[line] = first.server.another_window()
            folder, root = (shlex.quote(str(path)) for path in (shown / line.folder, ROOT))
            window.run(f"cd {folder}; export PYTHONPATH={root}; clear; thinice-tui {shlex.join(shortened(line))}")
        yield found


@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
@pytest.mark.parametrize("line", BROWSED, ids=str)
def test_a_shown_command_opens_the_interface(line: Line, windows: dict[Line, Window]) -> None:
    window = windows[line]
    window.shows("thinice", "✓ finished")
    window.press("q")
    window.shows("look again: thinice-tui demo" if line.words[1] == "demo" else "look again: thinice-tui open")

"""The run that comes with the package: small, in the wheel, and opened where nothing can be written or locked."""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.commands.calling import call, error_text
from tests.places import ROOT
from tests.unprivileged import UNPRIVILEGED
from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.ladder import ladder_of
from thinice_tui.runfile.demo import DEMO
from thinice_tui.runfile.read_sample import read_adversarial
from thinice_tui.runfile.reader import read_run

LARGEST = 2_000_000
READ = """
from thinice_tui.runfile.demo import DEMO
from thinice_tui.runfile.reader import read_run
run = read_run(DEMO)
assert run.complete
print(run.path, len(run.labels))
"""


def test_it_is_a_small_finished_run_with_a_ladder_and_a_control() -> None:
    run = read_run(DEMO)
    assert DEMO.stat().st_size <= LARGEST and run.complete
    assert [model.record.role for model in run.models] == ["dense", "pruned", "pruned", "pruned", "control"]
    assert run.info.settings.attack == "standard" and len(run.labels) == 200
    analysis = analyse(run)
    ladder = ladder_of(analysis)
    assert ladder is not None and all(rung.fallen for rung in ladder.rungs), "every rung loses samples"
    lost = next(iter(analysis.comparisons[0].sets.s10.nonzero()[0]))
    assert read_adversarial(DEMO, 1, int(lost)) is not None


def test_it_is_in_the_wheel() -> None:
    files = {Path(file.distribution_path) for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    assert DEMO.relative_to(ROOT) in files and Path("thinice_tui/tui/thinice.tcss") in files


def test_without_a_terminal_it_names_the_text_report() -> None:
    result = call("demo")
    assert result.exit_code == 2 and f"thinice-tui report {DEMO}" in " ".join(error_text(result).split())


@pytest.mark.skipif(UNPRIVILEGED is None, reason="root's rights cannot be dropped here")
def test_it_is_read_from_a_read_only_installation_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    installed = tmp_path / "site-packages"
    shutil.copytree(ROOT / "thinice_tui", installed / "thinice_tui", ignore=shutil.ignore_patterns("__pycache__"))
    before = set(installed.rglob("*"))
    for path in (installed, *before):
        path.chmod(path.stat().st_mode & ~0o222)
    command = [*(UNPRIVILEGED or []), sys.executable, "-B", "-c", READ]
    done = subprocess.run(command, cwd=installed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{installed}/thinice_tui/runfile/demo.thinice 200\n"
    assert set(installed.rglob("*")) == before
    for path in (installed, *before):
        path.chmod(path.stat().st_mode | 0o200)


def test_it_is_read_where_its_file_cannot_be_locked() -> None:
    with DEMO.open("r+b") as stream:
        fcntl.lockf(stream, fcntl.LOCK_EX)  # as long as this process holds it, no other gets a lock
        done = subprocess.run([sys.executable, "-c", READ], capture_output=True, text=True, check=False, timeout=60)
        fcntl.lockf(stream, fcntl.LOCK_UN)
    assert done.returncode == 0, done.stderr

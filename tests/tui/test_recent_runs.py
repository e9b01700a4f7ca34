"""Recent runs: remembered whole, offered where they still are, and nothing believed of a damaged file."""

import json
import os
import time
from pathlib import Path

import pytest

from tests.fake_runs import write_run
from tests.tui.driver import MODELS, driven
from thinice_tui.runfile.demo import DEMO
from thinice_tui.tui.app import ThiniceApp
from thinice_tui.tui.recent_runs import MOST, begin, offered_runs, remember


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "thinice-tui" / "recent-runs.json"


def run(path: Path) -> Path:
    path.touch()
    return path.absolute()


def paths(file: Path) -> list[Path]:
    return [found.path for found in offered_runs(file)]


def test_the_latest_comes_first_and_those_that_are_gone_are_left_out(file: Path, tmp_path: Path) -> None:
    assert offered_runs(file) == []
    runs = [run(tmp_path / f"{name}.thinice") for name in "abc"]
    for one in (*runs, runs[0]):
        assert remember(file, one)
    assert paths(file) == [runs[0], runs[2], runs[1]]
    runs[2].unlink()
    assert paths(file) == [runs[0], runs[1]]


def test_runs_in_the_usual_folder_are_offered_too(file: Path, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    made, known = run(Path("runs/made.thinice")), run(Path("runs/known.thinice"))
    run(Path("runs/made.thinice.log"))
    remember(file, known)
    os.utime(made, (time.time() + 9, time.time() + 9))
    assert paths(file) == [made, known]


def test_only_so_many_are_kept(file: Path, tmp_path: Path) -> None:
    for number in range(MOST + 5):
        remember(file, run(tmp_path / f"{number}.thinice"))
    assert len(json.loads(file.read_text())["runs"]) == MOST == len(paths(file))


def test_a_name_that_is_no_text_is_kept(file: Path, tmp_path: Path) -> None:
    odd = run(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\x1b[2J.thinice")))
    assert remember(file, odd) and paths(file) == [odd]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b"[]",
        b'{"format": "thinice-tui recent runs", "version": 2, "runs": []}',
        b'{"format": "thinice-tui recent runs", "version": 1, "runs": 7}',
        b'{"format": "thinice-tui recent runs", "version": 1, "runs": [7]}',
        b" " * (1 << 21),
    ],
    ids=range(8),
)
def test_a_file_that_is_not_understood_offers_nothing_and_stays(file: Path, tmp_path: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    assert offered_runs(file) == [] and not remember(file, run(tmp_path / "a.thinice")) and not begin(file)
    assert file.read_bytes() == content


def test_of_hostile_entries_only_harmless_ones_are_offered(file: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.thinice")
    good = run(tmp_path / "good.thinice")
    entries: list[dict[str, object]] = [
        {"path": "relative.thinice", "at": 1},
        {"path": "/with\0null", "at": 1},
        {"path": str(tmp_path / "pipe.thinice"), "at": 1},
        {"path": str(good), "at": "yesterday"},
        {"path": str(good), "at": 1e999},
        {"path": 5, "at": 1},
        {},
        {"path": str(good), "at": 3},
    ]
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"format": "thinice-tui recent runs", "version": 1, "runs": entries}))
    assert paths(file) == [good]


def test_a_folder_that_cannot_be_made_is_no_reason_to_complain(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    assert not begin(tmp_path / "state" / "recent.json") and not remember(tmp_path / "state" / "recent.json", tmp_path)


async def test_a_run_that_was_read_is_remembered_and_the_demo_is_not(
    file: Path, settings_file: Path, run_file: Path
) -> None:
    for path in (run_file, DEMO):
        app = ThiniceApp(path=path, settings_file=settings_file, recent_file=file)
        async with driven(app) as driver:
            await driver.until(lambda: paths(file) == [run_file])


async def test_a_run_that_cannot_be_read_is_not_remembered(file: Path, settings_file: Path, tmp_path: Path) -> None:
    app = ThiniceApp(path=tmp_path / "gone.thinice", settings_file=settings_file, recent_file=file)
    async with driven(app, ready=False) as driver:
        await driver.says("there is no such run file")
        assert paths(file) == []


async def test_the_hint_is_there_the_first_time_only(file: Path, settings_file: Path, tmp_path: Path) -> None:
    write_run(tmp_path / "a.thinice", MODELS)
    for times in range(2):
        app = ThiniceApp(path=tmp_path / "a.thinice", settings_file=settings_file, recent_file=file)
        async with driven(app) as driver:
            hints = [line for line in driver.lines if line.strip().startswith("New here?")]
            assert len(hints) == (times == 0)
            assert all(hint.rstrip().endswith("?: keys, words") for hint in hints), "whole at 80 columns"
            await driver.until(lambda: paths(file))

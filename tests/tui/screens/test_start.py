"""What is offered where no run is named."""

from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.widgets import OptionList

from tests.fake_runs import write_run
from tests.tui.driver import MODELS, driven
from thinice_tui.runfile.demo import DEMO
from thinice_tui.tui.app import ThiniceApp
from thinice_tui.tui.recent_runs import RecentRun, remember
from thinice_tui.tui.screens.start import WIDTH, StartDialog, ago, run_line


@pytest.fixture
def app(tmp_path: Path, settings_file: Path) -> ThiniceApp:
    for name in ("first", "\x1b[2Jsecond"):
        write_run(tmp_path / f"{name}.thinice", MODELS, n=20)
        remember(tmp_path / "recent.json", tmp_path / f"{name}.thinice")
    return ThiniceApp(settings_file=settings_file, recent_file=tmp_path / "recent.json")


async def test_a_recent_run_is_chosen_and_browsed(app: ThiniceApp, tmp_path: Path) -> None:
    async with driven(app, ready=False) as driver:
        await driver.shows("Open a run", "first", "just now", "demo", "thinice-tui compare dense.pt pruned.pt")
        assert all(line.isprintable() for line in driver.lines)
        await driver.press("down", "enter")
        await driver.ready()
        assert driver.session.path == tmp_path / "first.thinice"
        await driver.press("j")
        assert driver.cursor == 1


async def test_the_demo_is_offered_last(app: ThiniceApp) -> None:
    async with driven(app, ready=False) as driver:
        await driver.shows("Open a run")
        assert app.screen.query_one(OptionList).option_count == 3
        await driver.press("end", "enter")
        await driver.ready()
        assert driver.session.path == DEMO
        await driver.press("t")
        await driver.says("the demo keeps no tags")


@pytest.mark.parametrize("key", ["escape", "q"])
async def test_who_chooses_nothing_leaves(app: ThiniceApp, key: str) -> None:
    async with driven(app, ready=False) as driver:
        await driver.shows("Open a run")
        await driver.press(key)
        await driver.until(lambda: app.return_code is not None)
        assert app.return_code == 0 and app.exit_message == ""


async def test_a_run_that_vanished_or_is_damaged_is_told_and_the_others_are_offered_again(
    app: ThiniceApp, tmp_path: Path
) -> None:
    async with driven(app, ready=False) as driver:
        await driver.shows("Open a run")
        (tmp_path / "\x1b[2Jsecond.thinice").unlink()
        await driver.press("enter")
        await driver.says("there is no such run file")
        assert app.screen.query_one(OptionList).option_count == 2
        (tmp_path / "first.thinice").write_bytes(b"damaged" * 1000)
        await driver.press("enter")
        await driver.says("expected NAME.thinice")
        assert isinstance(app.screen, StartDialog)


def test_lines_fit_and_say_name_time_and_the_end_of_the_folder() -> None:
    run = RecentRun(Path("/home/someone/" + "deep/" * 30 + "猫" * 40 + ".thinice"), 1000.0)
    line = run_line(run, 20, 1000.0 + 7300)
    assert line.startswith("猫" * 9) and "2 hours ago" in line and line.endswith("/deep")
    assert run_line(RecentRun(Path("/a/b.thinice"), 0.0), 5, 30.0) == "b      just now        /a"
    assert cell_len(line) <= WIDTH


def test_the_own_folder_is_short_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    ends = {"/home/me/runs/a": "  ~/runs", "/mnt/home/me/a": "  /mnt/home/me", "/home/meg/a": "  /home/meg"}
    for path, end in ends.items():
        assert run_line(RecentRun(Path(path), 0.0), 5, 0.0).endswith(end)


def test_times_in_words() -> None:
    said = {0: "just now", -5: "just now", 60: "1 minute ago", 7199: "1 hour ago", 86400 * 3: "3 days ago"}
    assert {seconds: ago(seconds) for seconds in said} == said

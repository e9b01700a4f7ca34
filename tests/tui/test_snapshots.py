"""How it looks: pictures that were looked at once, and are compared since.

`pytest tests/tui/test_snapshots.py --snapshot-update` makes them anew; look at them before they are committed.
"""

from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import pytest
from textual.pilot import Pilot

from tests.several_runs import seed_file
from tests.tui.driver import Driver, listen
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Role
from thinice_tui.tui.app import ThiniceApp

DRAWN_WITH = {"textual": "8.2.8", "rich": "15.0.0", "plotext": "5.3.2"}
"""Another version may draw another picture of the same thing."""
pytestmark = pytest.mark.skipif(
    any(version(name) != number for name, number in DRAWN_WITH.items()), reason=f"pictures are of {DRAWN_WITH}"
)


class Compare(Protocol):
    """What pytest-textual-snapshot's fixture is."""

    def __call__(
        self, app: ThiniceApp, *, terminal_size: tuple[int, int], run_before: Callable[[Pilot[int]], Awaitable[None]]
    ) -> bool: ...


def looks_as_before(compare: Compare, app: ThiniceApp, size: tuple[int, int], *keys: str) -> bool:
    """Whether the interface looks as it did, once `keys` were pressed and everything is drawn."""
    said = listen(app)

    async def look(pilot: Pilot[int]) -> None:
        driver = Driver(app, pilot, said)
        await driver.ready()
        await driver.press(*keys)
        await driver.drawn()
        assert said == [], "nothing that goes after a while"

    return compare(app, terminal_size=size, run_before=look)


@pytest.fixture
def app(run_file: Path, settings_file: Path) -> ThiniceApp:
    """One pruned model and a control: the table of one comparison."""
    return ThiniceApp(path=run_file, settings_file=settings_file)


@pytest.fixture
def five(five_models: Path, settings_file: Path) -> ThiniceApp:
    """Three pruned models and a control: the ladder."""
    return ThiniceApp(path=five_models, settings_file=settings_file)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60)], ids="{0[0]}x{0[1]}".format)
def test_ladder(size: tuple[int, int], snap_compare: Compare, five: ThiniceApp) -> None:
    assert looks_as_before(snap_compare, five, size, "j", "j", "j")


def test_browse(snap_compare: Compare, app: ThiniceApp) -> None:
    assert looks_as_before(snap_compare, app, (120, 40), "j", "j", "j")


def test_inspect_of_all_models(snap_compare: Compare, five: ThiniceApp) -> None:
    assert looks_as_before(snap_compare, five, (100, 32), "1", "enter")


@pytest.mark.parametrize("page", ["comparison", "classes"])
def test_summary(page: str, snap_compare: Compare, five: ThiniceApp) -> None:
    keys = {"comparison": ["v"], "classes": ["v", "v"]}[page]
    assert looks_as_before(snap_compare, five, (80, 24), *keys)


@pytest.mark.parametrize("plot", ["margins", "stages"])
def test_plot(plot: str, snap_compare: Compare, five: ThiniceApp) -> None:
    keys = {"margins": ["P"], "stages": ["P", "p", "p", "p"]}[plot]
    assert looks_as_before(snap_compare, five, (80, 24), *keys)


def test_help(snap_compare: Compare, app: ThiniceApp) -> None:
    assert looks_as_before(snap_compare, app, (80, 24), "?")


def test_an_unfinished_run(snap_compare: Compare, unfinished: Path, settings_file: Path) -> None:
    app = ThiniceApp(path=unfinished, settings_file=settings_file)
    assert looks_as_before(snap_compare, app, (120, 40), "0")


def test_a_mistake_in_the_filter(snap_compare: Compare, app: ThiniceApp) -> None:
    assert looks_as_before(snap_compare, app, (80, 24), "/", *"set=S10 lable=cat")


def test_a_terminal_of_sixteen_colours(snap_compare: Compare, five_models: Path, settings_file: Path) -> None:
    settings_file.parent.mkdir()
    settings_file.write_text('{"theme": "ansi-dark"}')
    app = ThiniceApp(path=five_models, settings_file=settings_file)
    assert looks_as_before(snap_compare, app, (120, 40), "j", "j", "j")


def test_no_colours(
    snap_compare: Compare, five_models: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = ThiniceApp(path=five_models, settings_file=settings_file)
    assert looks_as_before(snap_compare, app, (120, 40), "j", "j", "j")


def test_a_terminal_of_ascii(
    snap_compare: Compare, five_models: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thinice_tui.tui.app.needs_ascii", lambda: True)
    app = ThiniceApp(path=five_models, settings_file=settings_file)
    assert looks_as_before(snap_compare, app, (120, 40), "j", "j", "j")


@pytest.mark.parametrize("key", ["j", "enter"])
def test_several_runs(key: str, snap_compare: Compare, tmp_path: Path, settings_file: Path) -> None:
    """The ladder of the first of five training seeds and a repeat, and a sample in all of them."""
    models: dict[str, Role] = {"dense": "dense", "half": "pruned", "tenth": "pruned", "again": "control"}
    paths = [seed_file(tmp_path / f"seed-{seed}.thinice", seed, models) for seed in range(5)]
    paths.append(seed_file(tmp_path / "repeat.thinice", 0, models, seed=9))
    app = ThiniceApp(path=paths[0], runs=[read_run(path) for path in paths], settings_file=settings_file)
    assert looks_as_before(snap_compare, app, (80, 24), key)

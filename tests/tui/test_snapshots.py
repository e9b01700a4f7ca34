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
    return ThiniceApp(path=run_file, settings_file=settings_file)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)], ids="{0[0]}x{0[1]}".format)
def test_browse(size: tuple[int, int], snap_compare: Compare, app: ThiniceApp) -> None:
    assert looks_as_before(snap_compare, app, size, "j", "j", "j")


def test_inspect(snap_compare: Compare, app: ThiniceApp) -> None:
    assert looks_as_before(snap_compare, app, (80, 24), "1", "enter")


def test_plot(snap_compare: Compare, app: ThiniceApp) -> None:
    assert looks_as_before(snap_compare, app, (80, 24), "p")


def test_help(snap_compare: Compare, app: ThiniceApp) -> None:
    assert looks_as_before(snap_compare, app, (80, 24), "?")


def test_an_unfinished_run(snap_compare: Compare, unfinished: Path, settings_file: Path) -> None:
    app = ThiniceApp(path=unfinished, settings_file=settings_file)
    assert looks_as_before(snap_compare, app, (120, 40), "0")


def test_a_mistake_in_the_filter(snap_compare: Compare, app: ThiniceApp) -> None:
    assert looks_as_before(snap_compare, app, (80, 24), "/", *"set=S10 lable=cat")


def test_a_terminal_of_sixteen_colours(snap_compare: Compare, app: ThiniceApp, settings_file: Path) -> None:
    settings_file.parent.mkdir()
    settings_file.write_text('{"theme": "ansi-dark"}')
    app = ThiniceApp(path=app.session.path, settings_file=settings_file)
    assert looks_as_before(snap_compare, app, (80, 24), "j", "j", "j")


@pytest.mark.parametrize("key", ["j", "enter"])
def test_several_runs(key: str, snap_compare: Compare, tmp_path: Path, settings_file: Path) -> None:
    """The ladder of the first of five training seeds and a repeat, and a sample in all of them."""
    models: dict[str, Role] = {"dense": "dense", "half": "pruned", "tenth": "pruned", "again": "control"}
    paths = [seed_file(tmp_path / f"seed-{seed}.thinice", seed, models) for seed in range(5)]
    paths.append(seed_file(tmp_path / "repeat.thinice", 0, models, seed=9))
    app = ThiniceApp(path=paths[0], runs=[read_run(path) for path in paths], settings_file=settings_file)
    assert looks_as_before(snap_compare, app, (80, 24), key)

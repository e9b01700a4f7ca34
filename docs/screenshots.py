"""Makes the documents' pictures, docs/*.svg, from the sample models' finished run of five models.

    python docs/screenshots.py

The terminal is said to have all colours, whatever it has: the images are not dithered.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from textual.pilot import Pilot

from thinice_tui.tui.app import ThiniceApp
from thinice_tui.tui.widgets.slow_view import SlowView

ROOT = Path(__file__).parents[1]
RUN = ROOT / "sample_models" / "standard.thinice"
PATIENCE = 30.0
SCREENS: dict[str, tuple[tuple[int, int], Sequence[str]]] = {
    "ladder": ((130, 40), ["f", "j"]),
    "inspect": ((110, 34), ["j", "enter"]),
    "margins": ((100, 30), ["P"]),
    "flips": ((80, 24), ["P", "p"]),
    "classes": ((80, 30), ["v", "v"]),
}
"""For each picture the size in columns and lines, and the keys to press."""


async def take(settings: Path, size: tuple[int, int], keys: Sequence[str]) -> str:
    """The screen as SVG after pressing `keys`."""
    app = ThiniceApp(path=RUN, settings_file=settings)
    async with app.run_test(size=size) as pilot:
        await _until(lambda: app.session.analysis is not None, pilot)
        for key in keys:  # each is carried out before the next
            await pilot.press(key)
            await _until(lambda: all(view.is_drawn for view in app.screen.query(SlowView)), pilot)
        return app.export_screenshot(title="thinice-tui")


async def _until(met: Callable[[], bool], pilot: Pilot[int]) -> None:
    """Wait until `met` is true, and what that causes is drawn."""
    deadline = time.monotonic() + PATIENCE
    await pilot.pause(0.2)
    while not met():
        if time.monotonic() > deadline:
            raise TimeoutError("the screen is not drawn")
        await pilot.pause(0.1)
    await pilot.pause(0.2)


def main() -> None:
    os.environ |= {"COLORTERM": "truecolor", "TERM": "xterm-256color"}
    os.environ.pop("NO_COLOR", None)
    with tempfile.TemporaryDirectory() as folder:
        for name, (size, keys) in SCREENS.items():
            svg = asyncio.run(take(Path(folder) / f"{name}.json", size, keys))
            (ROOT / "docs" / f"{name}.svg").write_text(svg)


if __name__ == "__main__":
    main()

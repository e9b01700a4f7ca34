"""Makes the documents' pictures, docs/*.svg, from the sample models' finished run of five models.

    python docs/screenshots.py

The terminal is said to have all colours, whatever it has: the images are not dithered.
"""

import asyncio
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from thinice_tui.tui.app import ThiniceApp

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
        waited = 0.0
        while app.session.analysis is None and waited < PATIENCE:
            await pilot.pause(0.1)
            waited += 0.1
        for key in keys:  # each is carried out before the next
            await pilot.press(key)
            await pilot.pause(0.5)
        await pilot.pause(1)
        return app.export_screenshot(title="thinice-tui")


def main() -> None:
    os.environ |= {"COLORTERM": "truecolor", "TERM": "xterm-256color"}
    os.environ.pop("NO_COLOR", None)
    with tempfile.TemporaryDirectory() as folder:
        for name, (size, keys) in SCREENS.items():
            svg = asyncio.run(take(Path(folder) / f"{name}.json", size, keys))
            (ROOT / "docs" / f"{name}.svg").write_text(svg)


if __name__ == "__main__":
    main()

"""Makes the documents' pictures from the run of five models that comes with the sample models: docs/*.svg.

python docs/screenshots.py
"""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

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
        waited = 0.0
        while app.session.analysis is None and waited < PATIENCE:
            await pilot.pause(0.1)
            waited += 0.1
        await pilot.press(*keys)
        await pilot.pause(1)
        while not all(view.is_drawn for view in app.screen.query(SlowView)) and waited < PATIENCE:
            await pilot.pause(0.1)
            waited += 0.1
        return app.export_screenshot(title=" ".join(["thinice-tui", *keys]))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, (size, keys) in SCREENS.items():
            svg = asyncio.run(take(Path(folder) / f"{name}.json", size, keys))
            (ROOT / "docs" / f"{name}.svg").write_text(svg)


if __name__ == "__main__":
    main()

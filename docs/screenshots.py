"""Makes the documents' pictures from the sample models: docs/browse.svg, docs/inspect.svg, docs/flips.svg.

    python docs/screenshots.py [RUN.thinice]

Without a run file it computes `quick` first, as the README's first command does (half a minute).
"""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from thinice_tui.tui.app import ThiniceApp

ROOT = Path(__file__).parents[1]
PATIENCE = 30.0
SCREENS: dict[str, tuple[tuple[int, int], Sequence[str]]] = {
    "browse": ((120, 40), ["1", "j"]),
    "inspect": ((100, 32), ["1", "j", "enter"]),
    "flips": ((80, 24), ["p", "p"]),
}
"""For each picture the size in columns and lines, and the keys to press."""


async def take(run: Path, settings: Path, size: tuple[int, int], keys: Sequence[str]) -> str:
    """The screen as SVG after pressing `keys`."""
    app = ThiniceApp(path=run, settings_file=settings)
    async with app.run_test(size=size) as pilot:
        waited = 0.0
        while app.analysis is None and waited < PATIENCE:
            await pilot.pause(0.1)
            waited += 0.1
        await pilot.press(*keys)
        await pilot.pause(1)
        return app.export_screenshot(title=" ".join(["thinice-tui", *keys]))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder) / "dense-pruned.thinice"
        if not run.exists():
            models = [str(ROOT / "sample_models" / name) for name in ("dense.pt", "pruned.pt")]
            options = ["--control", str(ROOT / "sample_models" / "control.pt"), "--attack", "quick", "--run", str(run)]
            subprocess.run([sys.executable, "-m", "thinice_tui", "compare", *models, *options, "--report"], check=True)
        for name, (size, keys) in SCREENS.items():
            svg = asyncio.run(take(run.absolute(), Path(folder) / f"{name}.json", size, keys))
            (ROOT / "docs" / f"{name}.svg").write_text(svg)


if __name__ == "__main__":
    main()

"""Random keys, clicks, wheels, pastes and sizes of the terminal, from a seed.

    python -m tests.tui.random_input --minutes 10 --seed 1

opens the interface on a made run at four sizes in turn, and stops at the first error, with what had been done.
"""

import argparse
import asyncio
import os
import random
import tempfile
import time
from pathlib import Path

from textual import events
from textual.geometry import Size
from textual.keys import _character_to_key

from tests.fake_runs import write_run
from tests.tui.driver import MODELS, Driver, driven
from thinice_tui.tui.action_registry import ACTIONS
from thinice_tui.tui.app import ThiniceApp

SIZES = ((20, 8), (60, 20), (80, 24), (140, 40))
KEYS = [key for action in ACTIONS for key in action.keys.split(",")]
MORE_KEYS = ["escape"] * 12 + ["enter"] * 12 + ["tab", "shift+tab", "up", "down", "backspace", "delete", "f5", "é"]
LEAVING = ("q", "ctrl+q")
WORDS = ("margin<1", "set=S10", "class", ":12", "lable=1", "(", "100000000000000000000")
PASTES = ("set=S10\nmargin<1\n", "", "\n", "a\tb", "\x1b[31m")


async def do_something(driver: Driver, chance: random.Random) -> str:
    """One random thing, without waiting for what it causes; what it was."""
    app, (width, height) = driver.app, driver.app.size
    what = chance.random()
    if what < 0.75:
        key = chance.choice(KEYS + MORE_KEYS)
        if key in LEAVING and chance.random() < 0.9:  # beginning anew takes longer than a hundred keys
            key = "escape"
        keys = [key] * chance.choice((1, 1, 1, 2))
    elif what < 0.82:
        keys = list(chance.choice(WORDS))
    elif what < 0.94:
        x, y = chance.randrange(max(1, width)), chance.randrange(max(1, height))
        for kind in chance.choice(((events.MouseDown, events.MouseUp), (events.MouseScrollDown,), (events.MouseMove,))):
            app.post_message(kind(None, x, y, 0, 0, 1, False, False, False, x, y))
        return f"mouse {kind.__name__} {x} {y}"
    elif what < 0.97:
        text = chance.choice(PASTES)
        app.post_message(events.Paste(text))
        return f"paste {text!r}"
    else:
        size = Size(*chance.choice((*SIZES, (1, 1), (200, 60))))
        assert app._driver is not None
        app._driver._size = size
        app.post_message(events.Resize(size, size))
        return f"size {size.width} x {size.height}"
    for key in keys:
        named = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
        app.post_message(events.Key(named, key if len(key) == 1 else None))
    return " ".join(keys)


async def rush(run: Path, settings: Path, size: tuple[int, int], chance: random.Random, steps: int) -> int:
    """Do up to `steps` random things, until one leaves the interface; how many were done."""
    done: list[str] = []
    try:
        async with driven(ThiniceApp(path=run, settings_file=settings), size) as driver:
            for _ in range(steps):
                done.append(await do_something(driver, chance))
                if chance.random() < 0.6:
                    await driver.settle()
                if driver.app._exception is not None or driver.app.return_code is not None:
                    break
            else:
                await driver.settle()
    except Exception as error:
        error.add_note(f"at {size}, after: {done}")
        raise
    return len(done)


async def _for_minutes(minutes: float, seed: int) -> None:
    until, chance, total = time.monotonic() + 60 * minutes, random.Random(seed), dict.fromkeys(SIZES, 0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        os.chdir(folder)
        for run, through in (("finished.thinice", 3), ("unfinished.thinice", 2)):
            write_run(folder / run, MODELS, through=through)
        while time.monotonic() < until:
            for size in SIZES:
                run = chance.choice(("finished.thinice", "unfinished.thinice"))
                total[size] += await rush(folder / run, folder / "settings.json", size, chance, 200)
    print("; ".join(f"{size[0]}x{size[1]}: {count} inputs" for size, count in total.items()), "and no error")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for name in ("TMUX", "SSH_CONNECTION", "DISPLAY", "WAYLAND_DISPLAY"):  # nothing of this desktop is touched
        os.environ.pop(name, None)
    asyncio.run(_for_minutes(options.minutes, options.seed))


if __name__ == "__main__":
    main()

"""Random keys, clicks, wheels, pastes and sizes of the terminal, from a seed.

    python -m tests.tui.random_input --minutes 10 --seed 1

opens the interface at four sizes in turn, on a finished run of five models and on one that grows meanwhile, and stops
at the first error, with what had been done. Prints how many inputs each screen got.
"""

import argparse
import asyncio
import faulthandler
import itertools
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from textual import events
from textual.geometry import Size
from textual.keys import _character_to_key

from tests.fake_runs import STAGES, make_run
from tests.places import SAMPLE_MODELS
from tests.tui.driver import FIVE, SPARSITIES, Driver, driven
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.tui.action_registry import ACTIONS
from thinice_tui.tui.app import ThiniceApp
from thinice_tui.tui.screens.run_screen import RunScreen

SIZES = ((20, 8), (80, 24), (120, 40), (200, 60))
PLACES = ("L", "enter", "P", "v", "?", "x", "e", "c", "/", ":", "ctrl+p", "ctrl+c")
"""Keys that lead from the table to a screen, a dialog or a line to type in: each is led to in turn."""
HANGS = 120.0
"""Seconds after which an input has made the interface hang: that ends the process."""
STAY = 8
"""Inputs until the next place is led to."""
KEYS = [key for action in ACTIONS for key in action.keys.split(",")]
MORE_KEYS = ["escape"] * 12 + ["enter"] * 12 + ["tab", "shift+tab", "up", "down", "backspace", "delete", "f5", "é"]
LEAVING = ("q", "ctrl+q")
WORDS = ("margin<1", "set=S10", "set@pruned-95=S10", "falls_at=9", "class", ":12", "lable=1", "(", "1" + 20 * "0")
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
    press(app, keys)
    return " ".join(keys)


def press(app: ThiniceApp, keys: Iterable[str]) -> None:
    """Press keys faster than the interface can handle them."""
    for key in keys:
        named = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
        app.post_message(events.Key(named, key if len(key) == 1 else None))


async def rush(
    run: Path,
    settings: Path,
    size: tuple[int, int],
    chance: random.Random,
    steps: int,
    places: Iterator[str],
    seen: Counter[str],
) -> int:
    """Do up to `steps` random things, until one leaves the interface; how many were done.

    places: the keys of PLACES, in turn; seen: is added how many of the inputs each screen got.
    """
    done: list[str] = []
    assert sys.__stderr__ is not None  # sys.stderr is the interface's meanwhile
    try:
        async with driven(ThiniceApp(path=run, settings_file=settings), size, ready=False) as driver:
            for number in range(steps):
                faulthandler.dump_traceback_later(HANGS, exit=True, file=sys.__stderr__)
                if number % STAY == 0:
                    keys = (*["escape"] * 4, next(places))
                    press(driver.app, keys)
                    done.append(" ".join(keys))
                else:
                    done.append(await do_something(driver, chance))
                if number % STAY == 0 or chance.random() < 0.6:
                    await driver.settle()
                if driver.app._exception is not None or driver.app.return_code is not None:
                    break
                screen = driver.app.screen
                seen[screen.place if isinstance(screen, RunScreen) else type(screen).__name__] += 1
            else:
                await driver.settle()
    except Exception as error:
        error.add_note(f"at {size}, after: {done}")
        raise
    finally:
        faulthandler.cancel_dump_traceback_later()
    return len(done)


@contextmanager
def growing(path: Path) -> Iterator[Path]:
    """A run of five models that another thread writes batch by batch, from the clean predictions to its end."""
    made, ended = make_run(path, FIVE, n=300, sparsities=SPARSITIES), threading.Event()
    writer = made.open()
    with writer:
        made.begin(writer)
        made.clean(writer, 0)

    def write() -> None:
        with made.open() as writer:
            for number in range(1, len(FIVE)):
                made.clean(writer, number)
            for ordinal, number in itertools.product(range(len(STAGES)), range(len(FIVE))):
                writer.start_stage(number, ordinal, len(made.standing(number, ordinal)))
                for batch in range(len(made.batches(number, ordinal))):
                    made.attack_batch(writer, number, ordinal, batch)
                    writer.heartbeat(Heartbeat(time.time(), "running", "dense", STAGES[ordinal], 5, 10, 100.0, 30.0))
                    if ended.wait(0.05):
                        return
                writer.finish_stage(number, ordinal)
            writer.finish(None)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield path
    finally:
        ended.set()
        thread.join()


async def _for_minutes(minutes: float, seed: int) -> None:
    until, chance = time.monotonic() + 60 * minutes, random.Random(seed)
    total: Counter[tuple[int, int]] = Counter()
    seen: Counter[str] = Counter()
    places = itertools.cycle(PLACES)
    computing = patch("thinice_tui.tui.run_follower.is_computing", lambda run: not run.complete)
    with tempfile.TemporaryDirectory() as name, computing:
        folder = Path(name).resolve()
        os.chdir(folder)
        finished = shutil.copy(SAMPLE_MODELS / "standard.thinice", folder / "five.thinice")
        for number, size in enumerate(itertools.cycle(chance.sample(SIZES, len(SIZES)))):
            if time.monotonic() > until:
                break
            total[size] += await rush(Path(finished), folder / "settings.json", size, chance, 60, places, seen)
            with growing(folder / f"{number}.thinice") as run:
                total[size] += await rush(run, folder / "settings.json", size, chance, 60, places, seen)
            for path in folder.glob(f"{number}.thinice*"):
                path.unlink()
    print("; ".join(f"{size[0]}x{size[1]}: {count} inputs" for size, count in total.items()), "and no error")
    print("; ".join(f"{place} {count}" for place, count in seen.most_common()))


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

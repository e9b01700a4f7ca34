"""What is offered where no run is named: recent runs, the demo, and a first command."""

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from rich.cells import cell_len, set_cell_size

from thinice_tui.runfile.demo import DEMO
from thinice_tui.safe_io.printable import printable
from thinice_tui.tui.recent_runs import RecentRun
from thinice_tui.tui.screens.dialogs import Choice, ChoiceDialog

WIDTH, NAME_WIDTH = 62, 30
"""Cells of a line, and at most of a run's name in it."""
FIRST_STEPS = """\
thinice-tui shows which samples a neural network loses when it is pruned, under attack.

Attack models of yours:
  thinice-tui compare dense.pt pruned.pt --attack quick"""
STEPS = ((60, "minute"), (3600, "hour"), (86400, "day"))


class StartDialog(ChoiceDialog):
    """Asks for a run; the name of a choice is its path."""

    BINDINGS = [("q", "give_up", "quit")]  # noqa: RUF012

    def __init__(self, runs: Sequence[RecentRun]) -> None:
        width = max((min(NAME_WIDTH, cell_len(_name(run))) for run in runs), default=4)
        choices = [Choice(str(number), run_line(run, width, time.time())) for number, run in enumerate(runs)]
        choices.append(Choice("demo", f"{'demo':<{width}}  a small finished run, to look around"))
        super().__init__("Open a run", FIRST_STEPS, choices)
        self._paths = {**{str(number): run.path for number, run in enumerate(runs)}, "demo": DEMO}

    def path_of(self, name: str) -> Path:
        """The run file of a choice."""
        return self._paths[name]


def run_line(run: RecentRun, width: int, now: float) -> str:
    """`standard  2 hours ago  ~/runs` in at most WIDTH cells: `width` for the name; of the folder the end stays."""
    name = _cut(_name(run), width)
    line = f"{name}{' ' * (width - cell_len(name))}  {ago(now - run.at):<14}  "
    folder = printable(_shown(run.path.parent))
    room = WIDTH - cell_len(line)
    while cell_len(folder) > room:
        folder = f"…{folder[2:]}"
    return line + folder


def ago(seconds: float) -> str:
    """`3 hours ago`."""
    unit, name = next(((unit, name) for unit, name in reversed(STEPS) if seconds >= unit), (0, ""))
    if not unit:
        return "just now"
    count = min(int(seconds // unit), 9999)
    return f"{count} {name}{'s' * (count > 1)} ago"


def _shown(folder: Path) -> str:
    """The folder, as ~ where it is in the user's own."""
    with suppress(RuntimeError, ValueError):  # nobody's home, or elsewhere
        return str(Path("~") / folder.relative_to(Path.home()))
    return str(folder)


def _name(run: RecentRun) -> str:
    return printable(run.path.stem)


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"

"""What the interface leaves on the terminal when it ends."""

from collections.abc import Sequence

from thinice_tui.runfile.demo import DEMO
from thinice_tui.safe_io.printable import printable


def exit_message(what: str, paths: Sequence[str], is_computing: bool) -> str:
    """`what`, or that the engine goes on; and how to open the runs at `paths` again, where there are any."""
    if not paths:
        return what
    lines = [what] if what else []
    if is_computing and not what:
        lines.append("the attack goes on in the background")
    again = "demo" if list(paths) == [str(DEMO)] else f"open {' '.join(paths)}"
    lines.append(f"look again: thinice-tui {again}")
    return "\n".join(printable(line) for line in lines)

"""What every plot must do, whichever it is."""

from rich.text import Text


def check_size(plot: Text, width: int, height: int) -> None:
    """No line is wider, and there are no more lines, than was asked for; the number of samples is said."""
    lines = plot.plain.rstrip("\n").split("\n")
    assert len(lines) <= height and max(map(len, lines)) <= width
    assert "n=" in plot.plain

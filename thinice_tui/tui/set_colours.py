"""The colours of sets in plots, which are the terminal's red, green and blue, as the table has them from the theme."""

from collections.abc import Mapping

from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.color import Color

from thinice_tui.tui.contrast import readable

PLACES = {1: "error", 2: "success", 4: "primary"}
"""Of red, green and blue among a terminal's colours, with the theme's names for what the table draws in their place."""


def with_theme_colours(base: TerminalTheme, theme: Mapping[str, str]) -> TerminalTheme:
    """`base` with the theme's colours for the sets, readable on its background. theme: its variables, by name."""
    found = [base.ansi_colors[number] for number in range(16)]
    background, foreground = (Color.parse(theme[name]).rich_color for name in ("background", "foreground"))
    ground = Style(color=foreground, bgcolor=background)
    for place, name in PLACES.items():
        triplet = readable(Color.parse(theme[name]).rich_color, ground, "truecolor").triplet
        found[place] = found[place] if triplet is None else triplet
    colours = [(colour[0], colour[1], colour[2]) for colour in found]
    ends = [(colour[0], colour[1], colour[2]) for colour in (base.background_color, base.foreground_color)]
    return TerminalTheme(ends[0], ends[1], colours[:8], colours[8:])

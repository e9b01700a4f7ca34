"""The colours of sets and models on the screen: the same in the table and in plots, whatever the theme."""

from collections.abc import Mapping

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.color import Color as ScreenColor
from textual.theme import Theme

from thinice_tui.plots.canvas import rich_colour
from thinice_tui.plots.style import ON_DARK, ON_LIGHT, SET_COLOURS
from thinice_tui.tui.contrast import readable


def set_variables(theme: Theme) -> dict[str, str]:
    """The colour of each set as a variable of the style sheet; with the terminal's own colours, one of these."""
    palette = ON_DARK if theme.dark else ON_LIGHT
    return {
        name.lower(): f"ansi_{rich_colour(colour)}" if theme.ansi else palette[colour]
        for name, colour in SET_COLOURS.items()
    }


def terminal_theme(
    base: TerminalTheme, palette: Mapping[str, str], theme: Mapping[str, str], system: str | None, no_color: bool
) -> TerminalTheme:
    """`base` with the palette's colours in place of those that plots name, readable on the theme's background.

    theme: its variables, by name; system: how many colours the terminal has, by rich's name; no_color: the text's
    colour in place of all of them, for their greys could not be read.
    """
    background, foreground = (ScreenColor.parse(theme[name]).rich_color for name in ("background", "foreground"))
    ground = Style(color=foreground, bgcolor=background)
    colours = [_rgb(base.ansi_colors[number]) for number in range(16)]
    for name, shown in palette.items():
        number = Color.parse(rich_colour(name)).number
        if number is not None:
            wanted = foreground if no_color else Color.parse(shown)
            colours[number] = _rgb(readable(wanted, ground, system).get_truecolor())
    return TerminalTheme(_rgb(base.background_color), _rgb(base.foreground_color), colours[:8], colours[8:])


def _rgb(colour: ColorTriplet) -> tuple[int, int, int]:
    return colour.red, colour.green, colour.blue

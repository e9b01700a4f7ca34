"""Colours that can be read: in all colours, 256, 16, or none."""

from functools import lru_cache

from rich.color import Color, ColorSystem
from rich.color_triplet import ColorTriplet
from rich.style import Style

LEAST = 4.5
"""The contrast that WCAG 2.2 (success criterion 1.4.3) asks of text."""
STEPS = 10
BLACK, WHITE = Color.from_rgb(0, 0, 0), Color.from_rgb(255, 255, 255)
SYSTEMS = {"standard": ColorSystem.STANDARD, "256": ColorSystem.EIGHT_BIT, "truecolor": ColorSystem.TRUECOLOR}


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    """The ratio of two colours' luminances, from 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@lru_cache(maxsize=64)
def readable(colour: Color, base: Style, system: str | None) -> Color:
    """`colour`, mixed with the text's colour of `base` until it can be read on the background of `base`.

    system: how many colours the terminal has, by rich's name. Where no mixture is enough: black or white.
    """
    if base.bgcolor is None or base.color is None or system not in SYSTEMS:
        return colour
    # Without a triplet a colour is the terminal's own: how it looks is not known.
    if any(one.triplet is None for one in (colour, base.color, base.bgcolor)):
        return colour
    ground = _as_drawn(base.bgcolor, system)
    for step in range(STEPS + 1):
        mixed = Color.from_triplet(_mixed(colour.get_truecolor(), base.color.get_truecolor(), step / STEPS))
        if contrast(_as_drawn(mixed, system), ground) >= LEAST:
            return mixed
    return max((BLACK, WHITE), key=lambda one: contrast(one.get_truecolor(), ground))


def _as_drawn(colour: Color, system: str) -> ColorTriplet:
    return colour.downgrade(SYSTEMS[system]).get_truecolor()


def _mixed(one: ColorTriplet, other: ColorTriplet, share: float) -> ColorTriplet:
    red, green, blue = (round(a + share * (b - a)) for a, b in zip(one, other, strict=True))
    return ColorTriplet(red, green, blue)


def _luminance(colour: ColorTriplet) -> float:
    """The relative luminance, 0 to 1 (WCAG 2.2, definition of relative luminance)."""
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

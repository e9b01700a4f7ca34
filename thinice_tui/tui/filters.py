"""What is done to every line before it is drawn: ASCII for terminals that have no more, and no colours where asked."""

import locale
import os
import sys
from functools import lru_cache

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter, Monochrome

from thinice_tui.plots.ascii_text import to_ascii
from thinice_tui.plots.half_blocks import UPPER_HALF

SHOWN = "▀●▼─≤"
"""Characters that an encoding must have; else all are drawn in ASCII."""
C_LOCALES = ("C", "POSIX")
DARK = (1, 2, 4)
"""Red, green and blue among a terminal's own colours."""
FROM_DARK_TO_BRIGHT = 8


def needs_ascii() -> bool:
    """Whether the locale, or the encoding of the terminal's stream, has no more than ASCII or a part of Unicode.

    Python takes the C locale for UTF-8 and says so in LC_CTYPE; where LANG names it, the user has chosen it.
    """
    coerced = not os.environ.get("LC_ALL") and os.environ.get("LC_CTYPE", "") in ("", "C.UTF-8", "C.utf8")
    if coerced and os.environ.get("LANG") in C_LOCALES:
        return True
    stream = sys.__stderr__.encoding if sys.__stderr__ is not None else "utf-8"
    return not all(_can_encode(encoding) for encoding in (locale.getencoding(), stream))


def _can_encode(encoding: str) -> bool:
    try:
        SHOWN.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


class AsciiFilter(LineFilter):
    """Draws frames, markers and signs in ASCII, and a cell of an image as a blank in the mean of its two colours."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """The same cells in ASCII."""
        return [self._ascii(segment) for segment in segments]

    def _ascii(self, segment: Segment) -> Segment:
        text, style, control = segment
        if text.isascii():
            return segment
        if style is not None and UPPER_HALF in text and style.color is not None and style.bgcolor is not None:
            upper, lower = style.color.get_truecolor(), style.bgcolor.get_truecolor(foreground=False)
            red, green, blue = ((a + b) // 2 for a, b in zip(upper, lower, strict=True))
            mean = Color(red, green, blue)
            return Segment(" " * len(text), Style(bgcolor=mean.rich_color), control)
        return Segment(to_ascii(text), style, control)


class BrightFilter(LineFilter):
    """A terminal's own red, green and blue are hard to read on black: their bright forms."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """The same text in bright colours."""
        return [Segment(text, _bright(style), control) for text, style, control in segments]


@lru_cache(maxsize=256)
def _bright(style: Style | None) -> Style | None:
    number = None if style is None or style.color is None else style.color.number
    if style is None or number not in DARK:
        return style
    return style + Style(color=RichColor.from_ansi(number + FROM_DARK_TO_BRIGHT))


class PlainFilter(LineFilter):
    """No colours (NO_COLOR) with a theme of the terminal's own colours: only images keep their greys.

    Textual's Monochrome takes the terminal's own colours for black on black.
    """

    def __init__(self) -> None:
        super().__init__()
        self._grey = Monochrome()

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same text without colours."""
        return [self._plain(segment, background) for segment in segments]

    def _plain(self, segment: Segment, background: Color) -> Segment:
        text, style, control = segment
        if style is None or (style.color is None and style.bgcolor is None):
            return segment
        if UPPER_HALF in text:
            return self._grey.apply([segment], background)[0]
        is_marked = style.bgcolor is not None and not style.bgcolor.is_default
        return Segment(text, style.without_color + Style(reverse=is_marked or None), control)

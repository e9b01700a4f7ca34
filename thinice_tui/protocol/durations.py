"""Durations and large numbers, as they are typed and shown."""

import re
from datetime import timedelta
from decimal import Decimal

from thinice_tui.errors import UsageError

UNITS = (3600, 60, 1)
"""Seconds in an hour, a minute and a second."""
MAX_SECONDS = 366 * 24 * 3600
"""The longest time limit: a year."""


def duration(seconds: float) -> str:
    """`8s`, `2m10s` or `1h05m`: a duration of `seconds` in at most two units."""
    whole = timedelta(seconds=round(seconds))
    minutes, rest = divmod(int(whole.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"


def parse_duration(text: str) -> float:
    """Seconds from `90s`, `30m`, `1.5h` or `1h30m`; raises UsageError for other text, for zero and for over a year."""
    number = r"(\d+(?:\.\d+)?)"
    match = re.fullmatch(f"(?:{number}h)?(?:{number}m)?(?:{number}s)?", text, re.ASCII)
    seconds = sum(float(part or 0) * unit for part, unit in zip(match.groups(), UNITS, strict=True)) if match else 0
    if not 0 < seconds <= MAX_SECONDS:
        raise UsageError(f"--time-limit is {text!r}, expected a duration", "write it as 90s, 30m or 1h30m")
    return seconds


def duration_argument(seconds: float) -> str:
    """The duration as `parse_duration` reads it, exactly."""
    return f"{Decimal(repr(seconds)).normalize():f}s"


def time_left(at_most: float | None, expected: float | None) -> str:
    """`~2m10s (≤ 4m) left`: the expected seconds with their upper bound; empty where the bound is None."""
    if at_most is None:
        return ""
    if expected is None:
        return f"≤ {duration(at_most)} left"
    likely, most = duration(expected), duration(at_most)
    return f"~{likely} left" if likely == most else f"~{likely} (≤ {most}) left"


def short(number: float) -> str:
    """`950`, `3.1k` or `12.5M`: a number with at most one decimal."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.1f}{unit}"
    return f"{number:.0f}"

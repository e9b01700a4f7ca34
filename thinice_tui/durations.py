"""Numbers as people read them while they wait."""

from datetime import timedelta


def duration(seconds: float) -> str:
    """`8s`, `2m10s`, `1h05m`: two units are enough."""
    whole = timedelta(seconds=round(seconds))
    minutes, rest = divmod(int(whole.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"


def short(number: float) -> str:
    """`950`, `3.1k`: two digits are enough."""
    return f"{number / 1000:.1f}k" if number >= 1000 else f"{number:.0f}"

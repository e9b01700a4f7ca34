"""Where ~ is in a path that was typed."""

from pathlib import Path

from thinice_tui.errors import UsageError


def expanded(text: str) -> Path:
    """A path with ~ and ~somebody for a home: after `--run=` no shell puts that in. Raises UsageError."""
    try:
        return Path(text).expanduser() if text.startswith("~") else Path(text)
    except RuntimeError as error:
        raise UsageError(f"{text}: there is no such home", f"for a file of that very name write ./{text}") from error

"""Expands ~ in paths as typed."""

from pathlib import Path

from thinice_tui.errors import UsageError


def expanded(text: str) -> Path:
    """The path with ~ and ~user expanded, which no shell does after `--run=`; raises UsageError."""
    try:
        return Path(text).expanduser() if text.startswith("~") else Path(text)
    except RuntimeError as error:
        raise UsageError(f"{text}: there is no such home folder", f"for a file named so write ./{text}") from error


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths mean one file, also through links, and also where it is not there yet."""
    try:
        return one.samefile(other)
    except OSError:
        return one.resolve() == other.resolve()

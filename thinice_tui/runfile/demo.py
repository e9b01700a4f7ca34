"""The finished run that comes with the package: `thinice-tui demo` opens it."""

from pathlib import Path

DEMO = Path(__file__).absolute().with_name("demo.thinice")
"""Opened without locks: nobody writes to it, and its folder may be read-only."""

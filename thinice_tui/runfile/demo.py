"""The finished run that comes with the package: `thinice-tui demo` opens it."""

from pathlib import Path

DEMO = Path(__file__).with_name("demo.thinice")

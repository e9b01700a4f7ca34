"""Copying that works in tmux and over SSH, and falls back to a file."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from thinice_tui.safe_io.atomic_write import write_text

LARGEST = 50_000
"""Characters; terminals drop longer OSC 52 sequences (xterm at 75 kB of base64)."""
FILE = Path("thinice-copied.txt")


def copy(text: str, copy_to_terminal: Callable[[str], None]) -> str:
    """Put `text` on the clipboard, or into a file where that cannot be; a sentence that says how.

    `copy_to_terminal` sends it to the terminal by OSC 52.
    """
    if len(text) > LARGEST:
        return _to_file(text, "too long for a terminal's clipboard")
    if os.environ.get("TMUX"):
        # tmux drops OSC 52 by default; this is its own buffer, and with -w the outer terminal's clipboard.
        try:
            subprocess.run(
                ["tmux", "load-buffer", "-w", "-"], input=text.encode(), check=True, timeout=2, capture_output=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            return _to_file(text, f"tmux did not take it ({error})")
        return "copied, through tmux: paste with its prefix and ], or as usual"
    copy_to_terminal(text)
    return "copied, if your terminal allows it (OSC 52); else x saves a file"


def _to_file(text: str, why: str) -> str:
    try:
        write_text(FILE, text + "\n", sync=False)
    except OSError as error:
        return f"not copied: {why}, and {FILE} cannot be written ({error.strerror})"
    return f"{why}: saved to {FILE.absolute()}"

"""Files shown by the desktop's own programs, where this program runs on a desktop."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path


def show_on_desktop(file: Path) -> bool:
    """Let the desktop open `file`; whether there is one that was asked."""
    if sys.platform == "darwin":
        opener = None if os.environ.get("SSH_CONNECTION") else shutil.which("open")
    else:
        has_display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        opener = shutil.which("xdg-open") if has_display else None
    if opener is None:
        return False
    try:
        process = subprocess.Popen(
            [opener, str(file.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    threading.Thread(target=process.wait, daemon=True).start()  # so that no zombie is left of it
    return True

"""Real terminals for tests: a shell in a window of a private tmux server, and a pseudo-terminal without a shell."""

import fcntl
import os
import pty
import select
import shutil
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from thinice_tui.tui.recent_runs import begin

TMUX = shutil.which("tmux")
DEADLINE = 60.0
"""Seconds to wait for anything."""
UNWANTED = ("TMUX", "TMUX_PANE", "SSH_CONNECTION", "NO_COLOR", "COLORTERM", "COLUMNS", "LINES", "PROMPT_COMMAND")


def wait_until(met: Callable[[], object], what: str = "", more: Callable[[], str] = str) -> None:
    """Wait until `met` is true; after DEADLINE fail with the text of `more`."""
    deadline = time.monotonic() + DEADLINE
    while not met():
        assert time.monotonic() < deadline, f"waited in vain: {what}\n{more()}"
        time.sleep(0.03)


def not_the_first_time(folder: Path) -> Path:
    """The folder of states of someone who has used the interface before: there is no hint line."""
    begin(folder / "thinice-tui" / "recent-runs.json")
    return folder


def environment(folder: Path) -> dict[str, str]:
    """The environment of programs in the terminal: this Python's programs first, settings below `folder`."""
    kept = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_STATE_HOME": str(not_the_first_time(folder / "state")),
        "LC_ALL": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "PS1": "ready$ ",
        "HISTFILE": "",
    }


@dataclass(frozen=True)
class Window:
    """A window with a shell; its tmux server is `server`."""

    server: "Server"
    pane: str

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names."""
        self.server("send-keys", "-t", self.pane, *keys)

    def type(self, text: str) -> None:
        self.server("send-keys", "-t", self.pane, "-l", text)

    def run(self, command: str) -> None:
        """Type a command into the shell."""
        self.type(command)
        self.press("Enter")

    @property
    def lines(self) -> list[str]:
        """What is on the screen, line by line."""
        return self.server("capture-pane", "-p", "-t", self.pane).split("\n")

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def flag(self, name: str) -> str:
        """The value of one of tmux's formats, such as alternate_on."""
        return self.server("display-message", "-p", "-t", self.pane, f"#{{{name}}}").strip()

    def wait(self, met: Callable[[], object], what: str) -> None:
        wait_until(met, what, lambda: f"on the screen\n{self.text}")

    def shows(self, *words: str) -> None:
        """Wait until all of `words` are on the screen."""
        self.wait(lambda: all(word in self.text for word in words), f"{words} on the screen")

    def hides(self, words: str) -> None:
        """Wait until `words` are no longer on the screen."""
        self.wait(lambda: words not in self.text, f"{words!r} not on the screen")

    def is_at_prompt(self) -> None:
        """Wait until the shell asks: a prompt further up may be of before, and a key typed too early is dropped."""
        self.wait(lambda: self.text.rstrip().endswith("ready$"), "the shell's prompt")

    def is_shell_again(self) -> None:
        """Wait for the prompt, and check that the program left the terminal as it found it."""
        self.is_at_prompt()
        assert "Traceback" not in self.text and "Exception" not in self.text, self.text
        modes = ("alternate_on", "mouse_any_flag", "mouse_sgr_flag", "keypad_cursor_flag", "keypad_flag")
        assert {name: self.flag(name) for name in modes} == dict.fromkeys(modes, "0")
        assert self.flag("cursor_flag") == "1", "the cursor is hidden"
        self.run("stty -a | tr ' ;' '\\n\\n' | grep -cx -e echo -e icanon -e isig -e icrnl -e opost -e onlcr")
        self.shows("\n6\n")
        self.run("clear")
        self.hides("stty")

    def program(self) -> psutil.Process:
        """The process that the shell runs now."""
        shell = psutil.Process(int(self.flag("pane_pid")))
        self.wait(shell.children, "the shell's program")
        (child,) = shell.children()
        return child

    def resize(self, columns: int, lines: int) -> None:
        self.server("resize-window", "-t", self.pane, "-x", str(columns), "-y", str(lines))

    def close(self) -> None:
        """Close the window, as a lost connection does."""
        self.server("kill-pane", "-t", self.pane)


class Server:
    """A private tmux server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = f"thinice-{os.getpid()}-{folder.name[-40:]}"

    def __call__(self, *arguments: str) -> str:
        """Run a tmux command and return its output."""
        assert TMUX is not None
        command = [TMUX, "-u", "-L", self._name, "-f", "/dev/null", *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment(self._folder), cwd=self._folder, check=False
        )
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout

    def first_window(self) -> Window:
        shell = ("bash", "--norc", "--noprofile")
        size = ("-x", "80", "-y", "24")
        self("start-server", ";", "set", "-g", "status", "off", ";", "new-session", "-d", *size, *shell)
        return self._ready(self("list-panes", "-a", "-F", "#{pane_id}").strip())

    def another_window(self) -> Window:
        """Open a second terminal of the same size."""
        return self._ready(self("new-window", "-d", "-P", "-F", "#{pane_id}", "bash", "--norc", "--noprofile").strip())

    def _ready(self, pane: str) -> Window:
        window = Window(self, pane)
        window.shows("ready$")
        return window

    def end(self) -> None:
        """End the server and the programs that its windows still show."""
        shown: list[psutil.Process] = []
        with suppress(AssertionError, psutil.NoSuchProcess):  # the server ends with its last window
            for pid in self("list-panes", "-a", "-F", "#{pane_pid}").split():
                shown += psutil.Process(int(pid)).children()
        assert TMUX is not None
        subprocess.run([TMUX, "-L", self._name, "kill-server"], capture_output=True, check=False)
        for left in psutil.wait_procs(shown, timeout=3)[1]:
            with suppress(psutil.NoSuchProcess):
                left.kill()


@contextmanager
def terminal(folder: Path) -> Iterator[Window]:
    """A shell in `folder`, 80 columns and 24 lines; its tmux server ends with the context."""
    server = Server(folder)
    try:
        yield server.first_window()
    finally:
        server.end()


class Pty:
    """A program in a pseudo-terminal, without a shell that would restore its settings."""

    def __init__(self, command: list[str], folder: Path, size: tuple[int, int] = (80, 24)) -> None:
        self._ours, self._theirs = pty.openpty()
        self._output = select.poll()
        self._output.register(self._ours, select.POLLIN)
        termios.tcsetwinsize(self._theirs, size[::-1])
        self.before = self.attributes()
        self.written = b""
        self.process = subprocess.Popen(
            command,
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            env=environment(folder) | {"TERM": "xterm-256color"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def attributes(self) -> list[object]:
        found: list[object] = termios.tcgetattr(self._theirs)
        return found

    def read_until(self, met: Callable[[], object]) -> None:
        """Read its output until `met` is true."""
        deadline = time.monotonic() + DEADLINE
        while not met():
            assert time.monotonic() < deadline, f"waited in vain; it wrote {self.written!r}"
            self.read(0.05)

    def read(self, seconds: float = 0.0) -> None:
        """Read what it has written, at most so long; else the terminal fills up, and it waits for a reader."""
        if self._output.poll(1000 * seconds):
            self.written += os.read(self._ours, 100_000)

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def hang_up(self) -> None:
        """Take the terminal away, as a lost connection does."""
        os.close(self._ours)
        self._ours = -1

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        if self._ours >= 0:
            os.close(self._ours)
        os.close(self._theirs)

"""Starting, asking and ending the engine, and leaving it."""

import platform
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from thinice_tui.errors import EXIT_ERROR, EXIT_INTERRUPTED, RunFileError, ThiniceError
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.control import ControlWord, write_control
from thinice_tui.runfile.liveness import kill_engine
from thinice_tui.runfile.records import EngineRecord, Run
from thinice_tui.safe_io.printable import printable_lines
from thinice_tui.tui.engine_process import EngineProcess, how_it_ended, tail
from thinice_tui.tui.screens.dialogs import Choice, ChoiceDialog

if TYPE_CHECKING:
    from thinice_tui.tui.app import ThiniceApp

Reason = str | None
NOT_RUNNING = "no engine is running"
STARTING = "the engine is starting: it cannot be asked yet"


class EngineActions:
    """Handlers of actions: each returns why it could do nothing, else None."""

    def __init__(self, app: "ThiniceApp") -> None:
        self.app = app
        self._process: EngineProcess | None = None
        """The engine that was started here, while it lives: its end is known from the process itself."""
        self._is_alive = False
        """Whether an engine that was started here has not ended, from the moment on that it was asked for."""
        self._given_up = False
        self._explained: EngineRecord | None = None
        """The engine whose end has been told already."""
        self._ended_pids: set[int] = set()

    @property
    def is_starting(self) -> bool:
        """Whether an engine that was started here is alive, and the run file is still of the one before."""
        run = self.app.run_now
        if not self._is_alive or self.app.named_lives or (run is not None and run.complete):
            return False
        named = run.engine if run is not None else None
        return named is None or self._process is None or named.pid != self._process.pid

    def has_ended(self, engine: EngineRecord | None) -> bool:
        """Whether it was started here and has ended: known before the next look at the run file says so."""
        return engine is not None and engine.host == platform.node() and engine.pid in self._ended_pids

    def start_engine(self, request: Request) -> None:
        """Start the engine's process and follow the run file that it names."""
        self._is_alive = True
        self.app.show_progress()
        self.app.in_background(self._supervise, request)

    def _supervise(self, request: Request) -> None:
        """Start an engine, and tell when it has named its run file and when it has ended."""
        try:
            process = EngineProcess(request)
        except ThiniceError as error:
            self._tell(self.app.fail_to_start, f"error: {error.what}\n{error.do}", EXIT_ERROR)
            return
        self._process = process
        self._ended_pids.discard(process.pid)  # the system may give a number again
        announced = process.announcement()
        if announced is not None:
            self._tell(self.app.follow, announced.run)
        code = process.wait()
        self._tell(self._ended, code, process.last_words(), None if announced is None else announced.log)

    def _tell(self, handler: Callable[..., None], *arguments: object) -> None:
        """Call a handler in the interface's thread, or never where the interface ends meanwhile."""
        self.app.post_message(self.app.Callback(handler, arguments))

    def _ended(self, code: int, words: str, log: Path | None) -> None:
        """The engine has ended: well, as asked, or not."""
        engine = self.app.run_now.engine if self.app.run_now is not None else None
        if self._process is not None:
            self._ended_pids.add(self._process.pid)
        if engine is not None and self.has_ended(engine):
            self._explained, self.app.named_lives = engine, False
        self._process, self._is_alive = None, False
        self.app.show_progress()
        if self._given_up:
            return  # it was killed from here, on the way out
        if log is None and self.app.run_now is None:
            self.app.fail_to_start(words or how_it_ended(code), code if code > 0 else EXIT_ERROR)
        elif code == EXIT_INTERRUPTED:
            self.app.notify("The engine has stopped; everything up to its last batch is kept. e resumes it.", timeout=8)
        elif code != 0:
            self._explain_end(how_it_ended(code), words, log or "none: it ended before its run began")
        elif self.app.run_now is not None and not self.app.run_now.complete and "another engine" in words:
            self.app.notify("Another engine is computing this run already: this view is attached to it.", timeout=8)

    def gone(self, run: Run, before: Run) -> None:
        """An engine that was not started here has ended; before: the run as it was read while that lived."""
        run = run if run.complete or run.engine == before.engine else before  # one that was refused is not named
        if run.complete or self._process is not None or run.engine == self._explained:
            return
        log = run.engine.log if run.engine is not None else None
        if run.heartbeat is not None and run.heartbeat.state == "stopping":
            self.app.notify("The engine has stopped; everything up to its last batch is kept. e resumes it.", timeout=8)
        elif run.heartbeat is not None and run.heartbeat.state == "starting":  # its starter is told why
            self.app.notify("The engine that was starting has ended: nothing more is computed. e resumes.", timeout=8)
        else:
            words = tail(Path(log)) if log is not None else ""
            self._explain_end("The engine has gone without finishing.", words, log or "its terminal")

    def _explain_end(self, what: str, words: str, log: Path | str) -> None:
        text = f"{what}\nWhat it computed is kept, and this view goes on with it.\nIts log: {log}\n\n{words}"
        choices = [Choice("back", "Look at what there is"), Choice("resume", "Resume the run")]

        def chosen(name: str | None) -> None:
            if name == "resume":
                self._resume()

        self.app.push_screen(ChoiceDialog("The engine has ended", printable_lines(text), choices), chosen)

    # asking

    def do_pause(self) -> Reason:
        if self.app.run_now is None or not self.app.computing:
            return f"{NOT_RUNNING}: there is nothing to pause"
        if self.is_starting:
            return STARTING
        beat = self.app.run_now.heartbeat
        return self._ask("run" if beat is not None and beat.state == "paused" else "pause")

    def _ask(self, wish: ControlWord) -> Reason:
        if self.app.path is None:
            return NOT_RUNNING
        try:
            write_control(self.app.path, wish)
        except RunFileError as error:
            return f"{error.what}; {error.do}"
        said = {"run": "going on", "pause": "pausing", "stop": "stopping after this batch"}
        self.app.notify(said[wish], timeout=3)
        return None

    def do_engine(self) -> Reason:
        run = self.app.run_now
        if run is None:
            return "the engine is still reading models and data"
        state, why_not = self._engine_state()
        idle = (
            ""
            if not self.app.computing and not run.complete
            else "it is running"
            if self.app.computing
            else "it is finished"
        )
        choices = [
            Choice("run" if state == "paused" else "pause", "Go on" if state == "paused" else "Pause", why_not),
            Choice("stop", "Stop after this batch", why_not),
            Choice("kill", "Kill at once (the batch in flight is lost)", "" if self.is_starting else why_not),
            Choice("resume", "Resume the run", idle),
            Choice("back", "Back"),
        ]
        engine = None if self.is_starting else run.engine
        log = engine.log if engine is not None else None
        text = f"It is {state}."
        if engine is not None:
            text += f" Process {engine.pid} on {engine.host}."
        text += f"\nRun file: {run.path}"
        if log is not None:
            text += f"\nLog: {log}\n\n{tail(Path(log))}"
        self.app.push_screen(ChoiceDialog("The engine", printable_lines(text), choices), self._engine_chosen)
        return None

    def _engine_state(self) -> tuple[str, str]:
        """What the engine is doing, and why it cannot be asked for anything (empty: it can)."""
        run = self.app.run_now
        if run is None or not self.app.computing:
            return ("finished" if run is not None and run.complete else "stopped"), NOT_RUNNING
        if self.is_starting:
            return "starting", STARTING
        return (run.heartbeat.state if run.heartbeat is not None else "beginning"), ""

    def _engine_chosen(self, name: str | None) -> None:
        reason: Reason = None
        if name == "resume":
            self._resume()
        elif name == "kill" and self.is_starting:
            self._kill_own()
        elif name == "kill" and self.app.run_now is not None:
            try:
                kill_engine(self.app.run_now)
            except RunFileError as error:
                reason = f"{error.what}; {error.do}"
        elif name in get_args(ControlWord):
            reason = self._ask(cast(ControlWord, name))
        if reason:
            self.app.notify(reason, severity="warning")

    # resuming

    def _resume(self) -> None:
        """Start an engine again for this run, once the user has seen the command that the run file names."""
        if self.app.run_now is None or self.app.path is None:
            return
        if self.app.request is not None:
            self.start_engine(self.app.request.at(self.app.path))
            return
        try:
            request = Request.from_dict(self.app.run_now.info.request or {}).at(self.app.path)
        except ThiniceError as error:
            self.app.notify(f"{error.what}: repeat the command that made it", severity="error")
            return
        # A run file may come from a stranger, and --arch may run code: nothing is started unseen.
        command = shlex.join(request.command())
        choices = [Choice("resume", "Start it"), Choice("back", "Back")]
        text = f"The run file says how it was started. In {request.folder}:\n\n{command}"

        def chosen(name: str | None) -> None:
            if name == "resume":
                self.start_engine(request)

        self.app.push_screen(ChoiceDialog("Resume the run?", printable_lines(text), choices), chosen)

    # leaving

    def do_quit(self) -> Reason:
        if isinstance(self.app.screen, ChoiceDialog):
            return "esc first"
        if not self.app.computing:
            self.app.say_farewell()
            self.app.exit(0)
            return None
        choices = [
            Choice("leave", "Keep it running in the background"),
            Choice("stop", "Stop it after this batch"),
            Choice("back", "Go back"),
        ]
        if self.app.run_now is None:
            choices[:2] = [Choice("kill", "End it: nothing is computed yet")]
        elif self.is_starting:
            choices[1] = Choice("kill", "End it: nothing more is computed yet")
        self.app.push_screen(ChoiceDialog("An attack is running", "", choices), self._leave_chosen)
        return None

    def _leave_chosen(self, name: str | None) -> None:
        if name == "kill":
            self._given_up = True
            self._kill_own()
            if self.app.run_now is not None:
                self.app.say_farewell("nothing more was computed")
            self.app.exit(EXIT_INTERRUPTED)
        elif name == "leave":
            self.app.say_farewell("the attack goes on in the background")
            self.app.exit(0)
        elif name == "stop":
            reason = self._ask("stop")
            if reason:
                self.app.notify(reason, severity="warning")
                return
            self.app.say_farewell("the attack stops after this batch; the same command resumes it")
            self.app.exit(0)

    def _kill_own(self) -> None:
        if self._process is not None:
            self._process.kill()

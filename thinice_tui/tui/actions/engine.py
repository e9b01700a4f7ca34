"""Actions that start, control and end the engine, and the one that leaves the interface."""

import shlex
from pathlib import Path
from typing import cast, get_args

from thinice_tui.errors import EXIT_ERROR, EXIT_INTERRUPTED, RunFileError, ThiniceError
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.control import ControlWord, write_control
from thinice_tui.runfile.liveness import kill_engine
from thinice_tui.runfile.records import EngineRecord, Run
from thinice_tui.safe_io.printable import printable_lines
from thinice_tui.tui.action_registry import Reason
from thinice_tui.tui.content.run import worker_line
from thinice_tui.tui.engine_process import describe_exit, tail
from thinice_tui.tui.interface import Interface, SessionListener
from thinice_tui.tui.local_engine import EngineCallbacks, EngineEnd
from thinice_tui.tui.screens.dialogs import Choice, ChoiceDialog
from thinice_tui.tui.session import Session

NOT_RUNNING = "no engine is running"
STARTING = "the engine is starting: it cannot be asked yet"
STOPPING = "the engine stops after this batch; the same command, or e, goes on"
STOPPED = "The engine has stopped; everything up to its last batch is kept. e resumes it."


class QuitDialog(ChoiceDialog):
    """Asks how to leave."""


class EngineActions(SessionListener):
    """Handlers of actions, `do_<name>`: each returns why it could do nothing, else None."""

    def __init__(self, session: Session, interface: Interface) -> None:
        self._session, self._interface = session, interface
        self._killed_on_leaving = False
        self._explained: EngineRecord | None = None
        """The engine whose end the user has been told."""
        session.add_listener(self)

    # starting and ending

    def start(self, request: Request) -> None:
        """Start an engine for `request`, and follow the run file that it names."""
        callbacks = EngineCallbacks(self._reading, self._session.follow, self._ended, self._refused)
        self._session.wait_for("starting the engine: it loads torch")
        self._session.engine.start(request, callbacks)
        self._session.announce_run()

    def _reading(self, what: str, number: int, total: int) -> None:
        self._session.wait_for(f"reading {what}, {number} of {total}")

    def _refused(self, error: ThiniceError) -> None:
        self._interface.leave(EXIT_ERROR, f"error: {error.what}\n{error.do}")

    def _ended(self, end: EngineEnd) -> None:
        """Tell how the engine that was started here has ended."""
        session, run = self._session, self._session.run
        if run is not None and session.engine.has_ended(run.engine):
            self._explained = run.engine
        session.announce_run()
        if self._killed_on_leaving:
            return
        if end.log is None and run is None:  # nothing was computed: there is nothing to show
            code = end.code if end.code > 0 else EXIT_ERROR
            self._interface.leave(code, end.last_messages or describe_exit(end.code))
        elif end.code == EXIT_INTERRUPTED:
            self._interface.notify(STOPPED, timeout=8)
        elif end.code != 0:
            log = end.log or "none: it ended before its run began"
            self._explain_end(describe_exit(end.code), end.last_messages, log)
        elif run is not None and not run.complete and "another engine" in end.last_messages:
            self._interface.notify(
                "Another engine is computing this run already: this view is attached to it.", timeout=8
            )

    def engine_vanished(self, before: Run) -> None:
        """Tell how an engine that was not started here has ended."""
        run = self._session.run
        assert run is not None
        run = run if run.complete or run.engine == before.engine else before  # one that was refused is not named
        if run.complete or self._session.engine.pid is not None or run.engine == self._explained:
            return
        log = run.engine.log if run.engine is not None else None
        state = run.heartbeat.state if run.heartbeat is not None else ""
        if state == "stopping":
            self._interface.notify(STOPPED, timeout=8)
        elif state == "starting":  # the view that started it explains why
            self._interface.notify(
                "The engine that was starting has ended: nothing more is computed. e resumes.", timeout=8
            )
        else:
            messages = tail(Path(log)) if log is not None else ""
            self._explain_end("The engine has gone without finishing.", messages, log or "its terminal")

    def _explain_end(self, what: str, messages: str, log: Path | str) -> None:
        text = f"{what}\nWhat it computed is kept, and this view goes on with it.\nIts log: {log}\n\n{messages}"
        choices = [Choice("back", "Look at what there is"), Choice("resume", "Resume the run")]

        def answered(name: str | None) -> None:
            if name == "resume":
                self._resume()

        self._interface.ask(ChoiceDialog("The engine has ended", printable_lines(text), choices), answered)

    # controlling

    def do_pause(self) -> Reason:
        run = self._session.run
        if run is None or not self._session.is_computing:
            return f"{NOT_RUNNING}: there is nothing to pause"
        if self._session.engine_is_starting:
            return STARTING
        if run.heartbeat is not None and run.heartbeat.state == "stopping":
            return STOPPING
        return self._ask("run" if run.heartbeat is not None and run.heartbeat.state == "paused" else "pause")

    def _ask(self, word: ControlWord) -> Reason:
        if self._session.path is None:
            return NOT_RUNNING
        try:
            write_control(self._session.path, word)
        except RunFileError as error:
            return f"{error.what}; {error.do}"
        done = {"run": "going on", "pause": "pausing", "stop": "stopping after this batch"}
        self._interface.notify(done[word], timeout=3)
        return None

    def do_engine(self) -> Reason:
        run = self._session.run
        if run is None:
            return "the engine is still reading models and data"
        state, unavailable = self._engine_state()
        starting = self._session.engine_is_starting
        stopping = STOPPING if state == "stopping" else ""
        no_resume = "it is running" if self._session.is_computing else "it is finished" if run.complete else ""
        choices = [
            Choice("run", "Go on", unavailable)
            if state == "paused"
            else Choice("pause", "Pause", unavailable or stopping),
            Choice("stop", "Stop after this batch", unavailable or stopping),
            Choice("kill", "Kill at once (batches in flight are lost)", "" if starting else unavailable),
            Choice("resume", "Resume the run", no_resume),
            Choice("back", "Back"),
        ]
        engine = None if starting else run.engine
        log = engine.log if engine is not None else None
        text = f"It is {state}."
        if engine is not None:
            text += f" Process {engine.pid} on {engine.host}."
        if not unavailable and run.heartbeat is not None:
            text += "".join(f"\n{worker_line(worker)}" for worker in run.heartbeat.workers)
        text += f"\nRun file: {run.path}"
        if log is not None:
            text += f"\nLog: {log}\n\n{tail(Path(log))}"
        self._interface.ask(ChoiceDialog("The engine", printable_lines(text), choices), self._engine_answered)
        return None

    def _engine_state(self) -> tuple[str, str]:
        """What the engine is doing, and why it cannot be asked for anything (empty: it can)."""
        run = self._session.run
        if run is None or not self._session.is_computing:
            return ("finished" if run is not None and run.complete else "stopped"), NOT_RUNNING
        if self._session.engine_is_starting:
            return "starting", STARTING
        return (run.heartbeat.state if run.heartbeat is not None else "beginning"), ""

    def _engine_answered(self, name: str | None) -> None:
        reason: Reason = None
        if name == "resume":
            self._resume()
        elif name == "kill":
            lost = "Batches in flight are lost; what was computed before them is kept, and the run can be resumed."
            choices = [Choice("back", "Go back"), Choice("kill", "Kill it")]
            self._interface.ask(ChoiceDialog("Kill the engine?", lost, choices), self._kill_answered)
        elif name in get_args(ControlWord):
            reason = self._ask(cast(ControlWord, name))
        if reason:
            self._interface.notify(reason, severity="warning")

    def _kill_answered(self, name: str | None) -> None:
        if name != "kill":
            return
        try:
            if self._session.engine_is_starting:
                self._session.engine.kill()
            elif self._session.run is not None:
                kill_engine(self._session.run)
        except RunFileError as error:
            self._interface.notify(f"{error.what}; {error.do}", severity="warning")

    def _resume(self) -> None:
        """Start an engine again for this run, once the user has seen the command that the run file names."""
        run, path = self._session.run, self._session.path
        if run is None or path is None:
            return
        if self._session.request is not None:
            self.start(self._session.request.at(path))
            return
        if run.info.request is None:
            said = "the run file does not say how it was started: if from Python, repeat that call with its run="
            self._interface.notify(said, severity="error")
            return
        try:
            request = Request.from_dict(run.info.request).at(path)
        except ThiniceError as error:
            self._interface.notify(f"{error.what}: repeat the command that made it", severity="error")
            return
        # A run file may come from a stranger, and --arch may run code: nothing is started unseen.
        command = shlex.join(request.command())
        choices = [Choice("resume", "Start it"), Choice("back", "Back")]
        text = f"The run file says how it was started. In {request.folder}:\n\n{command}"

        def answered(name: str | None) -> None:
            if name == "resume":
                self.start(request)

        self._interface.ask(ChoiceDialog("Resume the run?", printable_lines(text), choices), answered)

    # leaving

    def do_quit(self) -> Reason:
        if isinstance(self._interface.screen_stack[-1], ChoiceDialog):
            return "esc first"
        if self._session.is_computing or self._session.job:
            return self.do_ask_quit()
        self._quit_answered("quit")
        return None

    def do_ask_quit(self) -> Reason:
        session = self._session
        if isinstance(self._interface.screen_stack[-1], QuitDialog):
            return "enter does what is chosen, esc goes back"
        leave = Choice("leave", "Keep it running in the background")
        stop, back = Choice("stop", "Stop it after this batch"), Choice("back", "Go back")
        if not session.is_computing:
            choices = [Choice("quit", "Quit"), back]
        elif session.run is None:
            choices = [Choice("kill", "End it: nothing is computed yet"), back]
        elif session.engine_is_starting:
            choices = [leave, Choice("kill", "End it: nothing more is computed yet"), back]
        else:
            choices = [leave, stop, back]
        title = "An attack is running" if session.is_computing else "Quit?"
        text = f"This is cancelled: {session.job.partition(' · ')[0]}" if session.job else ""
        self._interface.ask(QuitDialog(title, text, choices), self._quit_answered)
        return None

    def _quit_answered(self, name: str | None) -> None:
        session = self._session
        if name == "kill":
            self._killed_on_leaving = True
            session.engine.kill()
            message = "" if session.run is None else session.exit_message("nothing more was computed")
            self._interface.leave(EXIT_INTERRUPTED, message)
        elif name == "quit":
            self._interface.leave(0, session.exit_message())
        elif name == "leave":
            self._interface.leave(0, session.exit_message("the attack goes on in the background"))
        elif name == "stop":
            if reason := self._ask("stop"):
                self._interface.notify(reason, severity="warning")
                return
            message = "the attack stops after this batch; the same command resumes it"
            self._interface.leave(0, session.exit_message(message))

    def do_suspend(self) -> Reason:
        return self._interface.suspend_to_shell()

"""Run control around a run: wishes of earlier runs, the control file, and the engine that the run file names."""

from pathlib import Path

import pytest

from tests.engine.control.asking import (
    AskAt,
    control_file,
    request_pair,
)
from tests.engine.control.clock import Clock
from tests.engine_runs import StopAfter, run_it
from tests.linear_models import Files
from thinice_tui.engine.compare import execute, prepare
from thinice_tui.errors import Interrupted
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.control import ControlWord, read_control, write_control
from thinice_tui.runfile.liveness import is_computing, this_engine
from thinice_tui.runfile.reader import read_run


@pytest.mark.parametrize("wish", ["pause", "stop"])
def test_a_new_engine_ignores_the_wish_for_an_earlier_one(files: Files, tmp_path: Path, wish: ControlWord) -> None:
    path = tmp_path / "a.thinice"
    write_control(path, wish)
    assert run_it(request_pair(files, path)).complete
    assert read_control(path) == "run" and not control_file(path).exists()


def test_the_control_file_is_removed_however_the_engine_ends(files: Files, tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"

    class Both(AskAt):
        def progress(self, beat: Heartbeat) -> None:
            super().progress(beat)
            if len(self.seen) == 51:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_it(request_pair(files, path), Both(path, {50: "stop"}))
    assert not control_file(path).exists()


def test_the_run_file_names_its_engine_and_its_request(files: Files, tmp_path: Path) -> None:
    wanted = request_pair(files, path := tmp_path / "a.thinice")
    log = tmp_path / "a.log"
    with pytest.raises(KeyboardInterrupt):
        execute(wanted, prepare(wanted), StopAfter(60), log)
    partial = read_run(path)
    assert partial.engine == this_engine(log) and is_computing(partial), "this process lives"
    assert Request.from_dict(partial.info.request or {}) == wanted

    found = run_it(wanted)
    assert found.engine == this_engine(None), "the last one, whose messages went to a terminal"
    assert not is_computing(found)


@pytest.mark.parametrize("wish", ["pause", "stop"])
def test_a_new_engine_starts_with_a_state_of_its_own(
    files: Files, tmp_path: Path, clock: Clock, wish: ControlWord
) -> None:
    """Else a view would show `paused` or `stopping` for an engine that has just started."""
    wanted = request_pair(files, path := tmp_path / "a.thinice")

    def die() -> None:
        raise KeyboardInterrupt

    clock.asleep = die
    with pytest.raises((KeyboardInterrupt, Interrupted)):
        run_it(wanted, AskAt(path, {50: wish}))
    last = read_run(path).heartbeat
    assert last is not None and last.state in ("paused", "stopping")
    seen: list[Heartbeat | None] = []

    class Beginning(StopAfter):
        def note(self, message: str) -> None:
            if message.startswith("resuming"):
                seen.append(read_run(path).heartbeat)

    run_it(wanted, Beginning())
    assert len(seen) == 1 and seen[0] is not None and seen[0].state == "starting"

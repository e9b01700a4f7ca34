"""An engine that is asked to pause, to go on and to stop, by a clock that only its own work moves."""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from tests.engine.process.clock import BEGINNING, FORWARD, Clock
from tests.engine_runs import StopAfter, assert_same_outcomes, run_it
from tests.engine_runs import request as quick
from tests.linear_models import Files, write_files
from thinice_tui.engine.compare import execute, prepare
from thinice_tui.errors import EXIT_INTERRUPTED, Interrupted
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.control import ControlWord, read_control, write_control
from thinice_tui.runfile.liveness import is_computing, this_engine
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Run

BATCH_PASSES = 22
"""Of PGD-20, and one report before and one after."""


class AskAt(StopAfter):
    """Leaves wishes at forward passes (by their number), and remembers the batches that were done then."""

    def __init__(self, path: Path, wishes: dict[int, ControlWord]) -> None:
        super().__init__()
        self.path, self.wishes = path, wishes
        self.done: list[object] = []

    def progress(self, beat: Heartbeat) -> None:
        super().progress(beat)
        if wish := self.wishes.get(len(self.seen)):
            self.done = batches(self.path)
            write_control(self.path, wish)


class AskAfterDense(StopAfter):
    """Leaves a wish when the dense model's clean pass is done, so that it is heard in the next one's."""

    def __init__(self, path: Path, wish: ControlWord) -> None:
        super().__init__()
        self.path, self.wish = path, wish

    def note(self, message: str) -> None:
        if message.startswith("dense · clean"):
            write_control(self.path, self.wish)


def batches(path: Path) -> list[object]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT model, ordinal, batch, samples FROM batch").fetchall()
    finally:
        connection.close()


def clean_counts(path: Path) -> list[int]:
    return [int(np.isfinite(model.clean_margin).sum()) for model in read_run(path).models]


def interrupted(wanted: Request, observer: StopAfter) -> Interrupted:
    """Run until it ends because a view asked for that; and nothing is asked any more."""
    with pytest.raises(Interrupted, match="stopped as asked") as caught:
        run_it(wanted, observer)
    assert wanted.run is not None and not control_file(wanted.run).exists()
    assert caught.value.exit_code == EXIT_INTERRUPTED and str(wanted.run) in caught.value.what
    assert "repeat the command" in caught.value.do
    return caught.value


def control_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.control")


def request(files: Files, path: Path) -> Request:
    return quick(files, path, control=None)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return write_files(tmp_path_factory.mktemp("files"), n=32)


@pytest.fixture(scope="module")
def whole(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """What an engine finds that nobody asks for anything."""
    return run_it(request(files, tmp_path_factory.mktemp("whole") / "whole.thinice"))


# pausing


@pytest.mark.parametrize("passes", [1, 150, 333])
def test_paused_it_waits_and_beats_and_then_goes_on_as_if_nothing_had_been(
    files: Files, tmp_path: Path, whole: Run, clock: Clock, passes: int
) -> None:
    path = tmp_path / "a.thinice"
    observer = AskAt(path, {passes: "pause"})
    seen: list[tuple[Run, int]] = []

    def asleep() -> None:
        seen.append((read_run(path), len(observer.seen)))
        if len(seen) == 100:
            write_control(path, "run")

    clock.asleep = asleep
    found = run_it(request(files, path), observer)
    assert len(seen) == 100, "it went on when it was asked to"
    assert {forwards for _, forwards in seen} == {seen[0][1]}, "not a single forward pass in between"
    assert seen[0][1] - passes <= 2, "it is heard within two forward passes"
    assert all(now.heartbeat is not None and now.heartbeat.state == "paused" for now, _ in seen)
    assert all(is_computing(now) for now, _ in seen)
    first, last = seen[0][0].heartbeat, seen[-1][0].heartbeat
    assert first is not None and last is not None
    assert last.at - first.at > 15, "signs of life all the while"
    assert (last.doing, last.done, last.total) == (first.doing, first.done, first.total)
    assert_same_outcomes(found, whole)
    assert found.complete and not control_file(path).exists()


def test_what_is_asked_in_another_thread_is_heard(
    files: Files, tmp_path: Path, whole: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the real clock, as from a view."""
    monkeypatch.setattr(
        "thinice_tui.engine.process.run_control.POLL_SECONDS", 0.01
    )  # the whole run takes less than 0.2 s
    path = tmp_path / "a.thinice"
    pausing = Event()

    class Pausing(AskAt):
        def progress(self, beat: Heartbeat) -> None:
            super().progress(beat)
            if len(self.seen) == 100:
                pausing.set()

    observer = Pausing(path, {100: "pause"})

    def watch() -> list[int]:
        assert pausing.wait(60), "it never came so far"
        deadline = time.monotonic() + 60
        forwards: list[int] = []
        try:
            while len(forwards) < 20:
                assert time.monotonic() < deadline, "it never paused"
                beat = read_run(path).heartbeat
                forwards += [len(observer.seen)] if beat is not None and beat.state == "paused" else []
                time.sleep(0.01)
        finally:
            write_control(path, "run")
        return forwards

    with ThreadPoolExecutor() as pool:
        watching = pool.submit(watch)
        found = run_it(request(files, path), observer)
        forwards = watching.result()
    assert len(set(forwards)) == 1
    assert_same_outcomes(found, whole)


def worked(beats: list[Heartbeat]) -> list[tuple[str, float, int, float, float | None]]:
    """What was said while running, times apart."""
    return [(b.doing, b.done, b.total, b.rate, b.seconds_left) for b in beats if b.state == "running"]


def paused_for_an_hour(path: Path, clock: Clock) -> None:
    """Go on after an hour of sleep."""
    began: list[float] = []

    def asleep() -> None:
        began.append(clock.now)
        if clock.now - began[0] > 3600:
            write_control(path, "run")

    clock.asleep = asleep


@pytest.mark.parametrize("passes", [1, 150, 333])
def test_a_pause_does_not_count_in_rate_and_time_left(
    files: Files, tmp_path: Path, clock: Clock, beats: list[Heartbeat], passes: int
) -> None:
    run_it(request(files, tmp_path / "a.thinice"))
    without = worked(beats)
    assert any(left for *_, left in without), "there are times to compare"
    beats.clear()
    path = tmp_path / "b.thinice"
    paused_for_an_hour(path, clock)
    began = clock.now
    run_it(request(files, path), AskAt(path, {passes: "pause"}))
    assert clock.now - began > 3600
    check_same_pace(worked(beats), without)


def test_a_pause_in_the_clean_pass_does_not_count_either(
    files: Files, tmp_path: Path, clock: Clock, beats: list[Heartbeat]
) -> None:
    run_it(request(files, tmp_path / "a.thinice"))
    without = worked(beats)
    beats.clear()
    path = tmp_path / "b.thinice"
    paused_for_an_hour(path, clock)
    run_it(request(files, path), AskAfterDense(path, "pause"))
    paused = [beat.doing for beat in beats if beat.state == "paused"]
    assert paused and set(paused) == {"pruned · clean"}
    check_same_pace(worked(beats), without)


def check_same_pace(
    found: list[tuple[str, float, int, float, float | None]],
    expected: list[tuple[str, float, int, float, float | None]],
) -> None:
    assert [said[:3] for said in found] == [said[:3] for said in expected]
    for (doing, done, _, rate, left), (*_, expected_rate, expected_left) in zip(found, expected, strict=True):
        assert rate == pytest.approx(expected_rate), (doing, done)
        assert left == pytest.approx(expected_left), (doing, done)


def test_a_pause_is_no_work_of_its_stage(files: Files, tmp_path: Path, clock: Clock) -> None:
    """The report says how many seconds each stage took."""
    without = run_it(request(files, tmp_path / "a.thinice"))
    path = tmp_path / "b.thinice"
    paused_for_an_hour(path, clock)
    observer = AskAt(path, {150: "pause"})
    found = run_it(request(files, path), observer)
    for one, other in zip(found.models, without.models, strict=True):
        assert [stage.seconds for stage in one.stages] == pytest.approx([stage.seconds for stage in other.stages])
    assert max(result.seconds for result in observer.stages) < 3600


# stopping


@pytest.mark.parametrize("passes", [1, 30, 90, 200, 401])
def test_stopped_it_ends_after_a_whole_batch_and_resumes_from_there(
    files: Files, tmp_path: Path, whole: Run, clock: Clock, passes: int
) -> None:
    wanted = request(files, path := tmp_path / "a.thinice")
    observer = AskAt(path, {passes: "stop"})
    interrupted(wanted, observer)
    kept = batches(path)
    # Asked at a batch's last forward pass, it is heard in the next one's first.
    assert len(observer.done) < len(kept) <= len(observer.done) + 2
    partial = read_run(path)
    assert not partial.complete and partial.heartbeat is not None and partial.heartbeat.state == "stopping"
    for model in partial.models:
        for stage in model.stages:
            assert stage.entered is not None or stage.attacked == 0
            assert not stage.finished or stage.attacked == stage.entered
    found = run_it(wanted)
    assert_same_outcomes(found, whole)
    assert set(kept) <= set(batches(path)) and found.complete
    assert clock.now > BEGINNING


@pytest.mark.parametrize("passes", range(18, 24))
def test_a_view_can_tell_a_stop_from_an_accident(
    files: Files, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, passes: int
) -> None:
    """Also where it is heard in the last pass of a batch: the last sign of life says that it is stopping."""
    monkeypatch.setattr("thinice_tui.engine.process.run_control.POLL_SECONDS", FORWARD / 2)
    observer = AskAt(path := tmp_path / "a.thinice", {passes: "stop"})
    interrupted(request(files, path), observer)
    beat = read_run(path).heartbeat
    assert beat is not None and beat.state == "stopping" and clock.now > BEGINNING
    assert passes <= len(observer.seen) <= 2 * BATCH_PASSES


def test_everything_of_the_batch_it_stops_after_is_kept(files: Files, tmp_path: Path, whole: Run, clock: Clock) -> None:
    wanted = request(files, path := tmp_path / "a.thinice")
    observer = AskAt(path, {1: "stop"})
    interrupted(wanted, observer)
    assert batches(path) == [(0, 0, 0, 8)] and len(observer.seen) <= BATCH_PASSES and clock.now > BEGINNING
    dense = read_run(path).models[0]
    attacked = np.flatnonzero(np.isfinite(dense.distance))
    assert 0 < len(attacked) <= 8
    known = whole.models[0]
    broken = np.flatnonzero(dense.broken_by >= 0)
    assert len(broken) and np.array_equal(dense.broken_by[broken], known.broken_by[broken])
    assert np.array_equal(dense.worst_margin[broken], known.worst_margin[broken])
    assert np.array_equal(dense.distance[broken], known.distance[broken])


def test_stopped_in_the_clean_pass_it_keeps_what_it_has_of_it(
    files: Files, tmp_path: Path, whole: Run, clock: Clock
) -> None:
    wanted = request(files, path := tmp_path / "a.thinice")
    observer = AskAfterDense(path, "stop")
    interrupted(wanted, observer)
    dense, pruned = clean_counts(path)
    assert dense == 32 and 0 < pruned < 32 and not observer.seen and clock.now > BEGINNING
    beat = read_run(path).heartbeat
    assert beat is not None and beat.state == "stopping"
    assert_same_outcomes(run_it(wanted), whole)


def test_stopped_while_paused_it_finishes_its_batch_and_ends(
    files: Files, tmp_path: Path, whole: Run, clock: Clock
) -> None:
    wanted = request(files, path := tmp_path / "a.thinice")
    observer = AskAt(path, {110: "pause"})
    clock.asleep = lambda: write_control(path, "stop")
    interrupted(wanted, observer)
    assert len(batches(path)) == len(observer.done) + 1
    assert_same_outcomes(run_it(wanted), whole)


def test_one_may_think_better_of_stopping(files: Files, tmp_path: Path, whole: Run, clock: Clock) -> None:
    path = tmp_path / "a.thinice"
    # Batches of the first stage take 20 passes and a verification.
    observer = AskAt(path, {5: "stop", 12: "run"})
    assert_same_outcomes(run_it(request(files, path), observer), whole)
    assert clock.now > BEGINNING


def test_every_batch_can_be_the_last_of_its_engine(files: Files, tmp_path: Path, whole: Run, clock: Clock) -> None:
    wanted = request(files, path := tmp_path / "a.thinice")
    ends, known = 0, 0
    while True:
        try:
            found = run_it(wanted, AskAt(path, {1: "stop"}))
        except Interrupted:
            ends += 1
            done = len(batches(path))
            assert done in (known + 1, known + 2), "each engine gets on"
            known = done
        else:
            break
    assert ends > 10 and clock.now > BEGINNING
    assert_same_outcomes(found, whole)


@pytest.mark.parametrize("wish", ["pause", "stop"])
def test_what_an_earlier_engine_was_asked_is_nothing_to_a_new_one(
    files: Files, tmp_path: Path, wish: ControlWord
) -> None:
    path = tmp_path / "a.thinice"
    write_control(path, wish)
    assert run_it(request(files, path)).complete
    assert read_control(path) == "run" and not control_file(path).exists()


def test_however_it_ends_nothing_is_asked_any_more(files: Files, tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"

    class Both(AskAt):
        def progress(self, beat: Heartbeat) -> None:
            super().progress(beat)
            if len(self.seen) == 51:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_it(request(files, path), Both(path, {50: "stop"}))
    assert not control_file(path).exists()


# what the run file says of the engine


def test_the_run_file_names_its_engine_and_how_it_was_started(files: Files, tmp_path: Path) -> None:
    wanted = request(files, path := tmp_path / "a.thinice")
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
def test_a_new_engine_does_not_begin_with_the_state_of_the_last(
    files: Files, tmp_path: Path, clock: Clock, wish: ControlWord
) -> None:
    """A view would say `paused` or `stopping` of an engine that has just begun."""
    wanted = request(files, path := tmp_path / "a.thinice")

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

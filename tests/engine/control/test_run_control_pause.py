"""Pausing the engine, with a clock that only the engine's work moves."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from tests.engine.control.asking import (
    AskAfterDense,
    AskAt,
    control_file,
    request_pair,
)
from tests.engine.control.clock import Clock
from tests.engine_runs import assert_same_outcomes, run_it
from tests.linear_models import Files
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.runfile.control import write_control
from thinice_tui.runfile.liveness import is_computing
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Run


@pytest.mark.parametrize("passes", [1, 150, 333])
def test_a_paused_engine_keeps_beating_and_continues_with_the_same_outcomes(
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
    found = run_it(request_pair(files, path), observer)
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


def test_a_wish_from_another_thread_is_obeyed(
    files: Files, tmp_path: Path, whole: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real clock."""
    monkeypatch.setattr(
        "thinice_tui.engine.control.run_control.POLL_SECONDS", 0.01
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
        found = run_it(request_pair(files, path), observer)
        forwards = watching.result()
    assert len(set(forwards)) == 1
    assert_same_outcomes(found, whole)


def worked(beats: list[Heartbeat]) -> list[tuple[str, float, int, float, float | None]]:
    """The heartbeats while running, without their times."""
    return [(b.doing, b.done, b.total, b.rate, b.seconds_left) for b in beats if b.state == "running"]


def paused_for_an_hour(path: Path, clock: Clock) -> None:
    """End the pause after an hour."""
    began: list[float] = []

    def asleep() -> None:
        began.append(clock.now)
        if clock.now - began[0] > 3600:
            write_control(path, "run")

    clock.asleep = asleep


@pytest.mark.parametrize("passes", [1, 150, 333])
def test_a_pause_does_not_change_rate_and_time_left(
    files: Files, tmp_path: Path, clock: Clock, beats: list[Heartbeat], passes: int
) -> None:
    run_it(request_pair(files, tmp_path / "a.thinice"))
    without = worked(beats)
    assert any(left for *_, left in without), "there are times to compare"
    beats.clear()
    path = tmp_path / "b.thinice"
    paused_for_an_hour(path, clock)
    began = clock.now
    run_it(request_pair(files, path), AskAt(path, {passes: "pause"}))
    assert clock.now - began > 3600
    check_same_pace(worked(beats), without)


def test_a_pause_in_the_clean_pass_does_not_change_them(
    files: Files, tmp_path: Path, clock: Clock, beats: list[Heartbeat]
) -> None:
    run_it(request_pair(files, tmp_path / "a.thinice"))
    without = worked(beats)
    beats.clear()
    path = tmp_path / "b.thinice"
    paused_for_an_hour(path, clock)
    run_it(request_pair(files, path), AskAfterDense(path, "pause"))
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


def test_a_pause_does_not_count_in_the_seconds_of_its_stage(files: Files, tmp_path: Path, clock: Clock) -> None:
    """The report shows the seconds of each stage."""
    without = run_it(request_pair(files, tmp_path / "a.thinice"))
    path = tmp_path / "b.thinice"
    paused_for_an_hour(path, clock)
    observer = AskAt(path, {150: "pause"})
    found = run_it(request_pair(files, path), observer)
    for one, other in zip(found.models, without.models, strict=True):
        assert [stage.seconds for stage in one.stages] == pytest.approx([stage.seconds for stage in other.stages])
    assert max(result.seconds for result in observer.stages) < 3600

"""The time left, as an upper bound and as expected, on simulated runs of known length."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.control.asking import batches
from tests.engine.control.clock import Clock
from tests.engine_runs import StopAfter, request, run_it
from tests.linear_models import Files
from thinice_tui.engine.control.progress import BACKWARD_COST, ProgressTracker
from thinice_tui.protocol.durations import parse_duration
from thinice_tui.protocol.ensembles import Phase, Stage, build_ensemble
from thinice_tui.protocol.phases import build_phases
from thinice_tui.protocol.progress import Heartbeat, SilentObserver, StageResult
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.write_queue import WAITING

CLASSES, SAMPLES, BATCH = 10, 1000, 100
SURVIVE = {"PGD-20": 0.5, "APGD-CE": 0.98, "APGD-T": 0.9, "FAB-T": 1.0, "Square": 1.0, "Distance": 1.0}
"""The share of the samples entering a stage that survive it."""
Report = tuple[float, str, float | None, float | None]
"""Time of the report, stage, seconds left at most, seconds expected."""


def simulated(clock: Clock, stages: tuple[Phase, ...], slow: Iterator[float]) -> list[Report]:
    """The reports at each tenth of each batch; `slow`: the factor by which the machine is slower, batch by batch."""
    told: list[Report] = []

    def hear(beat: Heartbeat) -> None:
        told.append((clock.now, beat.stage, beat.seconds_left, beat.seconds_expected))

    tracker = ProgressTracker(["dense"], stages, CLASSES, SilentObserver(), hear)
    standing = SAMPLES
    for ordinal, stage in enumerate(stages):
        entered = standing if isinstance(stage, Stage) else SAMPLES
        tracker.start_stage(0, ordinal, entered, 0, standing, SAMPLES)
        forwards, backwards = stage.passes(CLASSES)
        for begin in range(0, entered, BATCH):
            size = min(BATCH, entered - begin)
            seconds = size * (forwards + BACKWARD_COST * backwards) * 1e-4 * next(slow)
            tracker.start_batch(begin, 0, size)
            for tenth in range(1, 11):
                clock.now += seconds / 10
                tracker.forwarded(begin, size * forwards * tenth // 10)
            tracker.batch_computed(begin, size * forwards)
            tracker.batch_written(begin, round(size * (1 - SURVIVE[stage.name])))
        standing = round(standing * SURVIVE[stage.name])
    return told


def forever(value: float) -> Iterator[float]:
    while True:
        yield value


def test_the_bound_holds_and_the_estimate_is_near(clock: Clock) -> None:
    told = simulated(clock, build_ensemble("standard", CLASSES), forever(1.0))
    expected = [one for one in told if one[3] is not None]
    assert len(expected) > 0.8 * len(told)
    for at, stage, most, likely in expected:
        truth = clock.now - at
        assert most is not None and likely is not None and likely <= most + 1e-6
        assert most >= 0.98 * truth, "the bound holds"
        assert likely == pytest.approx(truth, rel=0.15, abs=5), stage
    first = expected[0]
    assert first[1] == "PGD-20" and first[2] is not None and first[3] is not None
    assert first[2] > 1.8 * first[3], "where half of the samples break, the bound alone is twice too long"


def test_the_search_for_distances_counts_all_correct_samples(clock: Clock) -> None:
    stages = build_phases(Settings.build("Linf", None, "quick", distances=True), CLASSES)
    for at, _, most, _ in simulated(clock, stages, forever(1.0)):
        assert most is None or most >= 0.98 * (clock.now - at)


def test_the_speed_of_an_earlier_stage_is_forgotten(clock: Clock) -> None:
    """The machine is ten times slower in the first stage only; later predictions are right."""
    slow = iter([10.0] * 10 + [1.0] * 1000)
    told = simulated(clock, build_ensemble("standard", CLASSES), slow)
    later = [one for one in told if one[1] in ("FAB-T", "Square") and one[3] is not None]
    assert later
    for at, stage, _, likely in later:
        assert likely == pytest.approx(clock.now - at, rel=0.2, abs=5), stage


def test_each_stage_reports_the_time_left_once_after_its_first_batch(
    files: Files, tmp_path: Path, clock: Clock
) -> None:
    """The bound holds: a sample that breaks needs no more work."""
    told: list[tuple[float, float, int]] = []
    ends: list[float] = []

    class Listening(StopAfter):
        def note(self, message: str) -> None:
            if match := re.match(r"(?:about \S+ more, )?at most (\S+), as if", message):
                told.append((clock.now, parse_duration(match[1]), len(batches(path))))

        def stage_finished(self, result: StageResult) -> None:
            super().stage_finished(result)
            ends.append(clock.now)

    run_it(request(files, path := tmp_path / "a.thinice"), Listening())
    assert told[0][2] in range(1, 2 + WAITING), "as soon as a batch is in the file"
    assert len(told) == 3, "once a stage"
    for at, left, _ in told:
        assert ends[-1] - at <= 1.05 * left, "nothing takes longer than it says"
    assert told[0][1] > told[-1][1]


def test_only_what_is_written_counts_and_nothing_is_taken_back(clock: Clock) -> None:
    """Two batches of 10 are computed before the first one is in the file."""
    seen: list[float] = []
    stages = build_ensemble("pgd-4", CLASSES)
    tracker = ProgressTracker(["dense"], stages, CLASSES, SilentObserver(), lambda beat: seen.append(beat.done))
    tracker.start_stage(0, 0, 30, 0, 30, 30)
    forwards, _ = stages[0].passes(CLASSES)
    for key in range(2):
        tracker.start_batch(key, 0, 10)
        clock.now += 10
        tracker.forwarded(key, 10 * forwards)
        tracker.batch_computed(key, 10 * forwards)
    assert seen == [0, 10, 10, 10], "one batch beyond the file, which holds none"
    tracker.batch_written(0, 5)
    tracker.batch_written(1, 5)
    tracker.start_batch(2, 0, 10)
    assert seen[-1] == 20

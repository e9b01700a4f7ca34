"""Title, progress and summary of a run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len

from tests.fake_runs import write_run
from tests.tui.content.rendering import LONG, WIDTHS, in_room, widest
from tests.tui.driver import MODELS
from thinice_tui.analysis.comparison import analyse
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Role, Run
from thinice_tui.tui.content.run import progress, summary, title


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("models", [MODELS, LONG], ids=["short", "long"])
def test_the_title_fits_and_says_what_is_compared(width: int, models: dict[str, Role], tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", models, n=20)
    for other in (1, 2):
        line = title(run, other, width)
        assert cell_len(line.plain) == width and "\n" not in line.plain
        assert line.plain.endswith(f"[{other}/2]") and "thinice" in line.plain
        if width >= 40:
            assert f"dense → {list(models)[other][:10]}"[:20] in line.plain
    if width == 200 and models is MODELS:
        assert "42.0 % zeros" in title(run, 1, width).plain
        for words in ("(control)", "Linf 8/255", "standard", "20 samples", "cpu"):
            assert words in title(run, 2, width).plain


BEAT = Heartbeat(0.0, "running", "half", "APGD-T 3/9", 61, 100, 3100.0, 130.0)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("beat", [BEAT, replace(BEAT, state="paused"), replace(BEAT, state="stopping"), None])
@pytest.mark.parametrize("computing", [True, False])
def test_the_progress_is_one_line(width: int, beat: Heartbeat | None, computing: bool, unfinished: Path) -> None:
    run = replace(read_run(unfinished), heartbeat=beat)
    lines = in_room(progress(run, computing, width), width)
    assert widest(lines) <= width
    if width >= 60 and beat is not None and computing:
        assert len(lines) == 1
        assert "61%" in lines[0] and "img/s" in lines[0] and "half" in lines[0]
        assert ("left" in lines[0]) == (beat.state == "running")
        assert (beat.state in lines[0]) == (beat.state != "running")
    if not computing and width >= 80:
        assert "stopped" in lines[0] and "upper bounds" in lines[0]


@pytest.mark.parametrize("width", WIDTHS)
def test_while_an_engine_starts_the_progress_says_so(width: int, unfinished: Path) -> None:
    """What it reads or checks; nothing of what the engine before it did."""
    starting = replace(read_run(unfinished), heartbeat=replace(BEAT, state="starting", model="half", stage="gradients"))
    (line,) = in_room(progress(starting, True, width), width)
    assert "the engine starts: half · gradients"[: width - 4] in line and "%" not in line
    (line,) = in_room(progress(replace(starting, heartbeat=BEAT), True, width, starting=True), width)
    assert "the engine starts"[: width - 4] in line and "half" not in line


@pytest.mark.parametrize("attack", ["standard", "quick"])
def test_the_progress_of_a_finished_run_says_what_its_numbers_are(attack: str, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=20, attack=attack)
    for computing in (True, False):
        (line,) = in_room(progress(run, computing, 80), 80)
        assert "finished" in line and attack in line
        assert ("upper bounds" in line) == (attack == "quick")


def test_what_is_broken_in_this_stage_is_counted(unfinished: Path) -> None:
    run = read_run(unfinished)
    stages = tuple(replace(stage, entered=99) if stage.ordinal == 2 else stage for stage in run.models[1].stages)
    broken = run.models[1].broken_by.copy()
    broken[np.flatnonzero(broken < 0)[:7]] = 2
    half = replace(run.models[1], stages=stages, broken_by=broken)
    run = replace(run, models=(run.models[0], half, *run.models[2:]), heartbeat=BEAT)
    assert "7 broken in this stage" in in_room(progress(run, True, 120), 120)[0]
    assert "7 broken" in in_room(progress(run, True, 80), 80)[0]


@pytest.mark.parametrize("width", [30, 40, 50, 80])
@pytest.mark.parametrize("models", [MODELS, LONG], ids=["short", "long"])
@pytest.mark.parametrize("through", [0, 1, 2, 3])
def test_the_summary_fits(width: int, models: dict[str, Role], through: int, tmp_path: Path) -> None:
    analysis = analyse(write_run(tmp_path / "a.thinice", models, n=60, through=through))
    for other in (1, 2):
        assert widest(in_room(summary(analysis, other), width)) <= width


def test_the_summary_of_a_finished_run(run: Run) -> None:
    analysis = analyse(run)
    text = "\n".join(in_room(summary(analysis, 1), 80))
    robust, comparison = analysis.models[1].robust_accuracy, analysis.comparisons[0]
    assert robust is not None
    for value in (robust, comparison.nfr, comparison.pfr):
        assert f"{100 * value.value:.1f} [{100 * value.low:.1f}, {100 * value.high:.1f}]" in text
    assert f"{comparison.auc_s10_s11.value:.2f} [" in text and comparison.auc_s10_s11.verdict in text
    assert "control" in text and "PARTIAL" not in text and "≤" not in text and "≥" not in text
    assert "PGD-20 overestimates half by" in text


def test_the_summary_gives_an_auc_of_few_flips_no_interval(tmp_path: Path) -> None:
    analysis = analyse(write_run(tmp_path / "a.thinice", MODELS, n=100))
    text = "\n".join(in_room(summary(analysis, 1), 80))
    found = analysis.comparisons[0].auc_s10_s11
    assert f"{found.value:.2f} (too few)" in text and "too few flips to tell" in text and "nan" not in text


@pytest.mark.parametrize(("through", "done"), [(0, "clean only"), (1, "through PGD-20"), (2, "through APGD-CE")])
def test_the_summary_of_an_unfinished_run_says_so(through: int, done: str, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=60, through=through)
    text = "\n".join(in_room(summary(analyse(run), 1), 80))
    assert f"PARTIAL: {done}; upper bounds" in text
    assert ("≤" in text) == (through > 0)
    assert ("≥" in text) == (through > 1)


def test_the_summary_of_a_weak_ensemble_is_an_upper_bound(tmp_path: Path) -> None:
    text = "\n".join(in_room(summary(analyse(write_run(tmp_path / "a.thinice", MODELS, n=60, attack="quick")), 1), 80))
    assert "≤" in text and "PARTIAL" not in text

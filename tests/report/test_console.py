"""Console progress: a line for each finished stage, and nothing that a model's name could smuggle in."""

import io

import pytest
from rich.console import Console

from thinice_tui.protocol.progress import Heartbeat, StageResult
from thinice_tui.report.console import ConsoleObserver


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=100, force_terminal=False)


def output(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(("final", "bound"), [(True, "robust accuracy 41.0 %"), (False, "robust accuracy ≤ 41.0 %")])
def test_a_finished_stage_is_one_line(console: Console, final: bool, bound: str) -> None:
    with ConsoleObserver(console) as observer:
        observer.stage_finished(StageResult("dense", "APGD-T", 75, 34, 0.41, 65.0, final))
    assert output(console).strip() == f"dense · APGD-T: 34 of 75 broken, {bound} (1m05s)"


def test_names_and_messages_are_printed_literally(console: Console) -> None:
    with ConsoleObserver(console) as observer:
        observer.warn("[red]a[/red] \x1b[31m")
        observer.note("[bold]note[/bold]")
        observer.stage_finished(StageResult("[blue]m", "PGD-20", 1, 0, 1.0, 1.0, True))
    printed = output(console)
    assert "warning: [red]a[/red]" in printed and "[bold]note[/bold]" in printed and "[blue]m · PGD-20" in printed
    assert "\x1b" not in printed


def test_the_bar_shows_the_current_stage_with_its_share_rate_and_time_left() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    with ConsoleObserver(console) as observer:
        observer.progress(Heartbeat(0.0, "running", "dense", "APGD-T", 25.5, 100, 3100.0, 240.0, 130.0))
        observer._bars.refresh()
    assert "APGD-T · dense" in output(console) and "26%  3.1k img/s  ~2m10s (≤ 4m00s) left" in output(console)

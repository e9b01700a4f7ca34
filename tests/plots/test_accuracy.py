"""Accuracy stage by stage."""

from pathlib import Path

import pytest

from tests.fake_runs import STAGES, write_run
from tests.plots.charts import check_size
from thinice_tui.analysis.comparison import analyse
from thinice_tui.plots.accuracy import accuracy_by_stage
from thinice_tui.plots.style import model_style
from thinice_tui.runfile.records import Role


@pytest.mark.parametrize("through", [0, 1, 3])
def test_each_model_is_a_line_and_each_stage_a_tick(through: int, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", {"dense": "dense", "half": "pruned"}, n=50, through=through)
    plot = accuracy_by_stage(analyse(run).models, 80, 15)
    check_size(plot, 80, 15)
    assert all(words in plot.plain for words in ("n=50", "dense", "half", "clean", *STAGES))
    assert all(model_style(number)[0] in plot.plain for number in (0, 1))


@pytest.mark.parametrize("width", [56, 80, 196])
def test_dense_is_never_hidden_and_the_last_values_are_written(width: int, tmp_path: Path) -> None:
    """Models that do the same share every point but are drawn side by side."""
    models: dict[str, Role] = {"dense": "dense", "a": "pruned", "b": "pruned", "c": "control"}
    summaries = analyse(write_run(tmp_path / "a.thinice", models, n=50, flip=False)).models
    plain = accuracy_by_stage(summaries, width, 15).plain
    below = plain[plain.index("┌") :]
    stages = 1 + len(STAGES)
    assert [below.count(model_style(number)[0]) for number in range(4)] == [stages] * 4
    assert summaries[0].robust_accuracy is not None
    assert below.count(f"{100 * summaries[0].robust_accuracy.value:.1f}") == 4

"""Accuracy stage by stage."""

from pathlib import Path

import pytest

from tests.fake_runs import STAGES, write_run
from tests.plots.charts import check_size
from thinice_tui.analysis.comparison import analyse
from thinice_tui.plots.accuracy import accuracy_by_stage


@pytest.mark.parametrize("through", [0, 1, 3])
def test_each_model_is_a_line_and_each_stage_a_tick(through: int, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", {"dense": "dense", "half": "pruned"}, n=50, through=through)
    plot = accuracy_by_stage(analyse(run).models, 80, 15)
    check_size(plot, 80, 15)
    assert all(words in plot.plain for words in ("n=50", "dense", "half", "clean", *STAGES))
    assert "●" in plot.plain and "▼" in plot.plain

"""The table of models."""

import re
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.commands.calling import call
from tests.fake_runs import write_run
from tests.linear_models import Files
from tests.report.rendering import MODELS, analysis_of, rendered
from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.excess import excesses
from thinice_tui.report.document.blocks import Table
from thinice_tui.report.document.cells import auc_number, percent
from thinice_tui.report.sections.models import models_table


def test_each_model_is_a_row_with_all_its_numbers(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path)
    (table,) = models_table(analysis)
    assert isinstance(table, Table)
    assert [column.title for column in table.columns] == [
        *("model", "sparsity", "clean %", "PGD-20 %", "robust %", "PGD-20 − all", "NFR %", "PFR %", "AUC"),
        *("AUC attacked", "excess %"),
    ]
    rows = [dict(zip([column.title for column in table.columns], row, strict=True)) for row in table.rows]
    assert [row["model"] for row in rows] == ["dense", "half", "again (control)"]
    for row, summary in zip(rows, analysis.models, strict=True):
        assert row["sparsity"] == "42.0 % zeros" and row["clean %"] == percent(summary.clean_accuracy)
        assert row["robust %"] == percent(summary.robust_accuracy)
        assert row["PGD-20 %"] == percent(summary.stages[0].robust_accuracy_after)
    assert [rows[0][title] for title in ("NFR %", "PFR %", "AUC", "AUC attacked")] == [""] * 4
    for row, comparison in zip(rows[1:], analysis.comparisons, strict=True):
        assert row["NFR %"] == percent(comparison.nfr) and row["PFR %"] == percent(comparison.pfr)
        assert row["AUC"] == auc_number(comparison.auc_s10_s11)
        assert row["AUC attacked"] == auc_number(comparison.adversarial_auc_s10_s11)
    (excess,) = excesses(analysis)
    assert [row["excess %"] for row in rows] == ["", percent(excess.excess_nfr), ""]


def test_without_a_control_there_is_no_excess(tmp_path: Path) -> None:
    (table,) = models_table(analyse(write_run(tmp_path / "a.thinice", {"dense": "dense", "half": "pruned"})))
    assert isinstance(table, Table)
    assert "excess %" not in [column.title for column in table.columns] and "excess" not in table.footnote


@pytest.mark.parametrize("run", [{"through": 2}, {"attack": "quick"}], ids=["partial", "weak"])
def test_upper_bounds_are_marked(run: dict[str, object], tmp_path: Path) -> None:
    assert rendered(models_table(analysis_of(tmp_path, **run))).count("≤") == len(MODELS)


def test_zeros_and_removed_parameters_share_a_column(files: Files) -> None:
    """Whole modules of 40 hidden units, of 10, and of 10 with half of the first layer's weights at zero."""
    for name, width in (("dense", 40), ("narrow", 10), ("both", 10)):
        network = nn.Sequential(nn.Flatten(), nn.Linear(192, width), nn.ReLU(), nn.Linear(width, 5))
        if name == "both":
            with torch.no_grad():
                network.get_parameter("1.weight")[: width // 2] = 0
        torch.save(network, files.dense.with_name(f"{name}.pt"))
    paths = [files.dense.with_name(f"{name}.pt") for name in ("dense", "narrow", "both")]
    options = ("--normalize", "none", "--trust-pickle", "--attack", "pgd-1", "--report")
    result = call("compare", *paths, *files.arguments[3:5], *options)
    assert result.exit_code == 0, result.stderr
    sizes = [192 * width + width + 5 * width + 5 for width in (40, 10)]
    zeros, gone = 5 * 192 / (192 * 10 + 5 * 10), 1 - sizes[1] / sizes[0]
    table = result.stdout[result.stdout.index("Models") :].split("stage")[0]
    lines = [" ".join(line.strip(" │").split()) for line in table.splitlines()]
    assert any(re.match(r"dense .*0\.0 % zeros", line) for line in lines)
    assert any(re.match(rf"narrow .*{100 * gone:.1f} % removed", line) for line in lines)
    both = next(at for at, line in enumerate(lines) if line.startswith("both"))
    assert f"{100 * zeros:.1f} % zeros, " in lines[both] and f"{100 * gone:.1f} % removed" in " ".join(lines[both:])

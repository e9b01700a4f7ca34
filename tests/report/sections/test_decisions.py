"""What was decided before the attacks."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.rendering import analysis_of
from thinice_tui.report.sections.decisions import decisions


def test_each_decision_is_a_line(tmp_path: Path) -> None:
    tried = {"source": "clean accuracy", "chosen": "cifar10", "why": "the best by far"}
    chosen = {"chosen": "b", "why": "the other is worse", "accuracies": {"a": 0.2, "b": 0.9}, "seen": {"b": 64}}
    more = {
        "architecture": {"dense": chosen},
        "normalization": {"dense": tried | {"accuracies": {"cifar10": 0.9, "none": 0.1}, "seen": {"cifar10": 64}}},
        "kinship": {"half": {"removed": 0.25}, "again": {"removed": 0.0}, "odd": 3},
    }
    info = analysis_of(tmp_path, more=more).run.info
    architecture, first, second = decisions(replace(info, data=replace(info.data, notes=None)))
    assert architecture == ("dense: architecture b, by clean accuracy (b 90.0 %, a 20.0 %); the other is worse")
    assert first.startswith("dense: normalisation cifar10, by clean accuracy (cifar10 90.0 %")
    assert first.endswith("; the best by far") and second == "half: 25.00 % of the dense model's parameters removed"
    noted = replace(info, data=replace(info.data, notes=("BGR read as RGB",)))
    assert next(iter(decisions(noted))) == "BGR read as RGB"


TRIED = {"source": "clean accuracy"}
ODD = {"dense": TRIED | {"accuracies": {"a": "x"}}}


@pytest.mark.parametrize("odd", [None, {}, {"dense": None}, {"dense": TRIED}, ODD])
def test_where_nothing_was_decided_nothing_is_said(odd: dict[str, object] | None, tmp_path: Path) -> None:
    info = analysis_of(tmp_path, more={"architecture": odd, "normalization": odd, "kinship": odd}).run.info
    assert list(decisions(info)) == []

"""What the documents show of the sample run is what the commands print, and what they conclude from it holds.

`python docs/refresh_outputs.py` brings the outputs up to date; conclusions have to be written anew.
"""

import importlib.util
import json
import re
from types import ModuleType
from typing import Any

import pytest

from tests.places import ROOT
from thinice_tui.analysis.diagnostics import MISSED_CHECK


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("refresh_outputs", ROOT / "docs" / "refresh_outputs.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_page_shows_what_the_commands_print(script: ModuleType) -> None:
    shown: list[str] = []
    for path in script.PAGES:
        page = path.read_text(encoding="utf-8")
        shown += re.findall(r"<!-- shown: ([\w-]+) -->", page)
        assert page.count("<!-- shown: ") == page.count("<!-- end -->") == len(script.PART.findall(page))
        for one, now in zip(script.PART.finditer(page), script.PART.finditer(script.refreshed(page)), strict=True):
            assert anywhere(one[0]) == anywhere(now[0]), f"{path.name}: python docs/refresh_outputs.py"
    assert set(shown) == set(script.SHOWN)
    assert "<!-- shown: models -->" in (ROOT / "README.md").read_text(encoding="utf-8")


def anywhere(part: str) -> str:
    """A shown part; of `verify` without what rounding on another machine may decide."""
    if "<!-- shown: verify -->" not in part:
        return part
    part = re.sub(r"\d+ of (\d+)", r"all of \1", part)
    return "".join(line for line in part.splitlines(keepends=True) if "close to the decision boundary" not in line)


def test_a_name_that_is_not_known_is_an_error(script: ModuleType) -> None:
    with pytest.raises(KeyError, match="nothing"):
        script.refreshed("<!-- shown: nothing -->\n<!-- end -->")


def test_what_the_results_page_concludes_holds(script: ModuleType) -> None:
    """Each bullet under "What it says, and what it does not say"."""
    report: dict[str, Any] = json.loads(script.printed("report", script.RUN, "--format", "json"))
    of = {one["pruned"]: one for one in report["comparisons"]}
    pruned = [of[name] for name in ("pruned-90", "pruned", "pruned-99")]
    assert all(one["auc_s10_s11"]["low"] > 0.5 for one in pruned[:2]), "thin ice is real here"
    most = pruned[2]["sets"]
    assert pruned[2]["auc_s10_s11"]["verdict"] == "no association seen" and most["S10"] > most["S11"], "it weakens"
    flips = of["control"]["sets"]["S10"], of["control"]["sets"]["S01"]
    assert all(flips) and of["control"]["auc_s10_s11"]["low"] > 0.5, "pruning is not needed for it"
    excess = [one["excess"] for one in pruned]
    assert all(one["excess_nfr"]["low"] > 0 and one["odds_ratio"]["low"] > 1 for one in excess), "beyond retraining"
    captured = [one["capture"]["captured"] for one in pruned]
    assert captured[0]["low"] > 0.2 and captured[2]["low"] < 0.2 < captured[2]["value"] < 0.25, "the lowest fifth"
    assert all(one["overestimation_gap"]["gap"] > 0.02 for one in report["models"]), "PGD-20 overestimates"
    assert pruned[2]["overestimation_difference"]["difference"]["low"] > 0, "and the 99 % pruned model more"
    doubted = [one for one in report["reliability"] if one["doubtful"]]
    by_search = [one for one in doubted if one["check"] == MISSED_CHECK]
    assert len(by_search) > 2 and {one["value"] for one in by_search} <= {1, 2}, "one or two samples of most models"
    assert [(one["model"], one["check"]) for one in doubted if one not in by_search] == [
        ("pruned-99", "points lost to Square alone")
    ]


def test_what_the_results_page_concludes_of_three_seeds_holds(script: ModuleType) -> None:
    """Each bullet under "Three training seeds"."""
    report: dict[str, Any] = json.loads(script.printed("report", *script.SEEDS, "--format", "json"))
    of = {one["name"]: one for one in report["several"]["models"]}
    pruned, control = of["pruned"], of["control"]
    assert len(pruned["nfr"]["values"]) == 3 and pruned["nfr"]["least"] > control["nfr"]["most"], "the rates hold"
    assert pruned["excess_nfr"]["least"] > 0
    aucs = [one["auc_s10_s11"]["values"] for one in (pruned, control)]
    assert all(0.5 < low < high for low, high in zip(*aucs, strict=True)), "thin ice in every seed"
    one, two, all_three = pruned["stability"]["counts"]
    assert 0.4 < one / (one + two + all_three) < 0.6, "half of them in one seed alone"
    for model in (pruned, control):
        overlap = model["stability"]["overlap"]
        assert overlap["shared"] > overlap["high"], "more than the margins explain"
    lost, by_control = (each["stability"]["times_lost"] for each in (pruned, control))
    everywhere = [index for index, times in lost.items() if times == 3]
    assert sum(index not in by_control for index in everywhere) > len(everywhere) / 2, "most of them no control loses"

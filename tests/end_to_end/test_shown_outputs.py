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
    doubted = {(one["model"], one["check"]) for one in report["reliability"] if one["doubtful"]}
    assert doubted == {("pruned-99", "points lost to Square alone")}, "the report doubts one number"

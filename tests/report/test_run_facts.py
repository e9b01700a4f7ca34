"""What a data format carries on the run."""

import json
from pathlib import Path

from tests.report.rendering import analysis_of
from thinice_tui.report.run_facts import run_facts


def test_it_names_everything_that_a_reader_needs(tmp_path: Path) -> None:
    facts = json.loads(json.dumps(run_facts(analysis_of(tmp_path).run), allow_nan=False))
    assert (facts["norm"], facts["eps"], facts["attack"], facts["seed"]) == ("Linf", "8/255", "standard", 3)
    assert facts["complete"] is True and facts["created"].endswith("UTC") and facts["finished"].endswith("UTC")
    assert facts["models"]["half"] == f"{'half':a<64}" and facts["data"]["sha256"] == "0" * 64
    assert facts["versions"]["thinice-tui"] == "0.1.0" and facts["command"] is None
    assert "Wilson" in facts["intervals"]["accuracies, NFR, PFR, flip rates"]


def test_a_partial_run_is_not_complete(tmp_path: Path) -> None:
    facts = run_facts(analysis_of(tmp_path, through=1).run)
    assert facts["complete"] is False and facts["finished"] is None

"""The JSON key on several runs: its schema, and its numbers."""

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from tests.several_runs import repeated, seed_run
from thinice_tui.analysis.several.several_runs import analyse_several
from thinice_tui.report.json_report import SCHEMA, json_report
from thinice_tui.report.json_several import json_several


def test_it_validates_and_holds_the_numbers(tmp_path: Path) -> None:
    runs = [seed_run(tmp_path, seed) for seed in range(3)]
    several = analyse_several([*runs, repeated(runs[0], 9)])
    found = json_report(several.seeds[0]) | {"several": json_several(several)}
    written = json.loads(json.dumps(found, allow_nan=False))
    assert [error.message for error in Draft202012Validator(json.loads(SCHEMA.read_text())).iter_errors(written)] == []
    dense, half, control = written["several"]["models"]
    assert "nfr" not in dense and "excess_nfr" in half and "excess_nfr" not in control
    assert half["nfr"]["values"] == list(several.models[1].numbers["nfr"].values)
    stable = several.models[1].stability
    assert stable is not None and sum(half["stability"]["times_lost"].values()) == stable.times_lost.sum()
    assert [run["part"] for run in written["several"]["runs"]] == [
        *("training seed", "attack seed", "training seed", "training seed")
    ]
    assert half["exemplars"]["lost"] == runs[0].indices[several.models[1].exemplars.lost].tolist()  # type: ignore[union-attr]

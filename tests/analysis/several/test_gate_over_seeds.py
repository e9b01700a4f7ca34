"""A gate over training seeds: each is judged, and named where it fails."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.several_runs import seed_run
from thinice_tui.analysis.gate import evaluate, parse_gates
from thinice_tui.analysis.several.gate_over_seeds import evaluate_seeds
from thinice_tui.analysis.several.several_runs import analyse_several
from thinice_tui.errors import UsageError
from thinice_tui.protocol.claims import parse_claims


def test_one_seed_that_fails_is_enough_and_is_named(tmp_path: Path) -> None:
    several = analyse_several([seed_run(tmp_path, seed) for seed in range(3)])
    rates = [analysis.comparisons[0].nfr.value for analysis in several.seeds]
    worst = rates.index(max(rates))
    limit = sorted(rates)[1]
    verdicts = evaluate_seeds(parse_gates([f"nfr > {limit}"]), several.seeds)
    assert [(one.model, one.value, one.failed) for one in verdicts] == [
        ("half", rate, number == worst) for number, rate in enumerate(rates)
    ]
    path = several.seeds[worst].run.path
    assert [one.reason for one in verdicts if one.failed] == [f"nfr > {limit}: half of {path} has {rates[worst]:.4g}"]


def test_a_model_of_the_first_run_is_the_one_that_matches_in_the_others(tmp_path: Path) -> None:
    one, other = seed_run(tmp_path, 0), seed_run(tmp_path, 1)
    models = [replace(model, record=replace(model.record, name=f"{model.record.name}-s2")) for model in other.models]
    several = analyse_several([one, replace(other, models=tuple(models))])
    for asked, names in (("half", ["half", "half-s2"]), ("control", ["again", "again-s2"])):
        verdicts = evaluate_seeds(parse_gates([f"nfr@{asked} >= 0"]), several.seeds)
        assert [one.model for one in verdicts] == names and all(one.gate.model == asked for one in verdicts)
    with pytest.raises(UsageError, match="nfr is not known of half-s2"):
        evaluate_seeds(parse_gates(["nfr@half-s2 > 0"]), several.seeds)
    with pytest.raises(UsageError, match="needs a claim"):
        evaluate_seeds(parse_gates(["claim_gap > 0"]), several.seeds)


def test_claims_are_judged_in_every_seed(tmp_path: Path) -> None:
    several = analyse_several([seed_run(tmp_path, seed) for seed in range(2)], parse_claims(["half=90@pgd-20"]))
    gaps = [verdict.value for verdict in evaluate_seeds(parse_gates(["claim_gap > 0"]), several.seeds)]
    assert gaps == pytest.approx(several.claims[0].gap.values)


def test_one_seed_is_judged_as_one_run(tmp_path: Path) -> None:
    analysis = analyse_several([seed_run(tmp_path, 0)]).seeds[0]
    gates = parse_gates(["nfr > 0"])
    assert evaluate_seeds(gates, [analysis]) == evaluate(gates, analysis)

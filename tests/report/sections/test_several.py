"""The report on several runs."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.report.rendering import words
from tests.several_runs import PAIR, repeated, seed_run
from thinice_tui.analysis.audit import is_escalated
from thinice_tui.analysis.several.several_runs import analyse_several
from thinice_tui.report.document.blocks import Notice, Table
from thinice_tui.report.document.cells import Number
from thinice_tui.report.sections.several import (
    SHOWN,
    all_values,
    models_over_seeds,
    several_document,
    several_header,
    several_sections,
)
from thinice_tui.runfile.records import Finding, ModelOutcomes, Role, Run

MORE: dict[str, Role] = {"dense": "dense", "tenth": "pruned", "half": "pruned", "again": "control"}


def test_means_come_with_ranges_and_from_five_seeds_on_with_intervals(tmp_path: Path) -> None:
    runs = [seed_run(tmp_path, seed) for seed in range(5)]
    for count in (3, 5):
        several = analyse_several(runs[:count])
        table = next(block for block in several_document(several) if isinstance(block, Table))
        nfr = several.models[1].numbers["nfr"]
        cell = dict(zip([column.title for column in table.columns], table.rows[1], strict=True))["NFR %"]
        ends = (nfr.least, nfr.most) if count == 3 else (nfr.mean.low, nfr.mean.high)
        assert cell == Number(100 * nfr.mean.value, 100 * ends[0], 100 * ends[1])
        assert table.caption.startswith(f"Models: mean over {count} training seeds")
        assert ("range in brackets" in table.caption) == (count == 3)


def test_seeds_that_were_attacked_with_two_strengths_are_told(tmp_path: Path) -> None:
    def scoped(run: Run, ordinal: int, scope: str) -> Run:
        def model(one: ModelOutcomes) -> ModelOutcomes:
            stages = list(one.stages)
            stages[ordinal] = replace(stages[ordinal], parameters={"scope": scope})
            return replace(one, stages=tuple(stages))

        return replace(run, models=tuple(map(model, run.models)))

    runs = [scoped(seed_run(tmp_path, seed), 1, "audit") for seed in range(3)]
    assert "two strengths" not in words(several_header(analyse_several(runs)))
    runs[1] = scoped(runs[1], -1, "escalation")
    assert is_escalated(runs[1]) and not is_escalated(runs[0])
    text = words(several_header(analyse_several(runs)))
    assert "escalated in training seed 2 only, so seeds were attacked with two strengths" in text


def test_it_says_how_often_samples_are_lost_and_where_modes_differ(tmp_path: Path) -> None:
    several = analyse_several([seed_run(tmp_path, seed) for seed in range(3)])
    text = words(several_document(several))
    half = several.models[1]
    assert half.stability is not None and half.exemplars is not None
    assert "model 1 of 3 2 of 3 3 of 3" in text
    assert f"half {' '.join(map(str, half.stability.counts))} " in text
    assert f"half {half.exemplars.clean.sum()} {half.exemplars.clean_ties.sum()} {half.exemplars.lost.sum()} " in text
    assert half.stability.overlap.verdict in text
    two = words(several_document(analyse_several([seed_run(tmp_path, 0), seed_run(tmp_path, 1)])))
    assert "exemplars need three training seeds" in two


def test_it_names_every_run_and_what_is_left_out(tmp_path: Path) -> None:
    one, other = seed_run(tmp_path, 0, MORE), seed_run(tmp_path, 1, PAIR)
    text = words(several_document(analyse_several([one, other, repeated(other, 9)])), 400)
    assert f"{one.path} training seed 1 standard" in text
    assert f"{other.path}-repeat9 attack seed of training seed 2 standard" in text
    assert f"Left out, for not every run has them: {one.path}: tenth." in text
    assert "each model against itself under another seed" in text
    assert f"{one.models[0].record.sha256}" in text and "finished 20" in text and "torch 2" in text
    assert "Student's t, 95 %, from five seeds on" in text


def test_all_values_are_there_with_the_least_and_the_largest(tmp_path: Path) -> None:
    several = analyse_several([seed_run(tmp_path, seed) for seed in range(5)])
    table = all_values(several)
    assert [column.title for column in table.columns] == ["training seed", *"12345", "least", "largest"]
    rows = {row[0]: row[1:] for row in table.rows}
    for model, words_of in zip(several.models, ("dense", "half", "again (control)"), strict=True):
        for name, found in model.numbers.items():
            scale, digits = (1, 2) if name == "auc_s10_s11" else (100, 1)
            values = [Number(scale * value, digits=digits) for value in (*found.values, found.least, found.most)]
            assert rows[f"{words_of}: {SHOWN[name]}"] == values


def test_where_too_few_of_five_seeds_know_a_number_it_has_no_interval(tmp_path: Path) -> None:
    runs = [seed_run(tmp_path, seed) for seed in range(5)]
    whole = runs[4].models[0]
    runs[4] = replace(runs[4], models=(whole, replace(whole, record=runs[4].models[1].record), runs[4].models[2]))
    several = analyse_several(runs)
    assert np.isnan(several.models[1].numbers["auc_s10_s11"].values[4]), "nothing is lost: no AUC"
    table = models_over_seeds(several)
    cell = dict(zip([column.title for column in table.columns], table.rows[1], strict=True))["AUC"]
    assert isinstance(cell, Number) and cell.interval == "" and "95 % interval" in table.caption


def test_seeds_under_other_precisions_are_told(tmp_path: Path) -> None:
    runs = [seed_run(tmp_path, 0), seed_run(tmp_path, 1, precision="bf16")]
    told = [block.text for block in several_header(analyse_several(runs)) if isinstance(block, Notice)]
    assert told == ["Gradients had other precisions in some training seeds, see the runs."]


def test_two_attack_seeds_name_both_runs_and_no_training_seed(tmp_path: Path) -> None:
    one = seed_run(tmp_path, 0)
    text = words(several_sections(analyse_several([one, repeated(one, 9)])), 400)
    assert f"{one.path} first run standard fp32 3" in text and f"{one.path}-repeat9 attack seed standard fp32 9" in text
    assert "training seed 1" not in text and text.count("finished 20") == 2


def test_the_noise_of_a_dense_model_alone_is_shown(tmp_path: Path) -> None:
    run = seed_run(tmp_path, 0, {"dense": "dense"})
    assert "dense 9 0.0" in words(several_sections(analyse_several([run, repeated(run, 9)])), 400)


def test_the_methods_name_what_is_done_over_seeds(tmp_path: Path) -> None:
    runs = [seed_run(tmp_path, seed) for seed in range(5)]
    for count, said in ((2, ("the least and the largest value",)), (5, ("Student's t", "(Hooker et al. 2019)"))):
        text = words(several_document(analyse_several(runs[:count])), 2000)
        assert f"All models were trained with {count} training seeds" in text and all(part in text for part in said)
        assert ("hooker2019what" in text) == (count == 5) and "mantel1959statistical" in text


def test_other_ensembles_are_side_by_side(tmp_path: Path) -> None:
    one = seed_run(tmp_path, 0)
    again = repeated(one, one.info.settings.seed, other=5)
    quick = replace(again, path="q", info=replace(again.info, settings=replace(again.info.settings, attack="quick")))
    several = analyse_several([one, quick])
    counts = several.ensembles[0].sets.counts()
    text = words(several_sections(several))
    assert "The same models under standard and quick" in text
    assert f"dense {counts['S11']} 5 0 {counts['S00']}" in text


def test_doubts_of_a_training_seed_are_told_and_their_absence_too(tmp_path: Path) -> None:
    runs = [replace(seed_run(tmp_path, seed), findings=()) for seed in range(3)]
    assert "no check of any training seed" in words(several_document(analyse_several(runs)))
    runs[1] = replace(runs[1], findings=(Finding("half", "gradients vanish", 3, 10, doubtful=True),))
    text = words(several_document(analyse_several(runs)))
    assert "Training seed 2. Reliability: DOUBTFUL" in text and "half: gradients vanish" in text
    assert "no check of any training seed" not in text


def test_upper_bounds_are_marked_as_such_with_the_reason(tmp_path: Path) -> None:
    several = analyse_several([seed_run(tmp_path, seed, attack="quick") for seed in range(3)])
    text = words(several_header(several))
    assert "Robust accuracies are upper bounds: quick is weak, see --attack standard." in text
    cells = [dict(zip(SHOWN, row[2:], strict=False))["robust_accuracy"] for row in models_over_seeds(several).rows]
    assert all(isinstance(cell, Number) and cell.bound == "≤" for cell in cells)

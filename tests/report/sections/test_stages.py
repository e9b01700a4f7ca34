"""The table of stages."""

from dataclasses import replace
from pathlib import Path

from tests.report.rendering import MODELS, analysis_of, rendered
from thinice_tui.analysis.comparison import analyse
from thinice_tui.protocol.distance import DistanceMeasurement
from thinice_tui.report.document.blocks import Plot, Table
from thinice_tui.report.sections.stages import stages_section
from thinice_tui.runfile.reader import read_run


def test_every_stage_says_what_it_broke_of_what(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path)
    text = rendered(stages_section(analysis))
    for stage in analysis.models[0].stages:
        after = stage.robust_accuracy_after
        assert after is not None and stage.name in text and f"{100 * after.value:.1f} ({stage.broken})" in text
    accuracy = analysis.models[0].clean_accuracy
    assert accuracy is not None and f"{100 * accuracy.value:.1f} ({analysis.models[0].clean_wrong})" in text
    assert "not yet" not in text


def test_the_distance_measurement_is_no_attack(tmp_path: Path) -> None:
    """As in a run with --distances, whose last phase is stored after the stages."""
    run = analysis_of(tmp_path).run
    models = []
    for model in run.models:
        *stages, last = model.stages
        measured = replace(last, name="Distance", parameters=DistanceMeasurement().as_dict())
        models.append(replace(model, stages=(*stages, measured)))
    table, plot = stages_section(analyse(replace(run, models=tuple(models))))
    assert isinstance(table, Table) and [row[0] for row in table.rows] == ["clean", "PGD-20", "APGD-CE"]
    assert isinstance(plot, Plot) and list(plot.chart.ticks) == ["clean", "PGD-20", "APGD-CE"]
    assert "Distance" not in plot.terminal(80, 15).plain


def test_a_stage_that_has_not_begun_is_told_from_one_that_goes_on(tmp_path: Path) -> None:
    from tests.fake_runs import make_run

    made = make_run(tmp_path / "a.thinice", MODELS)
    with made.open() as writer:
        made.begin(writer)
        for number in range(len(MODELS)):
            made.clean(writer, number)
        writer.start_stage(0, 0, len(made.standing(0, 0)))
        made.attack_batch(writer, 0, 0, 0)
    text = rendered(stages_section(analyse(read_run(made.path))))
    assert "so far" in text and "not yet" in text

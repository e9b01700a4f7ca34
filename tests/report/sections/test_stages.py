"""The table of stages."""

from pathlib import Path

from tests.report.rendering import MODELS, analysis_of, rendered
from thinice_tui.analysis.comparison import analyse
from thinice_tui.report.sections.stages import stages_table
from thinice_tui.runfile.reader import read_run


def test_every_stage_says_what_it_broke_of_what(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path)
    text = rendered(stages_table(analysis))
    for stage in analysis.models[0].stages:
        assert stage.name in text and f"{stage.broken} of {stage.entered}" in text
    assert f"{analysis.models[0].clean_wrong} of 200" in text and "not yet" not in text


def test_a_stage_that_has_not_begun_is_told_from_one_that_goes_on(tmp_path: Path) -> None:
    from tests.fake_runs import make_run

    made = make_run(tmp_path / "a.thinice", MODELS)
    with made.open() as writer:
        made.begin(writer)
        for number in range(len(MODELS)):
            made.clean(writer, number)
        writer.start_stage(0, 0, len(made.standing(0, 0)))
        made.attack_batch(writer, 0, 0, 0)
    text = rendered(stages_table(analyse(read_run(made.path))))
    assert "so far" in text and "not yet" in text

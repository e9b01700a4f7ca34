"""The end of a run: which adversarial images are kept."""

from pathlib import Path

from tests.engine_runs import request, run_it
from tests.linear_models import Files
from thinice_tui.analysis.comparison import analyse
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.read_sample import read_adversarial


def test_flips_only_keeps_the_images_of_flips(files: Files, tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    settings = Settings.build("Linf", "4/255", "quick", batch_size="8")
    run = run_it(request(files, path, settings=settings))
    for number, comparison in enumerate(analyse(run).comparisons, start=1):
        lost, gained = comparison.sets.s10, comparison.sets.s01
        for position in range(len(run.labels)):
            broken = run.models[number].broken_by[position] >= 0
            kept = read_adversarial(path, number, position) is not None
            assert kept == bool(broken and (lost[position] or gained[position]))

"""One sample in every run, in words."""

from pathlib import Path

import numpy as np
import pytest

from tests.several_runs import repeated, seed_file, seed_run
from tests.tui.content.rendering import in_room, widest
from thinice_tui.analysis.live_sets import ALL_SETS
from thinice_tui.analysis.rows import View, select_rows
from thinice_tui.analysis.several.fates import fates_of
from thinice_tui.plots.style import SET_MARKERS
from thinice_tui.runfile.reader import read_run
from thinice_tui.tui.content.fates import fates_words, run_names
from thinice_tui.tui.content.sample import sample_view
from thinice_tui.tui.sample_detail import load_sample_detail


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["runs/seed-0.thinice", "/a/seed-1.thinice"], ["seed-0", "seed-1"]),
        (["seed-0/run.thinice", "seed-1/run.thinice"], ["seed-0/run", "seed-1/run"]),
        (["a/run.thinice", "b/run.thinice", "b/other.thinice"], ["a/run", "b/run", "b/other"]),
        (["x/a/run.thinice", "y/a/run.thinice"], ["x/a/run", "y/a/run"]),
    ],
)
def test_runs_have_the_shortest_names_that_tell_them_apart(paths: list[str], names: list[str]) -> None:
    assert run_names(paths) == names


def test_it_says_what_became_of_the_sample_in_each_run(tmp_path: Path) -> None:
    runs = [seed_run(tmp_path, seed) for seed in range(3)]
    again = repeated(runs[0], 9)
    fates = fates_of([runs[0], again, *runs[1:]])
    rows = select_rows(runs[0], View(sets=ALL_SETS), fates=fates)
    times = fates.times_lost("half")
    for position in (int(np.flatnonzero(times == 2)[0]), int(np.flatnonzero(times == 0)[0])):
        head, *parts = (text.plain for text in fates_words(rows, position, detailed=True))
        assert head.startswith(f"lost in {times[position]:g} of 3 training seeds:")
        assert [part.split(":")[0][2:] for part in parts] == [
            *(f"seed{seed} (seed {seed + 1})" for seed in range(3)),
            "seed0.thinice-repeat9 (seed 1, attack seed 9)",
        ]
        by_part = sorted(fates.of_sample("half", position), key=lambda fate: fate.of.part != "training seed")
        for part, fate in zip(parts, by_part, strict=True):
            assert fate.other is not None and part.startswith(SET_MARKERS[fate.set_name])
            stage = fate.other.broken_by[position]
            if stage >= 0:
                assert f"says class {fate.other.worst_prediction[position]} by {fate.other.stages[stage].name}" in part


def test_without_training_seeds_nothing_is_counted(tmp_path: Path) -> None:
    run = seed_run(tmp_path, 0)
    rows = select_rows(run, View(sets=ALL_SETS), fates=fates_of([run, repeated(run, 9)]))
    head, first, second = (text.plain for text in fates_words(rows, 0, detailed=False))
    assert head.startswith("half in each run") and "seed0 " in first and "(attack seed)" in second
    assert fates_words(select_rows(run, View()), 0, detailed=True) == []


@pytest.mark.parametrize("size", [(58, 17), (78, 21), (140, 36)])
@pytest.mark.parametrize("count", [2, 10])
def test_a_sample_of_many_runs_fits_its_room(size: tuple[int, int], count: int, tmp_path: Path) -> None:
    runs = [read_run(seed_file(tmp_path / f"{seed}.thinice", seed, n=60)) for seed in range(count)]
    rows = select_rows(runs[0], View(sets=ALL_SETS), fates=fates_of(runs))
    for models in ((0, 1), (0, 1, 2)):
        lines = in_room(sample_view(rows, load_sample_detail(runs[0], 1, 0, models), *size), size[0])
        assert widest(lines) <= size[0] and len(lines) <= size[1]
        text = "\n".join(lines)
        assert f"of {count} training seeds" in text and "▀" in text and "logits" in text

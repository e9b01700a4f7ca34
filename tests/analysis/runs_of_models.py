"""Analyses of fake runs whose models differ from dense by a chosen noise of their margins."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.fake_runs import STAGES, Options, logits_of, make_run, written
from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Role

MODELS: dict[str, Role] = {"dense": "dense", "half": "pruned", "tenth": "pruned", "again": "control"}


def analysed(
    folder: Path,
    models: dict[str, Role] | None = None,
    n: int = 200,
    noise: Sequence[float] = (),
    through: int = len(STAGES),
    seed: int = 0,
) -> Analysis:
    """A fake run through the first `through` stages; noise: of each model's margins after dense, default 0.6 each."""
    options: Options = {"n": n, "seed": seed}
    name = f"{len(list(folder.glob('*.thinice')))}.thinice"
    made = make_run(folder / name, models or MODELS, **options)
    random = np.random.default_rng(seed + 100)
    for number, spread in enumerate(noise, start=1):
        made.margins[number] = made.margins[0] + random.normal(0, spread, n)
        made.logits[number] = logits_of(made.margins[number], made.labels, 5, random)
    return analyse(read_run(written(made, through)))

"""Everything that the run file stores of one sample. Reading it takes long: not for the interface's thread."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thinice_tui.errors import RunFileError
from thinice_tui.runfile.read_sample import read_adversarial, read_image, read_logits_at
from thinice_tui.runfile.records import Floats, Run
from thinice_tui.safe_io.printable import printable

Image = NDArray[np.uint8] | Floats


@dataclass(frozen=True)
class SampleDetail:
    """Images [C,H,W] and logits [C] of one sample under some models, dense the first; None: not stored."""

    position: int
    models: tuple[int, ...]
    """The models' numbers; what follows has one entry for each."""
    clean: Image | None
    adversarial: tuple[Floats | None, ...]
    clean_logits: tuple[Floats | None, ...]
    worst_logits: tuple[Floats | None, ...]
    problem: str = ""
    """Why something could not be read; empty where nothing went wrong."""


def load_sample_detail(run: Run, other: int, position: int, models: Sequence[int] = ()) -> SampleDetail:
    """Read one sample from the run file; a file that is gone or damaged gives a detail with a `problem`.

    other: the number of the model beside dense; 0: dense is alone. models: the numbers of all models that are asked
    for, where these are not the two.
    """
    path = Path(run.path)
    models = tuple(dict.fromkeys((0, *(models or (other,)))))
    try:
        logits = [read_logits_at(path, model, position) for model in models]
        return SampleDetail(
            position=position,
            models=models,
            clean=read_image(path, position),
            adversarial=tuple(read_adversarial(path, model, position) for model in models),
            clean_logits=tuple(clean for clean, _ in logits),
            worst_logits=tuple(worst for _, worst in logits),
        )
    except RunFileError as error:
        none = (None,) * len(models)
        return SampleDetail(position, models, None, none, none, none, printable(f"{error.what}. {error.do}"))

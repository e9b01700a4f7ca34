"""One sample with everything that is stored of it: read off the interface's thread."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thinice_tui.errors import RunFileError
from thinice_tui.printable import printable
from thinice_tui.runfile.reader import read_adversarial, read_image, read_logits_at
from thinice_tui.runfile.records import Floats, Run

Image = NDArray[np.uint8] | Floats


@dataclass(frozen=True)
class Detail:
    """Images [C,H,W] and logits [C] of one sample under dense and one other model; None: not stored."""

    position: int
    clean: Image | None
    adversarial: tuple[Floats | None, Floats | None]
    """Under dense, under the other."""
    clean_logits: tuple[Floats | None, Floats | None]
    worst_logits: tuple[Floats | None, Floats | None]
    problem: str = ""
    """Why something could not be read; empty where nothing went wrong."""


def load_detail(run: Run, other: int, position: int) -> Detail:
    """Read one sample from the run file; never raises for a file that is gone or damaged, but says so."""
    path = Path(run.path)
    try:
        logits = [read_logits_at(path, model, position) for model in (0, other)]
        return Detail(
            position=position,
            clean=read_image(path, position),
            adversarial=(read_adversarial(path, 0, position), read_adversarial(path, other, position)),
            clean_logits=(logits[0][0], logits[1][0]),
            worst_logits=(logits[0][1], logits[1][1]),
        )
    except RunFileError as error:
        return Detail(position, None, (None, None), (None, None), (None, None), printable(f"{error.what}. {error.do}"))

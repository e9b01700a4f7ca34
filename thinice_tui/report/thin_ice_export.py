"""Weights for the next pruning round, from a file of margins or a run file."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from thinice_tui.analysis.data_split import leakage_warning
from thinice_tui.analysis.measured_margins import MeasuredMargins
from thinice_tui.analysis.thin_ice_weights import (
    WeightOptions,
    flip_thinness,
    rank_thinness,
    threshold_thinness,
    weights_of,
)
from thinice_tui.errors import DataError, UsageError
from thinice_tui.report.array_file import write_arrays
from thinice_tui.report.margins_file import EXPECTED, margins_in, read_margins
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Floats, Integers, Run
from thinice_tui.safe_io.file_kind import checked_head

SQLITE = b"SQLite format 3\x00"


@dataclass(frozen=True)
class ThinIceWeights:
    """One importance for each of n samples.

    weights: float32 [n], of mean 1; indices: int64 [n], each sample's index in the original data; warning: why a
    training with them may see its test set, empty where it does not; about: how they were made, as JSON values.
    """

    weights: Floats
    indices: Integers
    warning: str
    about: dict[str, Any]

    def __len__(self) -> int:
        return len(self.weights)


def weights_from_file(path: Path, options: WeightOptions) -> ThinIceWeights:
    """The weights of the samples in a file of margins or a run file; raises ThiniceError."""
    if checked_head(path, EXPECTED, DataError).startswith(SQLITE):
        return weights_from_run(read_run(path), options)
    return weights_from_margins(read_margins(path), options)


def weights_from_run(run: Run, options: WeightOptions) -> ThinIceWeights:
    """The weights of a run's samples; raises RunFileError for one that is not finished."""
    return weights_from_margins(margins_in(run), options, run)


def weights_from_margins(measured: MeasuredMargins, options: WeightOptions, run: Run | None = None) -> ThinIceWeights:
    """The weights of measured samples. run: whose flips `flips` counts; None: there are none. Raises ThiniceError."""
    if options.formula == "flips":
        if run is None:
            raise UsageError("--formula flips needs a run with pruned models", "give a run file, or another formula")
        thinness = flip_thinness(run)
    elif options.formula == "rank":
        thinness = rank_thinness(measured.of_kind(options.margin))
    else:
        thinness = threshold_thinness(measured.of_kind(options.margin), options.share, options.softness)
    return ThinIceWeights(
        weights=weights_of(thinness, options.strength),
        indices=measured.indices,
        warning=leakage_warning(measured.source),
        about={"weights": asdict(options), "from": dict(measured.about)},
    )


def write_weights(path: Path, found: ThinIceWeights) -> None:
    """Write them as NAME.npz or NAME.csv, columns sample and weight; whole or not at all. Raises ThiniceError."""
    write_arrays(path, {"sample": found.indices, "weight": found.weights}, found.about)

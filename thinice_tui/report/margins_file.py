"""Margins of a data set as NAME.npz or NAME.csv, one row a sample, and read again."""

from pathlib import Path

from thinice_tui.analysis.measured_margins import MeasuredMargins, margins_of_run
from thinice_tui.report.array_file import Arrays, read_arrays, write_arrays
from thinice_tui.report.run_facts import run_facts
from thinice_tui.runfile.records import Run

EXPECTED = "the margins that `thinice-tui margins` writes, or a run file"


def margins_in(run: Run) -> MeasuredMargins:
    """The dense model's margins in a finished run, and how it was made; raises RunFileError for another one."""
    return margins_of_run(run, {name: fact for name, fact in run_facts(run).items() if name != "intervals"})


def write_margins(path: Path, margins: MeasuredMargins) -> None:
    """Write them, whole or not at all: sample, label, prediction, margin; of attacked ones attacked_margin and robust.

    `sample` is the index in the original data. Raises ThiniceError.
    """
    columns: Arrays = {"sample": margins.indices, "label": margins.labels, "prediction": margins.predictions}
    columns |= {"margin": margins.clean}
    if margins.attacked is not None and margins.robust is not None:
        columns |= {"attacked_margin": margins.attacked, "robust": margins.robust}
    write_arrays(path, columns, margins.about)


def read_margins(path: Path) -> MeasuredMargins:
    """The margins in a file of ours, as far as it is one; raises DataError."""
    columns, about = read_arrays(path, ("sample", "label", "prediction", "margin"), EXPECTED)
    return MeasuredMargins(
        indices=columns["sample"],
        labels=columns["label"],
        predictions=columns["prediction"],
        clean=columns["margin"],
        attacked=columns.get("attacked_margin"),
        robust=columns.get("robust"),
        about=about,
    )

"""What the interface exports as files: images as PNG in a folder, images and logits as npz. For a thread."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.model_sets import models_by_sparsity
from thinice_tui.errors import ThiniceError
from thinice_tui.report.image_export import NamedImage, file_names, save_npz, save_png
from thinice_tui.report.new_file import refuse_existing, save_new
from thinice_tui.report.sample_export import Selection, selected_csv
from thinice_tui.runfile.records import Floats, Run
from thinice_tui.tui.jobs import Cancelled, Job
from thinice_tui.tui.sample_detail import SampleDetail, load_sample_detail

PIXEL = 8
"""Each pixel of an image becomes so many pixels a side in the PNG: one of 32 × 32 is too small to see."""
LARGEST_SIDE = 512
"""An image is not made larger than that."""


def save_pictures(run: Run, positions: NDArray[np.int64], folder: Path, job: Job) -> list[Path]:
    """Write the images of these samples, clean and adversarial for each model, to `folder`; the files."""
    names = {number: run.models[number].record.name for number in range(len(run.models))}
    written: list[Path] = []
    for detail in _details(run, positions, job):
        assert detail.clean is not None
        found = zip(detail.models, detail.adversarial, strict=True)
        images = [NamedImage(f"{names[number]}-attacked", image) for number, image in found if image is not None]
        scale = max(1, min(PIXEL, LARGEST_SIDE // max(detail.clean.shape[1:])))
        index = int(run.indices[detail.position])
        written += save_png(folder, index, [NamedImage("clean", detail.clean), *images], scale)
    return written


def save_folder(chosen: Selection, folder: Path, job: Job) -> Path:
    """Write the images of the samples chosen to a new folder, and beside them their table, samples.csv."""
    refuse_existing(folder)
    try:
        save_pictures(chosen.rows.table.run, chosen.order, folder, job)
        save_new(folder / "samples.csv", selected_csv(chosen))
    except (Cancelled, ThiniceError):
        shutil.rmtree(folder, ignore_errors=True)  # it is new, and half of it is of no use
        raise
    return folder


def with_npz(path: Path) -> Path:
    """The path with the ending .npz, which numpy would add."""
    return path if path.suffix == ".npz" else path.with_name(f"{path.name}.npz")


def save_arrays(chosen: Selection, path: Path, job: Job) -> Path:
    """Write images and logits of the k samples chosen to a new npz, for all models; the path, with its ending.

    clean [k,C,H,W], index and label [k]; for each model NAME adversarial@NAME [k,C,H,W], logits@NAME and
    attacked_logits@NAME [k,classes], NaN where the run has none; run_file, compared_with, filter and sets as texts.
    """
    from thinice_tui.safe_io.limits import check_fits  # imported here: a view appears before psutil has loaded

    path = with_npz(path)
    refuse_existing(path)
    run, order = chosen.rows.table.run, chosen.order
    shape, classes = run.info.data.shape, run.info.classes
    size = 4 * len(order) * (len(run.models) * (int(np.prod(shape)) + 2 * classes) + int(np.prod(shape)))
    check_fits(f"images and logits of {len(order)} samples", size, "mark fewer samples", ThiniceError)
    names = file_names([model.record.name for model in run.models])
    kinds = {"adversarial": shape, "logits": (classes,), "attacked_logits": (classes,)}
    arrays: dict[str, NDArray[np.generic]] = {
        "index": run.indices[order],
        "label": run.labels[order],
        **{key: np.array(value) for key, value in chosen.facts().items()},
        **{
            f"{kind}@{name}": np.full((len(order), *size), np.nan, np.float32)
            for name in names
            for kind, size in kinds.items()
        },
    }
    clean: list[NDArray[np.generic]] = []
    for row, detail in enumerate(_details(run, order, job)):
        assert detail.clean is not None
        clean.append(detail.clean)
        by_kind = {
            "adversarial": detail.adversarial,
            "logits": detail.clean_logits,
            "attacked_logits": detail.worst_logits,
        }
        for kind, found in by_kind.items():
            for number, value in zip(detail.models, found, strict=True):
                _put(arrays[f"{kind}@{names[number]}"], row, value)
    arrays["clean"] = np.stack(clean)
    return save_npz(path, arrays)


def _put(array: NDArray[np.generic], row: int, value: Floats | None) -> None:
    if value is not None:
        array[row] = value


def _details(run: Run, positions: NDArray[np.int64], job: Job) -> Iterator[SampleDetail]:
    """All that the run file has of each sample; raises ThiniceError where one cannot be read."""
    numbers = models_by_sparsity(run)
    for position in job.counted(positions.tolist()):
        detail = load_sample_detail(run, 0, position, numbers)
        if detail.problem or detail.clean is None:
            raise ThiniceError(detail.problem or "no image is stored", "is the run file still there?")
        yield detail

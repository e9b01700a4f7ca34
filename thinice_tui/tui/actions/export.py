"""Saving and copying what is looked at."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from thinice_tui.errors import ThiniceError
from thinice_tui.report.image_export import NamedImage, save_npz, save_png
from thinice_tui.report.new_file import free_path, refuse_existing, save_new
from thinice_tui.report.sample_export import samples_csv, samples_json, shown_indices, thin_ice_indices
from thinice_tui.safe_io.printable import printable
from thinice_tui.tui.clipboard import copy
from thinice_tui.tui.content.sample_detail import Detail, load_detail
from thinice_tui.tui.screens.dialogs import Choice, ChoiceDialog, TextDialog

if TYPE_CHECKING:
    from thinice_tui.analysis.rows import Rows
    from thinice_tui.tui.app import ThiniceApp

Reason = str | None
NOTHING = "there are no samples to take away"
TEXTS: dict[str, tuple[str, "Callable[[Rows], str]", str]] = {
    "csv": ("samples shown, as CSV", samples_csv, "-samples.csv"),
    "json": ("samples shown, as JSON", samples_json, "-samples.json"),
    "indices": ("indices of the samples shown, one a line", shown_indices, "-indices.txt"),
    "thin_ice": ("indices that pruning lost (S10), lowest margin first", thin_ice_indices, "-thin-ice.txt"),
}
PIXEL = 8
"""PNGs are enlarged: one pixel of a 32 × 32 image is too small to see."""


class TakingAway:
    """Handlers of actions: each returns why it could do nothing, else None."""

    def __init__(self, app: "ThiniceApp") -> None:
        self.app = app

    def do_export(self) -> Reason:
        if self.app.rows is None:
            return NOTHING
        rows, sample = self.app.rows, self._sample_name()
        none = "" if len(rows.order) else "none is shown"
        lost = "" if rows.set_counts["S10"] else "none is lost so far"
        choices = [
            Choice("csv", f"{len(rows.order)} {TEXTS['csv'][0]}", none),
            Choice("json", f"{len(rows.order)} {TEXTS['json'][0]}", none),
            Choice("indices", f"{len(rows.order)} {TEXTS['indices'][0]}", none),
            Choice("thin_ice", f"{rows.set_counts['S10']} {TEXTS['thin_ice'][0]}", lost),
            Choice("png", f"images of {sample} as PNG (8 bits)", none),
            Choice("npz", f"images and logits of {sample} as npz (exact)", none),
        ]
        partial = "" if rows.table.run.complete else "The run is not finished: sets are as they are so far."
        self.app.push_screen(ChoiceDialog("Export", partial, choices), self._export_chosen)
        return None

    def _sample_name(self) -> str:
        return "no sample" if self.app.rows is None or self.app.position is None else f"#{self._index()}"

    def _index(self) -> int:
        assert self.app.rows is not None and self.app.position is not None
        return int(self.app.rows.table.run.indices[self.app.position])

    def _export_chosen(self, name: str | None) -> None:
        if name is None or self.app.rows is None or self.app.path is None:
            return
        rows, position = self.app.rows, self.app.position
        stem = printable(self.app.path.stem)
        if name in TEXTS:
            what, _, ending = TEXTS[name]
            default = free_path(Path(f"{stem}{ending}"))
        else:
            what = "folder of the images" if name == "png" else "images and logits"
            default = free_path(Path(f"{stem}-sample-{self._index()}" + ("" if name == "png" else ".npz")))

        def chosen(path: str | None) -> None:
            if path is None:
                return
            try:
                written = self._write(name, rows, position, Path(path).expanduser())
            except RuntimeError as error:  # ~somebody of whom there is no home
                self.app.notify(f"{path}: {error}", severity="error", timeout=10)
            except ThiniceError as error:
                self.app.notify(f"{error.what}; {error.do}", severity="error", markup=False, timeout=10)
            else:
                self.app.notify(f"saved {written.absolute()}", markup=False, timeout=8)

        self.app.push_screen(TextDialog("Save", what, str(default)), chosen)

    def _write(self, name: str, rows: "Rows", position: int | None, path: Path) -> Path:
        if name in TEXTS:
            return save_new(path, TEXTS[name][1](rows))
        assert position is not None
        detail = load_detail(rows.table.run, rows.view.other, position)
        if detail.problem or detail.clean is None:
            raise ThiniceError(detail.problem or "no image is stored", "is the run file still there?")
        index = int(rows.table.run.indices[position])
        pictures = _pictures(detail, ["dense", *(model.record.name for model in rows.table.compared[1:])])
        if name == "png":
            save_png(path, index, pictures, PIXEL)
            return path
        path = path if path.suffix == ".npz" else path.with_name(f"{path.name}.npz")
        refuse_existing(path)
        arrays = {"clean": detail.clean, "index": np.array(index), "label": np.array(rows.table.run.labels[position])}
        roles = ("dense", "pruned")[: len(detail.adversarial)]
        for role, image in zip(roles, detail.adversarial, strict=True):
            arrays |= {} if image is None else {f"adversarial_{role}": image}
        for kind, both in (("clean", detail.clean_logits), ("attacked", detail.worst_logits)):
            for role, logits in zip(roles, both, strict=True):
                arrays |= {} if logits is None else {f"logits_{kind}_{role}": logits}
        return save_npz(path, arrays)

    def do_copy(self) -> Reason:
        if self.app.rows is None or self.app.position is None:
            return NOTHING
        self.app.notify(f"#{self._index()}: {copy(self.app, str(self._index()))}")
        return None

    def do_copy_all(self) -> Reason:
        if self.app.rows is None or not len(self.app.rows.order):
            return NOTHING
        how = copy(self.app, shown_indices(self.app.rows).rstrip())
        self.app.notify(f"{len(self.app.rows.order)} indices: {how}")
        return None

    def do_screenshot(self) -> Reason:
        path = free_path(Path("thinice-screen.svg"))
        try:
            save_new(path, self.app.export_screenshot())
        except ThiniceError as error:
            return f"{error.what}; {error.do}"
        self.app.notify(f"saved {path.absolute()}", markup=False, timeout=8)
        return None


def _pictures(detail: Detail, names: Sequence[str]) -> list[NamedImage]:
    assert detail.clean is not None
    found = zip((f"{name}-attacked" for name in names), detail.adversarial, strict=True)
    return [NamedImage("clean", detail.clean), *(NamedImage(name, image) for name, image in found if image is not None)]

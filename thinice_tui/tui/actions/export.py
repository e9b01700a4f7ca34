"""Actions that save and copy what is shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thinice_tui.analysis.rows import Rows
from thinice_tui.errors import ThiniceError
from thinice_tui.report.image_export import NamedImage, save_npz, save_png
from thinice_tui.report.new_file import free_path, refuse_existing, save_new
from thinice_tui.report.sample_export import samples_json, shown_csv, shown_indices, thin_ice_indices
from thinice_tui.safe_io.printable import printable
from thinice_tui.tui.action_registry import Reason
from thinice_tui.tui.clipboard import copy
from thinice_tui.tui.interface import Interface
from thinice_tui.tui.sample_detail import SampleDetail, load_sample_detail
from thinice_tui.tui.screens.dialogs import Choice, ChoiceDialog, TextDialog
from thinice_tui.tui.session import Session

NOTHING = "there are no samples to export"
PIXEL = 8
"""Each pixel of an image becomes so many pixels a side in the PNG: one of 32 × 32 is too small to see."""


@dataclass(frozen=True)
class _TextExport:
    """A text made of the rows: what it holds, how it is made, and how its file's name ends."""

    title: str
    make: Callable[[Rows], str]
    ending: str


TEXTS = {
    "csv": _TextExport("samples shown, as CSV", shown_csv, "-samples.csv"),
    "json": _TextExport("samples shown, as JSON", samples_json, "-samples.json"),
    "indices": _TextExport("indices of the samples shown, one a line", shown_indices, "-indices.txt"),
    "thin_ice": _TextExport("indices that pruning lost (S10), lowest margin first", thin_ice_indices, "-thin-ice.txt"),
}


class ExportActions:
    """Handlers of actions, `do_<name>`: each returns why it could do nothing, else None."""

    def __init__(self, session: Session, interface: Interface) -> None:
        self._session, self._interface = session, interface

    def do_export(self) -> Reason:
        rows = self._session.rows
        if rows is None:
            return NOTHING
        index = self._selected_index()
        sample = "no sample" if index is None else f"#{index}"
        none = "" if len(rows.order) else "none is shown"
        lost = "" if rows.set_counts["S10"] else "none is lost so far"
        choices = [
            *(Choice(name, f"{len(rows.order)} {TEXTS[name].title}", none) for name in ("csv", "json", "indices")),
            Choice("thin_ice", f"{rows.set_counts['S10']} {TEXTS['thin_ice'].title}", lost),
            Choice("png", f"images of {sample} as PNG (8 bits)", none),
            Choice("npz", f"images and logits of {sample} as npz (exact)", none),
        ]
        partial = "" if rows.table.run.complete else "The run is not finished: sets are as they are so far."
        self._interface.ask(ChoiceDialog("Export", partial, choices), self._export_answered)
        return None

    def _selected_index(self) -> int | None:
        """The selected sample's original index; None where no sample is selected."""
        rows, position = self._session.rows, self._session.position
        return None if rows is None or position is None else int(rows.table.run.indices[position])

    def _export_answered(self, name: str | None) -> None:
        """Ask for the file's name, then write it."""
        rows, position, path = self._session.rows, self._session.position, self._session.path
        if name is None or rows is None or path is None:
            return
        stem = printable(path.stem)
        if name in TEXTS:
            what, default = TEXTS[name].title, f"{stem}{TEXTS[name].ending}"
        else:
            what = "folder of the images" if name == "png" else "images and logits"
            default = f"{stem}-sample-{self._selected_index()}" + ("" if name == "png" else ".npz")

        def answered(chosen: str | None) -> None:
            if chosen is None:
                return
            try:
                written = _write(name, rows, position, Path(chosen).expanduser())
            except RuntimeError as error:  # ~user, and there is no such user
                self._interface.notify(f"{chosen}: {error}", severity="error", timeout=10)
            except ThiniceError as error:
                self._interface.notify(f"{error.what}; {error.do}", severity="error", timeout=10)
            else:
                self._interface.notify(f"saved {written.absolute()}", timeout=8)

        self._interface.ask(TextDialog("Save", what, str(free_path(Path(default)))), answered)

    def do_copy(self) -> Reason:
        index = self._selected_index()
        if index is None:
            return NOTHING
        self._interface.notify(f"#{index}: {copy(str(index), self._interface.copy_to_clipboard)}")
        return None

    def do_copy_all(self) -> Reason:
        rows = self._session.rows
        if rows is None or not len(rows.order):
            return NOTHING
        how = copy(shown_indices(rows).rstrip(), self._interface.copy_to_clipboard)
        self._interface.notify(f"{len(rows.order)} indices: {how}")
        return None

    def do_screenshot(self) -> Reason:
        path = free_path(Path("thinice-screen.svg"))
        try:
            save_new(path, self._interface.export_screenshot())
        except ThiniceError as error:
            return f"{error.what}; {error.do}"
        self._interface.notify(f"saved {path.absolute()}", timeout=8)
        return None


def _write(name: str, rows: Rows, position: int | None, path: Path) -> Path:
    """Write the export `name` to `path`, or to `path` with the ending that it lacks; where it was written."""
    if name in TEXTS:
        return save_new(path, TEXTS[name].make(rows))
    assert position is not None
    detail = load_sample_detail(rows.table.run, rows.view.other, position)
    if detail.problem or detail.clean is None:
        raise ThiniceError(detail.problem or "no image is stored", "is the run file still there?")
    index = int(rows.table.run.indices[position])
    if name == "png":
        names = ["dense", *(model.record.name for model in rows.table.compared[1:])]
        save_png(path, index, _pictures(detail, names), PIXEL)
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


def _pictures(detail: SampleDetail, names: Sequence[str]) -> list[NamedImage]:
    """The clean image, and the adversarial image of each model that has one."""
    assert detail.clean is not None
    found = zip((f"{name}-attacked" for name in names), detail.adversarial, strict=True)
    return [NamedImage("clean", detail.clean), *(NamedImage(name, image) for name, image in found if image is not None)]

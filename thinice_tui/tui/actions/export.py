"""Actions that save and copy what is shown or marked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from thinice_tui.errors import ThiniceError
from thinice_tui.report.new_file import check_new, free_path, save_new
from thinice_tui.report.sample_columns import PIECE
from thinice_tui.report.sample_export import (
    Selection,
    bare_indices,
    samples_json,
    selected_csv,
    selected_indices,
    thin_ice_indices,
)
from thinice_tui.safe_io.printable import printable
from thinice_tui.tui.action_registry import Reason
from thinice_tui.tui.clipboard import copy
from thinice_tui.tui.desktop import show_on_desktop
from thinice_tui.tui.export_files import save_arrays, save_folder, save_pictures, with_npz
from thinice_tui.tui.interface import Interface
from thinice_tui.tui.jobs import Job, Jobs
from thinice_tui.tui.screens.dialogs import Choice, ChoiceDialog, TextDialog
from thinice_tui.tui.session import Session

NOTHING = "there are no samples to export"


@dataclass(frozen=True)
class _TextExport:
    """A text made of samples: what it holds, how it is made, and how its file's name ends."""

    title: str
    make: Callable[[Selection], Iterator[str]]
    ending: str


TEXTS = {
    "csv": _TextExport("as CSV", selected_csv, "-samples.csv"),
    "json": _TextExport("as JSON", samples_json, "-samples.json"),
    "indices": _TextExport("only their indices, one a line", selected_indices, "-indices.txt"),
    "thin_ice": _TextExport("indices that are lost (S10), lowest margin first", thin_ice_indices, "-thin-ice.txt"),
}


class ExportActions:
    """Handlers of actions, `do_<name>`: each returns why it could do nothing, else None."""

    def __init__(self, session: Session, interface: Interface, jobs: Jobs) -> None:
        self._session, self._interface, self._jobs = session, interface, jobs

    def do_export(self) -> Reason:
        rows, many = self._session.rows, self._chosen()
        if self._jobs.current is not None:
            return self._ask_to_cancel(self._jobs.current)
        if rows is None or many is None:
            return NOTHING
        index, count = self._selected_index(), len(many.order)
        which = "marked" if many.is_marked else "shown"
        none = "" if count else "none is shown"
        lost = "" if rows.set_counts["S10"] else "none is lost so far"
        sample = f"{count} marked" if many.is_marked else "no sample" if index is None else f"#{index}"
        choices = [
            *(
                Choice(name, f"{count} samples {which}: {TEXTS[name].title}", none)
                for name in ("csv", "json", "indices")
            ),
            Choice("thin_ice", f"{rows.set_counts['S10']} {TEXTS['thin_ice'].title}", lost),
            Choice("png", f"images of {sample}: PNG (8 bits), under all models", none),
            Choice("npz", f"images and logits of {sample}: npz (exact)", none),
        ]
        if not many.is_marked:
            choices.append(Choice("all_png", f"images of the {count} samples shown: PNG", none))
        partial = "" if rows.table.run.complete else "The run is not finished: sets are as they are so far."
        self._interface.ask(ChoiceDialog("Export", partial, choices), self._export_answered)
        return None

    def _ask_to_cancel(self, job: Job) -> Reason:
        def answered(name: str | None) -> None:
            if name == "cancel":
                job.cancel()

        choices = [Choice("back", "Let it go on"), Choice("cancel", "Cancel it")]
        self._interface.ask(ChoiceDialog(f"{job.what[0].upper()}{job.what[1:]}", "", choices), answered)
        return None

    def _chosen(self) -> Selection | None:
        """The samples that are marked, else those shown; None where there are none yet."""
        rows, marked = self._session.rows, self._session.marked
        if rows is None:
            return None
        return Selection.marked(rows, marked) if marked else Selection.shown(rows)

    def _one(self) -> Selection | None:
        """The samples that are marked, else the one that is selected."""
        rows, position = self._session.rows, self._session.position
        marked = self._session.marked or (frozenset() if position is None else {position})
        return Selection.marked(rows, marked) if rows is not None and marked else None

    def _selected_index(self) -> int | None:
        """The selected sample's original index; None where no sample is selected."""
        rows, position = self._session.rows, self._session.position
        return None if rows is None or position is None else int(rows.table.run.indices[position])

    def _export_answered(self, name: str | None) -> None:
        """Ask for the file's name, then write it."""
        chosen = self._one() if name in ("png", "npz") else self._chosen()
        if name is None or chosen is None:
            return
        index = "" if self._session.marked else f"-sample-{self._selected_index()}"
        stem = f"{printable(Path(chosen.rows.table.run.path).stem)}{index}" if index else chosen.name
        if name in TEXTS:
            what, default = TEXTS[name].title, f"{chosen.name}{TEXTS[name].ending}"
            if name == "thin_ice":
                default = f"{printable(Path(chosen.rows.table.run.path).stem)}-{chosen.model}{TEXTS[name].ending}"
        elif name == "all_png":
            what, default = "folder of the images", f"{chosen.name}-images"
        else:
            what = "folder of the images" if name == "png" else "images and logits"
            default = f"{stem}{'' if index else '-images'}{'' if name == 'png' else '.npz'}"

        def answered(typed: str | None) -> None:
            if typed is None:
                return
            path = _path(name, typed)
            reason = self._jobs.start(
                f"saving {len(chosen.order)} samples", len(chosen.order), lambda job: _write(name, chosen, path, job)
            )
            if reason:
                self._interface.notify(reason, severity="warning", timeout=6)

        default = str(free_path(Path(default)))
        self._interface.ask(TextDialog("Save", what, default, lambda typed: _problem(name, typed)), answered)

    def do_pictures(self) -> Reason:
        """Write the images of the selected sample, or of those marked; say where, and show them on a desktop."""
        chosen, path = self._one(), self._session.path
        if chosen is None or path is None:
            return NOTHING
        stem = printable(path.stem)
        folder = Path(f"{chosen.name}-images" if self._session.marked else f"{stem}-sample-{self._selected_index()}")
        folder, run, order = folder.absolute(), chosen.rows.table.run, chosen.order

        def work(job: Job) -> str:
            written = save_pictures(run, order, folder, job)
            shown = show_on_desktop(written[0])
            return f"{len(written)} PNG in {folder}" + (", shown by the desktop" if shown else "")

        return self._jobs.start(f"saving images of {len(order)} samples", len(order), work)

    def do_copy(self) -> Reason:
        chosen = self._one()
        if chosen is None:
            return NOTHING
        index = self._selected_index()
        return self._copy(chosen, f"{len(chosen.order)} marked indices" if self._session.marked else f"#{index}")

    def do_copy_all(self) -> Reason:
        rows = self._session.rows
        if rows is None or not len(rows.order):
            return NOTHING
        return self._copy(Selection.shown(rows), f"{len(rows.order)} indices")

    def _copy(self, chosen: Selection, what: str) -> Reason:
        def work(job: Job) -> str:
            text = "".join(job.counted(bare_indices(chosen), PIECE)).rstrip()
            return f"{what}: {copy(text, self._jobs.in_interface(self._interface.copy_to_clipboard))}"

        return self._jobs.start(f"copying {what}", len(chosen.order), work)

    def do_screenshot(self) -> Reason:
        path = free_path(Path("thinice-screen.svg"))
        try:
            save_new(path, [self._interface.export_screenshot()])
        except ThiniceError as error:
            return f"{error.what}; {error.do}"
        self._interface.notify(f"saved {path.absolute()}", timeout=8)
        return None


def _path(name: str, typed: str) -> Path:
    """The path of the export `name`, with the ending that it lacks; raises RuntimeError where `~user` is nobody."""
    path = Path(typed).expanduser().absolute()
    return with_npz(path) if name == "npz" else path


def _problem(name: str, typed: str) -> str | None:
    """Why the export `name` cannot be written to the path that was typed, and what to do; None where it can."""
    try:
        path = _path(name, typed)
        check_new(path, is_folder=name in ("png", "all_png"))
    except RuntimeError as error:
        return f"{typed}: {error}; give the whole path"
    except ThiniceError as error:
        return f"{error.what}; {error.do}"
    return None


def _write(name: str, chosen: Selection, path: Path, job: Job) -> str:
    """Write the export `name` to `path`; what to say."""
    if name in TEXTS:
        written = save_new(path, job.counted(TEXTS[name].make(chosen), PIECE))
    elif name == "npz":
        written = save_arrays(chosen, path, job)
    else:
        written = save_folder(chosen, path, job)
    return f"saved {written}"

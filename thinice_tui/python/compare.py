"""`thinice_tui.compare`: a dense module and its pruned versions in memory, compared as the command compares files."""

import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from torch import Tensor, nn

from thinice_tui.engine.prepare_modules import prepare_modules
from thinice_tui.errors import RunFileError, ThiniceWarning
from thinice_tui.protocol.model_files import Role
from thinice_tui.protocol.settings import KeepImages
from thinice_tui.python.arguments import device_of, modules_by_name, samples_of, settings_of
from thinice_tui.python.attack_options import AttackOptions, chosen, with_attack_options
from thinice_tui.python.engine_call import compute_run, undisturbed
from thinice_tui.python.load import PathLike, load_run
from thinice_tui.python.loaded_run import LoadedRun
from thinice_tui.python.wording import words_of_python
from thinice_tui.runfile.schema import SUFFIX
from thinice_tui.safe_io.paths import expanded

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@with_attack_options
def compare(
    dense: nn.Module,
    pruned: Mapping[str, nn.Module],
    images: "Tensor | ArrayLike",
    labels: "Tensor | ArrayLike",
    *,
    control: nn.Module | None = None,
    distances: bool = False,
    keep_images: KeepImages = "flips",
    run: PathLike | None = None,
    **options: Unpack[AttackOptions],
) -> LoadedRun:
    """Attack a dense module and its pruned versions, each on its own, and return the run as `load_run` does.

    Args:
        dense: the module before pruning. Like all modules it maps images in [0,1] to logits [n,C]: its normalisation
            must be inside. It is copied, and stays as it is: mode, gradients, device, weights and hooks.
        pruned: its pruned versions by name.
        images: [n,C,H,W] with 1 or 3 channels, floats in [0,1] or uint8 in [0,255]; a tensor or an array.
        labels: class numbers [n].
        control: the dense module retrained as the pruned ones were, but without pruning.
        distances: whether each sample's distance to the decision boundary is measured, too.
        keep_images: adversarial images that are kept: flips, all or none.
        run: the run file, which `thinice-tui open` shows, also while it grows. The same call goes on with an
            unfinished one, after an interruption too, and computes nothing for a finished one; other weights, data or
            settings are refused. None: nothing stays on the disk.
        {options}
    """
    given = chosen(options)
    modules: list[tuple[Role, str, nn.Module]] = [("dense", "dense", dense)]
    with words_of_python(), _run_file(run) as path:
        modules += [("pruned", name, module) for name, module in modules_by_name(pruned).items()]
        modules += [] if control is None else [("control", "control", control)]
        device = device_of(given["device"], dense)
        with undisturbed(device):
            samples = samples_of(images, labels, given["indices"], given["class_names"])
            settings = settings_of(given, keep_images, distances)
            before = None
            with suppress(RunFileError):  # no run yet, or one that the engine refuses
                before = load_run(path)
            if before is not None:
                check_told(before, [name for _, name, _ in modules], samples.class_names, settings.keep_images)
            prepared = prepare_modules(modules, samples, settings, path, device)
            compute_run(prepared, settings, given["progress"], given["randomized"])
        loaded = load_run(path)
        for message in loaded.warnings if before is not None and before.complete else ():
            warnings.warn(message, ThiniceWarning, stacklevel=2)
        if run is None:
            loaded.keep_in_memory()
    return loaded


@contextmanager
def _run_file(run: PathLike | None) -> Iterator[Path]:
    """The path of the run file; of one that is removed at the end where `run` is None."""
    if run is not None:
        yield expanded(os.fspath(run))
        return
    with tempfile.TemporaryDirectory(prefix="thinice-") as folder:
        yield Path(folder) / f"memory{SUFFIX}"


def check_told(before: LoadedRun, names: Sequence[str], class_names: Sequence[str], keep_images: KeepImages) -> None:
    """Raise RunFileError where the run file holds other names, or other images, than are asked for now.

    These decide no outcome, so they are no part of what makes a run the same.
    """
    told = {
        "models": ([model.name for model in before.models], list(names)),
        "class_names": (list(before.class_names), list(class_names)),
        "keep_images": (before.settings.keep_images, keep_images),
    }
    if differ := [f"{key} was {then}, now {now}" for key, (then, now) in told.items() if then != now]:
        raise RunFileError(f"{before.path}: was begun with another: {'; '.join(differ)}", "give another file with run")

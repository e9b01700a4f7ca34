"""`thinice_tui.compare`: a dense module and its pruned versions in memory, compared as the command compares files."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from torch import Tensor, nn

from thinice_tui.engine.prepare_modules import prepare_modules
from thinice_tui.errors import UsageError
from thinice_tui.protocol.model_files import Role
from thinice_tui.protocol.settings import KeepImages
from thinice_tui.python.arguments import device_of, samples_of, settings_of
from thinice_tui.python.attack_options import AttackOptions, chosen, with_attack_options
from thinice_tui.python.engine_call import compute_run, own_random_numbers
from thinice_tui.python.load import PathLike, load_run
from thinice_tui.python.loaded_run import LoadedRun
from thinice_tui.python.wording import words_of_python
from thinice_tui.runfile.schema import SUFFIX
from thinice_tui.safe_io.paths import expanded

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

ROLES = ("dense", "control")
"""Names that models other than the dense one and the control must not have."""


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
    modules += [("pruned", _checked_name(name), module) for name, module in pruned.items()]
    modules += [] if control is None else [("control", "control", control)]
    with words_of_python(), _run_file(run) as path:
        device = device_of(given["device"], dense)
        with own_random_numbers(device):
            samples = samples_of(images, labels, given["indices"], given["class_names"])
            settings = settings_of(given, keep_images, distances)
            prepared = prepare_modules(modules, samples, settings, path, device)
            compute_run(prepared, settings, given["progress"], given["randomized"])
        loaded = load_run(path)
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


def _checked_name(name: str) -> str:
    if not isinstance(name, str) or not name.strip() or name in ROLES:
        raise UsageError(f"a pruned model is named {name!r}", "expected a name that is not empty, dense or control")
    return name

"""The checks of all models before the attacks begin: outputs, determinism and gradients.

A view sees which check is running. The checks of normalisation, accuracy and eps are called where their inputs are
known; each check of this folder raises ThiniceError for what is refused, and returns what it found and its warnings.
"""

from collections.abc import Sequence
from pathlib import Path

import torch

from thinice_tui.data.samples import Samples
from thinice_tui.engine.control.run_control import stopped
from thinice_tui.engine.preflight.check_result import CheckResult
from thinice_tui.engine.preflight.determinism import check_determinism
from thinice_tui.engine.preflight.gradients import check_gradients
from thinice_tui.engine.preflight.outputs import check_outputs
from thinice_tui.engine.run_model import RunModel
from thinice_tui.engine.worker.memory import explained_memory_errors
from thinice_tui.errors import ModelError
from thinice_tui.runfile.control import clear_control, read_control
from thinice_tui.runfile.run_claim import RunClaim


def check_models(
    models: Sequence[RunModel], samples: Samples, images: Samples, device: torch.device, path: Path, claim: RunClaim
) -> tuple[int, list[tuple[str, CheckResult]]]:
    """Run all checks on `device`; returns the number of classes, and (model name, result) for each check.

    samples: those of the run, whose labels must fit; images: samples spread over the whole data, for determinism and
    gradients; path, claim: the run file and this engine's claim on it.

    Raises ThiniceError for what is refused, Interrupted where a view of a claimed run asks to stop.
    """
    results: list[tuple[str, CheckResult]] = []
    for model in models:
        _announce(claim, path, f"{model.name} · determinism")
        with explained_memory_errors(f"{model.name}, determinism on {device}"):
            results += [(model.name, result) for result in check_determinism(model.loaded, images, device)]
    classes = _common_classes(models, samples, device)
    for model in models:
        _announce(claim, path, f"{model.name} · gradients")
        with explained_memory_errors(f"{model.name}, gradients on {device}"):
            results += [(model.name, result) for result in check_gradients(model.loaded, images, device)]
    return classes, results


def _announce(claim: RunClaim, path: Path, doing: str) -> None:
    """Show `doing` to the views; raise Interrupted where one of them asks to stop."""
    claim.report(doing)
    if claim.is_held and read_control(path) == "stop":
        clear_control(path)
        raise stopped("stopped as asked, before the attacks", path)


def _common_classes(models: Sequence[RunModel], samples: Samples, device: torch.device) -> int:
    """The number of classes of all models; raises ModelError where they differ."""
    found = [check_outputs(model.loaded, samples, device) for model in models]
    for model, classes in zip(models, found, strict=True):
        if classes != found[0]:
            raise ModelError(
                f"{model.loaded.path} knows {classes} classes, {models[0].loaded.path} knows {found[0]}",
                "a comparison needs models of the same task",
            )
    return found[0]

"""What is looked at before the attacks begin, while views see that the engine starts."""

from collections.abc import Sequence
from pathlib import Path

import torch

from thinice_tui.data.samples import Samples
from thinice_tui.engine.findings import Check
from thinice_tui.engine.plan import RunModel
from thinice_tui.engine.preflight.determinism import check_behaviour
from thinice_tui.engine.preflight.gradients import check_gradients
from thinice_tui.engine.preflight.outputs import probe_outputs
from thinice_tui.errors import Interrupted, ModelError
from thinice_tui.runfile.control import clear_control, read_control
from thinice_tui.runfile.run_claim import RunClaim


def check_models(
    models: Sequence[RunModel], samples: Samples, images: Samples, device: torch.device, path: Path, hold: RunClaim
) -> tuple[int, list[tuple[str, Check]]]:
    """The number of classes, and what was seen of each model by its name, on the run's device.

    images: some of the whole data, spread over it, for the checks of behaviour and gradients.

    Raises ThiniceError for what is refused, Interrupted where a view of the run that is held asks to stop.
    """
    checks: list[tuple[str, Check]] = []
    for model in models:
        _begin_check(hold, path, f"{model.name} · behaviour")
        checks += [(model.name, check) for check in check_behaviour(model.loaded, images, device)]
    classes = _common_classes(models, samples, device)
    for model in models:
        _begin_check(hold, path, f"{model.name} · gradients")
        checks += [(model.name, check) for check in check_gradients(model.loaded, images, device)]
    return classes, checks


def _begin_check(hold: RunClaim, path: Path, doing: str) -> None:
    hold.report(doing)
    if hold.is_held and read_control(path) == "stop":
        clear_control(path)
        raise Interrupted(
            f"stopped as asked, before the attacks went on; everything so far is kept in {path}",
            f"repeat the command to go on, or look at it: thinice-tui open {path}",
        )


def _common_classes(models: Sequence[RunModel], samples: Samples, device: torch.device) -> int:
    found = [probe_outputs(model.loaded, samples, device) for model in models]
    for model, classes in zip(models, found, strict=True):
        if classes != found[0]:
            raise ModelError(
                f"{model.loaded.path} knows {classes} classes, {models[0].loaded.path} knows {found[0]}",
                "a comparison needs models of the same task",
            )
    return found[0]

"""A comparison of torch modules in memory: prepared for the same run as one of model files."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from thinice_tui.data.samples import Samples
from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.compare import PreparedRun, warnings_of_weights
from thinice_tui.engine.preflight.budget import check_budget
from thinice_tui.engine.preflight.determinism import check_determinism
from thinice_tui.engine.preflight.own_weights import check_own_weights
from thinice_tui.engine.run import PROBED
from thinice_tui.engine.run_model import RunModel
from thinice_tui.engine.worker.device import CPU, check_precision
from thinice_tui.engine.worker.full_precision import full_precision
from thinice_tui.errors import ModelError
from thinice_tui.models.in_memory import from_memory
from thinice_tui.models.weight_similarity import compare_models
from thinice_tui.protocol.model_files import Role
from thinice_tui.protocol.settings import Settings


def prepare_modules(
    modules: Sequence[tuple[Role, str, nn.Module]],
    samples: Samples,
    settings: Settings,
    path: Path,
    device: torch.device = CPU,
) -> PreparedRun:
    """Copies of the modules and their samples, with the run file `path`; the dense one first. Raises ThiniceError."""
    check_precision(settings.precision, device)
    models = tuple(RunModel(role, name, from_memory(module, name)) for role, name, module in modules)
    for model in models:
        check_own_weights(model.loaded, samples)
    similarities = [compare_models(models[0].loaded, other.loaded) for other in models[1:]]
    kinship = {model.name: kin.as_json() for model, kin in zip(models[1:], similarities, strict=True)}
    return PreparedRun(
        models,
        samples,
        StratifiedSample(samples),
        path,
        device,
        notes=(*(f"{model.name}: {note}" for model in models for note in model.loaded.notes), *samples.notes),
        warnings=warnings_of_weights(models, similarities),
        budget=check_budget(samples, settings),
        origin={"normalization": {model.name: {"source": model.loaded.source} for model in models}, "kinship": kinship},
    )


def refuse_randomized(prepared: PreparedRun) -> None:
    """Raise ModelError for a model whose logits change from pass to pass, which the command only warns of."""
    images = prepared.probe.first(PROBED)
    with full_precision():
        for model in prepared.models:
            for result in check_determinism(model.loaded, images, prepared.device):
                if result.warning:
                    raise ModelError(result.warning, "remove the noise, or attack it all the same with randomized=True")

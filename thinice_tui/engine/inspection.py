"""Inspection of model files and of this machine's versions and devices."""

import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import torch

from thinice_tui.engine.load_models import load_models
from thinice_tui.engine.run_model import RunModel
from thinice_tui.models.layer_weights import classes, input_channels
from thinice_tui.models.load import LoadedModel
from thinice_tui.models.pruning_warnings import doubt_of_unpruned
from thinice_tui.models.weight_similarity import (
    compare_models,
    warning_if_unrelated,
    warnings_of_unused_keep,
)
from thinice_tui.protocol.model_files import model_files, plain_name
from thinice_tui.protocol.model_options import ModelOptions
from thinice_tui.report.inspected_model import DenseComparison, FileFacts, InspectedModel
from thinice_tui.version import package_version

METADATA = ("arch", "dataset", "class_names", "recipe", "seed", "measured", "epoch", "best_prec1", "acc", "num_classes")
"""Entries of a checkpoint that are shown."""


def inspect_models(paths: Sequence[Path], options: ModelOptions) -> Iterator[InspectedModel]:
    """Load each file as `compare` does, and compare each after the first with the first, which has the role `dense`.

    Raises ThiniceError at the first file that cannot be loaded or that is for another task than the first.
    """
    files = model_files(paths[0], paths[1:])
    dense: LoadedModel | None = None
    each = options.for_files(files)
    for file, own, model in zip(files, each, load_models(files, each), strict=True):
        record = RunModel("dense", plain_name(file.path), model).record()
        comparison = None if dense is None else _comparison(dense, model)
        yield InspectedModel(record, _facts(model, own.keep), comparison)
        dense = dense or model


def _facts(model: LoadedModel, keep: float | None) -> FileFacts:
    checkpoint = model.checkpoint
    return FileFacts(
        size=sum(file.stat().st_size for file in checkpoint.files),
        form=checkpoint.form,
        container=checkpoint.container or None,
        sha256=checkpoint.sha256,
        folded=tuple(checkpoint.folded),
        notes=tuple(model.notes),
        classes=classes(model.network),
        input_channels=input_channels(model.network),
        normalization_source=model.source,
        metadata={key: checkpoint.about[key] for key in METADATA if key in checkpoint.about},
        warnings=tuple(warnings_of_unused_keep(None, [(model, keep)])),
        architectures=model.possible_architectures if model.alternatives else (),
    )


def _comparison(dense: LoadedModel, model: LoadedModel) -> DenseComparison:
    similarity = compare_models(dense, model)
    return DenseComparison(
        dense=str(dense.path),
        doubt=warning_if_unrelated(dense, model, similarity) or doubt_of_unpruned(dense, model),
        related=similarity.related,
        summary=similarity.sentence(),
        removed=similarity.removed,
        dense_parameters=dense.sparsity.parameters,
        similarity=similarity.as_json(),
    )


def environment() -> tuple[tuple[str, str], ...]:
    """Versions and devices, as (name, value)."""
    packages = ("torch", "torchattacks", "numpy", "scipy", "rich", "typer", "plotext")
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return (
        ("thinice-tui", package_version()),
        ("python", f"{platform.python_version()} on {platform.platform()}"),
        *((name, version(name)) for name in packages),
        ("cpu threads", str(torch.get_num_threads())),
        ("gpus", ", ".join(gpus) or "none"),
    )

"""Inspection of model files and of this machine's versions and devices."""

import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import torch

from thinice_tui import __version__
from thinice_tui.engine.plan import RunModel
from thinice_tui.models.load import LoadedModel, load_model
from thinice_tui.models.masks.mask_file import split_mask_file
from thinice_tui.models.weight_similarity import (
    classes,
    compare_models,
    input_channels,
    warning_if_unrelated,
    warnings_of_unused_keep,
)
from thinice_tui.protocol.request import ModelOptions
from thinice_tui.runfile.records import ModelRecord

METADATA = ("arch", "dataset", "class_names", "recipe", "seed", "measured", "epoch", "best_prec1", "acc", "num_classes")
"""Entries of a checkpoint that are shown."""


@dataclass(frozen=True)
class Inspection:
    """A model's record, and the facts of its file as (name, value).

    comparison: for a model after the first, its similarity to the first as (name, value).
    """

    record: ModelRecord
    facts: tuple[tuple[str, object], ...]
    comparison: tuple[tuple[str, object], ...] = ()


def inspect_models(paths: Sequence[Path], arch: str, normalize: str, options: ModelOptions) -> Iterator[Inspection]:
    """Load each file as `compare` does, and compare each after the first with the first.

    Raises ThiniceError at the first file that cannot be loaded, or that is for another task than the first.
    """
    dense: LoadedModel | None = None
    for number, path in enumerate(paths):
        keep = options.keep_for(number, number > 0 or len(paths) == 1, len(paths))
        model = load_model(path, arch, normalize, keep, options.trust_pickle)
        record = RunModel("dense", path.stem, model).record()
        unused = [("--keep", warning) for warning in warnings_of_unused_keep(None, [(model, keep)])]
        yield Inspection(record, (*_facts(model), *unused), () if dense is None else _comparison(dense, model))
        dense = dense or model


def _facts(model: LoadedModel) -> tuple[tuple[str, object], ...]:
    checkpoint = model.checkpoint
    file, _ = split_mask_file(checkpoint.path)
    facts: list[tuple[str, object]] = [("bytes", file.stat().st_size), ("form", checkpoint.form)]
    facts += [("weights under", checkpoint.container or None), ("sha256", checkpoint.sha256)]
    facts += [("folded", list(checkpoint.folded))] if checkpoint.folded else []
    facts += [("notes", list(model.notes))] if model.notes else []
    facts += [("classes", classes(model.network)), ("input channels", input_channels(model.network))]
    facts += [("normalisation from", model.source)]
    return (*facts, *(("arch in the file" if key == "arch" else key, checkpoint.about[key])
                      for key in METADATA if key in checkpoint.about))  # fmt: skip


def _comparison(dense: LoadedModel, model: LoadedModel) -> tuple[tuple[str, object], ...]:
    similarity = compare_models(dense, model)
    doubt = warning_if_unrelated(dense, model, similarity)
    related = {True: "yes", False: "no", None: "cannot be told"}[similarity.related]
    verdict = doubt or ("nothing speaks against it" if similarity.related else "too little in common to tell")
    numbers = {key: None if value != value else value for key, value in asdict(similarity).items()}  # NaN is no JSON
    return (
        ("compared with", str(dense.path)),
        ("a pruned version of it?", verdict),
        ("weights related", related),
        ("weights", similarity.sentence()),
        ("parameters removed", f"{100 * similarity.removed:.2f} % of {dense.sparsity.parameters:,}"),
        ("kinship", numbers),
    )


def environment() -> tuple[tuple[str, str], ...]:
    """Versions and devices, as (name, value)."""
    packages = ("torch", "torchattacks", "numpy", "scipy", "rich", "typer", "plotext")
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return (
        ("thinice-tui", __version__),
        ("python", f"{platform.python_version()} on {platform.platform()}"),
        *((name, version(name)) for name in packages),
        ("cpu threads", str(torch.get_num_threads())),
        ("gpus", ", ".join(gpus) or "none"),
    )

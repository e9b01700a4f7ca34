"""How a model reaches the workers: sent as it is, or, where its code is the user's, loaded by each from its file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from thinice_tui.engine.run_model import RunModel
from thinice_tui.errors import CheckpointError, UsageError
from thinice_tui.models.classifier import Classifier, Normalization
from thinice_tui.models.load import load_model
from thinice_tui.protocol.arch_spec import ArchSpec
from thinice_tui.protocol.model_files import Role
from thinice_tui.protocol.model_options import FileOptions


@dataclass(frozen=True)
class SentModel:
    """A classifier whose code is this package's, or that of one that is installed."""

    classifier: Classifier


@dataclass(frozen=True)
class StoredModel:
    """A model file with code of its own, which each worker loads as the engine did."""

    role: Role
    name: str
    path: Path
    options: FileOptions
    normalization: Normalization | None
    identity: str
    """What the engine's has, and the worker's must have."""


Parcel = SentModel | StoredModel


def parcel_of(model: RunModel) -> Parcel:
    """What is sent of a model; raises UsageError for one that is in memory alone and has code of its own."""
    loaded = model.loaded
    if not loaded.has_own_code:
        return SentModel(loaded.classifier().to("cpu"))  # a worker may not have the device where it was checked
    if model.options is None:
        raise UsageError(
            f"{model.name}: is a module in memory, whose code workers do not have", "attack it on one device"
        )
    options = replace(model.options, arch=_absolute(model.options.arch))
    return StoredModel(
        model.role, model.name, loaded.path.absolute(), options, loaded.normalization, model.identity().text()
    )


def opened(parcels: Sequence[Parcel]) -> list[Classifier]:
    """The classifiers, on a worker; raises CheckpointError where a file is missing there or is another one."""
    return [parcel.classifier if isinstance(parcel, SentModel) else _loaded(parcel) for parcel in parcels]


def _loaded(parcel: StoredModel) -> Classifier:
    own = parcel.options
    try:
        loaded = load_model(parcel.path, own.arch, "none", own.keep, own.trust, own.key)
    except OSError as error:
        raise CheckpointError(f"{parcel.path}: cannot be read ({error.strerror})", _ADVICE) from error
    model = RunModel(parcel.role, parcel.name, replace(loaded, normalization=parcel.normalization))
    if model.identity().text() != parcel.identity:
        raise CheckpointError(f"{parcel.path}: is another model there than here ({parcel.name})", _ADVICE)
    return model.loaded.classifier()


def _absolute(arch: str) -> str:
    """The architecture with the path of its code made absolute: workers begin in other folders."""
    try:
        where = arch if arch.endswith(".py") else ArchSpec.parse(arch).where
    except UsageError:  # a known architecture's name
        return arch
    return arch.replace(where, str(Path(where).absolute()), 1) if where.endswith(".py") else arch


_ADVICE = "a model with code of its own is read by each worker: put the file on a disk that all machines share"

"""From files and options to a run: what `thinice-tui compare` does, whatever looks at it."""

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from thinice_tui.data.samples import Samples
from thinice_tui.data.selection import select
from thinice_tui.data.spec import read_samples, stored_spec
from thinice_tui.engine.device import choose_device
from thinice_tui.engine.observer import Observer
from thinice_tui.engine.plan import RunModel, default_path
from thinice_tui.engine.run import run_comparison
from thinice_tui.models.load import LoadedModel, load_model
from thinice_tui.runfile.control import this_engine
from thinice_tui.runfile.records import Role
from thinice_tui.settings import Request


@dataclass(frozen=True)
class Prepared:
    """Everything read and checked that can be without attacking, and where the run goes."""

    models: tuple[RunModel, ...]
    samples: Samples
    path: Path


def prepare(request: Request) -> Prepared:
    """Read models and data; raises ThiniceError before anything is written."""
    files: list[tuple[Role, Path]] = [("dense", request.dense)]
    files += [("pruned", path) for path in request.pruned]
    files += [("control", request.control)] if request.control else []
    loaded = [load_model(path, request.arch, request.normalize) for _, path in files]
    names = _unique_names([path for _, path in files])
    models = tuple(RunModel(role, name, model) for (role, _), name, model in zip(files, names, loaded, strict=True))
    samples = _samples(request, loaded[0])
    return Prepared(models, samples, request.run or default_path(models, samples, request.settings))


def execute(request: Request, prepared: Prepared, observer: Observer, log: Path | None = None) -> None:
    """Attack until done; the same call again resumes, or returns at once when the run is finished.

    log: where this process's messages go, for views; None: to a terminal.
    """
    run_comparison(
        prepared.models,
        prepared.samples,
        request.settings,
        prepared.path,
        choose_device(request.device),
        observer,
        {"engine": asdict(this_engine(log)), "request": request.as_dict()},
        request.time_limit,
    )


def _samples(request: Request, dense: LoadedModel) -> Samples:
    spec = request.data or stored_spec(dense.checkpoint.about, dense.path)
    samples = read_samples(spec, request.data_options)
    named = dense.checkpoint.about.get("class_names")
    if not samples.class_names and isinstance(named, list):
        samples = samples.named(tuple(str(name) for name in named))
    return select(samples, request.data_options, request.samples)


def _unique_names(paths: list[Path]) -> list[str]:
    """File names without suffix; with the folder where that tells them apart, else numbered."""
    names = [path.stem for path in paths]
    longer = [f"{path.resolve().parent.name}/{path.stem}" for path in paths]
    if len(set(names)) < len(set(longer)):
        names = longer
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return unique

"""The model files of a run that is verified: where they are, and how they are loaded."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from thinice_tui.engine.run_model import RunModel
from thinice_tui.errors import CheckpointError, ThiniceError, UsageError
from thinice_tui.models.architectures.factories import names_code
from thinice_tui.models.architectures.known import KNOWN
from thinice_tui.models.formats.checkpoint import model_sha256
from thinice_tui.models.load import load_model
from thinice_tui.models.masks.mask_file import split_mask_file
from thinice_tui.protocol.model_files import ModelFile
from thinice_tui.protocol.model_options import FileOptions, ModelOptions
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.records import ModelRecord, Run

_CONSTANTS = re.compile(r".*: \[(?P<mean>[^\[\]]*)\] / \[(?P<std>[^\[\]]*)\]", re.DOTALL)
SHOWN = 12
"""Characters of a sha256 that a message shows."""


@dataclass(frozen=True)
class FoundFile:
    """The file of a model of the run; `sha256` is its own, which may not be the model's."""

    number: int
    path: Path
    sha256: str


def find_files(run: Run, given: Sequence[Path]) -> list[FoundFile]:
    """The files of the run's models: of `given`, by checksum; where none is given, those at the stored paths.

    Raises CheckpointError where a file is missing, or a given one is of no model of the run.
    """
    records = [model.record for model in run.models]
    if given:
        return [found for path in given for found in _matched(path, records)]
    request = _request(run)
    missing, files = [], []
    for number, record in enumerate(records):
        if record.is_in_memory:
            raise CheckpointError(
                f"{record.name} was a torch module in memory: the run file names no file of it",
                "nothing of it can be verified by this command: save models, and compare the files",
            )
        places = [place for place in _places(record, request, Path(run.path)) if split_mask_file(place)[0].exists()]
        hashed = [FoundFile(number, place, model_sha256(place)) for place in dict.fromkeys(places)]
        if not hashed:
            missing.append(f"{record.name} ({record.path})")
            continue
        files.append(next((found for found in hashed if found.sha256 == record.sha256), hashed[0]))
    if missing:
        raise CheckpointError(
            f"{run.path}: the files of {len(missing)} of its {len(records)} models are not there: {', '.join(missing)}",
            f"name the model files, wherever they are, in any order: thinice-tui verify {run.path} MODEL…",
        )
    return files


def load_found(run: Run, found: FoundFile, options: ModelOptions) -> RunModel:
    """The model in the file, read as the run read it; raises ThiniceError.

    options: those of the command line. No code that the run file alone names runs: factories, and code in model files,
    need these options.
    """
    record = run.models[found.number].record
    own = _file_options(run, found.number, options)
    try:
        loaded = load_model(found.path, own.arch, own.normalize, own.keep, own.trust, own.key)
    except ThiniceError as error:
        error.what = f"{record.name} cannot be loaded as the run loaded it: {error.what}"
        error.args = (error.what,)
        raise
    return RunModel(record.role, record.name, loaded)


def _matched(path: Path, records: Sequence[ModelRecord]) -> list[FoundFile]:
    """The models of the run whose file this is."""
    sha256 = model_sha256(path)
    numbers = [number for number, record in enumerate(records) if record.sha256 == sha256]
    if not numbers:
        known = ", ".join(f"{record.name} {record.sha256[:SHOWN]}…" for record in records)
        raise CheckpointError(
            f"{path}: is no model of this run: its sha256 is {sha256[:SHOWN]}…, the run's are {known}",
            "give the very files that the run was computed with",
        )
    return [FoundFile(number, path, sha256) for number in numbers]


def _places(record: ModelRecord, request: Request | None, run: Path) -> list[Path]:
    """Where the model's file may be: its path from here, from where the run was started, from the run file's folder."""
    stored = Path(record.path)
    started = [] if request is None else [request.folder / stored]
    return [stored, *started, run.parent / stored, run.parent / stored.name]


def _request(run: Run) -> Request | None:
    """How the run was started; None where its file does not say."""
    try:
        return None if run.info.request is None else Request.from_dict(run.info.request)
    except UsageError:
        return None


def _file_options(run: Run, number: int, options: ModelOptions) -> FileOptions:
    """How the file is read: as the run file says, and code only as the command line says."""
    records = [model.record for model in run.models]
    record = records[number]
    asked = options.for_files([ModelFile(one.role, one.name, Path(one.path)) for one in records])[number]
    request = _request(run)
    files = () if request is None else request.files()
    stored = FileOptions()
    if request is not None and len(files) == len(records):
        stored = request.model_options.for_files(files)[number]
    return replace(
        stored,
        arch=asked.arch if asked.arch != "auto" else _safe_arch(record, stored.arch),
        normalize=_normalization(record),
        trust=asked.trust,
    )


def _safe_arch(record: ModelRecord, stored: str) -> str:
    """The architecture that the run found or was told, where that is known; raises UsageError where it is code."""
    name = record.arch.partition(" (")[0]
    if stored == "auto":
        return name if name in KNOWN else "auto"
    if names_code(stored):
        raise UsageError(
            f"{record.name}: the run built its network with code: --arch {stored}. A run file alone runs no code",
            f"if you trust that code, and have it, name it: --arch '{record.name}={stored}'",
        )
    return stored


def _normalization(record: ModelRecord) -> str:
    """The normalisation that the run used, as --normalize takes it: constants, whatever was chosen then."""
    found = _CONSTANTS.fullmatch(record.normalization)
    if found is None:
        return "none" if record.normalization == "none" else "auto"
    return f"{found['mean'].replace(' ', '')}/{found['std'].replace(' ', '')}"

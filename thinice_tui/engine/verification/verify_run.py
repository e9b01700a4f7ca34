"""Verification of a run file without attacking: are its models, predictions and adversarial images what it says?"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from thinice_tui.data.samples import Samples
from thinice_tui.engine.run_model import RunModel
from thinice_tui.engine.verification.check_model import Progress, check_model
from thinice_tui.engine.verification.model_files import SHOWN, find_files, load_found
from thinice_tui.engine.verification.stored_samples import stored_samples
from thinice_tui.engine.worker.device import describe
from thinice_tui.engine.worker.full_precision import full_precision
from thinice_tui.protocol.model_options import ModelOptions
from thinice_tui.report.verified_run import Discrepancy, VerifiedRun
from thinice_tui.runfile.connection import reading
from thinice_tui.runfile.identity import identity_of
from thinice_tui.runfile.model_identity import ModelIdentity
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Run
from thinice_tui.runfile.run_table import read_run_table


def verify_run(
    path: Path, given: Sequence[Path], options: ModelOptions, device: torch.device, progress: Progress
) -> VerifiedRun:
    """Verify what can be of the run file `path`. Raises ThiniceError where it, or a model, cannot be read.

    given: model files, matched by checksum, whose models alone are verified; none: those at the stored paths. options:
    for loading them; what runs code is taken from here alone.
    """
    run = read_run(path)
    files = find_files(run, given)
    samples = stored_samples(run)
    discrepancies = list(_of_data(run, samples))
    models = []
    for found in files:
        record = run.models[found.number].record
        if found.sha256 != record.sha256:
            problem = f"its sha256 is {found.sha256[:SHOWN]}…, the run's {record.sha256[:SHOWN]}…"
            discrepancies.append(Discrepancy(record.name, None, f"{found.path} has other weights: {problem}"))
            continue
        model = load_found(run, found, options)
        discrepancies += [Discrepancy(record.name, None, said) for said in _changes(path, found.number, model)]
        with full_precision():
            checked, wrong = check_model(run, samples, found, model.loaded.classifier(), device, progress)
        models.append(checked)
        discrepancies += wrong
    numbers = {found.number for found in files}
    unchecked = [model.record.name for number, model in enumerate(run.models) if number not in numbers]
    return VerifiedRun(run, tuple(models), tuple(unchecked), tuple(discrepancies), describe(device))


def _of_data(run: Run, samples: Samples) -> Iterator[Discrepancy]:
    """Whether images, labels and indices are those that the run's checksum is of; early files have none."""
    stored = run.info.data.sha256
    if stored and samples.fingerprint != stored:
        yield Discrepancy(
            "", None, "images, labels or indices were changed: their sha256 is not the one that the run file states"
        )


def _changes(path: Path, number: int, model: RunModel) -> list[str]:
    """How the loaded model differs from the run's, beside its weights: architecture, code, scores, normalisation."""
    with reading(path) as connection:
        stored = identity_of(read_run_table(connection)).get("models")
    if not isinstance(stored, list) or number >= len(stored):
        return []
    try:
        return ModelIdentity.parse(stored[number]).differences(model.identity(), model.name)
    except (ValueError, TypeError):
        return []

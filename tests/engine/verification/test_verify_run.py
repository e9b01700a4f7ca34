"""The verification as a whole, beside what the command shows (tests/commands/test_verify.py)."""

from pathlib import Path

import torch

from tests.linear_models import ARCH
from tests.tampering import execute
from thinice_tui.engine.verification.verify_run import verify_run
from thinice_tui.protocol.model_options import ModelOptions
from thinice_tui.report.verified_run import VerifiedRun

CPU = torch.device("cpu")


def verified(path: Path) -> VerifiedRun:
    return verify_run(path, (), ModelOptions(arch=(ARCH,)), CPU, lambda *_: None)


def test_everything_is_counted_and_progress_ends_at_the_total(run_file: Path) -> None:
    seen: dict[str, tuple[int, int]] = {}
    found = verify_run(
        run_file, (), ModelOptions(arch=(ARCH,)), CPU, lambda name, done, total: seen.update({name: (done, total)})
    )
    assert found.is_verified and found.unchecked == () and found.device.startswith("cpu")
    assert seen == {model.name: (model.clean + model.images,) * 2 for model in found.models}
    assert all(model.broken == model.images == model.images_verified for model in found.models)


def test_another_normalisation_than_the_identitys_is_named(run_file: Path) -> None:
    execute(run_file, "UPDATE model SET normalization = 'half: [0.5] / [0.5]' WHERE name = 'dense'")
    found = verified(run_file)
    said = [one.problem for one in found.discrepancies if one.index is None]
    assert said == ["the normalisation of dense was none, now half"] and not found.is_verified
    assert found.models[0].clean_verified < 48


def test_an_early_file_without_checksum_or_identity_is_verified(run_file: Path) -> None:
    execute(run_file, "UPDATE run SET value = json_remove(value, '$.sha256') WHERE key = 'data'")
    execute(run_file, "UPDATE run SET value = '{}' WHERE key = 'identity'")
    assert verified(run_file).is_verified

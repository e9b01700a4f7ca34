"""Where a run's model files are looked for, and what of the run file decides how they are read."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.linear_models import ARCH
from tests.tampering import execute, set_setting
from thinice_tui.engine.verification.model_files import find_files, load_found
from thinice_tui.errors import CheckpointError, UsageError
from thinice_tui.protocol.model_options import ModelOptions
from thinice_tui.runfile.reader import read_run

OURS = ModelOptions(arch=(ARCH,))


def test_files_are_looked_for_where_the_run_says_and_beside_it(run_file: Path) -> None:
    run = read_run(run_file)
    stored = [Path(model.record.path) for model in run.models]
    assert [found.path for found in find_files(run, ())] == stored
    for path in stored:
        shutil.copy(path, run_file.parent)
    moved = replace(
        run, models=tuple(replace(m, record=replace(m.record, path=f"/nowhere/{m.record.name}.pt")) for m in run.models)
    )
    assert [found.path for found in find_files(moved, ())] == [run_file.parent / path.name for path in stored]
    assert all(found.sha256 == run.models[found.number].record.sha256 for found in find_files(moved, ()))


def test_of_several_files_of_a_name_the_one_with_the_checksum_is_taken(run_file: Path) -> None:
    run = read_run(run_file)
    (run_file.parent / "elsewhere").mkdir()
    copy = Path(shutil.copy(run_file, run_file.parent / "elsewhere"))
    for model in run.models:
        shutil.copy(model.record.path, copy.parent)
        Path(f"{model.record.name}.pt").write_bytes(b"another project's")
    execute(copy, "UPDATE model SET path = name || '.pt'")
    set_setting(copy, "$.folder", '"/nowhere"')
    found = find_files(read_run(copy), ())
    assert [one.path for one in found] == [copy.parent / f"{model.record.name}.pt" for model in run.models]


def test_one_file_may_be_several_models(run_file: Path) -> None:
    dense = Path(read_run(run_file).models[0].record.path)
    sha256 = read_run(run_file).models[0].record.sha256
    execute(run_file, "UPDATE model SET sha256 = ? WHERE name = 'control'", sha256)
    assert [found.number for found in find_files(read_run(run_file), (dense,))] == [0, 2]


def test_special_files_are_not_read(run_file: Path) -> None:
    dense = read_run(run_file).models[0].record.path
    for path in ("/dev/null", f"{dense}+/dev/zero.npy"):
        with pytest.raises(CheckpointError, match="there is no such file"):
            find_files(read_run(run_file), (Path(path),))
    execute(run_file, "UPDATE model SET path = '/dev/zero'")
    with pytest.raises(CheckpointError, match="there is no such file"):
        find_files(read_run(run_file), ())


@pytest.mark.parametrize("arch", ["x.py:build", "package.module:build", "timm:resnet18", "x.py"])
def test_code_runs_for_the_command_line_alone(run_file: Path, arch: str) -> None:
    set_setting(run_file, "$.model_options.arch", f'["{arch}"]')
    run = read_run(run_file)
    found = find_files(run, ())[0]
    with pytest.raises(UsageError, match="A run file alone runs no code") as raised:
        load_found(run, found, ModelOptions())
    assert raised.value.do.endswith(f"--arch 'dense={arch}'")
    assert load_found(run, found, OURS).loaded.arch == ARCH


def test_the_key_that_the_run_read_is_read_again(run_file: Path) -> None:
    set_setting(run_file, "$.model_options.key", '["elsewhere"]')
    run = read_run(run_file)
    with pytest.raises(CheckpointError, match=r"dense cannot be loaded as the run loaded it: .*elsewhere"):
        load_found(run, find_files(run, ())[0], OURS)


def test_the_normalisation_is_the_one_that_was_used(run_file: Path) -> None:
    execute(run_file, "UPDATE model SET normalization = 'cifar10: [0.4914, 0.4822, 0.4465] / [0.247, 0.2435, 0.2616]'")
    run = read_run(run_file)
    used = load_found(run, find_files(run, ())[0], OURS).loaded.normalization
    assert used is not None and used.mean == (0.4914, 0.4822, 0.4465) and used.std == (0.247, 0.2435, 0.2616)

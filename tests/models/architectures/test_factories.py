"""Architectures from the user's own code and from timm."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from tests.linear_models import ARCH, Files, module
from tests.places import LINEAR_MODELS
from thinice_tui.errors import CheckpointError, UsageError
from thinice_tui.models.load import load_model

LINEAR_MODELS_FILE = str(LINEAR_MODELS)


def test_an_architecture_is_named_by_file_or_module(files: Files) -> None:
    for spec in (ARCH, "tests.linear_models:linear"):
        model = load_model(files.dense, spec)
        assert model.arch == spec
        x = torch.from_numpy(files.task.images)
        assert torch.allclose(model.classifier()(x), module(files.task.weight)(x))


def test_an_arch_in_a_checkpoint_never_names_code(files: Files, tmp_path: Path) -> None:
    code = tmp_path / "code.py"
    code.write_text("open('executed', 'w')\n")
    state = module(files.task.weight).state_dict()
    torch.save({"state_dict": state, "arch": f"{code}:factory"}, files.dense)
    with pytest.raises(CheckpointError, match="fit none of the known architectures") as caught:
        load_model(files.dense)
    assert "which is not known" in caught.value.what
    assert not Path("executed").exists()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("resnet999", "is not known, expected one of"),
        (f"{LINEAR_MODELS_FILE}:absent", "has no function 'absent'"),
        ("absent.py:linear", "there is no file absent.py"),
        ("absent_package.module:linear", "cannot import absent_package.module"),
        (f"{LINEAR_MODELS_FILE}:broken_factory", "the factory failed: ValueError: no such width"),
        (f"{LINEAR_MODELS_FILE}:no_module", "returned str, expected a torch.nn.Module"),
    ],
)
def test_an_invalid_arch_is_refused_with_the_reason(files: Files, spec: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_model(files.dense, spec)
    assert message in caught.value.what


def test_an_absent_timm_is_refused_with_how_to_install_it(files: Files) -> None:
    with pytest.raises(UsageError, match="timm is not installed") as caught:
        load_model(files.dense, "timm:resnet18")
    assert "thinice-tui[timm]" in caught.value.do


def test_timm_builds_by_name_with_the_files_classes_and_channels(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def create_model(name: str, **options: object) -> torch.nn.Module:
        asked.extend((name, options))
        return module(files.task.weight)

    fake = ModuleType("timm")
    fake.create_model = create_model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "timm", fake)
    monkeypatch.setattr("thinice_tui.models.architectures.factories.version", lambda _: "1.0")
    model = load_model(files.dense, "timm:some_net")
    assert asked == ["some_net", {"pretrained": False, "num_classes": 5}]
    assert model.arch == "timm:some_net" and model.code_sha256

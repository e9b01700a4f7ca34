"""Folders of the Hugging Face Hub: one file or shards, and the network that config.json names."""

import json
from pathlib import Path

import pytest
import torch

from tests.commands.calling import call, check_refused
from tests.linear_models import ARCH, Files, module
from tests.models.checks import NETWORK, check, zeroed
from tests.models.hub_folders import (
    TIMM_CONFIG,
    install_timm,
    shard_names,
    some_logits,
    some_state,
    write_folder,
)
from tests.models.reference_networks import REFERENCES
from tests.refused_files import EXECUTED, RunsCode
from tests.safetensors_files import safetensors_bytes
from thinice_tui.errors import CheckpointError
from thinice_tui.models.formats.checkpoint import model_sha256
from thinice_tui.models.load import load_model

STATE = zeroed(REFERENCES[NETWORK].make(10, 3))


@pytest.mark.parametrize("suffix", ["safetensors", "bin"])
@pytest.mark.parametrize("shards", [1, 3])
def test_weights_of_one_file_or_of_shards(shards: int, suffix: str, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "net", STATE, {"dataset": "cifar10"}, shards, suffix)
    model = load_model(folder)
    check(model, NETWORK, STATE)
    read = {file.name for file in model.checkpoint.files}
    assert read == {file.name for file in folder.iterdir()}, "every file counts for the sha256"


def test_the_index_file_is_the_model_too(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "net", STATE, None, 3)
    model = load_model(folder / "model.safetensors.index.json")
    check(model, NETWORK, STATE)
    assert model.checkpoint.sha256 == load_model(folder).checkpoint.sha256
    assert model.checkpoint.form == "safetensors, 3 shards"


def test_a_config_stands_for_its_folder(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "net", STATE, {"dataset": "cifar10"}, 2)
    model = load_model(folder / "config.json")
    check(model, NETWORK, STATE)
    assert model.checkpoint.sha256 == load_model(folder).checkpoint.sha256


def test_the_sha256_is_of_all_files(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "net", STATE, {"a": 1}, 2)
    before = load_model(folder).checkpoint.sha256
    (folder / "config.json").write_text('{"a": 2}')
    assert model_sha256(folder) == load_model(folder).checkpoint.sha256 != before


def test_one_file_under_another_name_is_read_and_several_are_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "best.safetensors").write_bytes(safetensors_bytes(STATE))
    check(load_model(tmp_path / "net"), NETWORK, STATE)
    (tmp_path / "net" / "last.safetensors").write_bytes(safetensors_bytes(STATE))
    with pytest.raises(CheckpointError, match=r"holds 2 files of weights \(best.safetensors, last.safetensors\)"):
        load_model(tmp_path / "net")


def test_timms_architecture_classes_and_normalisation_are_the_configs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = install_timm(monkeypatch)
    state = dict(sorted(some_state().items()))
    model = load_model(write_folder(tmp_path / "net", state, TIMM_CONFIG))
    assert calls == [("some_net.in1k", {"pretrained": False, "num_classes": 4, "in_chans": 3})]
    assert model.arch == "timm:some_net.in1k" and model.source == "the file's metadata"
    images = torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    mean, std = torch.tensor([0.4, 0.5, 0.6]).view(3, 1, 1), torch.tensor([0.2, 0.25, 0.3]).view(3, 1, 1)
    with torch.no_grad():
        assert torch.allclose(model.classifier()(images), some_logits(state, (images - mean) / std), atol=1e-5)


def test_the_first_convolution_tells_the_channels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """timm writes the input size of the pretrained network, also for a network with other channels."""
    calls = install_timm(monkeypatch)
    config = {**TIMM_CONFIG, "pretrained_cfg": {"input_size": [3, 8, 8], "first_conv": "stem"}}
    load_model(write_folder(tmp_path / "net", some_state(channels=1), config))
    assert calls[0][1] == {"pretrained": False, "num_classes": 4, "in_chans": 1}


def test_an_absent_timm_is_named_with_how_to_install_it(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "net", some_state(), TIMM_CONFIG)
    check_refused(call("inspect", folder), "is for the architecture timm:some_net.in1k", "-e '.[timm]'")


def test_an_arch_in_weights_never_names_timm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = install_timm(monkeypatch)
    torch.save({"state_dict": some_state(), "arch": "timm:some_net"}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="fit none of the known architectures"):
        load_model(tmp_path / "a.pt")
    assert calls == []


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"auto_map": {"AutoModel": "modeling.Net"}, "architectures": ["Net"]}, "code of a repository"),
        ({"architectures": ["ResNetForImageClassification"]}, "the transformers network ResNetForImageClassification"),
        ({**TIMM_CONFIG, "model_args": {"act_layer": "silu", "num_classes": 4}}, r"builds timm's .* with act_layer"),
        ({**TIMM_CONFIG, "architecture": "hf-hub:someone/net"}, "'hf-hub:someone/net', which is no name of timm's"),
    ],
)
def test_a_network_that_only_the_user_can_name(
    config: dict[str, object], message: str, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = install_timm(monkeypatch)
    folder = write_folder(files.dense.parent / "net", module(files.task.weight).state_dict(), config)
    (folder / "modeling.py").write_text("open('executed', 'w')\n")
    with pytest.raises(CheckpointError, match=message) as caught:
        load_model(folder)
    assert "--arch" in caught.value.do and calls == [] and not EXECUTED.exists()
    assert load_model(folder, ARCH).arch == ARCH, "with --arch it is read"


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "net", STATE, None, 3)
    (folder / shard_names(3)[1]).unlink()
    for path in (folder, folder / "model.safetensors.index.json"):
        check_refused(call("inspect", path), "the shard model-00002-of-00003.safetensors is missing", "all 3 shards")


@pytest.mark.parametrize("name", ["../secret.safetensors", "/etc/passwd", "a/b.safetensors", "..", "", "a\0b", 3, None])
def test_a_shard_lies_beside_its_index(name: object, tmp_path: Path) -> None:
    (tmp_path / "secret.safetensors").write_bytes(safetensors_bytes(STATE))
    folder = write_folder(tmp_path / "net", STATE, None, 2)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": dict.fromkeys(STATE, name)}))
    with pytest.raises(CheckpointError, match="expected a file beside the index"):
        load_model(folder)


def test_shards_may_be_links_as_in_the_hubs_cache(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "net", STATE, None, 2)
    for shard in shard_names(2):
        (folder / shard).rename(tmp_path / f"blob-{shard}")
        (folder / shard).symlink_to(tmp_path / f"blob-{shard}")
    check(load_model(folder), NETWORK, STATE)


def test_shards_of_another_version_are_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "net", STATE, None, 2)
    first, second = (folder / name for name in shard_names(2))
    kept = second.read_bytes()
    second.write_bytes(first.read_bytes())
    with pytest.raises(CheckpointError, match=r"holds no tensor .*, which the index says is in it"):
        load_model(folder)
    second.write_bytes(kept)
    first.write_bytes(safetensors_bytes(STATE))
    with pytest.raises(CheckpointError, match="as another shard does"):
        load_model(folder)


@pytest.mark.parametrize("index", ["{}", "[]", "{", '{"weight_map": []}', "[" * 200_000, "\xff"])
def test_a_damaged_index_is_refused(index: str, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "net", STATE, None, 2)
    (folder / "model.safetensors.index.json").write_bytes(index.encode("latin1"))
    with pytest.raises(CheckpointError, match=r"JSON|weight_map"):
        load_model(folder)


def test_a_folder_runs_no_code_of_its_weights(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    torch.save({"state_dict": STATE, "args": RunsCode()}, tmp_path / "net" / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="would have to run code"):
        load_model(tmp_path / "net")
    assert not EXECUTED.exists()


def test_inspect_counts_the_bytes_of_all_files(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "net", STATE, {"dataset": "cifar10"}, 2)
    result = call("inspect", folder, "--format", "json")
    assert result.exit_code == 0, result.stderr
    (found,) = json.loads(result.stdout)
    assert found["bytes"] == sum(file.stat().st_size for file in folder.iterdir())
    assert found["form"] == "safetensors, 2 shards"


def test_compare_takes_a_folder_beside_a_file(files: Files) -> None:
    dense = write_folder(files.dense.parent / "net", module(files.task.weight).state_dict())
    arguments = ("--data", files.data, "--arch", ARCH, "--normalize", "none", "--attack", "pgd-1", "--report")
    result = call("compare", dense, files.pruned, *arguments)
    assert result.exit_code == 0, result.stderr

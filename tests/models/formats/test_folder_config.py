"""What a config.json says of a network: its architecture, sizes and normalisation."""

import json
from pathlib import Path

import pytest

from tests.models.hub_folders import TIMM_CONFIG
from thinice_tui.errors import CheckpointError
from thinice_tui.models.formats.folder_config import MAX_BYTES, FolderConfig, read_config


def read(folder: Path, config: object) -> FolderConfig:
    (folder / "config.json").write_text(json.dumps(config))
    return read_config(folder)


def test_timms_layouts_of_now_and_before_say_the_same(tmp_path: Path) -> None:
    """Old ones have everything in one dict."""
    now = read(tmp_path, TIMM_CONFIG)
    before = read(tmp_path, {**TIMM_CONFIG["pretrained_cfg"], "architecture": "some_net.in1k", "num_classes": 4})
    assert now == before
    assert now.arch == "timm:some_net.in1k" and now.sizes == {"num_classes": 4, "in_chans": 3}
    expected = {"name": "config.json", "mean": [0.4, 0.5, 0.6], "std": [0.2, 0.25, 0.3]}
    assert now.about["normalization"] == expected and now.about["timm"] == "some_net.in1k"


def test_arguments_that_choose_no_other_network_are_no_hindrance(tmp_path: Path) -> None:
    assert read(tmp_path, {**TIMM_CONFIG, "model_args": {"img_size": 64, "num_classes": 4}}).arch
    assert read(tmp_path, {**TIMM_CONFIG, "model_args": None}).arch
    assert not read(tmp_path, {**TIMM_CONFIG, "model_args": {"drop_path_rate": 0.1, "depth": 3}}).arch


def test_a_config_of_anything_else_says_nothing(tmp_path: Path) -> None:
    assert read_config(tmp_path) == FolderConfig()
    configs: tuple[dict[str, object], ...] = (
        {},
        {"hidden": 16},
        {"architectures": []},
        {"architecture": 3},
        {"auto_map": {}},
    )
    for config in configs:
        assert read(tmp_path, config) == FolderConfig()


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 200_000])
def test_a_damaged_config_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match="JSON"):
        read_config(tmp_path)


def test_a_huge_config_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "config.json").open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    with pytest.raises(CheckpointError, match="bytes of JSON, expected at most"):
        read_config(tmp_path)

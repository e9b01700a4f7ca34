"""`info`: versions and devices."""

import torch

from tests.commands.calling import call


def test_info_names_versions_and_devices() -> None:
    result = call("info")
    assert result.exit_code == 0
    assert torch.__version__ in result.stdout and "gpus:" in result.stdout

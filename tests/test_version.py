"""The version of the package."""

from importlib import metadata

import pytest

import thinice_tui
from thinice_tui.version import package_version


def test_it_is_that_of_the_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    assert package_version() == metadata.version("thinice-tui") == thinice_tui.__version__

    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    assert package_version() == "0+uninstalled"

"""thinice-tui: see which samples pruning costs a model, under attack."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("thinice-tui")
except PackageNotFoundError:  # running from a source tree that was never installed
    __version__ = "0+uninstalled"

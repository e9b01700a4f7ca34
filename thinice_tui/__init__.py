"""thinice-tui: see which samples pruning costs a model, under attack."""


def __getattr__(name: str) -> str:
    """`__version__`, looked up when asked for: reading the package's metadata takes as long as importing NumPy."""
    if name != "__version__":
        raise AttributeError(name)
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("thinice-tui")
    except PackageNotFoundError:  # running from a source tree that was never installed
        return "0+uninstalled"

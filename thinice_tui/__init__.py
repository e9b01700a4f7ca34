"""thinice-tui shows which samples a neural network loses when it is pruned, under attack."""


def __getattr__(name: str) -> str:
    """Look up `__version__` when it is used: reading the package's metadata takes as long as importing NumPy."""
    if name != "__version__":
        raise AttributeError(name)
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("thinice-tui")
    except PackageNotFoundError:  # a source tree that was never installed
        return "0+uninstalled"

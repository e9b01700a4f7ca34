"""The version of the installed package."""


def package_version() -> str:
    """The version that the installed package states; `0+uninstalled` for a source tree that was never installed.

    Reading the package's metadata takes as long as importing NumPy.
    """
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("thinice-tui")
    except PackageNotFoundError:
        return "0+uninstalled"

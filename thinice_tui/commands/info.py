"""`thinice-tui info`: versions and devices."""

from thinice_tui.commands.help import examples

INFO_EXAMPLES = examples("thinice-tui info", "python -m thinice_tui info")


def info() -> None:
    """Print versions and devices, for a bug report."""
    from thinice_tui.engine.inspection import environment

    for name, value in environment():
        print(f"{name}: {value}")

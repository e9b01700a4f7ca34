"""`thinice-tui info`: versions and devices."""


def info() -> None:
    """Versions and devices, for a bug report."""
    from thinice_tui.engine.inspection import environment

    for name, value in environment():
        print(f"{name}: {value}")

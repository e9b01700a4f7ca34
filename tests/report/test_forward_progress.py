"""The bar of forward passes."""

import io

from rich.console import Console

from thinice_tui.report.forward_progress import ForwardProgress


def shown(terminal: bool) -> str:
    stream = io.StringIO()
    with ForwardProgress(Console(file=stream, force_terminal=terminal, width=80)) as progress:
        progress.show("dense\x07", 3, 10)
        progress.show("dense\x07", 10, 10)
        progress.show("pruned", 1, 4)
    return stream.getvalue()


def test_it_is_for_terminals_alone() -> None:
    text = shown(terminal=True)
    assert "dense" in text and "10/10" in text and "1/4" in text and "\x07" not in text
    assert shown(terminal=False).strip() == ""

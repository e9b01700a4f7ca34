"""What a section of the report looks like, and the runs it is made of."""

import io
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from tests.fake_runs import write_run
from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.report.document.blocks import Block
from thinice_tui.report.renderers.text import render_blocks
from thinice_tui.runfile.records import Role

MODELS: dict[str, Role] = {"dense": "dense", "half": "pruned", "again": "control"}


def analysis_of(folder: Path, **run: object) -> Analysis:
    """A run of dense, a pruned model and a control; run: options of `write_run`."""
    folder.mkdir(exist_ok=True)
    return analyse(write_run(folder / "a.thinice", MODELS, **run))  # type: ignore[arg-type]


def rendered(blocks: Iterable[Block], width: int = 100) -> str:
    """The blocks as the text report writes them."""
    stream = io.StringIO()
    Console(file=stream, width=width).print(render_blocks(blocks, width), highlight=False)
    return stream.getvalue()


def words(blocks: Iterable[Block], width: int = 100) -> str:
    """The same on one line, its wrapping undone."""
    return " ".join(rendered(blocks, width).split())

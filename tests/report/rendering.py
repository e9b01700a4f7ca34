"""What a section of the report looks like, and the runs it is made of."""

import io
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console, RenderableType

from tests.fake_runs import write_run
from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.runfile.records import Role

MODELS: dict[str, Role] = {"dense": "dense", "half": "pruned", "again": "control"}


def analysis_of(folder: Path, **run: object) -> Analysis:
    """A run of dense, a pruned model and a control; run: options of `write_run`."""
    folder.mkdir(exist_ok=True)
    return analyse(write_run(folder / "a.thinice", MODELS, **run))  # type: ignore[arg-type]


def rendered(*parts: RenderableType, width: int = 100) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width)
    for part in parts:
        console.print(part, highlight=False)
    return stream.getvalue()


def words(parts: Iterable[RenderableType], width: int = 100) -> str:
    """The same on one line, its wrapping undone."""
    return " ".join(rendered(*parts, width=width).split())

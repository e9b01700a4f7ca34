"""The report's reliability section: whether its numbers may look better than they are."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from thinice_tui.analysis.comparison import Analysis, robust
from thinice_tui.analysis.diagnostics import SQUARE_CHECK, findings
from thinice_tui.runfile.records import Finding


def reliability(analysis: Analysis) -> Iterator[RenderableType]:
    """A verdict in a line, then every check against every model."""
    found = findings(analysis.run)
    doubtful = sorted({f"{one.model}: {one.check}" for one in found if one.doubtful})
    if doubtful:
        yield Text(f"Reliability: DOUBTFUL, robust accuracy may be too high ({'; '.join(doubtful)})", style="bold red")
    else:
        yield Text(f"Reliability: {_undoubted(analysis, found)}", style="bold")
    fallen = [name for name, count in _standing(analysis).items() if analysis.complete and not count]
    if fallen:
        yield Text(f"Nothing stands of {', '.join(fallen)}: no check of standing samples was needed.")
    if not found:
        return
    names = [summary.model.record.name for summary in analysis.models]
    table = Table(title="Signs of attacks that could not do their work", title_justify="left")
    table.add_column("check")
    for name in names:
        table.add_column(Text(name), justify="right", overflow="fold")
    for check in dict.fromkeys(one.check for one in found):
        of_model = {one.model: one for one in found if one.check == check}
        table.add_row(check, *(_cell(of_model.get(name)) for name in names))
    yield table


def _undoubted(analysis: Analysis, found: Sequence[Finding]) -> str:
    """What can be said where no check failed."""
    if not analysis.complete:
        so_far = "so far no check gives a reason to doubt these numbers; " if found else ""
        return f"{so_far}what still stands is checked when the attacks are done"
    if not found and any(_standing(analysis).values()):
        return "not checked by the version that made this run"
    return "no check gives a reason to doubt these numbers"


def _standing(analysis: Analysis) -> dict[str, int]:
    """Samples that stand, by model."""
    run, through = analysis.run, len(analysis.stage_names)
    return {model.record.name: int(robust(run, model, through).sum()) for model in run.models}


def _cell(found: Finding | None) -> Text:
    if found is None:
        return Text("–")
    value = f"{found.value:.1f}" if found.check == SQUARE_CHECK else f"{found.value:g} of {found.n}"
    return Text(f"{value} !" if found.doubtful else value, style="bold red" if found.doubtful else "")

"""The report's reliability section: whether its numbers may look better than they are."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.analysis.reliability import SQUARE_CHECK, findings
from thinice_tui.runfile.records import Finding


def reliability(analysis: Analysis) -> Iterator[RenderableType]:
    """A verdict in a line, then every check against every model."""
    found = findings(analysis.run)
    if not found:
        yield Text("Reliability: checked when the attacks are done", style="bold")
        return
    doubtful = sorted({f"{one.model}: {one.check}" for one in found if one.doubtful})
    if doubtful:
        yield Text(f"Reliability: DOUBTFUL, robust accuracy may be too high ({'; '.join(doubtful)})", style="bold red")
    else:
        yield Text("Reliability: no check gives a reason to doubt these numbers", style="bold")
    names = [summary.model.record.name for summary in analysis.models]
    table = Table(title="Signs of attacks that could not do their work", title_justify="left")
    table.add_column("check")
    for name in names:
        table.add_column(Text(name), justify="right", overflow="fold")
    for check in dict.fromkeys(one.check for one in found):
        of_model = {one.model: one for one in found if one.check == check}
        table.add_row(check, *(_cell(of_model.get(name)) for name in names))
    yield table


def _cell(found: Finding | None) -> Text:
    if found is None:
        return Text("–")
    value = f"{found.value:.1f}" if found.check == SQUARE_CHECK else f"{found.value:g} of {found.n}"
    return Text(f"{value} !" if found.doubtful else value, style="bold red" if found.doubtful else "")

"""The reliability section: whether the run's robust accuracies may be too high."""

from collections.abc import Iterator, Sequence

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.analysis.correctness import robust_correct
from thinice_tui.analysis.diagnostics import SQUARE_CHECK, findings
from thinice_tui.report.document.blocks import Block, Notice, Paragraph, Table, columns
from thinice_tui.report.document.cells import Cell, Doubtful
from thinice_tui.runfile.records import Finding


def reliability(analysis: Analysis) -> Iterator[Block]:
    """The verdict in one line, then a table of every check against every model."""
    found = findings(analysis.run)
    doubts = list(_doubt(found))
    yield from doubts
    if not doubts:
        yield Paragraph(f"Reliability: {_without_doubt(analysis, found)}")
    all_broken = [name for name, count in _robust_counts(analysis).items() if analysis.complete and not count]
    if all_broken:
        yield Paragraph(f"No sample is robust on {', '.join(all_broken)}: no check of robust samples was needed.")
    if found:
        yield _table(analysis, found)


def doubt(analysis: Analysis) -> Iterator[Notice]:
    """That a check gives a reason to doubt the robust accuracies, with models and checks; nothing where none does."""
    return _doubt(findings(analysis.run))


def _doubt(found: Sequence[Finding]) -> Iterator[Notice]:
    doubtful = sorted({f"{one.model}: {one.check}" for one in found if one.doubtful})
    if doubtful:
        yield Notice("doubt", f"Reliability: DOUBTFUL, robust accuracy may be too high ({'; '.join(doubtful)})")


def _without_doubt(analysis: Analysis, found: Sequence[Finding]) -> str:
    """The verdict where no check failed."""
    if not analysis.complete:
        so_far = "so far no check gives a reason to doubt these numbers; " if found else ""
        return f"{so_far}samples that stay robust are checked when the attacks are done"
    if not found and any(_robust_counts(analysis).values()):
        return "not checked by the version that made this run"
    return "no check gives a reason to doubt these numbers"


def _robust_counts(analysis: Analysis) -> dict[str, int]:
    """Robust samples after every planned stage, by model name."""
    run, stages = analysis.run, len(analysis.stage_names)
    return {model.record.name: int(robust_correct(run, model, stages).sum()) for model in run.models}


def _table(analysis: Analysis, found: Sequence[Finding]) -> Table:
    names = [summary.model.record.name for summary in analysis.models]
    rows = []
    for check in dict.fromkeys(one.check for one in found):
        of_model = {one.model: one for one in found if one.check == check}
        rows.append((check, *(_cell(of_model.get(name)) for name in names)))
    footnote = "!: a reason to doubt." if any(one.doubtful for one in found) else ""
    return Table("Signs of attacks that could not do their work", columns("check", *names), rows, footnote)


def _cell(found: Finding | None) -> Cell:
    if found is None:
        return None
    value = f"{found.value:.1f}" if found.check == SQUARE_CHECK else f"{found.value:g} of {found.n}"
    return Doubtful(value) if found.doubtful else value

"""A run in a few lines: title, progress of the engine, and a summary of the results so far."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from thinice_tui.analysis.auc import Auc
from thinice_tui.analysis.audit import is_escalated
from thinice_tui.analysis.comparison import Analysis, Comparison, ModelSummary
from thinice_tui.analysis.proportions import Estimate
from thinice_tui.analysis.sparsity import sparsity_words
from thinice_tui.protocol.durations import short, time_left
from thinice_tui.protocol.ensembles import is_audited, is_final
from thinice_tui.protocol.progress import WorkerState
from thinice_tui.runfile.records import Run
from thinice_tui.tui.content.fates import run_names

WIDE = 100


def title(run: Run, other: int, width: int, beside: str = "") -> Text:
    """`dense → pruned, 95.0 % zeros   Linf 8/255 · standard · 1000 samples · cpu   [1/2]`, cut from the right.

    beside: what is said of runs that are read together, before the settings.
    """
    settings, record = run.info.settings, run.models[other].record
    left = Text(no_wrap=True)
    left.append(" thinice ", style="reverse bold")
    role = " (control)" if record.role == "control" else ""
    models = record.name if run.alone else f"dense → {record.name}{role}"
    left.append(f" {', '.join((models, *sparsity_words(record, run.models[0].record)))}", style="bold")
    left.append(f"   {beside} · " if beside else "   ")
    left.append(f"{settings.norm} {settings.eps.text} · {settings.attack_shown} · {len(run.labels)} samples")
    left.append(f" · {run.info.device}")
    count = "" if run.alone else f"[{other}/{len(run.models) - 1}]"
    left.truncate(max(0, width - len(count) - 1), overflow="ellipsis", pad=True)
    return left.append(f" {count}", style="bold")


def runs_words(browsed: Run, runs: Sequence[Run], seeds: int) -> str:
    """`seed-0 of 4 runs, 3 training seeds`: the run that is browsed among all."""
    paths = [run.path for run in runs]
    of = f"{run_names(paths)[paths.index(browsed.path)]} of {len(runs)} runs"
    return f"{of}, {seeds} training seeds" if seeds > 1 else f"{of} of the same models"


def seeds_words(runs: Sequence[Run], seeds: int) -> str:
    """What the statistics are over; empty for one training seed."""
    if seeds < 2:
        return ""
    going = sum(not run.complete for run in runs)
    if going:
        return f"over {seeds} training seeds so far: {going} run{'s' * (going > 1)} not finished"
    return f"statistics over {seeds} training seeds: lost in, v"


def progress(run: Run, computing: bool, width: int, starting: bool = False, over: str = "") -> RenderableType:
    """The engine's stage, progress, rate, time left and samples broken in this stage; or why it does nothing.

    starting: an engine was started that the run does not name yet; the run's heartbeat is an earlier engine's. over:
    what is said of runs that are read together.
    """
    if run.complete:
        return Text(f" ✓ finished: {_verdict(run)}{' · ' * bool(over)}{over}", no_wrap=True, overflow="ellipsis")
    beat = run.heartbeat
    if not computing:
        return Text(" ■ stopped: what was computed is kept, numbers are upper bounds · e resumes", style="bold")
    if beat is None or starting or beat.state == "starting":
        doing = f": {beat.doing}" if beat is not None and not starting else ""
        return Text(f" … the engine starts{doing}", no_wrap=True, overflow="ellipsis")
    doing = {"running": "▸", "paused": "‖ paused ·", "stopping": "■ stopping after this batch ·"}.get(
        beat.state, f"{beat.state} ·"
    )
    share = 100 * beat.done / beat.total if beat.total else 0.0
    tail = f"{share:3.0f}%  {short(beat.rate)} img/s"
    if beat.seconds_left is not None and beat.state == "running":
        tail += f"  {time_left(beat.seconds_left, beat.seconds_expected)}"
    if (ordinal := current_stage(run)) is not None:
        tail += f"  {sum(int((model.broken_by == ordinal).sum()) for model in run.models)} broken"
        tail += " in this stage" if width >= WIDE else ""
    if beat.workers and width >= WIDE:
        busy = sum(worker.is_busy for worker in beat.workers)
        tail += f"  {busy} of {len(beat.workers)} workers busy"
    # Models take turns: a name of another length must not move the bar.
    longest = max(len(f"{model.record.name} · {beat.stage}") for model in run.models)
    head = f" {doing} {beat.doing:<{min(longest, width // 3)}}"
    room = width - cell_len(head) - len(tail) - 3
    grid = Table.grid(padding=(0, 1, 0, 0))
    cells: list[RenderableType] = [Text(head, no_wrap=True, overflow="ellipsis")]
    if room >= 5:
        cells.append(ProgressBar(total=max(1, beat.total), completed=beat.done, width=room))
    grid.add_row(*cells, Text(tail, no_wrap=True))
    return grid


def worker_line(worker: WorkerState) -> str:
    """What one worker does: `worker 1 (cuda:0 (…), host): dense · APGD-T, 3.1k img/s`."""
    rate = f", {short(worker.rate)} img/s" if worker.rate else ""
    return f"{worker.name}: {worker.doing}{rate}"


def current_stage(run: Run) -> int | None:
    """The ordinal of the first stage that has begun and is not finished for every model."""
    stages = (stage for model in run.models for stage in model.stages)
    return min((stage.ordinal for stage in stages if stage.entered is not None and not stage.finished), default=None)


def summary(analysis: Analysis, other: int) -> RenderableType:
    """Accuracies, flip rates and AUC of dense against one model, with 95 % intervals; bounds are marked."""
    dense, pruned = analysis.models[0], analysis.models[other]
    bound = "" if analysis.final else "≤ "
    name, parts = pruned.model.record.name, list[RenderableType]()
    if not analysis.complete:
        done = f"through {analysis.stage_names[analysis.through - 1]}" if analysis.through else "clean only"
        far = f"PARTIAL: {done}; upper bounds" if analysis.begun else "nothing is computed yet"
        parts.append(Text(far, style="bold"))
    accuracies = _grid("", "clean %", "robust %")
    pairs = [("dense", dense), (name, pruned)]
    for called, one in pairs[: 1 if analysis.run.alone else 2]:
        robust = _percent(one.robust_accuracy)
        accuracies.add_row(Text(called), _percent(one.clean_accuracy), robust if robust == "–" else bound + robust)
    parts.append(accuracies)
    if analysis.run.alone:
        parts += [] if dense.gap is None else [_gap(analysis, dense)]
        return Group(*parts, Text("no pruned model to compare it with"))
    if not analysis.comparisons:
        return Group(*parts, Text("flips: after the first stage of all models"))
    comparison = analysis.comparisons[other - 1]
    flips = _grid("", "NFR %", "AUC")
    for called, against in [(name, comparison), *(("control", c) for c in _controls(analysis, comparison))]:
        flips.add_row(Text(called), _percent(against.nfr), _auc(against.auc_s10_s11))
    parts += [flips, Text(f"{comparison.auc_s10_s11.verdict}; PFR {_percent(comparison.pfr)} %")]
    parts += [] if pruned.gap is None else [_gap(analysis, pruned)]
    return Group(*parts)


def _gap(analysis: Analysis, one: ModelSummary) -> Text:
    assert one.gap is not None
    least = "" if analysis.complete else "≥ "
    name = one.model.record.name
    return Text(f"{one.gap.weak_attack} overestimates {name} by {least}{100 * one.gap.gap:.1f} points")


def _grid(*titles: str) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for title in titles:
        grid.add_column(max_width=16 if not title else None, no_wrap=True, overflow="ellipsis")
    grid.add_row(*(Text(title, style="bold") for title in titles))
    return grid


def _controls(analysis: Analysis, comparison: Comparison) -> list[Comparison]:
    return [c for c in analysis.comparisons if c.other.record.role == "control" and c is not comparison]


def _verdict(run: Run) -> str:
    settings = run.info.settings
    attack = settings.attack
    if settings.stages is not None:
        return f"{settings.attack_shown}: upper bounds"
    if is_audited(attack):
        return f"{attack}, escalated" if is_escalated(run) else f"{attack}, not escalated: upper bounds"
    return attack if is_final(attack) else f"{attack}, a weak ensemble: upper bounds"


def _percent(estimate: Estimate | None) -> str:
    if estimate is None or estimate.n == 0:
        return "–"
    return f"{100 * estimate.value:.1f} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"


def _auc(auc: Auc) -> str:
    """The AUC and its interval, or "(too few)" where there is none; the verdict below says of what."""
    return auc.shown if auc.low == auc.low or auc.shown == "–" else f"{auc.shown} (too few)"

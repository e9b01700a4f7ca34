"""A run as text: tables and terminal plots, for a terminal or a pipe."""

import math
from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from thinice_tui.analysis.comparison import Analysis, Comparison, Gap, ModelSummary, flip_sets, robust
from thinice_tui.analysis.curve import missed, run_eps, security_curve
from thinice_tui.analysis.statistics import Estimate
from thinice_tui.analysis.table import ALONE_SETS
from thinice_tui.plots.charts import Rates, accuracy_by_stage, flip_rate_by_margin, margins_by_set
from thinice_tui.plots.curves import security_curves
from thinice_tui.protocol.ensembles import is_final
from thinice_tui.protocol.threat_model import NORM_ROWS
from thinice_tui.report.decisions import decisions
from thinice_tui.report.diagnostics import reliability
from thinice_tui.safe_io.printable import printable

PLOT_HEIGHT = 15
LISTED = 20
"""Samples that are named one by one; the JSON report names all."""
NARROW = 76
"""Below this many columns the intervals of the models' table are left to the JSON report."""
MEANINGS = {
    "S11": "● held by both",
    "S10": "▼ held when dense, lost",
    "S01": "▲ lost when dense, gained",
    "S00": "○ lost by both",
}


def render(analysis: Analysis, width: int) -> RenderableType:
    """The whole report, at most `width` columns wide."""
    return Group(*_parts(analysis, width))


def print_report(analysis: Analysis, console: Console) -> None:
    """Write the report to `console`."""
    console.print(render(analysis, min(console.width, 100)), highlight=False)


def _parts(analysis: Analysis, width: int) -> Iterator[RenderableType]:
    yield _header(analysis)
    yield from (Text(f"warning: {warning}", style="yellow") for warning in analysis.run.info.warnings)
    yield from (Text(printable(line), style="dim") for line in decisions(analysis.run.info))
    yield Text()
    yield _models(analysis, intervals=width >= NARROW)
    yield Text()
    yield _stages(analysis)
    if analysis.through:
        yield accuracy_by_stage(analysis.models, width, PLOT_HEIGHT)
    control = next((c for c in analysis.comparisons if c.other.record.role == "control"), None)
    if analysis.run.alone:
        yield from _alone(analysis, width)
    for comparison in analysis.comparisons:
        yield Text()
        yield from _comparison(analysis, comparison, control, width)
    yield Text()
    yield from reliability(analysis)
    yield from _curves(analysis, width)
    if analysis.comparisons:
        yield Text()
        yield _footnotes(control is not None)


def _header(analysis: Analysis) -> Text:
    info = analysis.run.info
    settings, versions = info.settings, info.versions
    text = Text("Samples on thin ice", style="bold")
    text.append(f"\n{settings.norm} eps {settings.eps.text} · {settings.attack}", style="not bold")
    text.append(f" · {info.data.samples} samples · seed {settings.seed} · {info.device}", style="not bold")
    text.append(f"\n{info.data.source}", style="not bold")
    text.append(f"\nthinice-tui {versions['thinice-tui']}, torch {versions['torch']}", style="not bold")
    text.append(f", torchattacks {versions['torchattacks']}", style="not bold")
    if settings.precision != "fp32":
        text.append(f"\ngradients in {settings.precision}, queries and verdicts in full precision", style="not bold")
    if not analysis.complete:
        done = ", ".join(analysis.stage_names[: analysis.through]) or "none"
        left = ", ".join(analysis.stage_names[analysis.through :]) or ("none" if analysis.stage_names else "all")
        far = f"stages finished for every model: {done}; left: {left}. Robust accuracies are upper bounds."
        text.append(f"\nPARTIAL: {far if analysis.begun else 'nothing is computed yet.'}", style="bold")
    elif not _final(analysis):
        text.append(f"\nRobust accuracies are upper bounds: {settings.attack} is weak, see --attack standard")
    return text


def _models(analysis: Analysis, intervals: bool) -> Table:
    bound = "" if _final(analysis) else "≤ "
    least, all_of_it = ("", "all") if analysis.complete else ("≥ ", "so far")
    table = Table(
        title="Models (95 % intervals)" if intervals else "Models",
        title_justify="left",
        title_style="bold",
        expand=False,
    )
    table.add_column("model", overflow="fold")
    table.add_column("sparsity", justify="right", no_wrap=True)
    table.add_column("clean %", justify="right", no_wrap=True)
    table.add_column("robust %", justify="right", no_wrap=True)
    weak = next((summary.gap.weak_attack for summary in analysis.models if summary.gap is not None), "")
    if weak:
        table.add_column(f"{weak} − {all_of_it}", justify="right")
    for summary in analysis.models:
        record = summary.model.record
        robust = "–" if summary.robust_accuracy is None else bound + _percent(summary.robust_accuracy, intervals)
        gap = [] if summary.gap is None else [f"{least}{100 * summary.gap.gap:.1f}"]
        table.add_row(
            Text(record.name if record.role in (record.name, "pruned") else f"{record.name} ({record.role})"),
            f"{100 * record.sparsity_conv_linear:.1f} %",
            _percent(summary.clean_accuracy, intervals),
            robust,
            *gap,
        )
    return table


def _final(analysis: Analysis) -> bool:
    """Whether robust accuracies are by one of the field's standard ensembles, and not upper bounds."""
    return analysis.complete and is_final(analysis.run.info.settings.attack)


def _stages(analysis: Analysis) -> Table:
    table = Table(title="Stages: samples broken, robust accuracy after", title_justify="left", title_style="bold")
    table.add_column("stage", no_wrap=True)
    for summary in analysis.models:
        table.add_column(Text(summary.model.record.name), justify="right", overflow="fold")
    table.add_row("clean", *(_clean_cell(summary) for summary in analysis.models))
    for number, name in enumerate(analysis.stage_names):
        table.add_row(Text(name), *(_stage_cell(summary, number) for summary in analysis.models))
    return table


def _clean_cell(summary: ModelSummary) -> str:
    accuracy = summary.clean_accuracy
    return "not yet" if accuracy is None else f"{summary.clean_wrong} of {accuracy.n}\n→ {100 * accuracy.value:.1f} %"


def _stage_cell(summary: ModelSummary, number: int) -> str:
    stage = summary.stages[number]
    if stage.robust_accuracy_after is None:
        return "not yet" if stage.entered is None else f"{stage.broken} so far"
    return f"{stage.broken} of {stage.entered}\n→ {100 * stage.robust_accuracy_after.value:.1f} %"


def _comparison(
    analysis: Analysis, comparison: Comparison, control: Comparison | None, width: int
) -> Iterator[RenderableType]:
    run, record = analysis.run, comparison.other.record
    counts, clean = comparison.sets.counts(), comparison.clean_sets.counts()
    title = Text(f"dense → {record.name}", style="bold")
    if record.role == "control":
        title.append("  (control: retrained without pruning)")
    yield title
    table = Table(show_header=True)
    table.add_column("set")
    table.add_column("dense, then other")
    table.add_column("robust", justify="right")
    table.add_column("clean", justify="right")
    for name, meaning in MEANINGS.items():
        table.add_row(name, meaning, str(counts[name]), str(clean[name]))
    yield table
    yield Text(
        f"NFR {_percent(comparison.nfr)} %, PFR {_percent(comparison.pfr)} %, "
        f"McNemar exact p = {comparison.mcnemar_p:.2g}"
    )
    yield _aucs(comparison, control if control is not comparison else None)
    if comparison.gap is not None:
        yield _overestimation(analysis, comparison.gap)
    yield Text()
    margins, sets = run.models[0].clean_margin, comparison.sets.by_name()
    yield margins_by_set(margins, sets, width, PLOT_HEIGHT, "dense logit margin on the clean image")
    if comparison.flip_rate:
        yield flip_rate_by_margin(_series(comparison, control), width, PLOT_HEIGHT)
        yield _flip_rates(comparison)


def _alone(analysis: Analysis, width: int) -> Iterator[RenderableType]:
    """The dense model's margins, where there is no other model to compare it with."""
    run, (summary,) = analysis.run, analysis.models
    if summary.gap is not None:
        yield _overestimation(analysis, summary.gap)
    if analysis.through:
        standing = robust(run, summary.model, analysis.through)
        yield Text()
        yield margins_by_set(
            run.models[0].clean_margin,
            flip_sets(standing, standing).by_name(),
            width,
            PLOT_HEIGHT,
            "logit margin on the clean image",
            called=ALONE_SETS,
        )
    yield Text("One model alone. Flip sets need a pruned one: thinice-tui compare DENSE PRUNED", style="dim")


def _overestimation(analysis: Analysis, gap: Gap) -> Text:
    return Text(
        f"Overestimation by {gap.weak_attack} alone: {100 * gap.weak:.1f} % against {100 * gap.ensemble:.1f} %, "
        f"{'' if analysis.complete else 'at least '}{100 * gap.gap:.1f} points"
    )


def _aucs(comparison: Comparison, control: Comparison | None) -> Table:
    table = Table(title="AUC of the dense margin (95 % intervals)", title_justify="left")
    table.title_style = "bold"
    table.add_column("sets")
    for name in ("AUC", "n"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("so")
    rows = [
        ("S10, S11", comparison.auc_s10_s11),
        ("S01, S00", comparison.auc_s01_s00),
        ("S10, S11 attacked", comparison.adversarial_auc_s10_s11),
    ]
    if control is not None:
        rows.insert(1, ("S10, S11 control", control.auc_s10_s11))
    for name, auc in rows:
        table.add_row(name, auc.shown, f"{auc.flipped}, {auc.kept}", auc.verdict)
    return table


def _series(comparison: Comparison, control: Comparison | None) -> Sequence[Rates]:
    series = [Rates(comparison.other.record.name, comparison.flip_rate)]
    if control is not None and control is not comparison:
        series.append(Rates(control.other.record.name, control.flip_rate))
    return series


def _flip_rates(comparison: Comparison) -> Table:
    table = Table(title="Flip rate S10/(S10+S11) by dense margin", title_justify="left", title_style="bold")
    for column in ("dense margin", "flips", "of", "rate", "95 % interval"):
        table.add_column(column, justify="right")
    for rate in comparison.flip_rate:
        table.add_row(
            f"{rate.margin_low:.3f} to {rate.margin_high:.3f}",
            str(rate.flips),
            str(rate.n),
            f"{100 * rate.rate:.1f} %",
            f"[{100 * rate.low:.1f}, {100 * rate.high:.1f}]",
        )
    return table


def _curves(analysis: Analysis, width: int) -> Iterator[RenderableType]:
    """The security curves, where distances were searched for."""
    run = analysis.run
    curves = [curve for model in run.models if (curve := security_curve(run, model)) is not None]
    if not curves:
        return
    norm = run.info.settings.norm
    yield Text()
    yield security_curves(curves, run_eps(run), norm, width, PLOT_HEIGHT)
    medians = ", ".join(f"{curve.name} {NORM_ROWS[norm].shown(curve.median)}" for curve in curves)
    yield Text(f"Median distance to the boundary of what is right without attack ({norm}, upper bounds): {medians}")
    yield from (_missed(analysis, summary) for summary in analysis.models if missed(run, summary.model).any())


def _missed(analysis: Analysis, summary: ModelSummary) -> Text:
    """What the search for distances found within eps, and the ensemble did not."""
    found = missed(analysis.run, summary.model)
    indices = analysis.run.indices[found].tolist()
    listed = ", ".join(str(index) for index in indices[:LISTED]) + (", …" if len(indices) > LISTED else "")
    standing = robust(analysis.run, summary.model, len(analysis.stage_names))
    by_ensemble, with_these = 100 * standing.mean(), 100 * (standing & ~found).mean()
    return Text(
        f"{summary.model.record.name}: the distance search found adversarial images within eps for "
        f"{len(indices)} of the {standing.sum()} samples that the ensemble left standing ({listed}): "
        f"robust accuracy {by_ensemble:.1f} % by the ensemble, {with_these:.1f} % with these. "
        "Verdicts and sets are the ensemble's.",
        style="yellow",
    )


def _footnotes(has_control: bool) -> Text:
    lines = [
        "AUC: P(dense margin in the first set < in the second), ties half; 0.5: none.",
        "S01, S00: where dense fails, near to its boundary is the higher margin, so",
        "below 0.5. attacked: the margin at the worst adversarial image found.",
        "Each model is attacked white-box, on its own. An association is no cause:",
        "any retrained model flips low-margin samples.",
    ]
    if not has_control:
        lines.append("--control FILE, retrained without pruning, shows what flips by itself.")
    return Text("\n".join(lines), style="dim")


def _percent(estimate: Estimate | None, interval: bool = True) -> str:
    if estimate is None or math.isnan(estimate.value):
        return "–"
    if not interval:
        return f"{100 * estimate.value:.1f}"
    return f"{100 * estimate.value:.1f} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"

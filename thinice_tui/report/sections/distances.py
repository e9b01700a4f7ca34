"""The section on minimum-norm distances: security curves, median distances, samples the ensemble missed."""

from collections.abc import Iterator, Sequence
from functools import partial

from thinice_tui.analysis.comparison import Analysis, ModelSummary
from thinice_tui.analysis.correctness import robust_correct
from thinice_tui.analysis.distances import missed, run_eps
from thinice_tui.analysis.security_curve import SecurityCurve, security_curve
from thinice_tui.plots.security_curves import security_curves
from thinice_tui.protocol.threat_model import NORM_ROWS, Norm
from thinice_tui.report.document.blocks import Block, Heading, Notice, Plot, Table, columns
from thinice_tui.report.document.cells import Number
from thinice_tui.report.document.charts import Chart, Series

LISTED = 20
"""Samples that are named one by one; the JSON report names all."""


def distances_section(analysis: Analysis) -> Iterator[Block]:
    """Nothing where no distances were searched for."""
    run = analysis.run
    curves = [curve for model in run.models if (curve := security_curve(run, model)) is not None]
    if not curves:
        return
    norm, eps = run.info.settings.norm, run_eps(run)
    unit = NORM_ROWS[norm].axis_unit
    yield Heading("Distances to the decision boundary")
    yield Plot(_chart(curves, eps, norm), partial(security_curves, curves, eps, norm), _alt(curves, norm))
    yield Table(
        "Security curves",
        columns("model", f"median distance{unit}", "robust at eps %", "n"),
        [
            (
                curve.name,
                Number(curve.median * NORM_ROWS[norm].denominator, digits=2),
                Number(100 * curve.at_eps),
                curve.n,
            )
            for curve in curves
        ],
        f"Medians over the samples that are classified correctly without attack, {norm}, upper bounds; robust at eps: "
        "the share whose distance is above the run's eps.",
    )
    yield from (_missed(analysis, summary) for summary in analysis.models if missed(run, summary.model).any())


def _missed(analysis: Analysis, summary: ModelSummary) -> Notice:
    """Samples that the ensemble left robust and the distance search broke within eps."""
    found = missed(analysis.run, summary.model)
    indices = analysis.run.indices[found].tolist()
    listed = ", ".join(str(index) for index in indices[:LISTED])
    more = f", and {len(indices) - LISTED} more in the JSON report" if len(indices) > LISTED else ""
    robust = robust_correct(analysis.run, summary.model, len(analysis.stage_names))
    by_ensemble, with_these = 100 * robust.mean(), 100 * (robust & ~found).mean()
    return Notice(
        "doubt",
        f"{summary.model.record.name}: the distance search found adversarial images within eps for "
        f"{len(indices)} of the {robust.sum()} samples that the ensemble left standing ({listed}{more}): "
        f"robust accuracy {by_ensemble:.1f} % by the ensemble, {with_these:.1f} % with these. "
        "Verdicts and sets are the ensemble's.",
    )


def _chart(curves: Sequence[SecurityCurve], eps: float, norm: Norm) -> Chart:
    scale = NORM_ROWS[norm].denominator
    return Chart(
        f"Robust accuracy over eps, upper bounds, n={curves[0].n}",
        f"eps ({norm}){NORM_ROWS[norm].axis_unit}",
        "robust accuracy, %",
        "line",
        [Series(curve.name, scale * curve.eps, 100 * curve.robust, number) for number, curve in enumerate(curves)],
        percent=True,
        mark=(scale * eps, "the run's eps"),
    )


def _alt(curves: Sequence[SecurityCurve], norm: Norm) -> str:
    medians = ", ".join(f"{curve.name} {NORM_ROWS[norm].shown(curve.median)}" for curve in curves)
    return f"Security curves: robust accuracy falls as eps grows. Median distances ({norm}, upper bounds): {medians}."

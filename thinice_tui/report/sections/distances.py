"""The section on minimum-norm distances: security curves, median distances, samples the ensemble missed."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from thinice_tui.analysis.comparison import Analysis, ModelSummary
from thinice_tui.analysis.correctness import robust_correct
from thinice_tui.analysis.distances import missed, run_eps
from thinice_tui.analysis.security_curve import security_curve
from thinice_tui.plots.security_curves import security_curves
from thinice_tui.protocol.threat_model import NORM_ROWS

LISTED = 20
"""Samples that are named one by one; the JSON report names all."""


def distances_section(analysis: Analysis, width: int, plot_height: int) -> Iterator[RenderableType]:
    """Nothing where no distances were searched for."""
    run = analysis.run
    curves = [curve for model in run.models if (curve := security_curve(run, model)) is not None]
    if not curves:
        return
    norm = run.info.settings.norm
    yield Text()
    yield security_curves(curves, run_eps(run), norm, width, plot_height)
    medians = ", ".join(f"{curve.name} {NORM_ROWS[norm].shown(curve.median)}" for curve in curves)
    yield Text(f"Median distance to the boundary of samples right without attack ({norm}, upper bounds): {medians}")
    yield from (_missed(analysis, summary) for summary in analysis.models if missed(run, summary.model).any())


def _missed(analysis: Analysis, summary: ModelSummary) -> Text:
    """Samples that the ensemble left robust and the distance search broke within eps."""
    found = missed(analysis.run, summary.model)
    indices = analysis.run.indices[found].tolist()
    listed = ", ".join(str(index) for index in indices[:LISTED]) + (", …" if len(indices) > LISTED else "")
    robust = robust_correct(analysis.run, summary.model, len(analysis.stage_names))
    by_ensemble, with_these = 100 * robust.mean(), 100 * (robust & ~found).mean()
    return Text(
        f"{summary.model.record.name}: the distance search found adversarial images within eps for "
        f"{len(indices)} of the {robust.sum()} samples that the ensemble left standing ({listed}): "
        f"robust accuracy {by_ensemble:.1f} % by the ensemble, {with_these:.1f} % with these. "
        "Verdicts and sets are the ensemble's.",
        style="yellow",
    )

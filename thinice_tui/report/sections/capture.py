"""How many losses lie within the lowest margins, and which margin separates losses best."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from thinice_tui.analysis.capture import HEADLINE, CaptureCurve, capture_of
from thinice_tui.analysis.comparison import Analysis, Comparison
from thinice_tui.analysis.margins import MARGIN_KINDS
from thinice_tui.analysis.separation import Separation, separation_of
from thinice_tui.plots.capture_curve import Captured, capture_plot
from thinice_tui.report.document.blocks import Block, Paragraph, Plot, Table, columns
from thinice_tui.report.document.cells import Cell, auc_number, in_words, number, p_value
from thinice_tui.report.document.charts import Chart, Series
from thinice_tui.report.sections.run_words import number_of

IN_WORDS = (0.1, 0.25, 0.5, 0.75)
"""The shares of lowest margins that the curve is told at, where it is not drawn."""


def capture_section(analysis: Analysis, comparison: Comparison) -> Iterator[Block]:
    """The headline and curve of the clean margin, then the kinds of margin beside one another."""
    curve, name = capture_of(analysis, comparison), comparison.other.record.name
    number = number_of(analysis, comparison)
    if curve.headline.known:
        yield Paragraph(_headline(curve))
        terminal = partial(capture_plot, [Captured(name, curve, number)])
        yield Plot(_chart(curve, name, number), terminal, _alt(curve, name))
    separation = separation_of(analysis, comparison)
    yield Table(
        "Which dense margin separates lost from kept samples (95 % intervals)",
        columns("margin", "AUC", "minus clean margin's", "p"),
        [_row(separation, kind) for kind in separation.aucs],
        "p: paired DeLong test against the clean margin, Holm's correction for all pairs of margins.",
    )
    yield Paragraph(_conclusion(separation))


def _headline(curve: CaptureCurve) -> str:
    share = f"{100 * HEADLINE:.0f} %"
    return (
        f"The lowest {share} of dense margins hold {in_words(curve.headline)} of the {curve.losses} losses; "
        f"without an association it would be {share}."
    )


def _alt(curve: CaptureCurve, name: str) -> str:
    captured = np.interp(IN_WORDS, curve.lowest, curve.captured)
    lowest, shares = (", ".join(f"{100 * one:.0f}" for one in values) for values in (IN_WORDS, captured))
    return f"Losses of {name} within the lowest {lowest} % of dense margins: {shares} %."


def _row(separation: Separation, kind: str) -> list[Cell]:
    difference = next((one for one in separation.differences if one.kind == kind and one.than == "clean"), None)
    found: list[Cell] = (
        ["", ""] if difference is None else [number(difference.difference, 2), p_value(difference.p_holm)]
    )
    name, auc = next((MARGIN_KINDS[one], auc) for one, auc in separation.aucs.items() if one == kind)
    return [name, auc_number(auc), *found]


def _conclusion(separation: Separation) -> str:
    source = (
        "The margin under attack comes from the attack that also chose S10 and S11, which favours it."
        if separation.own_attack
        else "The margin under attack comes from a run of another attack seed, S10 and S11 from this one."
    )
    verdict = separation.verdict
    return f"{verdict[0].upper()}{verdict[1:]}. {source}"


def _chart(curve: CaptureCurve, name: str, number: int) -> Chart:
    lowest = 100 * curve.lowest
    return Chart(
        f"Losses within the lowest dense margins, n={curve.losses}",
        "lowest dense margins, % of what dense holds",
        "losses captured, %",
        "line",
        [
            Series(f"{name} ± 95 %", lowest, 100 * curve.captured, number, 100 * curve.low, 100 * curve.high),
            Series("no association", lowest, lowest, 6),
        ],
        percent=True,
    )

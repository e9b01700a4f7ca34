"""Claimed robust accuracies beside those of every training seed."""

import math
from collections.abc import Iterator

from thinice_tui.analysis.several.over_seeds import OverSeeds
from thinice_tui.analysis.several.several_runs import SeveralRuns
from thinice_tui.report.document.blocks import Block, Heading, Paragraph, Table, columns
from thinice_tui.report.document.cells import Bound, Cell, Number
from thinice_tui.report.sections.claims import why_comparable


def several_claims(several: SeveralRuns) -> Iterator[Block]:
    """Nothing where nothing is claimed."""
    if not several.claims:
        return
    least: Bound = "" if all(one.final for one in several.seeds) else "≥"
    most: Bound = "≤" if least else ""
    rows: list[list[Cell]] = []
    for one in several.claims:
        named: list[Cell] = [one.claim.model, Number(100 * one.claim.accuracy), one.claim.attack]
        for number, checked in enumerate(one.checked, start=1):
            own = None if checked.own_weak is None else Number(100 * checked.own_weak)
            low, high = 100 * checked.measured_low, 100 * checked.measured_high
            rows.append(
                [
                    *named,
                    str(number),
                    own,
                    Number(100 * checked.measured, low, high, bound=most),
                    Number(100 * checked.gap, bound=least),
                ]
            )
        means = (_mean(one.own_weak), _mean(one.measured, most), _mean(one.gap, least))
        rows.append([*named, "mean [range]", *means])
    yield Heading("Claims")
    yield Table(
        "Claimed and measured robust accuracy, by training seed",
        columns(*("model", "claimed %", "under", "seed", "own %", "measured %", "gap"), left=["under", "seed"]),
        rows,
        "own: under the run's own attack of that name and steps. measured: under all stages, 95 % interval. gap: "
        "claimed minus measured, in points. In the rows of means, brackets hold the least and the largest value.",
    )
    for one in several.claims:
        yield Paragraph(f"{one.claim.text}: {why_comparable(one.checked[0])}")


def _mean(number: OverSeeds, bound: Bound = "") -> Cell:
    if math.isnan(number.mean.value):
        return None
    return Number(100 * number.mean.value, 100 * number.least, 100 * number.most, bound=bound)

"""Claimed robust accuracies beside the measured ones."""

from collections.abc import Iterator

from thinice_tui.analysis.claims import CheckedClaim, checked_claims
from thinice_tui.analysis.comparison import Analysis
from thinice_tui.report.document.blocks import Block, Heading, Paragraph, Table, columns
from thinice_tui.report.document.cells import Bound, Cell, Number


def claims_section(analysis: Analysis) -> Iterator[Block]:
    """Nothing where nothing is claimed, or nothing is measured yet."""
    found = checked_claims(analysis)
    if not found:
        return
    yield Heading("Claims")
    yield Table(
        "Claimed and measured robust accuracy",
        columns(
            "model", "claimed %", "under", "own %", "measured %", "gap", "comparable", left=["under", "comparable"]
        ),
        [_row(analysis, checked) for checked in found],
        "own: under the run's own attack of that name and steps. measured: under all stages, 95 % interval. gap: "
        "claimed minus measured, in points.",
    )
    yield from (Paragraph(f"{checked.claim.text}: {why_comparable(checked)}") for checked in found)


def _row(analysis: Analysis, checked: CheckedClaim) -> list[Cell]:
    claim = checked.claim
    least: Bound = "" if analysis.final else "≥"
    most: Bound = "" if analysis.final else "≤"
    own = None if checked.own_weak is None else Number(100 * checked.own_weak)
    low, high = 100 * checked.measured_low, 100 * checked.measured_high
    measured = Number(100 * checked.measured, low, high, bound=most)
    gap = Number(100 * checked.gap, bound=least)
    so = "yes" if checked.comparable else "no"
    return [claim.model, Number(100 * claim.accuracy), claim.attack, own, measured, gap, so]


def why_comparable(checked: CheckedClaim) -> str:
    """Why the two numbers are comparable, or not."""
    assumed = (
        f" The claim does not say its {_listed(checked.assumed)}: taken to be the run's." if checked.assumed else ""
    )
    if checked.comparable:
        return f"comparable, for nothing that the claim says speaks against it.{assumed}"
    return f"not comparable: {'; '.join(checked.against)}.{assumed}"


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))

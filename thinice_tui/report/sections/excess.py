"""What pruning loses beyond the control, and beside it the noise of the attacks; without a control, what follows."""

from collections.abc import Iterator, Sequence

from thinice_tui.analysis.audit import escalated_apart
from thinice_tui.analysis.comparison import Analysis
from thinice_tui.analysis.excess import Excess, control_of, excesses
from thinice_tui.analysis.noise_floor import noise_floor
from thinice_tui.report.document.blocks import Block, Heading, Notice, Paragraph, Table, columns
from thinice_tui.report.document.cells import Cell, number, p_value, percent

NO_CONTROL = (
    "There is no control, so it cannot be concluded that pruning lost these samples: retraining alone flips low-margin "
    "samples, too. --control FILE, the dense model retrained in the same way without pruning, shows how many."
)

BEFORE_AUDIT = (
    " Attacks were escalated under one seed and not under another: these are compared through the stages before the "
    "audit."
)


def excess_section(analysis: Analysis) -> Iterator[Block]:
    """Nothing where no pruned model is compared."""
    if not any(one.other.record.role == "pruned" for one in analysis.comparisons):
        return
    yield Heading("Losses beyond retraining")
    if control_of(analysis) is None:
        yield Notice("note", NO_CONTROL)
    else:
        found = excesses(analysis)
        yield Table(
            "Each pruned model against the control (95 % intervals)",
            columns("model", "excess NFR %", "lost by pruning", "lost by control", "odds ratio", "p"),
            [_row(excess) for excess in found],
            "excess NFR: NFR minus the control's. lost by pruning: samples that dense and the control hold and the "
            "model loses; lost by control: that dense and the model hold and the control loses. odds ratio: odds of "
            "being lost by pruning over those of being lost by the control, at equal dense margin. p: exact McNemar "
            "test of the two counts, Holm's correction for all pruned models.",
        )
        yield from (Paragraph(f"{_names(found, verdict)}: {verdict}.") for verdict in _verdicts(found))
    yield from noise_table(analysis)


def _row(excess: Excess) -> list[Cell]:
    return [
        excess.model,
        percent(excess.excess_nfr),
        int(excess.lost_by_pruning.sum()),
        int(excess.lost_by_control.sum()),
        number(excess.odds_ratio),
        p_value(excess.p_holm),
    ]


def _verdicts(found: Sequence[Excess]) -> list[str]:
    return list(dict.fromkeys(excess.verdict for excess in found))


def _names(found: Sequence[Excess], verdict: str) -> str:
    return ", ".join(excess.model for excess in found if excess.verdict == verdict)


def noise_table(analysis: Analysis, of: str = "") -> Iterator[Block]:
    """Each model against itself under other attack seeds; nothing where no such run is at hand.

    of: which run it is, in words.
    """
    floor = noise_floor(analysis)
    if floor:
        yield Table(
            f"Noise of the attacks{of}: each model against itself under another seed (95 % intervals)",
            columns("model", "seed", "NFR %", "PFR %"),
            [(one.model, one.seed, percent(one.nfr), percent(one.pfr)) for one in floor],
            f"seed: of the other run; this one's is {analysis.run.info.settings.seed}. "
            "An NFR of dense against a pruned model that is no larger than its noise says nothing."
            + (BEFORE_AUDIT if escalated_apart((analysis.run, *analysis.repeats)) else ""),
        )

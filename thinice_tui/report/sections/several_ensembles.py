"""The same models under two ensembles of attacks, side by side."""

from collections.abc import Iterator, Sequence

from thinice_tui.analysis.several.ensembles import EnsembleDifference
from thinice_tui.analysis.several.several_runs import SeveralRuns
from thinice_tui.report.document.blocks import Block, Table, columns
from thinice_tui.report.document.cells import Cell


def several_ensembles(several: SeveralRuns) -> Iterator[Block]:
    """What each of two ensembles breaks that the other leaves, and by which stage; nothing where there is one."""
    for name, other in dict.fromkeys((one.attack, one.other_attack) for one in several.ensembles):
        found = [one for one in several.ensembles if (one.attack, one.other_attack) == (name, other)]
        seeds = len(several.seeds) > 1
        yield Table(
            f"The same models under {name} and {other}: samples",
            columns("model", "robust under both", f"broken by {name} alone", f"broken by {other} alone", "by both"),
            [
                (_model(one, seeds), *(one.sets.counts()[which] for which in ("S11", "S01", "S10", "S00")))
                for one in found
            ],
            "broken: or misclassified without attack.",
        )
        yield from _stages(f"What {other} leaves, by the stage of {name} that breaks it: samples", found, seeds, False)
        yield from _stages(f"What {name} leaves, by the stage of {other} that breaks it: samples", found, seeds, True)


def _stages(caption: str, found: Sequence[EnsembleDifference], seeds: bool, of_other: bool) -> Iterator[Block]:
    """Nothing where no stage breaks anything that the other ensemble leaves."""
    counts = [one.other_broken_by if of_other else one.broken_by for one in found]
    if any(sum(one.values()) for one in counts):
        rows: list[list[Cell]] = [
            [_model(one, seeds), *by_stage.values()] for one, by_stage in zip(found, counts, strict=True)
        ]
        yield Table(caption, columns("model", *counts[0]), rows)


def _model(one: EnsembleDifference, seeds: bool) -> str:
    return f"{one.model}, training seed {one.seed}" if seeds else one.model

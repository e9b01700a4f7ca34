"""Which losses are stable over training seeds: how often samples are lost, overlap against chance, exemplars."""

from collections.abc import Iterator, Sequence

import numpy as np

from thinice_tui.analysis.several.exemplars import Exemplars
from thinice_tui.analysis.several.several_runs import ModelOverSeeds, SeveralRuns
from thinice_tui.analysis.several.stability import Stability
from thinice_tui.report.document.blocks import Block, Heading, Paragraph, Table, columns
from thinice_tui.report.document.cells import Number, p_value
from thinice_tui.report.sections.run_words import model_words

MOST_NAMED = 20
"""Samples that a sentence names; the JSON report has all."""


def several_losses(several: SeveralRuns) -> Iterator[Block]:
    """Nothing where dense is alone."""
    compared = [model for model in several.models if model.stability is not None]
    if not compared:
        return
    yield Heading("Which losses are stable")
    yield _times_lost(compared, len(several.seeds))
    for model in compared:
        yield _lost_by_all(model, several)
    yield _overlaps(compared)
    yield from (Paragraph(f"{model_words(model.record)}: {_stable(model).overlap.verdict}.") for model in compared)
    yield from _exemplars(compared)


def _stable(model: ModelOverSeeds) -> Stability:
    assert model.stability is not None  # the callers' models have it
    return model.stability


def _times_lost(models: Sequence[ModelOverSeeds], seeds: int) -> Table:
    return Table(
        "Samples by how many seeds lose them",
        columns("model", *(f"{times} of {seeds}" for times in range(1, seeds + 1))),
        [(model_words(model.record), *_stable(model).counts) for model in models],
        "lost: the dense model of that seed holds the sample and the other model of that seed does not.",
    )


def _lost_by_all(model: ModelOverSeeds, several: SeveralRuns) -> Block:
    """Which samples every seed loses, by their indices in the data."""
    seeds = len(several.seeds)
    found = several.seeds[0].run.indices[np.flatnonzero(_stable(model).times_lost == seeds)].tolist()
    named = ", ".join(map(str, found[:MOST_NAMED])) or "none"
    more = f" and {len(found) - MOST_NAMED} more, which the JSON report names" if len(found) > MOST_NAMED else ""
    return Paragraph(f"{model_words(model.record)}: the samples that all {seeds} seeds lose: {named}{more}.")


def _overlaps(models: Sequence[ModelOverSeeds]) -> Table:
    found = [(model, _stable(model).overlap) for model in models]
    return Table(
        "Losses that two seeds share, over all pairs, against chance",
        columns("model", "held by all", "shared", "by chance", "p"),
        [
            (
                model_words(model.record),
                one.held,
                one.shared,
                Number(one.expected, one.low, one.high),
                p_value(one.p),
            )
            for model, one in found
        ],
        "Of the samples that the dense models of all seeds hold. by chance: were each seed's losses drawn at random "
        "within deciles of the dense margin's mean rank; in brackets 95 % of such draws.",
    )


def _exemplars(models: Sequence[ModelOverSeeds]) -> Iterator[Block]:
    found = [(model, model.exemplars) for model in models if model.exemplars is not None]
    if not found:
        yield Paragraph("Pruning-identified exemplars need three training seeds.", quiet=True)
        return
    yield Table(
        "Pruning-identified exemplars (Hooker et al. 2019): samples",
        columns("model", "clean", "clean ties", "lost", "gained", "ties"),
        [(model_words(model.record), *_counts(one)) for model, one in found],
        "clean: the modal prediction of the dense models and that of the others differ; clean ties: no single mode. "
        "lost: most dense models hold the sample under attack and most of the others do not; gained: the other way "
        "round; ties: half of the models hold it.",
    )


def _counts(found: Exemplars) -> tuple[int, ...]:
    masks = (found.clean, found.clean_ties, found.lost, found.gained, found.ties)
    return tuple(int(mask.sum()) for mask in masks)

"""Several runs together: numbers over training seeds, losses that stay the same, other ensembles."""

from collections.abc import Iterator

import numpy as np

from thinice_tui.analysis.several.exemplars import Exemplars
from thinice_tui.analysis.several.over_seeds import FEWEST_FOR_INTERVAL, OverSeeds
from thinice_tui.analysis.several.several_runs import ModelOverSeeds, SeveralRuns
from thinice_tui.analysis.several.stability import Stability
from thinice_tui.report.document.blocks import Block, Facts, Heading, Notice, Paragraph, Table, columns
from thinice_tui.report.document.cells import Cell, Number, p_value
from thinice_tui.report.sections.claims import claims_section
from thinice_tui.report.sections.excess import noise_table
from thinice_tui.report.sections.header import TITLE
from thinice_tui.report.sections.provenance import INTERVALS, command_line
from thinice_tui.report.sections.run_words import eps_words, model_words, time_words
from thinice_tui.runfile.records import Run

SHOWN = {
    "clean_accuracy": "clean %",
    "robust_accuracy": "robust %",
    "nfr": "NFR %",
    "pfr": "PFR %",
    "auc_s10_s11": "AUC",
    "excess_nfr": "excess NFR %",
}
"""Title of each number, by its name."""


def several_document(several: SeveralRuns) -> Iterator[Block]:
    """The report of several training seeds."""
    info = several.seeds[0].run.info
    settings = info.settings
    yield Heading(TITLE, level=1)
    yield Paragraph(
        f"{len(several.seeds)} training seeds · {settings.norm} eps {eps_words(settings.eps, settings.norm)} · "
        f"{settings.attack} · {info.data.samples} samples · {info.data.source}"
    )
    yield _over_seeds(several)
    if not all(one.final for one in several.seeds):
        yield Notice("note", "Robust accuracies are upper bounds.")
    yield from (Notice("warning", warning) for one in several.seeds for warning in one.run.info.warnings)
    yield from claims_section(several.seeds[0])
    compared = [model for model in several.models if model.stability is not None]
    if compared:
        yield Heading("Which losses are stable")
        yield _times_lost(compared, len(several.seeds))
        yield _overlaps(compared)
        yield from (Paragraph(f"{model_words(model.record)}: {_stable(model).overlap.verdict}.") for model in compared)
        yield from _exemplars(compared)
    yield from several_sections(several)
    yield Heading("The runs")
    yield _runs(several)
    if several.groups.left_out:
        yield Paragraph(f"Left out, for not every run has them: {', '.join(several.groups.left_out)}.")
    yield Paragraph("One run alone: thinice-tui report RUN.thinice", quiet=True)
    yield Heading("Commands and versions", level=3)
    yield Facts([fact for run in several.groups.seeds for fact in _origin(run)])
    yield Heading("SHA-256 checksums", level=3)
    yield Facts([("data", info.data.sha256), *_checksums(several)])
    yield Heading("Intervals and tests", level=3)
    yield Facts(INTERVALS)


def several_sections(several: SeveralRuns) -> Iterator[Block]:
    """What runs of the same models add: the noise of the attacks, and other ensembles side by side."""
    if len(several.seeds) > 1:
        for analysis in several.seeds:
            yield from noise_table(analysis)
    for name, other in dict.fromkeys((one.attack, one.other_attack) for one in several.ensembles):
        found = [one for one in several.ensembles if (one.attack, one.other_attack) == (name, other)]
        yield Table(
            f"The same models under {name} and {other}: samples",
            columns("model", "robust under both", f"broken by {name} alone", f"broken by {other} alone", "by both"),
            [(one.model, *(one.sets.counts()[which] for which in ("S11", "S01", "S10", "S00"))) for one in found],
            "broken: or misclassified without attack.",
        )


def _over_seeds(several: SeveralRuns) -> Table:
    names = [name for name in SHOWN if any(name in model.numbers for model in several.models)]
    seeds = len(several.seeds)
    brackets = "95 % interval" if seeds >= FEWEST_FOR_INTERVAL else "range"
    return Table(
        f"Models: mean over {seeds} training seeds, {brackets} in brackets",
        columns("model", "zeros %", *(SHOWN[name] for name in names)),
        [
            [
                model_words(model.record),
                Number(100 * model.record.sparsity_conv_linear),
                *(_mean(model.numbers[name], name) if name in model.numbers else "" for name in names),
            ]
            for model in several.models
        ],
        f"Intervals over seeds are Student's t, from {FEWEST_FOR_INTERVAL} seeds on. Below that brackets hold the "
        "least and the largest value.",
    )


def _mean(number: OverSeeds, name: str) -> Cell:
    """The mean with its interval, or with the range where there is none."""
    if not number.mean.known:
        return None
    few = np.isnan(number.mean.low)
    low, high = (number.least, number.most) if few else (number.mean.low, number.mean.high)
    scale, digits = (1, 2) if name == "auc_s10_s11" else (100, 1)
    return Number(scale * number.mean.value, scale * low, scale * high, digits=digits)


def _stable(model: ModelOverSeeds) -> Stability:
    assert model.stability is not None  # the callers' models have it
    return model.stability


def _times_lost(models: list[ModelOverSeeds], seeds: int) -> Table:
    return Table(
        "Samples by how many seeds lose them",
        columns("model", *(f"{times} of {seeds}" for times in range(1, seeds + 1))),
        [(model_words(model.record), *_stable(model).counts) for model in models],
        "lost: the dense model of that seed holds the sample and the other model of that seed does not.",
    )


def _overlaps(models: list[ModelOverSeeds]) -> Table:
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


def _exemplars(models: list[ModelOverSeeds]) -> Iterator[Block]:
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


def _runs(several: SeveralRuns) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for number, group in enumerate(several.groups.groups, start=1):
        parts = [("training seed", group.first)]
        parts += [("attack seed", run) for run in group.repeats] + [("ensemble", run) for run in group.ensembles]
        for part, run in parts:
            settings = run.info.settings
            rows.append((run.path, f"{part} {number}", settings.attack, settings.precision, settings.seed))
    return Table("", columns("run", "part", "attack", "precision", "seed", left=["part", "attack", "precision"]), rows)


def _origin(run: Run) -> list[tuple[str, str]]:
    info = run.info
    finished = "not finished" if info.finished is None else time_words(info.finished)
    versions = ", ".join(f"{name} {version}" for name, version in info.versions.items()) or "not recorded"
    return [
        (run.path, f"finished {finished}, on {info.device}; {versions}"),
        ("", command_line(info) or "The run file does not say which command made it."),
    ]


def _checksums(several: SeveralRuns) -> list[tuple[str, str]]:
    return [
        (f"{model.record.name}, training seed {number}", model.record.sha256)
        for number, run in enumerate(several.groups.seeds, start=1)
        for model in run.models
    ]

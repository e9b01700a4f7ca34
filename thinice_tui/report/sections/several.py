"""Several runs together: numbers over training seeds, losses that stay the same, noise, other ensembles, the runs."""

import math
from collections.abc import Iterator
from dataclasses import replace

from thinice_tui.analysis.audit import escalated_apart, is_escalated
from thinice_tui.analysis.distances import has_distances
from thinice_tui.analysis.several.over_seeds import FEWEST_FOR_INTERVAL, OverSeeds
from thinice_tui.analysis.several.several_runs import SeveralRuns
from thinice_tui.report.document.blocks import Block, Facts, Heading, Notice, Paragraph, Table, columns
from thinice_tui.report.document.cells import Bound, Cell, Number
from thinice_tui.report.sections.excess import noise_table
from thinice_tui.report.sections.header import TITLE, why_not_final
from thinice_tui.report.sections.methods import methods
from thinice_tui.report.sections.provenance import INTERVALS, command_line
from thinice_tui.report.sections.reliability import doubt
from thinice_tui.report.sections.run_words import eps_words, model_words, time_words
from thinice_tui.report.sections.several_claims import several_claims
from thinice_tui.report.sections.several_ensembles import several_ensembles
from thinice_tui.report.sections.several_losses import several_losses
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
    yield from several_header(several)
    yield models_over_seeds(several)
    yield all_values(several)
    yield from several_reliability(several)
    yield from several_claims(several)
    yield from several_losses(several)
    yield from several_sections(several)
    yield Paragraph("One run alone: thinice-tui report RUN.thinice", quiet=True)
    yield Heading("Intervals and tests", level=3)
    yield Facts(INTERVALS)
    like_all = min(several.seeds, key=lambda one: has_distances(one.run))  # says nothing that some runs did not do
    yield from methods(like_all, len(several.seeds))


def several_header(several: SeveralRuns) -> Iterator[Block]:
    """Title, settings, data; notices where robust accuracies are upper bounds, and of what seeds do not share."""
    info = several.seeds[0].run.info
    settings = info.settings
    yield Heading(TITLE, level=1)
    yield Paragraph(
        f"{len(several.seeds)} training seeds · {settings.norm} eps {eps_words(settings.eps, settings.norm)} · "
        f"{settings.attack_shown} · {info.data.samples} samples · {info.data.source}"
    )
    if not all(one.final for one in several.seeds):
        yield Notice("note", f"{why_not_final(settings)}.")
    if len({one.run.info.settings.precision for one in several.seeds}) > 1:
        yield Notice("warning", "Gradients had other precisions in some training seeds, see the runs.")
    if escalated_apart([one.run for one in several.seeds]):
        escalated = [str(number) for number, one in enumerate(several.seeds, start=1) if is_escalated(one.run)]
        yield Notice(
            "warning",
            f"Attacks were escalated in training seed {', '.join(escalated)} only, so seeds were attacked with two "
            "strengths: compare them with --attack standard.",
        )
    for warning in dict.fromkeys(warning for one in several.seeds for warning in one.run.warnings):
        yield Notice("warning", warning)


def several_reliability(several: SeveralRuns) -> Iterator[Block]:
    """Which training seeds give a reason to doubt their numbers; the checks themselves are in each run's own report."""
    doubts = [(number, one) for number, seed in enumerate(several.seeds, start=1) for one in doubt(seed)]
    for number, one in doubts:
        yield Notice(one.kind, f"Training seed {number}. {one.text}")
    if not doubts:
        yield Paragraph("Reliability: no check of any training seed gives a reason to doubt these numbers.")


def several_sections(several: SeveralRuns) -> Iterator[Block]:
    """What the report of one run cannot say: the noise of the attacks, other ensembles side by side, and the runs."""
    for number, analysis in enumerate(several.seeds, start=1):
        if len(several.seeds) > 1:
            yield from noise_table(analysis, f" in training seed {number}")
        elif not any(one.other.record.role == "pruned" for one in analysis.comparisons):
            yield from noise_table(analysis)  # which is beside the excess otherwise
    yield from several_ensembles(several)
    yield Heading("The runs")
    yield _runs(several)
    if several.groups.left_out:
        yield Paragraph(f"Left out, for not every run has them: {', '.join(several.groups.left_out)}.")
    yield Heading("Commands and versions", level=3)
    yield Facts([fact for part in several.groups.parts for fact in _origin(part.run)])
    yield Heading("SHA-256 checksums", level=3)
    yield Facts([("data", several.seeds[0].run.info.data.sha256), *_checksums(several)])


def models_over_seeds(several: SeveralRuns) -> Table:
    """Every model with the means of its numbers."""
    seeds, names = len(several.seeds), _names(several)
    brackets = "95 % interval" if seeds >= FEWEST_FOR_INTERVAL else "range"
    return Table(
        f"Models: mean over {seeds} training seeds, {brackets} in brackets",
        columns("model", "zeros %", *(SHOWN[name] for name in names)),
        [
            [
                model_words(model.record),
                Number(100 * model.record.sparsity_conv_linear),
                *(_mean(several, model.numbers[name], name) if name in model.numbers else "" for name in names),
            ]
            for model in several.models
        ],
        f"Intervals over seeds are Student's t, from {FEWEST_FOR_INTERVAL} seeds on. Below that brackets hold the "
        "least and the largest value.",
    )


def all_values(several: SeveralRuns) -> Table:
    """Every number of every seed, with the least and the largest."""
    numbers = range(1, len(several.seeds) + 1)
    rows: list[list[Cell]] = []
    for model in several.models:
        for name, found in model.numbers.items():
            known = [_number(several, value, name) for value in (*found.values, found.least, found.most)]
            rows.append([f"{model_words(model.record)}: {SHOWN[name]}", *known])
    return Table(
        "The values of every training seed, least and largest",
        columns("training seed", *map(str, numbers), "least", "largest"),
        rows,
    )


def _names(several: SeveralRuns) -> list[str]:
    return [name for name in SHOWN if any(name in model.numbers for model in several.models)]


def _number(several: SeveralRuns, value: float, name: str) -> Number | None:
    if math.isnan(value):
        return None
    bound: Bound = "≤" if name == "robust_accuracy" and not all(one.final for one in several.seeds) else ""
    return Number(_scale(name) * value, digits=2 if name == "auc_s10_s11" else 1, bound=bound)


def _scale(name: str) -> float:
    """From a number to its unit in tables: percent for all but AUCs."""
    return 1.0 if name == "auc_s10_s11" else 100.0


def _mean(several: SeveralRuns, number: OverSeeds, name: str) -> Cell:
    """The mean with its interval, or of few seeds with the range."""
    shown = _number(several, number.mean.value, name)
    if shown is None or not number.mean.known:
        return None
    low, high = number.mean.low, number.mean.high
    if len(several.seeds) < FEWEST_FOR_INTERVAL:
        low, high = number.least, number.most
    return replace(shown, low=_scale(name) * low, high=_scale(name) * high)


def _runs(several: SeveralRuns) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for part in several.groups.parts:
        settings = part.run.info.settings
        what = part.part if len(several.seeds) == 1 else f"{part.part} {part.seed}"
        if part.part in ("attack seed", "ensemble") and len(several.seeds) > 1:
            what = f"{part.part} of training seed {part.seed}"
        rows.append((part.run.path, what, settings.attack_shown, settings.precision, settings.seed))
    return Table(
        "",
        columns("run", "part", "attack", "precision", "attack seed", left=["part", "attack", "precision"]),
        rows,
        "Runs of other weights are training seeds. An attack seed is a repeat that measures the attacks' noise and "
        "counts as no seed."
        if any(part.part == "attack seed" for part in several.groups.parts)
        else "",
    )


def _origin(run: Run) -> list[tuple[str, str]]:
    info = run.info
    finished = "not finished" if info.finished is None else time_words(info.finished)
    versions = ", ".join(f"{name} {version}" for name, version in info.versions.items()) or "not recorded"
    return [
        (run.path, f"finished {finished}, on {info.device}; {versions}"),
        ("command", command_line(info) or "The run file does not say which command made it."),
    ]


def _checksums(several: SeveralRuns) -> list[tuple[str, str]]:
    one = len(several.seeds) == 1
    return [
        (model.record.name if one else f"{model.record.name}, training seed {number}", model.record.sha256)
        for number, run in enumerate(several.groups.seeds, start=1)
        for model in run.models
    ]

"""The comparison table, the report's first: every model's accuracies, and what it loses and gains against dense."""

from collections.abc import Iterator

from thinice_tui.analysis.comparison import Analysis, Comparison, ModelSummary
from thinice_tui.analysis.excess import excesses
from thinice_tui.analysis.sparsity import sparsity_words
from thinice_tui.report.document.blocks import Block, Column, Table
from thinice_tui.report.document.cells import Cell, Number, auc_number, percent
from thinice_tui.report.sections.run_words import model_words


def models_table(analysis: Analysis) -> Iterator[Block]:
    """A row a model."""
    weak = next((summary.gap.weak_attack for summary in analysis.models if summary.gap is not None), "")
    titles = ["model", "sparsity", "clean %", *([f"{weak} %"] if weak else []), "robust %"]
    titles += [f"{weak} − {'all' if analysis.complete else 'so far'}"] if weak else []
    titles += ["NFR %", "PFR %", "AUC", "AUC attacked"] if analysis.comparisons else []
    excess = {one.model: one.excess_nfr for one in excesses(analysis)}
    titles += ["excess %"] if excess else []
    compared = {comparison.other.record.name: comparison for comparison in analysis.comparisons}
    yield Table(
        "Models",
        [Column(title, "left" if title in ("model", "sparsity") else "right") for title in titles],
        [
            [
                *_of_model(analysis, summary, bool(weak)),
                *_against_dense(analysis, compared.get(name := summary.model.record.name)),
                *([percent(excess[name]) if name in excess else ""] if excess else []),
            ]
            for summary in analysis.models
        ],
        _footnote(analysis, weak),
    )


def _of_model(analysis: Analysis, summary: ModelSummary, weak: bool) -> list[Cell]:
    record, dense = summary.model.record, analysis.models[0].model.record
    robust = percent(summary.robust_accuracy, "" if analysis.final else "≤")
    clean = percent(summary.clean_accuracy)
    named: list[Cell] = [model_words(record), ", ".join(sparsity_words(record, dense)), clean]
    if not weak:
        return [*named, robust]
    if summary.gap is None:
        return [*named, None, robust, None]
    gap = Number(100 * summary.gap.gap, bound="" if analysis.complete else "≥")
    return [*named, percent(summary.stages[0].robust_accuracy_after), robust, gap]


def _against_dense(analysis: Analysis, comparison: Comparison | None) -> list[Cell]:
    if comparison is None:
        return [""] * 4 if analysis.comparisons else []
    aucs = auc_number(comparison.auc_s10_s11), auc_number(comparison.adversarial_auc_s10_s11)
    return [percent(comparison.nfr), percent(comparison.pfr), *aucs]


def _footnote(analysis: Analysis, weak: str) -> str:
    said = ["95 % intervals in brackets."]
    if weak:
        said.append(f"{weak} − {'all' if analysis.complete else 'so far'}: overestimation by {weak} alone, in points.")
    if excesses(analysis):
        said.append("excess: NFR minus the control's.")
    if analysis.comparisons:
        said.append(
            "NFR, PFR: the shares that dense holds and the model loses, and the other way round. AUC: P(dense margin "
            "of a lost sample < of a kept one), ties half; 0.5: none. attacked: the margin at the worst adversarial "
            "image found."
        )
    return " ".join(said)

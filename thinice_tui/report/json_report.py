"""The JSON report. Keys may be added; within a schema version none is renamed or removed.

Accuracies, rates and sparsities are fractions in [0,1]; an unknown number is null. The JSON Schema at `SCHEMA`
describes every key.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from thinice_tui.analysis.auc import Auc
from thinice_tui.analysis.audit import audit_of, is_escalated
from thinice_tui.analysis.comparison import Analysis, Comparison, Gap, ModelSummary, StageSummary
from thinice_tui.analysis.correctness import clean_correct, clean_known, robust_correct
from thinice_tui.analysis.diagnostics import findings
from thinice_tui.analysis.distances import missed
from thinice_tui.analysis.security_curve import SecurityCurve, security_curve
from thinice_tui.protocol.settings import NOT_STANDARD
from thinice_tui.report.json_losses import comparison_losses, run_losses, sample_losses
from thinice_tui.report.json_values import Json, finite, interval_of, number, value_of
from thinice_tui.report.sections.methods import methods_bibtex, methods_paragraph
from thinice_tui.report.sections.provenance import INTERVALS, command_line
from thinice_tui.runfile.records import Finding, ModelOutcomes, Run

SCHEMA_VERSION = 1
"""Raised when a key is renamed, removed or changes its meaning; not when a key is added."""
SCHEMA = Path(__file__).parent / "schema" / f"report-{SCHEMA_VERSION}.schema.json"
"""The JSON Schema (draft 2020-12) of the report, which comes with the package."""


def json_report(analysis: Analysis, samples: bool = False) -> Json:
    """The whole report; with `samples`, every sample's outcome under every model, too."""
    result: Json = {
        "schema_version": SCHEMA_VERSION,
        "run": _run(analysis),
        "models": [_model(analysis.run, summary) for summary in analysis.models],
        "comparisons": [
            _comparison(comparison) | more
            for comparison, more in zip(analysis.comparisons, comparison_losses(analysis), strict=True)
        ],
        **run_losses(analysis),
        "security_curves": [_curve(curve) for curve in _curves(analysis)],
        "reliability": [_finding(analysis, found) for found in findings(analysis.run)],
        "intervals": [{"of": of, "method": method} for of, method in INTERVALS],
        "methods": {"paragraph": methods_paragraph(analysis).text, "bibtex": methods_bibtex(analysis)},
    }
    if samples:
        result["samples"] = _samples(analysis)
    return result


def _run(analysis: Analysis) -> Json:
    info = analysis.run.info
    return {
        "complete": analysis.complete,
        "stages_finished": list(analysis.stage_names[: analysis.through]),
        "stages_planned": list(analysis.stage_names),
        "settings": info.settings.as_dict(),
        "label": None if info.settings.stages is None else NOT_STANDARD,
        "final": analysis.final,
        "search": finite(info.search),
        "seed": info.settings.seed,
        "versions": info.versions,
        "device": info.device,
        "batch_size": info.batch_size,
        "data": info.data.as_dict(),
        "warnings": list(analysis.run.warnings),
        "architecture": finite(info.architecture),
        "normalization": finite(info.normalization),
        "kinship": finite(info.kinship),
        "created": _time(info.created),
        "finished": _time(info.finished),
        "command": command_line(info),
    }


def _time(seconds: object) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if isinstance(seconds, float) else None


def _model(run: Run, summary: ModelSummary) -> Json:
    record = summary.model.record
    return {
        "role": record.role,
        "name": record.name,
        "path": record.path,
        "sha256": record.sha256,
        "arch": record.arch,
        "normalization": record.normalization,
        "parameters": record.parameters,
        "sparsity": {
            "conv_linear": record.sparsity_conv_linear,
            "mean_per_layer": record.sparsity_mean_per_layer,
            "all_parameters": record.sparsity_all_parameters,
        },
        "clean_accuracy": value_of(summary.clean_accuracy),
        "clean_accuracy_interval": interval_of(summary.clean_accuracy),
        "robust_accuracy": value_of(summary.robust_accuracy),
        "robust_accuracy_interval": interval_of(summary.robust_accuracy),
        "clean_wrong": summary.clean_wrong,
        "attacked_successfully": summary.attacked,
        "missed_by_ensemble": _missed(run, summary),
        "audit": _audit(run, summary),
        "overestimation_gap": _gap(summary.gap),
        "stages": [_stage(stage) for stage in summary.stages],
    }


def _missed(run: Run, summary: ModelSummary) -> Json | None:
    """Samples that only the distance search broke within eps; None where no distances were searched for."""
    if np.isnan(summary.model.boundary).all():
        return None
    found, standing = missed(run, summary.model), robust_correct(run, summary.model, len(summary.model.stages))
    return {
        "samples": run.indices[found].tolist(),
        "robust_accuracy_with_these": float((standing & ~found).mean()),
    }


def _audit(run: Run, summary: ModelSummary) -> Json | None:
    """What the audit of a fast ensemble says of the model; None where there is none."""
    audit = audit_of(run, summary.model)
    return None if audit is None else {**asdict(audit), "escalated": is_escalated(run)}


def _stage(stage: StageSummary) -> Json:
    return {
        "name": stage.name,
        "entered": stage.entered,
        "broken": stage.broken,
        "robust_accuracy_after": value_of(stage.robust_accuracy_after),
        "robust_accuracy_after_interval": interval_of(stage.robust_accuracy_after),
        "finished": stage.finished,
        "forwards": stage.forwards,
        "backwards": stage.backwards,
        "seconds": stage.seconds,
    }


def _comparison(comparison: Comparison) -> Json:
    return {
        "pruned": comparison.other.record.name,
        "role": comparison.other.record.role,
        "sets": comparison.sets.counts(),
        "clean_sets": comparison.clean_sets.counts(),
        "nfr": value_of(comparison.nfr),
        "nfr_interval": interval_of(comparison.nfr),
        "pfr": value_of(comparison.pfr),
        "pfr_interval": interval_of(comparison.pfr),
        "auc_s10_s11": _auc(comparison.auc_s10_s11),
        "auc_s01_s00": _auc(comparison.auc_s01_s00),
        "adversarial_auc_s10_s11": _auc(comparison.adversarial_auc_s10_s11),
        "flip_rate": [
            {
                "margin_low": number(rate.margin_low),
                "margin_high": number(rate.margin_high),
                "n": rate.n,
                "flips": rate.flips,
                "rate": rate.rate,
                "low": rate.low,
                "high": rate.high,
            }
            for rate in comparison.flip_rate
        ],
        "mcnemar_p": comparison.mcnemar_p,
        "overestimation_gap": _gap(comparison.gap),
    }


def _auc(auc: Auc) -> Json:
    return {
        "value": number(auc.value),
        "low": number(auc.low),
        "high": number(auc.high),
        "n": auc.n,
        "method": auc.method,
        "verdict": auc.verdict,
    }


def _curves(analysis: Analysis) -> list[SecurityCurve]:
    curves = (security_curve(analysis.run, model) for model in analysis.run.models)
    return [curve for curve in curves if curve is not None]


def _curve(curve: SecurityCurve) -> Json:
    return {
        "model": curve.name,
        "eps": curve.eps.tolist(),
        "robust_accuracy": curve.robust.tolist(),
        "robust_accuracy_at_eps": curve.at_eps,
        "n": curve.n,
        "median_distance": number(curve.median),
    }


def _finding(analysis: Analysis, found: Finding) -> Json:
    indices = [int(analysis.run.indices[position]) for position in found.samples]
    return asdict(found) | {"samples": indices}


def _gap(gap: Gap | None) -> Json | None:
    if gap is None:
        return None
    return {"weak_attack": gap.weak_attack, "weak": gap.weak, "ensemble": gap.ensemble, "gap": gap.gap}


def _samples(analysis: Analysis) -> list[Json]:
    run = analysis.run
    outcomes = {model.record.name: _outcomes(analysis, model) for model in run.models}
    losses = sample_losses(analysis)
    return [
        {
            "index": int(run.indices[i]),
            "label": int(run.labels[i]),
            "models": {name: outcomes[name][i] for name in outcomes},
            **losses[i],
        }
        for i in range(len(run.labels))
    ]


def _outcomes(analysis: Analysis, model: ModelOutcomes) -> list[Json]:
    """One model's outcome on every sample; None for what is not computed yet."""
    run, names = analysis.run, analysis.stage_names
    known = clean_known(model)
    attacked = np.isfinite(model.distance)
    correct, standing = clean_correct(run, model), robust_correct(run, model, len(names))
    prediction, adversarial = model.clean_prediction, model.worst_prediction
    margin, worst = model.clean_margin, model.worst_margin

    def broken_by(i: int) -> str | None:
        if model.broken_by[i] >= 0:
            return names[int(model.broken_by[i])]
        return "clean" if known[i] and not correct[i] else None

    return [
        {
            "prediction": int(prediction[i]) if known[i] else None,
            "margin": number(float(margin[i])),
            "standing": bool(standing[i]) if known[i] else None,
            "broken_by": broken_by(i),
            "adversarial_prediction": int(adversarial[i]) if attacked[i] else None,
            "adversarial_margin": number(float(worst[i])) if attacked[i] else None,
            "distance": number(float(model.distance[i])),
            "boundary_distance": number(float(model.boundary[i])),
        }
        for i in range(len(run.labels))
    ]

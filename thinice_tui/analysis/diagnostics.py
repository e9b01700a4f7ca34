"""Signs that a run's robust accuracies are too high: the engine's own checks, and two that its outcomes tell."""

import numpy as np

from thinice_tui.analysis.audit import audit_of, is_escalated
from thinice_tui.analysis.correctness import robust_correct
from thinice_tui.analysis.distances import missed
from thinice_tui.protocol.attacks import attack_of
from thinice_tui.protocol.margins import CLOSE
from thinice_tui.runfile.records import Finding, ModelOutcomes, Run, StageRecord

SQUARE_POINTS = 0.2
"""Points of robust accuracy that Square may take after the gradient attacks (AutoAttack's own flag)."""
SQUARE_CHECK = "points lost to Square alone"
TRANSFER_CHECK = "stands, and falls to another model's adversarial image"
MISSED_CHECK = "standing, with an image within eps by the distance search"
CLOSE_CHECK = f"broken by a margin within {CLOSE:g} of zero"


def findings(run: Run) -> tuple[Finding, ...]:
    """Every check that was made: the engine's first, then those that the outcomes tell."""
    by_square = [found for model in run.models if (found := _square(run, model)) is not None]
    by_distance = [found for model in run.models if (found := _missed(run, model)) is not None]
    close = [found for model in run.models if (found := _close(model)) is not None]
    return (*run.findings, *by_square, *by_distance, *close)


def _square(run: Run, model: ModelOutcomes) -> Finding | None:
    """Robust accuracy lost to random search after the gradient attacks, in points: a large loss tells masked gradients.

    None where no Square stage has finished. An audit that was not followed by an escalation attacked a random part of
    the standing samples: what it found is taken for all of them.
    """
    ordinals = [stage.ordinal for stage in model.stages if stage.finished and _by_queries(stage)]
    if not ordinals or not len(run.labels):
        return None
    points = 100 * float(np.isin(model.broken_by, ordinals).mean())
    audit = audit_of(run, model)
    if audit is not None and audit.audited and is_escalated(run) is False:
        points *= audit.standing / audit.audited
    return Finding(model.record.name, SQUARE_CHECK, points, len(run.labels), points > SQUARE_POINTS)


def _by_queries(stage: StageRecord) -> bool:
    """Whether the stage attacks without gradients."""
    attack = attack_of(stage.parameters)
    return attack is not None and not attack.gradients


def _missed(run: Run, model: ModelOutcomes) -> Finding | None:
    """Samples that the ensemble left robust and the distance search broke within eps; None without distances."""
    measured = robust_correct(run, model, len(model.stages)) & ~np.isnan(model.boundary)
    if not measured.any():
        return None
    positions = np.flatnonzero(missed(run, model))
    count = len(positions)
    return Finding(model.record.name, MISSED_CHECK, count, int(measured.sum()), count > 0, tuple(positions.tolist()))


def _close(model: ModelOutcomes) -> Finding | None:
    """Broken samples whose verdict another device may round away; each was judged alone, too. None: there are none."""
    broken = model.broken_by >= 0
    positions = np.flatnonzero(broken & (np.abs(model.worst_margin) < CLOSE))
    if not len(positions):
        return None
    return Finding(model.record.name, CLOSE_CHECK, len(positions), int(broken.sum()), False, tuple(positions.tolist()))

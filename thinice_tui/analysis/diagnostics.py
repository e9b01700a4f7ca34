"""What makes a run's robust accuracies look better than they are: what the engine found, and what its stages say."""

import numpy as np

from thinice_tui.analysis.comparison import robust
from thinice_tui.analysis.curve import missed
from thinice_tui.protocol.attacks import attack_of
from thinice_tui.runfile.records import Finding, ModelOutcomes, Run, StageRecord

SQUARE_POINTS = 0.2
"""Points of robust accuracy that Square may take after the gradient attacks (AutoAttack's own flag)."""
SQUARE_CHECK = "points lost to Square alone"
MISSED_CHECK = "standing, with an image within eps by the distance search"


def findings(run: Run) -> tuple[Finding, ...]:
    """Every check that was made, in order of the models; none while the run goes on."""
    by_square = [found for model in run.models if (found := _square(run, model)) is not None]
    by_distance = [found for model in run.models if (found := _missed(run, model)) is not None]
    return (*run.findings, *by_square, *by_distance)


def _square(run: Run, model: ModelOutcomes) -> Finding | None:
    """What random search broke that gradients did not: where that is much, gradients were masked."""
    stage = next((s for s in model.stages if s.finished and _by_queries(s)), None)
    if stage is None or not len(run.labels):
        return None
    before, after = (float(robust(run, model, stage.ordinal + i).mean()) for i in (0, 1))
    points = 100 * (before - after)
    return Finding(model.record.name, SQUARE_CHECK, points, len(run.labels), points > SQUARE_POINTS)


def _by_queries(stage: StageRecord) -> bool:
    """Whether the stage attacks without gradients."""
    attack = attack_of(stage.parameters)
    return attack is not None and not attack.gradients


def _missed(run: Run, model: ModelOutcomes) -> Finding | None:
    """What the ensemble left standing and the search for distances found an adversarial image for, all the same."""
    measured = robust(run, model, len(model.stages)) & ~np.isnan(model.boundary)
    if not measured.any():
        return None
    found = np.flatnonzero(missed(run, model))
    samples = tuple(found.tolist())
    return Finding(model.record.name, MISSED_CHECK, len(found), int(measured.sum()), len(found) > 0, samples)

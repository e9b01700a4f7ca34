"""What the audit of a fast ensemble says: how many samples its attacks can have missed.

scipy is imported inside a function: a view appears, and a run begins, before scipy has loaded.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.correctness import robust_correct
from thinice_tui.runfile.records import ModelOutcomes, Run, StageRecord

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Audit:
    """The audit of one model.

    standing: samples that the fast attacks left; audited: those of them that also went through the audit's attacks;
    broken: the audited that these broke; bound: of the standing samples, at most so many more would fall to the
    audit's attacks, with 95 % confidence; None where the audit is not finished.
    """

    standing: int
    audited: int
    broken: int
    bound: int | None


def is_escalated(run: Run) -> bool | None:
    """Whether the audit sent all other samples through its attacks; None: the run has no audit, or it is not done.

    Without escalation planned it is False.
    """
    models = (*run.models, *run.left_out)  # what one model's audit breaks sends the samples of all of them on
    audits = [stage for model in models for stage in model.stages if stage.parameters.get("scope") == "audit"]
    if not audits or not all(stage.finished for stage in audits):
        return None
    later = [stage for model in models for stage in model.stages if stage.parameters.get("scope") == "escalation"]
    broken = any(_broken(model).any() for model in models)
    if not later or not broken:
        return False
    return True if all(stage.finished for stage in later) else None


def escalated_apart(runs: Sequence[Run]) -> bool:
    """Whether some of the runs were escalated and others not: they were attacked with two strengths."""
    return {True, False} <= {is_escalated(run) for run in runs}


def is_left_out(stage: StageRecord) -> bool:
    """Whether it is a stage of an audit of no sample, or of an escalation that did not follow: nothing entered it."""
    return "scope" in stage.parameters and stage.entered == 0


def audit_ordinals(model: ModelOutcomes) -> list[int]:
    """The numbers of the audit's stages, for every model of a run the same; empty where it has none."""
    return [stage.ordinal for stage in model.stages if stage.parameters.get("scope") == "audit"]


def flips_by_audit(run: Run) -> int:
    """Flips against dense that rest on the audit alone: it broke the sample under one of the two models.

    Without an escalation it attacked other samples of each model, so these are not found alike.
    """
    dense = run.models[0]
    held, fell = robust_correct(run, dense, len(dense.stages)), _broken(dense)
    found = 0
    for other in run.models[1:]:
        standing = robust_correct(run, other, len(other.stages))
        found += int((held & _broken(other)).sum() + (standing & fell).sum())
    return found


def audit_of(run: Run, model: ModelOutcomes) -> Audit | None:
    """The audit of `model`; None: the run has none, or it has not begun."""
    audits = [stage for stage in model.stages if stage.parameters.get("scope") == "audit"]
    if not audits or audits[0].entered is None:
        return None
    standing, audited = int(robust_correct(run, model, audits[0].ordinal).sum()), audits[0].entered
    broken, done = int(_broken(model).sum()), all(stage.finished for stage in audits)
    if not done:
        return Audit(standing, audited, broken, None)
    return Audit(standing, audited, broken, 0 if is_escalated(run) else missed_bound(standing, audited, broken))


def missed_bound(standing: int, audited: int, broken: int) -> int:
    """The exact upper bound, with 95 % confidence, on samples that would fall beside the `broken` ones.

    Of `standing` samples K would fall to the audit's attacks. A random `audited` of them contain X of these, and X is
    hypergeometric. The bound is the largest K with P(X ≤ broken | K) above 5 %, less those found (the one-sided
    interval of Clopper and Pearson's kind; Wright 1991, "Exact confidence bounds when sampling from small finite
    universes").
    """
    if audited == 0:
        return standing
    from scipy.stats import hypergeom

    low, high = broken, standing - audited + broken  # K lies between what was found and all that was not audited
    while low < high:
        middle = (low + high + 1) // 2
        if hypergeom.cdf(broken, standing, middle, audited) > 1 - CONFIDENCE:
            low = middle
        else:
            high = middle - 1
    return low - broken


def _broken(model: ModelOutcomes) -> NDArray[np.bool_]:
    """Bool [n]: the samples that the audit broke."""
    return np.isin(model.broken_by, audit_ordinals(model))

"""Does the weak attack flatter the pruned model more than the dense one? Gaps with intervals, and their difference."""

from dataclasses import dataclass

from thinice_tui.analysis.comparison import Analysis, Comparison
from thinice_tui.analysis.correctness import Mask, robust_correct
from thinice_tui.analysis.paired import paired_difference
from thinice_tui.analysis.proportions import Estimate, proportion
from thinice_tui.runfile.records import ModelOutcomes


@dataclass(frozen=True)
class GapDifference:
    """The like-for-like overestimation of one model against that of dense.

    Robust accuracy under the run's own PGD-K minus that under all stages is the share of samples that PGD-K leaves and
    a later stage breaks. difference: the model's share minus that of dense, paired over samples, in [−1,1].
    """

    weak_attack: str
    model: str
    gap: Estimate
    dense_gap: Estimate
    difference: Estimate

    @property
    def verdict(self) -> str:
        """What the interval of the difference allows to say."""
        if self.difference.low > 0:
            return f"{self.weak_attack} overestimates {self.model} more than dense"
        if self.difference.high < 0:
            return f"{self.weak_attack} overestimates {self.model} less than dense"
        return f"no difference seen between {self.model} and dense"


def gap_difference(analysis: Analysis, comparison: Comparison) -> GapDifference | None:
    """The model's gap against that of dense; None where the run's first stage is no PGD-K, or the only one."""
    if comparison.gap is None:
        return None
    dense, other = (flattered(analysis, model) for model in (analysis.run.models[0], comparison.other))
    gap, dense_gap = (proportion(int(mask.sum()), len(mask)) for mask in (other, dense))
    return GapDifference(
        comparison.gap.weak_attack, comparison.other.record.name, gap, dense_gap, paired_difference(other, dense)
    )


def flattered(analysis: Analysis, model: ModelOutcomes) -> Mask:
    """Bool [n]: samples that the first stage leaves and a later one breaks."""
    run = analysis.run
    found: Mask = robust_correct(run, model, 1) & ~robust_correct(run, model, analysis.through)
    return found

"""The sentences of the methods paragraph on statistics: those that the report shows, no more and no less."""

import math
from collections.abc import Iterator

from thinice_tui.analysis.auc import MINIMUM
from thinice_tui.analysis.audit import audit_of
from thinice_tui.analysis.capture import HEADLINE, capture_of
from thinice_tui.analysis.comparison import Analysis
from thinice_tui.analysis.excess import control_of
from thinice_tui.analysis.flip_kinds import class_flips
from thinice_tui.analysis.margins import MARGIN_KINDS
from thinice_tui.analysis.overestimation import gap_difference
from thinice_tui.analysis.paired import DRAWS, SEED
from thinice_tui.analysis.separation import Separation, separation_of

Cited = tuple[str, str]
"""Words in parentheses, and the key of the work."""
PIRAS = "(Piras et al. 2023)", "piras2023samples"
FLIPS = "(Yan et al. 2021)", "yan2021positive"
WILSON = "(Wilson 1927)", "wilson1927probable"
MANN_WHITNEY = "(Mann and Whitney 1947)", "mann1947test"
NEWCOMBE = "(Newcombe 2006)", "newcombe2006confidence"
DELONG = "(DeLong et al. 1988)", "delong1988comparing"
MCNEMAR = "(McNemar 1947)", "mcnemar1947note"
BAHADUR = "(Bahadur 1966)", "bahadur1966note"
EFRON = "(Efron 1979)", "efron1979bootstrap"
BONETT = "(Bonett and Price 2012)", "bonett2012adjusted"
MANTEL = "(Mantel and Haenszel 1959)", "mantel1959statistical"
FISHER = "(Fisher 1922)", "fisher1922interpretation"
HOLM = "(Holm 1979)", "holm1979simple"
WRIGHT = "(Wright 1991)", "wright1991exact"
WORKS_OF_STATISTICS = (
    *(PIRAS, FLIPS, WILSON, MANN_WHITNEY, NEWCOMBE, DELONG, MCNEMAR, BAHADUR, EFRON, BONETT, MANTEL, FISHER, HOLM),
    WRIGHT,
)


def statistics_sentences(analysis: Analysis) -> Iterator[str]:
    """What was estimated and tested, and how."""
    if not analysis.comparisons:
        yield f"Intervals of proportions are Wilson's {WILSON[0]}, 95 %."
        yield from _audit(analysis)
        return
    separations = [separation_of(analysis, one) for one in analysis.comparisons]
    yield (
        f"Samples were split by which of two models is robust on them {PIRAS[0]}, with negative and positive flip "
        f"rates {FLIPS[0]}; gains and losses were compared by McNemar's exact test {MCNEMAR[0]}. How far losses go "
        "with low logit margins of the dense model was measured by the AUC, the probability that a lost sample has a "
        f"lower margin than a kept one {MANN_WHITNEY[0]}, and by flip rates in ten groups of equal size by margin. "
        f"Intervals of proportions are Wilson's {WILSON[0]}; those of AUCs span Newcombe's method 5 {NEWCOMBE[0]} and "
        f"a logit interval with DeLong's variance {DELONG[0]}, with at least {MINIMUM} samples on either side; all are "
        "95 %."
    )
    if any(not math.isnan(capture_of(analysis, one).headline.low) for one in analysis.comparisons):
        yield (
            f"The share of losses within the lowest {100 * HEADLINE:.0f} % of dense margins has Wilson's interval with "
            f"an effective sample size for a border at a quantile {BAHADUR[0]}."
        )
    yield from _paired(analysis)
    yield from _control(analysis)
    if any(_tested(one) for one in separations):
        kinds = [MARGIN_KINDS[kind] for kind in separations[0].aucs]
        yield f"The AUCs of {', '.join(kinds[:-1])} and {kinds[-1]} were compared by DeLong's paired test {DELONG[0]}."
    if _tests_classes(analysis):
        yield (
            f"Flip rates of classes were compared with those of all other classes by Fisher's exact test {FISHER[0]}, "
            "the smaller tail doubled."
        )
    yield from _several_tests(analysis, separations)
    yield from _audit(analysis)
    if analysis.repeats:
        several = len(analysis.repeats) > 1
        seeds, run = ("other seeds", "the first of whose runs") if several else ("another seed", "whose run")
        yield (
            f"The noise of the attacks is the flip rate of each model against itself under {seeds} of the attacks, "
            f"from {run} the dense margin under attack was taken, too."
        )


def _paired(analysis: Analysis) -> Iterator[str]:
    """Differences of rates on the same samples: beyond the control, and of what a weak attack alone overestimates."""
    weak = next((one.gap.weak_attack for one in analysis.comparisons if gap_difference(analysis, one) and one.gap), "")
    said = ["flip rates of the pruned models and the control"] if control_of(analysis) and _pruned(analysis) else []
    said += [f"the overestimation of robust accuracy by {weak} alone, against that of the dense model"] if weak else []
    if said:
        yield (
            f"Differences of rates on the same samples ({'; '.join(said)}) have the percentile interval of a paired "
            f"bootstrap {EFRON[0]} over samples with {DRAWS} draws, seed {SEED}, and one sample more in each cell that "
            f"differs {BONETT[0]}."
        )


def _control(analysis: Analysis) -> Iterator[str]:
    if not _pruned(analysis):
        return
    if control_of(analysis) is None:
        yield "There was no control, so losses cannot be told from those of retraining alone."
        return
    yield (
        "The control is the dense model retrained without pruning. Samples that a pruned model alone loses and those "
        f"that the control alone loses were compared by McNemar's exact test {MCNEMAR[0]}, and at equal dense margin "
        f"by the common odds ratio over deciles {MANTEL[0]}, with the linearised variance of its logarithm for paired "
        "samples."
    )


def _several_tests(analysis: Analysis, separations: list[Separation]) -> Iterator[str]:
    families = ["pruned models against the control"] if control_of(analysis) and _pruned(analysis) > 1 else []
    families += ["pairs of margins"] if any(len(one.differences) > 1 and _tested(one) for one in separations) else []
    families += ["classes"] if _tests_classes(analysis) else []
    if families:
        yield f"Several tests of one kind ({', '.join(families)}) have Holm's correction {HOLM[0]}."


def _audit(analysis: Analysis) -> Iterator[str]:
    audits = [audit_of(analysis.run, model) for model in analysis.run.models]
    if any(audit is not None and audit.bound for audit in audits):
        yield f"What the audit may have missed has the exact hypergeometric upper bound, one-sided, 95 % {WRIGHT[0]}."


def _pruned(analysis: Analysis) -> int:
    return sum(one.other.record.role == "pruned" for one in analysis.comparisons)


def _tested(separation: Separation) -> bool:
    return any(not math.isnan(one.p) for one in separation.differences)


def _tests_classes(analysis: Analysis) -> bool:
    """Whether the report compares classes: one that loses samples, among several that dense holds samples of."""
    run = analysis.run
    for one in analysis.comparisons:
        held = one.sets.s10 | one.sets.s11
        found = class_flips(run.labels, held, one.sets.s10, run.info.classes)
        if one.sets.s10.any() and sum(not math.isnan(each.p) for each in found) > 1:
            return True
    return False

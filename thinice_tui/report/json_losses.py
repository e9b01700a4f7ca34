"""The JSON report's keys on what pruning loses: beyond the control, by sparsity, by margin, by kind, against claims."""

from collections.abc import Iterator

from thinice_tui.analysis.capture import HEADLINE, CaptureCurve, capture_of
from thinice_tui.analysis.claims import CheckedClaim, checked_claims
from thinice_tui.analysis.comparison import Analysis
from thinice_tui.analysis.excess import Excess, excesses
from thinice_tui.analysis.flip_kinds import Confusion, FlipKinds, flip_kinds
from thinice_tui.analysis.ladder import Ladder, ladder_of
from thinice_tui.analysis.noise_floor import noise_floor
from thinice_tui.analysis.overestimation import GapDifference, gap_difference
from thinice_tui.analysis.separation import Separation, separation_of
from thinice_tui.report.json_values import Json, estimate_of, number


def comparison_losses(analysis: Analysis) -> Iterator[Json]:
    """For each comparison, in their order, the keys that this module adds to it."""
    excess = {one.model: one for one in excesses(analysis)}
    for comparison in analysis.comparisons:
        yield {
            "excess": _excess(excess.get(comparison.other.record.name)),
            "capture": _capture(capture_of(analysis, comparison)),
            "separation": _separation(separation_of(analysis, comparison)),
            "flip_kinds": _flip_kinds(flip_kinds(analysis, comparison)),
            "overestimation_difference": _gap_difference(gap_difference(analysis, comparison)),
        }


def run_losses(analysis: Analysis) -> Json:
    """The keys that this module adds to the report as a whole."""
    return {
        "ladder": _ladder(ladder_of(analysis)),
        "claims": [_claim(checked) for checked in checked_claims(analysis)],
        "noise_floor": noise_floors(analysis),
    }


def noise_floors(analysis: Analysis) -> list[Json]:
    """Every model against itself under each other attack seed."""
    return [
        {
            "model": one.model,
            "seed": one.seed,
            "sets": one.sets.counts(),
            "nfr": estimate_of(one.nfr),
            "pfr": estimate_of(one.pfr),
        }
        for one in noise_floor(analysis)
    ]


def sample_losses(analysis: Analysis) -> list[Json]:
    """The keys that this module adds to each sample."""
    ladder = ladder_of(analysis)
    if ladder is None:
        return [{}] * len(analysis.run.labels)
    names = [rung.comparison.other.record.name for rung in ladder.rungs]
    return [
        {"lost_first_by": names[rung] if rung >= 0 else None, "regained": bool(regained)}
        for rung, regained in zip(ladder.falls_at, ladder.regained, strict=True)
    ]


def _excess(excess: Excess | None) -> Json | None:
    if excess is None:
        return None
    return {
        "excess_nfr": estimate_of(excess.excess_nfr),
        "lost_by_pruning": int(excess.lost_by_pruning.sum()),
        "lost_by_control": int(excess.lost_by_control.sum()),
        "mcnemar_p": excess.p,
        "mcnemar_p_holm": excess.p_holm,
        "odds_ratio": estimate_of(excess.odds_ratio),
        "verdict": excess.verdict,
    }


def _capture(curve: CaptureCurve) -> Json:
    columns = {"captured": curve.captured, "low": curve.low, "high": curve.high}
    return {
        "losses": curve.losses,
        "lowest": HEADLINE,
        "captured": estimate_of(curve.headline),
        "curve": {"lowest": curve.lowest.tolist()}
        | {name: [number(value) for value in values.tolist()] for name, values in columns.items()},
    }


def _separation(separation: Separation) -> Json:
    return {
        "aucs": {kind: estimate_of(auc) for kind, auc in separation.aucs.items()},
        "differences": [
            {
                "margin": one.kind,
                "than": one.than,
                "difference": estimate_of(one.difference),
                "p": number(one.p),
                "p_holm": number(one.p_holm),
            }
            for one in separation.differences
        ],
        "attacked_margin_from_other_seed": not separation.own_attack,
        "verdict": separation.verdict,
    }


def _flip_kinds(found: FlipKinds) -> Json:
    return {
        **{kind: estimate_of(share) for kind, share in found.kinds.items()},
        "classes": [
            {
                "label": one.label,
                "held": one.held,
                "lost": one.lost,
                "rate": estimate_of(one.rate),
                "p": number(one.p),
                "p_holm": number(one.p_holm),
            }
            for one in found.classes
        ],
        "confusions": _confusions(found.confusions),
        "clean_confusions": _confusions(found.clean_confusions),
    }


def _confusions(found: tuple[Confusion, ...]) -> list[Json]:
    return [{"label": one.label, "said": one.said, "count": one.count} for one in found]


def _gap_difference(found: GapDifference | None) -> Json | None:
    if found is None:
        return None
    return {
        "weak_attack": found.weak_attack,
        "gap": estimate_of(found.gap),
        "dense_gap": estimate_of(found.dense_gap),
        "difference": estimate_of(found.difference),
        "verdict": found.verdict,
    }


def _ladder(ladder: Ladder | None) -> Json | None:
    if ladder is None:
        return None
    return {
        "rungs": [
            {
                "model": rung.comparison.other.record.name,
                "pruned_away": rung.pruned_away,
                "fallen": rung.fallen,
                "regained": rung.regained,
                "gone": rung.gone,
            }
            for rung in ladder.rungs
        ],
        "regained": int(ladder.regained.sum()),
    }


def _claim(checked: CheckedClaim) -> Json:
    claim = checked.claim
    return {
        "claim": claim.text,
        "model": claim.model,
        "claimed": claim.accuracy,
        "attack": claim.attack,
        "measured": checked.measured,
        "gap": checked.gap,
        "own_weak": checked.own_weak,
        "comparable": checked.comparable,
        "against": list(checked.against),
        "assumed": list(checked.assumed),
    }

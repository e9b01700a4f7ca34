"""Claimed robust accuracies beside the measured ones: comparable or not, and why."""

from collections.abc import Iterator
from dataclasses import dataclass

from thinice_tui.analysis.comparison import Analysis, ModelSummary
from thinice_tui.protocol.claims import Claim
from thinice_tui.protocol.ensembles import PGD_ALONE
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.records import Run

STRENGTH = ("quick", "fast", "standard", "plus")
"""Ensembles by rising strength; any PGD-K alone is weaker, an attack that is not known here counts as weaker, too."""
SAME_EPS = 1e-9


@dataclass(frozen=True)
class CheckedClaim:
    """One claim beside what the run measured of the same model.

    gap: claimed minus measured robust accuracy under all stages, a fraction; at least that where the measured one is an
    upper bound. own_weak: robust accuracy under the run's own attack of the same name and steps; None: it has none.
    """

    claim: Claim
    measured: float
    measured_low: float
    measured_high: float
    gap: float
    own_weak: float | None
    against: tuple[str, ...]
    """Why the two are not comparable; empty: they are."""
    assumed: tuple[str, ...]
    """What the claim does not say, and is taken to be as in the run."""

    @property
    def comparable(self) -> bool:
        """Whether nothing that the claim says speaks against the comparison."""
        return not self.against


def checked_claims(analysis: Analysis) -> tuple[CheckedClaim, ...]:
    """Every claim of the analysis; empty before a stage is finished."""
    if not analysis.through:
        return ()
    by_name = {summary.model.record.name: summary for summary in analysis.models}
    return tuple(_checked(analysis, claim, by_name[claim.model]) for claim in analysis.claims)


def _checked(analysis: Analysis, claim: Claim, summary: ModelSummary) -> CheckedClaim:
    measured = summary.robust_accuracy
    assert measured is not None  # known from the first stage on
    return CheckedClaim(
        claim=claim,
        measured=measured.value,
        measured_low=measured.low,
        measured_high=measured.high,
        gap=claim.accuracy - measured.value,
        own_weak=_own_number(claim, summary),
        against=tuple(_reasons(analysis.run, claim)),
        assumed=tuple(_assumed(claim)),
    )


def _own_number(claim: Claim, summary: ModelSummary) -> float | None:
    """Robust accuracy under the run's first stage, where that is the claimed attack."""
    first = summary.model.stages[0]
    same = claim.pgd_steps is not None and (first.parameters.get("kind"), first.parameters.get("steps")) == (
        "pgd",
        claim.pgd_steps,
    )
    after = summary.stages[0].robust_accuracy_after
    return after.value if same and after is not None else None


def _reasons(run: Run, claim: Claim) -> Iterator[str]:
    """What the claim says that is not so in the run."""
    settings = run.info.settings
    if not _is_weaker(claim, settings):
        yield f"it is under {claim.attack}, no weaker than the run's {settings.attack}"
    if claim.norm is not None and claim.norm != settings.norm:
        yield f"it is for {claim.norm}, the run for {settings.norm}"
    if claim.eps is not None and abs(claim.eps.value - settings.eps.value) > SAME_EPS:
        yield f"its eps is {claim.eps.text}, the run's {settings.eps.text}"
    if claim.samples is not None and claim.samples != len(run.labels):
        yield f"it is on {claim.samples} samples, the run on {len(run.labels)}"


def _is_weaker(claim: Claim, settings: Settings) -> bool:
    """Whether the claimed attack is weaker than the run's ensemble, so that a gap is overestimation."""
    own = settings.attack.lower()
    if match := PGD_ALONE.fullmatch(own):
        return claim.pgd_steps is not None and claim.pgd_steps < int(match[1])
    if claim.ensemble is None:
        return True
    return own in STRENGTH and STRENGTH.index(claim.ensemble) < STRENGTH.index(own)


def _assumed(claim: Claim) -> Iterator[str]:
    for name in ("norm", "eps", "samples"):
        if getattr(claim, name) is None:
            yield name

"""Claimed robust accuracies beside what each training seed measures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from thinice_tui.analysis.claims import CheckedClaim, checked_claims
from thinice_tui.analysis.comparison import Analysis
from thinice_tui.analysis.several.over_seeds import OverSeeds, over_seeds
from thinice_tui.protocol.claims import Claim
from thinice_tui.runfile.records import Run


@dataclass(frozen=True)
class ClaimOverSeeds:
    """One claim. checked: by each seed; measured, gap, own_weak: as of CheckedClaim, over seeds, fractions."""

    checked: tuple[CheckedClaim, ...]
    measured: OverSeeds
    gap: OverSeeds
    own_weak: OverSeeds

    @property
    def claim(self) -> Claim:
        """With the model's name in the first run."""
        return self.checked[0].claim


def claims_of_seed(claims: Sequence[Claim], first: Run, run: Run) -> tuple[Claim, ...]:
    """The claims, which name models of `first`, with the names that the matching models of `run` have."""
    names = {a.record.name: b.record.name for a, b in zip(first.models, run.models, strict=True)}
    return tuple(replace(claim, model=names[claim.model]) for claim in claims)


def claims_over_seeds(seeds: Sequence[Analysis]) -> tuple[ClaimOverSeeds, ...]:
    """Every claim by all seeds, whose analyses have the same claims in the same order."""
    return tuple(
        ClaimOverSeeds(
            checked,
            over_seeds([one.measured for one in checked]),
            over_seeds([one.gap for one in checked]),
            over_seeds([np.nan if one.own_weak is None else one.own_weak for one in checked]),
        )
        for checked in zip(*(checked_claims(analysis) for analysis in seeds), strict=True)
    )

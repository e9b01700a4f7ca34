"""The four sets of samples by which of two models gets them right."""

from dataclasses import dataclass

from thinice_tui.analysis.correctness import Mask

SETS = ("S11", "S10", "S01", "S00")


@dataclass(frozen=True, repr=False)
class FlipSets:
    """Bool masks [n]; first digit: dense gets the sample right, second digit: the other model does."""

    s11: Mask
    s10: Mask
    s01: Mask
    s00: Mask

    def masks(self) -> tuple[Mask, Mask, Mask, Mask]:
        """The four masks in the order of SETS."""
        return self.s11, self.s10, self.s01, self.s00

    def by_name(self) -> dict[str, Mask]:
        """The masks by the sets' names."""
        return dict(zip(SETS, self.masks(), strict=True))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(f'{name} {count}' for name, count in self.counts().items())}>"

    def counts(self) -> dict[str, int]:
        """Samples in each set, by its name."""
        return {name: int(mask.sum()) for name, mask in self.by_name().items()}


def flip_sets(first: Mask, second: Mask) -> FlipSets:
    """The sets of two correctness masks [n]; they partition the samples."""
    return FlipSets(first & second, first & ~second, ~first & second, ~first & ~second)

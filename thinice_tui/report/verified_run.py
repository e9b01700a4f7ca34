"""What a verification found: frozen values, for its text and its JSON."""

from dataclasses import dataclass

from thinice_tui.runfile.records import Run


@dataclass(frozen=True)
class Discrepancy:
    """Something in a run file that is not as it says."""

    model: str
    """Its name in the run; empty: it concerns the data."""
    index: int | None
    """The sample's index in the original data; None: it concerns no single sample."""
    problem: str


@dataclass(frozen=True)
class VerifiedModel:
    """One model of a run whose file was checked; counts are of samples."""

    name: str
    path: str
    """The file that was checked."""
    clean: int
    """With a clean prediction in the run file."""
    clean_verified: int
    """Of these, whose logits the model gives again."""
    broken: int
    """Counted as broken by an attack."""
    images: int
    """With an adversarial image in the run file."""
    images_verified: int
    """Of these, that are adversarial images."""
    too_close: int = 0
    """Of these, that the model misclassifies in the run and not here, by no more than rounding: neither verified nor
    a discrepancy."""


@dataclass(frozen=True)
class VerifiedRun:
    """A run, what of it was verified, and where it is not as it says."""

    run: Run
    models: tuple[VerifiedModel, ...]
    unchecked: tuple[str, ...]
    """Names of the models whose files were not given, where some were."""
    discrepancies: tuple[Discrepancy, ...]
    device: str

    @property
    def is_verified(self) -> bool:
        """Whether all that can be checked was found as the run file says."""
        return not self.discrepancies and not self.has_nothing_to_verify

    @property
    def has_nothing_to_verify(self) -> bool:
        """Whether samples count as broken and no adversarial image is kept that shows it."""
        return any(model.broken for model in self.models) and not any(model.images for model in self.models)

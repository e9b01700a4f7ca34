"""`thinice_tui.attack`: one module in memory, attacked as the command attacks a file."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from thinice_tui.analysis.audit import Audit
from thinice_tui.analysis.comparison import StageSummary
from thinice_tui.analysis.proportions import Estimate
from thinice_tui.protocol.pixels import as_floats
from thinice_tui.protocol.settings import Settings
from thinice_tui.python.attack_options import AttackOptions, with_attack_options
from thinice_tui.python.compare import compare
from thinice_tui.python.loaded_run import LoadedRun
from thinice_tui.runfile.records import Finding, Floats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True, repr=False)
class AttackResult:
    """What an ensemble did to a module on n samples of C classes. Every array has a row a sample, in their order."""

    settings: Settings
    correct: NDArray[np.bool_]
    """Whether the clean image is classified correctly: [n]."""
    robust: NDArray[np.bool_]
    """Whether it is, and no stage broke the sample: [n]."""
    broken_by: NDArray[np.object_]
    """The name of the stage that broke the sample, `clean` where the clean image is misclassified, None where the
    sample is robust: [n]."""
    logits: Floats
    """On the clean images: [n,C]."""
    margins: Floats
    """Logit margins on the clean images, z_y − max over j≠y of z_j: [n]."""
    adversarial_images: Floats
    """The images that broke samples, re-verified, within eps and in [0,1]: [n,C,H,W]. The clean image, as float32 in
    [0,1], where no stage broke the sample."""
    adversarial_logits: Floats
    """On the worst verified image, which broke the sample or has the lowest margin found: [n,C]; NaN where the clean
    image is misclassified: such samples are not attacked."""
    adversarial_margins: Floats
    """Logit margins on the same image: [n]; NaN likewise."""
    distances: NDArray[np.float64]
    """Between the same image and the clean one, in the norm: [n]; NaN likewise."""
    stages: tuple[StageSummary, ...]
    """Each stage in order: samples that entered it and broke, robust accuracy after it, passes, seconds."""
    clean_accuracy: Estimate
    """With its 95 % interval (Wilson)."""
    robust_accuracy: Estimate
    """An upper bound: attacks can only show that a sample is not robust. With its 95 % interval (Wilson)."""
    audit: Audit | None
    """With `fast`, how many samples its searches can have missed; None with another ensemble."""
    findings: tuple[Finding, ...]
    """Signs that attacks could not do their work."""
    warnings: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.settings.attack_shown}, {self.settings.norm}, eps {self.settings.eps.text}: "
            f"{len(self.robust)} samples, clean accuracy {100 * self.clean_accuracy.value:.1f} %, "
            f"robust accuracy {100 * self.robust_accuracy.value:.1f} %>"
        )


@with_attack_options
def attack(
    model: nn.Module, images: "Tensor | ArrayLike", labels: "Tensor | ArrayLike", **options: Unpack[AttackOptions]
) -> AttackResult:
    """Attack one module with an ensemble; the verdicts are those of `thinice-tui compare` on the same weights.

    Args:
        model: maps images in [0,1] to logits [n,C]: its normalisation must be inside. It is copied, and stays as it is.
        images: [n,C,H,W] with 1 or 3 channels, floats in [0,1] or uint8 in [0,255]; a tensor or an array.
        labels: class numbers [n].
        {options}
    """
    return _result(compare(model, {}, images, labels, keep_images="all", **options))


def _result(run: LoadedRun) -> AttackResult:
    model = run.model("dense")
    assert model.clean_accuracy is not None and model.robust_accuracy is not None
    images = as_floats(run.images).copy()
    broken = model.correct & ~model.standing
    kept = run.adversarial("dense")
    assert np.array_equal(kept.indices, run.indices[broken])
    images[broken] = kept.images
    return AttackResult(
        settings=run.settings,
        correct=model.correct,
        robust=model.standing,
        broken_by=model.broken_by,
        logits=model.logits,
        margins=model.margins,
        adversarial_images=images,
        adversarial_logits=model.adversarial_logits,
        adversarial_margins=model.adversarial_margins,
        distances=model.distances,
        stages=model.stages,
        clean_accuracy=model.clean_accuracy,
        robust_accuracy=model.robust_accuracy,
        audit=model.audit,
        findings=run.findings,
        warnings=run.warnings,
    )

"""One model of a run, and its results by sample."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.audit import Audit, audit_of
from thinice_tui.analysis.comparison import ModelSummary, StageSummary
from thinice_tui.analysis.correctness import clean_correct, clean_known, robust_correct
from thinice_tui.analysis.distances import distances
from thinice_tui.analysis.proportions import Estimate
from thinice_tui.runfile.read_arrays import LogitPair
from thinice_tui.runfile.records import Floats, ModelRecord, Run


class ModelResults:
    """One model of a run. Every array has a row a sample, in the run's order: n samples, C classes.

    Do not change the arrays: they are shared.
    """

    def __init__(self, run: Run, number: int, summary: ModelSummary, read_logits: Callable[[], LogitPair]) -> None:
        """number: the model's in the run; read_logits: reads its logits, called at most once."""
        self._run, self._outcomes, self._summary = run, run.models[number], summary
        self._read_logits = read_logits

    @property
    def record(self) -> ModelRecord:
        """role, name, path, sha256, arch, normalization, parameters, sparsities and layers."""
        return self._outcomes.record

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def role(self) -> str:
        """dense, pruned or control."""
        return self.record.role

    @property
    def clean_accuracy(self) -> Estimate | None:
        """With its 95 % interval (Wilson); None until every clean prediction is computed."""
        return self._summary.clean_accuracy

    @property
    def robust_accuracy(self) -> Estimate | None:
        """Under the stages that every model has finished, with its 95 % interval (Wilson); None before the first.

        An upper bound, as attacks can only show that a sample is not robust; of a run that is not complete, more so.
        """
        return self._summary.robust_accuracy

    @cached_property
    def audit(self) -> Audit | None:
        """With `fast`, how many samples its searches can have missed; None with others, and before the audit begins.

        `standing`, `audited`, `broken`, and `bound`: at most so many of the other standing samples would fall to the
        audit's attacks (exact, 95 %); 0 after an escalation, None until the audit is finished.
        """
        return audit_of(self._run, self._outcomes)

    @property
    def stages(self) -> tuple[StageSummary, ...]:
        """Each stage with the samples that entered it and broke, passes and seconds."""
        return self._summary.stages

    @cached_property
    def _logit_pair(self) -> LogitPair:
        return self._read_logits()

    @property
    def logits(self) -> Floats:
        """On the clean images: float32 [n,C]; NaN where not computed yet."""
        return self._logit_pair[0]

    @property
    def predictions(self) -> NDArray[np.int32]:
        """Classes predicted on the clean images: int32 [n]; −1 where not computed yet."""
        return self._outcomes.clean_prediction

    @property
    def margins(self) -> Floats:
        """Logit margins on the clean images, z_y − max over j≠y of z_j: float32 [n]; negative: misclassified.

        NaN where not computed yet.
        """
        return self._outcomes.clean_margin

    @cached_property
    def correct(self) -> NDArray[np.bool_]:
        """Whether the clean image is classified correctly: bool [n]; False where not computed yet."""
        return clean_correct(self._run, self._outcomes)

    @cached_property
    def standing(self) -> NDArray[np.bool_]:
        """Whether the sample is robust: correct on the clean image, and no stage has broken it (yet). Bool [n]."""
        return robust_correct(self._run, self._outcomes, len(self._outcomes.stages))

    @cached_property
    def broken_by(self) -> NDArray[np.object_]:
        """What broke each sample: object [n].

        The name of a stage; `clean` where the clean image is misclassified; None where the sample stands, or where its
        clean prediction is not computed yet.
        """
        names = np.array([*(stage.name for stage in self._outcomes.stages), None], dtype=object)
        found: NDArray[np.object_] = names[self._outcomes.broken_by]
        found[clean_known(self._outcomes) & ~self.correct] = "clean"
        return found

    @cached_property
    def _attacked(self) -> NDArray[np.bool_]:
        """Bool [n]: samples of which a verified adversarial image is known, whether it breaks them or not."""
        return np.isfinite(self._outcomes.distance)

    @property
    def adversarial_logits(self) -> Floats:
        """On the worst verified image found: float32 [n,C]; NaN where none was searched for.

        The worst image is the one that broke the sample, or the one of the lowest margin where none did.
        """
        return self._logit_pair[1]

    @cached_property
    def adversarial_predictions(self) -> NDArray[np.int32]:
        """On the same image: int32 [n]; −1 where none was searched for."""
        return np.where(self._attacked, self._outcomes.worst_prediction, np.int32(-1))

    @cached_property
    def adversarial_margins(self) -> Floats:
        """On the same image: float32 [n]; NaN where none was searched for."""
        return np.where(self._attacked, self._outcomes.worst_margin, np.float32(np.nan))

    @property
    def distances(self) -> NDArray[np.float64]:
        """Between the same image and the clean one, in the run's norm: float64 [n]; NaN where none was searched for."""
        return self._outcomes.distance

    @cached_property
    def boundary_distances(self) -> NDArray[np.float64]:
        """Minimum-norm distances to the decision boundary, upper bounds, of a run with `distances`: float64 [n].

        0 where the clean image is misclassified, inf where no adversarial image was found, NaN where none was searched
        for.
        """
        return distances(self._run, self._outcomes)

    def __repr__(self) -> str:
        record, robust = self.record, self.robust_accuracy
        said = "not attacked yet" if robust is None else f"robust accuracy {100 * robust.value:.1f} %"
        return f"<{type(self).__name__} {record.name} ({record.role}): {record.arch}, {said}>"

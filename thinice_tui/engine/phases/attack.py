"""One stage of the ensemble: attack the samples of every model that no earlier stage has broken."""

import numpy as np
from numpy.typing import NDArray

from thinice_tui.engine.findings import NOT_FINITE
from thinice_tui.engine.phases.batch_phase import BatchPhase
from thinice_tui.engine.phases.context import RunContext
from thinice_tui.engine.worker.attack import AttackTask
from thinice_tui.protocol.audit import AuditSize, audited
from thinice_tui.protocol.ensembles import Stage
from thinice_tui.runfile.records import BatchOutcome, Finding


class AttackPhase(BatchPhase[AttackTask]):
    """A stage against every model. An escalation waits for the audits of all of them."""

    def __init__(self, run: RunContext, ordinal: int, stage: Stage, audit: range, final: bool) -> None:
        """audit: the ordinals of the run's audit stages; empty: it has none."""
        super().__init__(run, ordinal, stage.name, final)
        self._stage, self._audit = stage, audit
        self.waits_for_all = stage.scope == "escalation"

    def entering(self, model: int) -> NDArray[np.bool_]:
        """Bool [n]: samples that no earlier stage has broken; of these the audit's, or if it broke any, the others."""
        standing = self.run.outcomes.standing(model, self.ordinal)
        match self._stage.scope:
            case "all":
                return standing
            case "audit":
                return standing & self._audited(model)
            case "escalation":
                outcomes = self.run.outcomes
                broken = sum(outcomes.broken_by(other, ordinal) for other in outcomes.models for ordinal in self._audit)
                return standing & ~self._audited(model) if broken else np.zeros_like(standing)

    def _audited(self, model: int) -> NDArray[np.bool_]:
        """Bool [n]: the samples of the audit, whether it broke them or not."""
        standing, settings = self.run.outcomes.standing(model, self._audit.start), self.run.settings
        positions = np.flatnonzero(standing)
        chosen = audited(self.run.samples.indices[positions], settings.seed, AuditSize.parse(settings.audit))
        standing[positions[~chosen]] = False
        return standing

    def task(self, model: int, first: int, positions: NDArray[np.int64]) -> AttackTask:
        return AttackTask(
            model=model,
            stage=self._stage,
            first=first,
            positions=positions,
            indices=self.run.samples.indices[positions],
            images=self.run.samples.floats(positions),
            labels=self.run.outcomes.labels[positions],
            batch_capacity=self.run.batch_size,
        )

    def keep(self, task: AttackTask, outcome: BatchOutcome) -> None:
        self._note_not_finite(task, outcome)
        kept = self.run.outcomes.add(task.model, self.ordinal, outcome)
        images = task.images if self.run.stores_images else None
        self.run.writer.add_batch(task.model, self.ordinal, task.first, outcome, kept, images)

    def _note_not_finite(self, task: AttackTask, outcome: BatchOutcome) -> None:
        """A warning and a finding where logits were not finite: attacks cannot see beyond them, and none counts."""
        if not outcome.not_finite:
            return
        run, name = self.run, self.run.names[task.model]
        run.warnings.add(
            f"{name}: logits under {self._stage.name} were NaN or infinite on some images; these count as standing, so "
            "its robust accuracy may be far too high"
        )
        count = run.findings.value(name, NOT_FINITE) + outcome.not_finite
        passed = run.writer.forwards(task.model, range(self.ordinal + 1)) + outcome.forwards
        run.findings.add([Finding(name, NOT_FINITE, count, passed, doubtful=True)])

"""What every phase of a run works with."""

from collections.abc import Sequence
from dataclasses import dataclass

from thinice_tui.data.samples import Samples
from thinice_tui.engine.control.progress import ProgressTracker
from thinice_tui.engine.control.run_control import RunControl
from thinice_tui.engine.findings import StoredFindings
from thinice_tui.engine.phases.outcomes import Outcomes
from thinice_tui.engine.phases.warnings import Warnings
from thinice_tui.engine.worker.executor import Executor
from thinice_tui.protocol.progress import Observer
from thinice_tui.protocol.settings import KeepImages, Settings
from thinice_tui.runfile.writer import RunWriter


@dataclass(frozen=True)
class RunContext:
    """A run in progress: what is computed, by what, and where the results go."""

    names: Sequence[str]
    """Of the models, the dense one first."""
    samples: Samples
    settings: Settings
    batch_size: int
    """Samples in a batch; it decides no outcome, so a resumed run may have another."""
    keep_images: KeepImages
    """As the run was begun with."""
    outcomes: Outcomes
    executor: Executor
    writer: RunWriter
    observer: Observer
    progress: ProgressTracker
    run_control: RunControl
    warnings: Warnings
    findings: StoredFindings

    @property
    def stores_images(self) -> bool:
        """Whether adversarial images are written: to be kept, or for the distance measurement and other models."""
        return self.keep_images != "none" or self.settings.distances or len(self.names) > 1

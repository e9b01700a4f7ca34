"""After the attacks: look at what still stands of each model for signs that the attacks could not work."""

import numpy as np

from thinice_tui.engine.findings import NOT_FINITE
from thinice_tui.engine.phases.context import RunContext
from thinice_tui.engine.worker.diagnostics import CHECKS, SAMPLES
from thinice_tui.runfile.records import Finding


def diagnose_models(run: RunContext, stages: int) -> None:
    """Add the findings of every model that an earlier engine has not diagnosed. stages: of the ensemble."""
    for model, name in enumerate(run.names):
        count = run.findings.value(name, NOT_FINITE)
        passed = run.writer.forwards(model, range(stages))
        run.findings.add([Finding(name, NOT_FINITE, count, passed, doubtful=count > 0)])
        standing = np.flatnonzero(run.outcomes.standing(model))
        if run.findings.has(name, CHECKS[0]) or not len(standing):
            continue
        run.progress.report_checks(name)
        chosen = standing[:: max(1, len(standing) // SAMPLES)][:SAMPLES]
        images, labels = run.samples.floats(chosen), run.outcomes.labels[chosen]
        found = run.executor.diagnose(model, chosen, run.samples.indices[chosen], images, labels)
        for finding in found:
            if finding.doubtful:
                share = f"{finding.value:g} of {finding.n} standing samples"
                run.warnings.add(f"{name}: {finding.check}, on {share}: its robust accuracy may be too high")
        run.findings.add(found)
        run.run_control.end_if_asked()

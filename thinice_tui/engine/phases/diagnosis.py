"""After the attacks: look at what still stands of each model for signs that the attacks could not work."""

import numpy as np

from thinice_tui.engine.findings import NOT_FINITE
from thinice_tui.engine.phases.context import RunContext
from thinice_tui.engine.worker.diagnosis import DiagnosisTask
from thinice_tui.engine.worker.diagnostics import CHECKS, SAMPLES
from thinice_tui.runfile.records import Finding


def diagnose_models(run: RunContext, stages: int) -> None:
    """Add the findings of every model that an earlier engine has not diagnosed. stages: of the ensemble."""
    tasks = []
    for model, name in enumerate(run.names):
        count = run.findings.value(name, NOT_FINITE)
        passed = run.writer.forwards(model, range(stages))
        run.findings.add([Finding(name, NOT_FINITE, count, passed, doubtful=count > 0)])
        if not run.findings.has(name, CHECKS[0]) and run.outcomes.standing(model).any():
            tasks.append(_task(run, model))
    waiting, kept = iter(tasks), False

    def next_task() -> DiagnosisTask | None:
        task = None if run.run_control.is_ending(kept) else next(waiting, None)
        if task is not None:
            run.progress.report_checks(run.names[task.model])
        return task

    for done in run.executor.run(next_task):
        for finding in done.result:
            if finding.doubtful:
                share = f"{finding.value:g} of {finding.n} standing samples"
                run.warnings.add(f"{finding.model}: {finding.check}, on {share}: its robust accuracy may be too high")
        run.findings.add(done.result)
        kept = True
    run.run_control.end_if_asked(kept)


def _task(run: RunContext, model: int) -> DiagnosisTask:
    """The checks of a model, on standing samples spread over all of them."""
    standing = np.flatnonzero(run.outcomes.standing(model))
    chosen = standing[:: max(1, len(standing) // SAMPLES)][:SAMPLES]
    return DiagnosisTask(
        model=model,
        positions=chosen,
        images=run.samples.floats(chosen),
        indices=run.samples.indices[chosen],
        labels=run.outcomes.labels[chosen],
    )

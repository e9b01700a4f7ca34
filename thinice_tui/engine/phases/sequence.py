"""The phases of a run in their order: clean pass, the ensemble's stages, distances, diagnosis, transfer check."""

from collections.abc import Sequence
from typing import Any

from thinice_tui.engine.phases.attack import AttackPhase
from thinice_tui.engine.phases.batch_phase import BatchPhase
from thinice_tui.engine.phases.clean import compute_clean
from thinice_tui.engine.phases.context import RunContext
from thinice_tui.engine.phases.diagnosis import diagnose_models
from thinice_tui.engine.phases.distance import DistancePhase
from thinice_tui.engine.phases.schedule import Schedule
from thinice_tui.engine.phases.transfer import check_transfer
from thinice_tui.engine.plan import resumption_warnings
from thinice_tui.engine.preflight.check_result import CheckResult
from thinice_tui.engine.worker.executor import not_all_computed
from thinice_tui.protocol.ensembles import Phase, Stage, is_final


def report_preparation(
    run: RunContext,
    phases: Sequence[Phase],
    earlier_warnings: Sequence[str],
    checks: Sequence[tuple[str, CheckResult]],
) -> None:
    """Report what was found before the attacks, and keep it in the run file.

    earlier_warnings: warnings from before; checks: what was checked of the models, by name.
    """
    for warning in (*earlier_warnings, *(check.warning for _, check in checks)):
        if warning:
            run.warnings.add(warning)
    run.findings.add(check.finding(name) for name, check in checks)
    for phase in phases:
        if phase.note:
            run.observer.warn(phase.note)
    if not run.writer.resumed:
        run.writer.set_values(device=run.executor.where)
    else:
        run.observer.note(f"resuming {run.writer.path}")
        for warning in resumption_warnings(run.writer, run.settings, run.executor.where):
            run.warnings.add(warning)
    _report_attack_models(run)


def compute_phases(run: RunContext, phases: Sequence[Phase], paths: Sequence[str]) -> None:
    """Compute what is missing of every phase, and mark the run as finished. paths: the models' files."""
    for model, path in enumerate(paths):
        compute_clean(run, model, path)
    run.writer.plan_stages([(phase.name, _parameters(phase)) for phase in phases], len(paths))
    ordinals = [at for at, phase in enumerate(phases) if isinstance(phase, Stage) and phase.scope == "audit"]
    audit = range(ordinals[0], ordinals[-1] + 1) if ordinals else range(0)
    computed: list[BatchPhase[Any]] = []
    for ordinal, phase in enumerate(phases):
        final = ordinal == len(phases) - 1 and is_final(run.settings.attack)
        computed.append(
            AttackPhase(run, ordinal, phase, audit, final)
            if isinstance(phase, Stage)
            else DistancePhase(run, ordinal, phase, final)
        )
    Schedule(run, computed).compute()
    diagnose_models(run, stages=sum(isinstance(phase, Stage) for phase in phases))
    check_transfer(run)
    if missing := run.writer.count_missing():
        raise not_all_computed(f"{run.writer.path}, {missing} stages or clean predictions")
    run.writer.finish(_positions_to_keep(run))


def _report_attack_models(run: RunContext) -> None:
    """Keep for the report with which forms of each model attacks search; warn where low precision cannot be used."""
    searched = {}
    for name, form in zip(run.names, run.executor.search_forms, strict=True):
        searched[name] = {"precision": form.precision, "steps": form.steps, "refused": form.refused}
        if form.precision != run.settings.precision:
            run.warnings.add(f"{name}: is searched in fp32, {form.refused[-1]}")
    run.writer.set_values(search=searched)


def _parameters(phase: Phase) -> dict[str, object]:
    """The phase's parameters for its row in the run file, those that are set."""
    return {key: value for key, value in phase.as_dict().items() if key != "name" and value not in (0, "")}


def _positions_to_keep(run: RunContext) -> dict[int, set[int]] | None:
    """By model, the positions whose adversarial images are kept; None: all. Of one model alone all are kept."""
    models = run.outcomes.models
    if run.keep_images == "none":
        return {model: set() for model in models}
    return None if run.keep_images == "all" or len(models) == 1 else run.outcomes.flips()

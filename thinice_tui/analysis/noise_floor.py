"""How many samples flip when nothing but the attacks' random starts changes: the same models, another seed."""

from dataclasses import dataclass

from thinice_tui.analysis.audit import audit_ordinals, escalated_apart
from thinice_tui.analysis.comparison import Analysis
from thinice_tui.analysis.correctness import robust_correct
from thinice_tui.analysis.flip_sets import FlipSets, flip_sets
from thinice_tui.analysis.proportions import Estimate, proportion


@dataclass(frozen=True)
class NoiseFloor:
    """One model compared with itself under the attack seed `seed`: nfr and pfr as between two models."""

    model: str
    seed: int
    sets: FlipSets
    nfr: Estimate
    pfr: Estimate


def noise_floor(analysis: Analysis) -> tuple[NoiseFloor, ...]:
    """The noise of each model, dense first, under each other seed, through the stages that all models have finished in
    both runs; where the audit of one was followed by an escalation and that of the other was not, through the stages
    before the audit.

    Empty without `analysis.repeats`.
    """
    run, found = analysis.run, list[NoiseFloor]()
    for repeat in analysis.repeats if analysis.through else ():
        through = min(analysis.through, *(sum(stage.finished for stage in model.stages) for model in repeat.models))
        if escalated_apart((run, repeat)):
            through = min(through, *audit_ordinals(run.models[0]))
        for model, again in zip(run.models, repeat.models, strict=True):
            sets = flip_sets(robust_correct(run, model, through), robust_correct(repeat, again, through))
            n = len(run.labels)
            lost, gained = proportion(int(sets.s10.sum()), n), proportion(int(sets.s01.sum()), n)
            found.append(NoiseFloor(model.record.name, repeat.info.settings.seed, sets, lost, gained))
    return tuple(found)

"""A gate over several training seeds: every seed is judged, and one that fails is enough."""

from collections.abc import Sequence
from dataclasses import replace

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.analysis.gate import Gate, Verdict, check_gates, evaluate
from thinice_tui.protocol.model_files import model_named


def evaluate_seeds(gates: Sequence[Gate], seeds: Sequence[Analysis]) -> tuple[Verdict, ...]:
    """Every gate against every model that it asks for, in each of `seeds`; raises UsageError as `check_gates`.

    A gate names a model of the first seed; in the others it is about the model that matches. Where there are several
    seeds, each verdict names its run.
    """
    if len(seeds) == 1:
        return evaluate(gates, seeds[0])
    first = seeds[0]
    roles = {model.record.name: model.record.role for model in first.run.models}
    check_gates(gates, roles, [claim.model for claim in first.claims])  # errors name the models of the first run
    return tuple(
        replace(verdict, gate=gate, run=analysis.run.path)
        for gate in gates
        for analysis in seeds
        for verdict in evaluate([_of_seed(gate, first, analysis)], analysis)
    )


def _of_seed(gate: Gate, first: Analysis, analysis: Analysis) -> Gate:
    if gate.model is None:
        return gate
    named = model_named(gate.model, {model.record.name: model.record.role for model in first.run.models})
    place = next(number for number, model in enumerate(first.run.models) if model.record.name == named)
    return replace(gate, model=analysis.run.models[place].record.name)

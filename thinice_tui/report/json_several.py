"""The JSON report's key on several runs that are read together."""

from thinice_tui.analysis.several.claims_over_seeds import ClaimOverSeeds
from thinice_tui.analysis.several.ensembles import EnsembleDifference
from thinice_tui.analysis.several.exemplars import Exemplars
from thinice_tui.analysis.several.groups import RunPart
from thinice_tui.analysis.several.over_seeds import OverSeeds
from thinice_tui.analysis.several.several_runs import ModelOverSeeds, SeveralRuns
from thinice_tui.analysis.several.stability import Stability
from thinice_tui.report.json_losses import noise_floors
from thinice_tui.report.json_values import Json, estimate_of, number
from thinice_tui.report.sections.methods import methods_bibtex, methods_paragraph
from thinice_tui.runfile.records import Run


def json_several(several: SeveralRuns) -> Json:
    """Numbers over training seeds, stable losses and exemplars by original index, other ensembles, and the runs."""
    return {
        "runs": runs_of(several),
        "left_out": list(several.groups.left_out),
        "models": [_model(model, several.seeds[0].run) for model in several.models],
        "ensembles": [_ensemble(one, several.seeds[0].run) for one in several.ensembles],
        "claims": [_claim(one) for one in several.claims],
        "methods": {
            "paragraph": methods_paragraph(several.seeds[0], len(several.seeds)).text,
            "bibtex": methods_bibtex(several.seeds[0], len(several.seeds)),
        },
        "noise_floors": [
            {"training_seed": number, **floor}
            for number, analysis in enumerate(several.seeds, start=1)
            for floor in noise_floors(analysis)
        ],
    }


def runs_of(several: SeveralRuns) -> list[Json]:
    """Every run and what it is."""
    return [_run(part) for part in several.groups.parts]


def _run(part: RunPart) -> Json:
    run = part.run
    return {
        "path": run.path,
        "part": part.part,
        "training_seed": part.seed,
        "attack": run.info.settings.attack_shown,
        "precision": run.info.settings.precision,
        "seed": run.info.settings.seed,
        "sha256": {model.record.name: model.record.sha256 for model in run.models},
    }


def _ensemble(one: EnsembleDifference, run: Run) -> Json:
    return {
        "training_seed": one.seed,
        "model": one.model,
        "attack": one.attack,
        "other_attack": one.other_attack,
        "sets": one.sets.counts(),
        "broken_alone": run.indices[one.sets.s01].tolist(),
        "other_broken_alone": run.indices[one.sets.s10].tolist(),
        "broken_by": one.broken_by,
        "other_broken_by": one.other_broken_by,
    }


def _claim(one: ClaimOverSeeds) -> Json:
    return {
        "claim": one.claim.text,
        "model": one.claim.model,
        "claimed": one.claim.accuracy,
        "attack": one.claim.attack,
        "measured": _over_seeds(one.measured),
        "gap": _over_seeds(one.gap),
        "own_weak": _over_seeds(one.own_weak),
        "comparable": [checked.comparable for checked in one.checked],
        "against": list(one.checked[0].against),
        "assumed": list(one.checked[0].assumed),
    }


def _model(model: ModelOverSeeds, run: Run) -> Json:
    return {
        "name": model.record.name,
        "role": model.record.role,
        **{name: _over_seeds(found) for name, found in model.numbers.items()},
        "stability": None if model.stability is None else _stability(model.stability, run),
        "exemplars": None if model.exemplars is None else _exemplars(model.exemplars, run),
    }


def _over_seeds(found: OverSeeds) -> Json:
    return {
        "values": [number(value) for value in found.values],
        "mean": estimate_of(found.mean),
        "least": number(found.least),
        "most": number(found.most),
    }


def _stability(found: Stability, run: Run) -> Json:
    overlap = found.overlap
    return {
        "counts": list(found.counts),
        "times_lost": {str(int(run.indices[at])): int(found.times_lost[at]) for at in found.times_lost.nonzero()[0]},
        "overlap": {
            "held": overlap.held,
            "shared": overlap.shared,
            "expected": overlap.expected,
            "low": overlap.low,
            "high": overlap.high,
            "p": overlap.p,
            "verdict": overlap.verdict,
        },
    }


def _exemplars(found: Exemplars, run: Run) -> Json:
    names = ("clean", "clean_ties", "lost", "gained", "ties")
    return {name: run.indices[getattr(found, name)].tolist() for name in names}

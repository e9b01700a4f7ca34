"""What a run computes after the clean pass: the stages of its ensemble or its list, then the distances."""

from thinice_tui.errors import UsageError
from thinice_tui.protocol.distance import DistanceMeasurement
from thinice_tui.protocol.ensembles import Phase, Stage, build_ensemble
from thinice_tui.protocol.settings import Settings
from thinice_tui.protocol.stage_list import build_stages


def build_phases(settings: Settings, classes: int) -> tuple[Phase, ...]:
    """The stages for a model of `classes` classes, and the distance measurement where it is asked for.

    Raises UsageError where there is no such ensemble or attack, or an attack does not exist under the norm.
    """
    stages = _stages(settings, classes)
    for stage in stages:
        if settings.norm not in stage.attack.norms:
            chosen = f"--attack {settings.attack}" if settings.stages is None else "--stages"
            expected = " or ".join(stage.attack.norms)
            raise UsageError(f"{chosen}: {stage.name} does not exist under {settings.norm}, expected --norm {expected}")
    return (*stages, DistanceMeasurement()) if settings.distances else stages


def _stages(settings: Settings, classes: int) -> tuple[Stage, ...]:
    if settings.stages is not None:
        return build_stages(settings.stages, classes, settings.norm)
    return build_ensemble(settings.attack, classes, settings.escalate, settings.norm)

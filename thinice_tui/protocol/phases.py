"""What a run computes after the clean pass: the stages of its ensemble or its list, then the distances."""

from thinice_tui.errors import UsageError
from thinice_tui.protocol.distance import DistanceMeasurement
from thinice_tui.protocol.ensembles import Phase, Stage, build_ensemble, is_audited
from thinice_tui.protocol.settings import LISTED, Settings
from thinice_tui.protocol.stage_list import build_stages, parse_stages, stages_text


def choose_attack(
    attack: str | None, default: str, stages: str | None, audit: str | None, escalate: bool
) -> tuple[str, str | None]:
    """The ensemble's name, and the listed stages in the words of `stages_text`, None where none are listed.

    None stands for what the user did not give; default: the ensemble then. Raises UsageError where one excludes the
    other.
    """
    if attack is not None and stages is not None:
        raise UsageError("--stages takes the place of --attack, expected one of the two", "leave one out")
    name = default if attack is None else attack
    if (audit is not None or not escalate) and (stages is not None or not is_audited(name)):
        chosen = name if stages is None else "--stages"
        raise UsageError(f"--audit and --no-escalate have no effect on {chosen}", "they are for --attack fast")
    return (name, None) if stages is None else (LISTED, stages_text(parse_stages(stages)))


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


def follows_cross_entropy_alone(settings: Settings) -> bool:
    """Whether the stages that follow gradients follow those of cross-entropy, which large logits saturate."""
    losses = {stage.attack.loss for stage in _stages(settings, classes=10) if stage.attack.gradients}
    return losses == {"ce"}


def _stages(settings: Settings, classes: int) -> tuple[Stage, ...]:
    if settings.stages is not None:
        return build_stages(settings.stages, classes, settings.norm)
    return build_ensemble(settings.attack, classes, settings.escalate, settings.norm)

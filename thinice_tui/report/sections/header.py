"""The report's head: threat model, data, and whether robust accuracies are upper bounds."""

from collections.abc import Iterator

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.protocol.distance import is_distance
from thinice_tui.protocol.ensembles import is_audited
from thinice_tui.protocol.settings import NOT_STANDARD, Settings
from thinice_tui.report.document.blocks import Block, Heading, Notice, Paragraph
from thinice_tui.report.sections.run_words import eps_words

TITLE = "Samples on thin ice"


def header(analysis: Analysis) -> Iterator[Block]:
    """Title, settings, data; a notice where the run is partial or its ensemble weak, and the run's warnings."""
    info = analysis.run.info
    settings = info.settings
    yield Heading(TITLE, level=1)
    yield Paragraph(
        f"{settings.norm} eps {eps_words(settings.eps, settings.norm)} · {settings.attack_shown} · {info.data.samples} "
        f"samples · seed {settings.seed} · {info.device} · {info.data.source}"
    )
    if not analysis.complete:
        yield Notice("partial", f"PARTIAL: {_progress(analysis)}")
    elif not analysis.final:
        yield Notice("note", why_not_final(settings))
    yield from (Notice("warning", warning) for warning in analysis.run.warnings)


def _progress(analysis: Analysis) -> str:
    if not analysis.begun:
        return "nothing is computed yet."
    stages = analysis.run.models[0].stages
    names = ["the distances" if is_distance(stage.parameters) else stage.name for stage in stages]
    done = ", ".join(names[: analysis.through]) or "none"
    left = ", ".join(names[analysis.through :]) or ("none" if names else "all")
    return f"stages finished for every model: {done}; left: {left}. Robust accuracies are upper bounds."


def why_not_final(settings: Settings) -> str:
    if settings.stages is not None:
        return f"Robust accuracies are upper bounds: these stages are {NOT_STANDARD}, see --attack standard"
    if is_audited(settings.attack):
        return f"{settings.attack}, not escalated: robust accuracies are upper bounds, see the audit"
    return f"Robust accuracies are upper bounds: {settings.attack} is weak, see --attack standard"

"""The report's head: threat model, data, versions, and whether robust accuracies are upper bounds."""

from rich.text import Text

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.protocol.ensembles import is_audited
from thinice_tui.protocol.settings import NOT_STANDARD, Settings


def header(analysis: Analysis) -> Text:
    """Title, settings, data, versions; a warning where the run is partial or its ensemble weak."""
    info = analysis.run.info
    settings, versions = info.settings, info.versions
    text = Text("Samples on thin ice", style="bold")
    text.append(f"\n{settings.norm} eps {settings.eps.text} · {settings.attack_shown}", style="not bold")
    text.append(f" · {info.data.samples} samples · seed {settings.seed} · {info.device}", style="not bold")
    text.append(f"\n{info.data.source}", style="not bold")
    text.append(
        f"\nthinice-tui {versions.get('thinice-tui', '?')}, torch {versions.get('torch', '?')}", style="not bold"
    )
    text.append(f", torchattacks {versions.get('torchattacks', '?')}", style="not bold")
    if settings.precision != "fp32":
        text.append(f"\ngradients in {settings.precision}, queries and verdicts in full precision", style="not bold")
    if not analysis.complete:
        done = ", ".join(analysis.stage_names[: analysis.through]) or "none"
        left = ", ".join(analysis.stage_names[analysis.through :]) or ("none" if analysis.stage_names else "all")
        progress = f"stages finished for every model: {done}; left: {left}. Robust accuracies are upper bounds."
        text.append(f"\nPARTIAL: {progress if analysis.begun else 'nothing is computed yet.'}", style="bold")
    elif not analysis.final:
        text.append(f"\n{_why_not_final(settings)}")
    return text


def _why_not_final(settings: Settings) -> str:
    if settings.stages is not None:
        return f"Robust accuracies are upper bounds: these stages are {NOT_STANDARD}, see --attack standard"
    if is_audited(settings.attack):
        return f"{settings.attack}, not escalated: robust accuracies are upper bounds, see the audit"
    return f"Robust accuracies are upper bounds: {settings.attack} is weak, see --attack standard"

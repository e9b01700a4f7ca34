"""The report's head: threat model, data, versions, and whether robust accuracies are upper bounds."""

from rich.text import Text

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.protocol.ensembles import is_final


def header(analysis: Analysis) -> Text:
    """Title, settings, data, versions; a warning where the run is partial or its ensemble weak."""
    info = analysis.run.info
    settings, versions = info.settings, info.versions
    text = Text("Samples on thin ice", style="bold")
    text.append(f"\n{settings.norm} eps {settings.eps.text} · {settings.attack}", style="not bold")
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
    elif not is_final_run(analysis):
        text.append(f"\nRobust accuracies are upper bounds: {settings.attack} is weak, see --attack standard")
    return text


def is_final_run(analysis: Analysis) -> bool:
    """Whether a standard ensemble has finished: its robust accuracies are results, not upper bounds."""
    return analysis.complete and is_final(analysis.run.info.settings.attack)

"""One sample in every one of several runs: held, lost, gained or broken, and what the model says."""

from collections.abc import Sequence
from pathlib import PurePath

from rich.text import Text

from thinice_tui.analysis.correctness import clean_correct, clean_known
from thinice_tui.analysis.live_sets import UNDECIDED
from thinice_tui.analysis.rows import Rows
from thinice_tui.analysis.several.fates import Fate
from thinice_tui.plots.style import SET_MARKERS, SET_WORDS
from thinice_tui.runfile.records import ModelOutcomes, Run
from thinice_tui.safe_io.printable import printable

PARTS = {"training seed": "seed", "first run": "first", "attack seed": "attack seed", "ensemble": "ensemble"}


def fates_words(rows: Rows, position: int, detailed: bool) -> list[Text]:
    """What became of the sample in every run: a head and a part a run; no parts where one run is read alone.

    detailed: with the sets' names, and what broke the sample.
    """
    fates = rows.table.fates
    if fates is None:
        return []
    name = rows.table.other.record.name
    found = sorted(fates.of_sample(name, position), key=lambda fate: list(PARTS).index(fate.of.part))
    if all(fate.other is None for fate in found):
        return [Text(f"{name}: not every run has such a model", style="not bold")]
    seeds = [fate for fate in found if fate.of.part == "training seed"]
    head = f"lost in {sum(fate.set_name == 'S10' for fate in seeds)} of {len(seeds)} training seeds:"
    parts = [Text(head if seeds else f"{name} in each run:", style="bold")]
    for called, fate in zip(run_names([fate.of.run.path for fate in found]), found, strict=True):
        parts.append(_fate(rows, position, called, fate, detailed))
    return parts


def run_names(paths: Sequence[str]) -> list[str]:
    """A name for each run file: its own without .thinice, with as many of its folders as tell them apart."""
    pure = [PurePath(path.removesuffix(".thinice")) for path in paths]
    for depth in range(1, max(len(path.parts) for path in pure) + 1):
        names = ["/".join(path.parts[-depth:]) for path in pure]
        if len(set(names)) == len(names):
            break
    return [printable(name) for name in names]


def _fate(rows: Rows, position: int, called: str, fate: Fate, detailed: bool) -> Text:
    """`▼ seed-1 cat`; detailed: `▼ seed-1 (seed 2): lost · pruned says cat by APGD-T`."""
    assert fate.other is not None  # where one run has the model, all have it
    run, other = fate.of.run, fate.other
    marker = SET_MARKERS.get(fate.set_name, UNDECIDED)
    if not detailed:
        part = "" if fate.of.part in ("training seed", "first run") else f" ({PARTS[fate.of.part]})"
        said = _says(rows, run, other, position)
        return Text(f"{marker} {called}{part} {said}", style="not bold")
    settings = run.info.settings
    seed = f"seed {fate.of.seed}, " if rows.table.seeds > 1 else ""
    what = {
        "training seed": seed.removesuffix(", "),
        "first run": "first run",
        "attack seed": f"{seed}attack seed {settings.seed}",
        "ensemble": f"{seed}{settings.attack_shown}",
    }[fate.of.part]
    text = Text(f"{marker} {called} ({what}): {SET_WORDS.get(fate.set_name, 'undecided yet')}", style="not bold")
    for name, model in (("dense", run.models[0]), (other.record.name, other)):
        said, stage = _says(rows, run, model, position), model.broken_by[position]
        by = f" by {model.stages[stage].name}" if stage >= 0 else ""
        text.append(f" · {name} {'' if said == 'stands' else 'says '}{said}{by}" if said else "")
    return text


def _says(rows: Rows, run: Run, model: ModelOutcomes, position: int) -> str:
    """`stands`, or the class that the model says under attack, or without one; empty while that is not known."""
    if not clean_known(model)[position]:
        return ""
    if not clean_correct(run, model)[position]:
        return f"{rows.table.class_names[model.clean_prediction[position]]} without attack"
    if model.broken_by[position] < 0:
        return "stands"
    said = model.worst_prediction[position]
    return rows.table.class_names[said] if said >= 0 else ""

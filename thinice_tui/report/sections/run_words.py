"""How reports name a run's eps, times and models."""

from datetime import UTC, datetime

from thinice_tui.analysis.comparison import Analysis, Comparison
from thinice_tui.protocol.threat_model import NORM_ROWS, Epsilon, Norm
from thinice_tui.runfile.records import ModelRecord, Run


def eps_words(eps: Epsilon, norm: Norm) -> str:
    """Eps as it was given; a decimal number under a norm that is counted in 1/255 also as that: `0.031 (7.905/255)`."""
    denominator = NORM_ROWS[norm].denominator
    if denominator == 1 or "/" in eps.text:
        return eps.text
    return f"{eps.text} ({eps.value * denominator:.4g}/{denominator})"


def time_words(seconds: float) -> str:
    """A time since the epoch: `2026-11-29 01:30 UTC`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def class_words(run: Run, label: int) -> str:
    """A class's name; its number where the data has no names."""
    names = run.class_names
    return names[label] if len(names) == run.info.classes else str(label)


def model_words(record: ModelRecord) -> str:
    """A model's name, with its role where the name does not tell it."""
    return record.name if record.role in (record.name, "pruned") else f"{record.name} ({record.role})"


def number_of(analysis: Analysis, comparison: Comparison) -> int:
    """The number of the compared model in its run, which decides how it is drawn."""
    return 1 + next(number for number, one in enumerate(analysis.comparisons) if one is comparison)

"""What was decided before the attacks: how the data were read, what was chosen by accuracy, what was removed."""

from collections.abc import Iterator, Mapping
from typing import Any

from thinice_tui.analysis.trials import describe_accuracies
from thinice_tui.runfile.run_info import Json, RunInfo


def decisions(info: RunInfo) -> Iterator[str]:
    """A line for each note on the data, each choice that was made by accuracy, each model that lost parameters."""
    yield from info.data.notes or ()
    for kind, choices in (("architecture", info.architecture), ("normalisation", info.normalization)):
        for name, found in _by_model(choices):
            accuracies = _numbers(found.get("accuracies"))
            seen = _numbers(found.get("seen"))  # files of early versions have none
            if found.get("source", "clean accuracy") == "clean accuracy" and accuracies:
                tried = describe_accuracies(accuracies, seen)
                yield f"{name}: {kind} {found.get('chosen')}, by clean accuracy ({tried}); {found.get('why')}"
    for name, found in _by_model(info.kinship):
        removed = found.get("removed")
        if isinstance(removed, float) and removed > 0:
            yield f"{name}: {100 * removed:.2f} % of the dense model's parameters removed"


def _numbers(stored: object) -> dict[str, Any]:
    """The numbers in `stored`, by name; a run file may hold anything."""
    values = stored.items() if isinstance(stored, Mapping) else ()
    return {name: value for name, value in values if isinstance(value, (int, float))}


def _by_model(stored: Json | None) -> list[tuple[str, Mapping[str, Any]]]:
    return [(name, found) for name, found in (stored or {}).items() if isinstance(found, Mapping)]

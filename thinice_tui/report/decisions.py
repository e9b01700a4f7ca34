"""What was decided before the run, for the report: how data were read, normalisations tried, parameters removed."""

from collections.abc import Iterator, Mapping

from thinice_tui.analysis.trials import describe_accuracies


def remarks(about: Mapping[str, object]) -> Iterator[str]:
    """A line for each note on the data, each normalisation chosen by accuracy, each model that lost parameters.

    about: the run table; runs of before these were kept have none.
    """
    data = about.get("data")
    notes = data.get("notes") if isinstance(data, Mapping) else None
    yield from (str(note) for note in notes or () if isinstance(notes, list))
    for name, found in _entries(about, "normalization"):
        accuracies, seen = found.get("accuracies"), found.get("seen", {})  # early runs do not say on how many
        if found.get("source") == "clean accuracy" and isinstance(accuracies, Mapping) and isinstance(seen, Mapping):
            tried = describe_accuracies(accuracies, seen)
            yield f"{name}: normalisation {found['chosen']}, by clean accuracy ({tried}); {found['why']}"
    for name, found in _entries(about, "kinship"):
        removed = found.get("removed")
        if isinstance(removed, float) and removed > 0:
            yield f"{name}: {100 * removed:.2f} % of the dense model's parameters removed"


def _entries(about: Mapping[str, object], key: str) -> list[tuple[str, Mapping[str, object]]]:
    stored = about.get(key)
    if not isinstance(stored, Mapping):
        return []
    return [(str(name), found) for name, found in stored.items() if isinstance(found, Mapping)]

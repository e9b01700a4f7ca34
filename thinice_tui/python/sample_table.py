"""A run as a pandas table with one row a sample."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.comparison import Comparison
from thinice_tui.analysis.flip_sets import FlipSets
from thinice_tui.python.model_results import ModelResults
from thinice_tui.runfile.records import Run

if TYPE_CHECKING:
    from pandas import DataFrame


def sample_table(run: Run, models: Sequence[ModelResults], comparisons: Sequence[Comparison]) -> "DataFrame":
    """The table of `LoadedRun.to_pandas`, without attributes; raises ImportError where pandas is not installed."""
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "to_pandas() needs pandas, which is not installed: pip install -c constraints.txt -e '.[pandas]'"
        ) from error
    columns: dict[str, Any] = {"label": run.labels}
    for model in models:
        known, attacked = model.predictions >= 0, np.isfinite(model.distances)
        columns |= {
            f"{model.name}.prediction": _where(known, model.predictions, "Int64"),
            f"{model.name}.margin": model.margins,
            f"{model.name}.standing": _where(known, model.standing, "boolean"),
            f"{model.name}.broken_by": model.broken_by,
            f"{model.name}.adversarial_prediction": _where(attacked, model.adversarial_predictions, "Int64"),
            f"{model.name}.adversarial_margin": model.adversarial_margins,
            f"{model.name}.distance": model.distances,
            f"{model.name}.boundary_distance": model.boundary_distances,
        }
    columns |= {f"{comparison.other.record.name}.set": _names(comparison.sets) for comparison in comparisons}
    return pd.DataFrame(columns, index=pd.Index(run.indices, name="index"))


def _where(known: NDArray[np.bool_], values: NDArray[Any], kind: str) -> object:
    """The values as a pandas array of that type, missing where they are not known."""
    import pandas as pd

    found = pd.array(values, dtype=kind)
    found[~known] = pd.NA
    return found


def _names(sets: FlipSets) -> NDArray[np.object_]:
    """The name of each sample's set."""
    found = np.empty(len(sets.s11), dtype=object)
    for name, mask in sets.by_name().items():
        found[mask] = name
    return found

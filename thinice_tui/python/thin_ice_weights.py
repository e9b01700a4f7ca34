"""`thinice_tui.thin_ice_weights`: an importance for each sample, for the next pruning round. Without torch."""

import os
import warnings
from dataclasses import replace
from numbers import Real

from thinice_tui.analysis.thin_ice_weights import WeightOptions
from thinice_tui.errors import ThiniceWarning, UsageError
from thinice_tui.python.load import PathLike
from thinice_tui.python.loaded_run import LoadedRun
from thinice_tui.python.wording import in_python, words_of_python
from thinice_tui.report.thin_ice_export import ThinIceWeights, weights_from_file, weights_from_run
from thinice_tui.safe_io.paths import expanded


def thin_ice_weights(
    source: PathLike | LoadedRun,
    formula: str = "rank",
    *,
    margin: str = "clean",
    strength: float = 0.5,
    share: float = 0.2,
    softness: float = 0.25,
) -> ThinIceWeights:
    """One importance for each sample of a training set, of mean 1, as `thinice-tui export --thin-ice` writes it.

    Args:
        source: a file of `thinice-tui margins`, a finished run file, or a run that was loaded.
        formula: rank, threshold or flips; the formulas are in docs/guide.md.
        margin: that `rank` and `threshold` use, clean or attacked.
        strength: from −1 to 1: above 0 raises samples on thin ice, below 0 lowers them.
        share: of `threshold`: the share of samples that count as thin ice.
        softness: of `threshold`: the width of the step, in medians of the margin's size.

    Raises UsageError, DataError and RunFileError. Samples that are test images, or may be, are a ThiniceWarning.
    """
    with words_of_python():
        for name, value in {"strength": strength, "share": share, "softness": softness}.items():
            if not isinstance(value, Real) or isinstance(value, bool):
                raise UsageError(f"{name} is {value!r}, expected a number")
        options = WeightOptions.build(str(formula), str(margin), float(strength), float(share), float(softness))
        if isinstance(source, LoadedRun):
            found = weights_from_run(source.analysis.run, options)
        else:
            found = weights_from_file(expanded(os.fspath(source)), options)
    if found.warning:
        found = replace(found, warning=in_python(found.warning))
        warnings.warn(found.warning, ThiniceWarning, stacklevel=2)
    return found

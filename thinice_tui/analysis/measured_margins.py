"""A model's margins on a data set, by sample, with where they come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from thinice_tui.analysis.correctness import Mask, clean_known, robust_correct
from thinice_tui.errors import RunFileError, UsageError
from thinice_tui.runfile.records import Floats, Integers, Run

WeightMargin = Literal["clean", "attacked"]
WEIGHT_MARGINS: tuple[WeightMargin, ...] = ("clean", "attacked")


@dataclass(frozen=True)
class MeasuredMargins:
    """Logit margins m = z_y − max over j≠y of z_j of one model, in units of its logits; n samples.

    indices: int64 [n], each sample's index in the original data; labels: int64 [n]; predictions: int64 [n], on the
    clean images; clean: float32 [n], margins on the clean images; attacked: float32 [n], on the worst verified
    adversarial image, or on the clean one where that is misclassified; None: nothing was attacked. robust: bool [n],
    None likewise. about: how they were measured, as JSON values.
    """

    indices: Integers
    labels: Integers
    predictions: Integers
    clean: Floats
    attacked: Floats | None
    robust: Mask | None
    about: Mapping[str, Any]

    def of_kind(self, kind: WeightMargin) -> Floats:
        """The margins of that kind, float32 [n]; raises UsageError for attacked ones where nothing was attacked."""
        if kind == "clean":
            return self.clean
        if self.attacked is None:
            raise UsageError(
                "margins under attack are asked for, and these were measured without an attack",
                "measure them with --attack pgd-10, or take the clean ones",
            )
        return self.attacked

    @property
    def source(self) -> str:
        """The data they were measured on, as a run names it; empty: not known."""
        data = self.about.get("data")
        source = data.get("source") if isinstance(data, Mapping) else None
        return source if isinstance(source, str) else ""


def margins_of_run(run: Run, about: Mapping[str, Any]) -> MeasuredMargins:
    """The dense model's margins in a finished run; raises RunFileError for one that is not finished."""
    dense = run.models[0]
    if not run.complete or not clean_known(dense).all():
        raise RunFileError(
            f"{run.path}: is not finished, so what stands and margins under attack are not final",
            "repeat the command that made it, and wait until it is finished",
        )
    return MeasuredMargins(
        indices=run.indices,
        labels=run.labels,
        predictions=dense.clean_prediction.astype(np.int64),
        clean=dense.clean_margin,
        attacked=dense.worst_margin,
        robust=robust_correct(run, dense, len(dense.stages)),
        about=about,
    )

"""The set of each sample while a run goes on, batch by batch."""

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.correctness import Mask, clean_correct, clean_known
from thinice_tui.analysis.flip_sets import SETS
from thinice_tui.protocol.distance import is_distance
from thinice_tui.runfile.records import ModelOutcomes, Run

UNDECIDED = "?"
SET_NAMES = (*SETS, UNDECIDED)
ALL_SETS = frozenset(SET_NAMES)
HELD_SETS = frozenset({"S10", "S11", UNDECIDED})
"""Samples that dense holds: among these are the ones that pruning can lose."""
ALONE_SETS = {"S11": "held", "S00": "broken", UNDECIDED: UNDECIDED}
"""Names of the sets where dense is alone in a run and stands in for the other model, too."""


def live_sets(run: Run, other: ModelOutcomes) -> NDArray[np.int8]:
    """Each sample's set so far, int8 [n] into SET_NAMES, also in the middle of a stage.

    A model's loss counts once the other model has withstood the same stage on that sample. Until then, and before both
    models have gone through a first stage, the sample is undecided. In a finished run these are the sets of
    `comparison.compare`.
    """
    dense = run.models[0]
    known = clean_known(dense) & clean_known(other)
    lost_dense, lost_other = lost_so_far(run, dense), lost_so_far(run, other)
    passed_dense, passed_other = _stages_passed(run, dense), _stages_passed(run, other)
    codes = np.full(len(run.labels), SET_NAMES.index(UNDECIDED), dtype=np.int8)
    both = np.minimum(passed_dense, passed_other)
    # a clean mistake (−1) counts with the first stage
    codes[known & ~lost_dense & ~lost_other & (both >= 1)] = SETS.index("S11")
    codes[known & ~lost_dense & lost_other & (np.maximum(other.broken_by, 0) < passed_dense)] = SETS.index("S10")
    codes[known & lost_dense & ~lost_other & (np.maximum(dense.broken_by, 0) < passed_other)] = SETS.index("S01")
    codes[known & lost_dense & lost_other] = SETS.index("S00")
    return codes


def lost_so_far(run: Run, model: ModelOutcomes) -> Mask:
    """Bool [n]: misclassified on the clean image, or broken by a stage so far."""
    lost: Mask = ~clean_correct(run, model) | (model.broken_by >= 0)
    return lost


def _stages_passed(run: Run, model: ModelOutcomes) -> NDArray[np.int16]:
    """Stages done for each sample, int16 [n]: the finished stages, and one more where its batch of the next is done."""
    passed = np.full(len(run.labels), sum(stage.finished for stage in model.stages), dtype=np.int16)
    for stage in model.stages:
        if (
            not stage.finished and stage.batches and "scope" not in stage.parameters
        ):  # an audit's part is not known here
            entering = clean_correct(run, model)
            if not is_distance(stage.parameters):  # which takes broken samples, too
                entering &= (model.broken_by < 0) | (model.broken_by >= stage.ordinal)
            entered = np.flatnonzero(entering)
            for first, samples in stage.batches:
                passed[entered[first : first + samples]] += 1
    return passed

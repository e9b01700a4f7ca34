"""Kinds, classes and confusions of flips, against counting and scipy's Fisher test."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import fisher_exact

from tests.analysis.runs_of_models import analysed
from thinice_tui.analysis.flip_kinds import class_flips, confusions, flip_kinds


def test_the_kinds_split_the_losses(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, n=600, noise=(1.5, 0.4, 0.4))
    for comparison in analysis.comparisons:
        kinds = flip_kinds(analysis, comparison).kinds
        robust, clean = comparison.sets.counts()["S10"], comparison.clean_sets.counts()["S10"]
        assert 600 * (kinds["robust_only"].value + kinds["common"].value) == pytest.approx(robust)
        assert 600 * (kinds["clean_only"].value + kinds["common"].value) == pytest.approx(clean)


def test_what_is_said_is_counted_for_every_lost_sample(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, n=600, noise=(1.5, 0.4, 0.4))
    comparison = analysis.comparisons[0]
    found = flip_kinds(analysis, comparison)
    assert sum(one.count for one in found.confusions) == comparison.sets.counts()["S10"]
    assert sum(one.count for one in found.clean_confusions) == comparison.clean_sets.counts()["S10"]
    assert all(one.label != one.said for one in (*found.confusions, *found.clean_confusions))
    counts = [one.count for one in found.confusions]
    assert counts == sorted(counts, reverse=True)
    first, labels = found.confusions[0], analysis.run.labels
    said = comparison.other.worst_prediction
    assert first.count == (comparison.sets.s10 & (labels == first.label) & (said == first.said)).sum()


def test_each_class_is_tested_against_the_others() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 5, 800)
    held = random.random(800) < 0.6
    lost = held & (random.random(800) < np.where(labels == 2, 0.5, 0.2))
    found = class_flips(labels, held, lost, classes=7)
    assert [one.label for one in found] == [0, 1, 2, 3, 4], "classes without samples are no tests"
    for one in found:
        own, others = labels == one.label, labels != one.label
        table = [
            [(lost & own).sum(), (held & own & ~lost).sum()],
            [(lost & others).sum(), (held & others & ~lost).sum()],
        ]
        tails = [fisher_exact(table, alternative=side).pvalue for side in ("less", "greater")]
        assert one.p == pytest.approx(min(1.0, 2 * min(tails))), "Fisher's exact test, the smaller tail doubled"
        assert (one.lost, one.held) == (table[0][0], sum(table[0]))
        assert one.rate.low <= one.lost / one.held <= one.rate.high
    assert [one.label for one in found if one.p_holm < 0.05] == [2]


def test_a_class_of_which_dense_holds_nothing_is_no_test() -> None:
    labels, held = np.array([0, 0, 1, 1]), np.array([True, True, False, False])
    first, second = class_flips(labels, held, np.array([True, False, False, False]), classes=2)
    assert first.p == first.p_holm == 1 and math.isnan(second.p_holm) and not second.rate.known


def test_under_equal_rates_few_classes_stand_out() -> None:
    """Holm keeps the chance of any false finding at 5 %: at most 8 % of 300 runs, three standard errors."""
    random = np.random.default_rng(1)
    false = 0
    for _ in range(300):
        labels, lost = random.integers(0, 10, 300), random.random(300) < 0.25
        false += any(one.p_holm < 0.05 for one in class_flips(labels, np.ones(300, bool), lost, 10))
    assert false / 300 <= 0.08


def test_no_flips_have_no_confusions() -> None:
    assert confusions(np.zeros(0, np.int64), np.zeros(0, np.int32)) == ()

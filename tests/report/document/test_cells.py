"""Numbers as they are shown."""

import math

import numpy as np

from thinice_tui.analysis.auc import auc
from thinice_tui.analysis.proportions import Estimate
from thinice_tui.report.document.cells import Doubtful, Number, auc_number, in_words, percent, words

FOUND = Estimate(0.8704, 0.8512, 0.8899, 1000)


def test_a_fraction_is_shown_in_percent_with_its_interval() -> None:
    assert words(percent(FOUND)) == "87.0 [85.1, 89.0]" and words(percent(FOUND, "≤")) == "≤ 87.0 [85.1, 89.0]"
    assert in_words(FOUND) == "87.0 % [85.1, 89.0]"


def test_what_is_not_known_is_a_dash() -> None:
    unknown = Estimate(math.nan, math.nan, math.nan, 0)
    assert percent(None) is None and percent(unknown) is None and in_words(None) == "–"
    assert words(None) == words(Number(math.nan)) == "–"


def test_an_auc_has_two_digits_and_an_interval_where_there_is_one() -> None:
    low, high = np.arange(12.0), np.arange(12.0) + 5
    whole, few = auc(low, high), auc(low[:3], high)
    assert words(auc_number(whole)) == whole.shown and "[" in whole.shown
    assert words(auc_number(few)) == few.shown and "[" not in few.shown
    assert auc_number(auc(low[:0], high)) is None


def test_words_counts_and_doubts_are_shown_as_they_are() -> None:
    assert [words(cell) for cell in ("a b", 3, Doubtful("7 of 50"))] == ["a b", "3", "7 of 50 !"]

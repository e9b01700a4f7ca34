"""The experiment's numbers: a table of known outcomes, and the committed page against the committed table."""

import csv
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ttest_rel

from tests.places import ROOT

N, SEEDS = 400, 5
PAGE = ROOT / "docs" / "thin-ice-experiment.md"


def write_table(path: Path, effect: float, seeds: int = SEEDS, fixed: bool = True) -> None:
    """A table whose arm `up` loses `effect` of the samples fewer than the others, each seed with its own noise."""
    from thin_ice_analysis import ARMS, COLUMNS, Outcome

    random = np.random.default_rng(0)
    dense = Outcome("dense", -1, 0.0, np.ones(N, bool), np.arange(N) < 200, math.nan, 32, 0)
    control = Outcome("control", -1, 0.0, np.ones(N, bool), np.arange(N) % 200 < 190, 1.0, 32, 1)
    rows = [dense, control]
    for seed in range(seeds):
        for arm in ARMS:
            lost = (0.3 - effect if arm == "up" else 0.3) + random.normal(0, 0.005)
            rows.append(
                Outcome(arm, seed, 60.0, np.ones(N, bool), dense.standing & (random.random(N) > lost), 2.0, 32, 0)
            )
    about = {"epochs": 6, "images": 49_000, "fixed": fixed, "versions": {"torch": "2"}}
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for number, one in enumerate(rows):
            writer.writerow([*one.cells(dense, control), json.dumps(about) if number == 0 else ""])


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    from thin_ice_analysis import bits, mask_of, read_table

    write_table(tmp_path / "a.csv", 0.1)
    outcomes, about = read_table(tmp_path / "a.csv")
    assert len(outcomes) == 2 + 5 * SEEDS and about["epochs"] == 6
    dense, control = outcomes[:2]
    assert dense.standing.sum() == 200 and math.isnan(dense.odds_ratio) and control.lost(dense).sum() == 10
    with (tmp_path / "a.csv").open(newline="") as stream:
        row = list(csv.DictReader(stream))[2]
    assert int(row["lost"]) == outcomes[2].lost(dense).sum() and int(row["excess_lost"]) == int(row["lost"]) - 10
    mask = np.random.default_rng(0).random(37) < 0.5
    assert (mask_of(bits(mask), 37) == mask).all()


def test_differences_are_those_of_a_paired_t_test() -> None:
    from thin_ice_analysis import difference

    random = np.random.default_rng(1)
    first, second = (random.random((SEEDS, N)) < share for share in (0.2, 0.3))
    found = difference(("a", "b"), first.astype(float), second.astype(float))
    by_hand = ttest_rel(100 * first.mean(axis=1), 100 * second.mean(axis=1))
    assert found.mean == pytest.approx(100 * (first.mean() - second.mean()))
    assert found.p == pytest.approx(by_hand.pvalue)
    interval = by_hand.confidence_interval()
    assert found.over_seeds == pytest.approx((interval.low, interval.high))
    assert found.over_samples[0] < found.mean < found.over_samples[1] and found.seen > 0


def test_the_power_of_the_smallest_difference_is_80_percent() -> None:
    """Simulated: seeds with noise of standard deviation 1, and a true difference as large as is said."""
    from thin_ice_analysis import difference

    random, hits, seen = np.random.default_rng(2), 0, []
    for _ in range(400):
        noise = random.normal(0, 0.01, (SEEDS, 2))
        found = difference(("a", "b"), noise[:, :1].repeat(2, axis=1), np.zeros((SEEDS, 2)))
        seen.append(found.seen)
    true = float(np.sqrt(np.mean(np.square(seen))))
    for _ in range(400):
        noise = random.normal(true / 100, 0.01, (SEEDS, 1))
        hits += difference(("a", "b"), noise.repeat(2, axis=1), np.zeros((SEEDS, 2))).p < 0.05
    assert 0.7 < hits / 400 < 0.95


def test_a_real_effect_is_found_and_none_is_not_invented(tmp_path: Path) -> None:
    from thin_ice_analysis import results

    write_table(tmp_path / "a.csv", 0.2)
    text = results(tmp_path / "a.csv")
    rows = {row.split(" | ")[0].removeprefix("| "): row for row in text.splitlines() if row.startswith("| ")}
    primary = text.partition("### All outcomes")[0]
    assert primary.count("up loses fewer") == 2 and primary.count("cannot be told apart") == 2, text
    assert "| up − plain | -" in primary and "A trial" not in text and "[thin-ice-experiment.csv]" in text
    assert {"plain", "control", "dense"} <= set(rows)
    write_table(tmp_path / "b.csv", 0.0)
    assert results(tmp_path / "b.csv").count("cannot be told apart") == 4


def test_too_few_seeds_and_trials_say_so(tmp_path: Path) -> None:
    from thin_ice_analysis import results, with_results

    write_table(tmp_path / "a.csv", 0.2, seeds=2, fixed=False)
    text = results(tmp_path / "a.csv")
    assert text.count("too few seeds to tell") == 4 and "A trial, not the experiment" in text
    page = with_results("# Title\n\n## Results\n\nold\n", text)
    assert page.startswith("# Title\n\n## Results\n") and "old" not in page
    with pytest.raises(SystemExit):
        with_results("# Title\n", text)


def test_the_page_says_what_the_table_gives() -> None:
    from thin_ice_analysis import HEADING, NOT_RUN, TABLE, results

    _, heading, said = PAGE.read_text().partition(HEADING)
    table = PAGE.with_name(TABLE)
    assert heading + said == (results(table) if table.exists() else NOT_RUN)


def test_what_the_documents_conclude_follows_from_the_committed_table() -> None:
    from thin_ice_analysis import TABLE, results

    primary = results(PAGE.parent / TABLE).partition("### All outcomes")[0]
    rows = {cells[1]: cells for cells in (re.split(r" ?\| ?", row) for row in primary.splitlines()) if len(cells) > 8}
    for arms, difference, verdict in (
        ("up − plain", 0.8, "up loses more"),
        ("up − random-up", 0.9, "up loses more"),
        ("down − plain", None, "cannot be told apart"),
        ("down − random-down", None, "cannot be told apart"),
    ):
        assert rows[arms][8] == verdict
        if difference is not None:
            assert round(float(rows[arms][2]), 1) == difference
            assert f"{difference} " in (ROOT / "docs" / "guide.md").read_text().partition("our experiment")[2][:400]

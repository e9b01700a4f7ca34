"""The histogram of margins by set."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from rich.style import Style
from rich.text import Text

from tests.plots.charts import check_size
from thinice_tui.analysis.flip_sets import SETS
from thinice_tui.plots.margins import EIGHTHS, FEW, Mark, margin_histograms, margins_by_set


def margins_chart(width: int = 80, height: int = 15, n: int = 300, seed: int = 0) -> Text:
    random = np.random.default_rng(seed)
    chosen = random.integers(0, 4, n)
    sets = {name: chosen == i for i, name in enumerate(SETS)}
    return margins_by_set(random.normal(0, 2, n), sets, width, height, "dense margin")


@pytest.mark.parametrize("size", [(60, 12), (80, 15), (140, 40)])
def test_it_has_the_size_asked_for_and_says_its_n(size: tuple[int, int]) -> None:
    check_size(margins_chart(*size), *size)
    assert "dense margin" in margins_chart(*size).plain


def test_sets_are_told_apart_by_shape() -> None:
    plain = margins_chart().plain
    assert all(marker in plain for marker in "●▼▲○")
    assert all(name in plain for name in SETS)


def test_sets_may_have_other_names_and_empty_ones_are_left_out() -> None:
    sets = {name: np.full(20, name == "S11") for name in SETS}
    plain = margins_by_set(np.linspace(0, 1, 20), sets, 80, 15, "margin", set_names={"S11": "held"}).plain
    assert "held n=20" in plain and "S11" not in plain and "S00" not in plain


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_samples_are_drawn_too(n: int) -> None:
    assert margins_chart(n=n).plain


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_margins_that_are_not_finite_are_not_counted(value: float) -> None:
    sets = {name: np.full(3, name == "S11") for name in SETS}
    assert "n=2" in margins_by_set(np.array([0.5, value, 1.5]), sets, 80, 15, "margin").plain


def test_threads_do_not_disturb_each_other() -> None:
    alone = [margins_chart(seed=seed).plain for seed in range(12)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda seed: margins_chart(seed=seed).plain, range(12)))
    assert together == alone


def test_bars_lie_between_round_edges_and_are_as_high_as_their_share() -> None:
    margins = np.concatenate([np.full(30, 0.3), np.full(60, 1.3), np.full(10, 4.9)])
    sets = {name: np.full(100, name == "S11") for name in SETS}
    edges, shares = margin_histograms(margins, sets, 10)
    assert edges == pytest.approx(np.arange(11) * 0.5) and shares["S11"].tolist()[:3] == [30, 0, 60]
    lines = margins_by_set(margins, sets, 57, 16, "margin").plain.split("\n")
    rows = [line.split("│")[1] for line in lines if line.count("│") == 2]
    heights = [sum(EIGHTHS.index(row[cell]) for row in rows) / (8 * len(rows)) for cell in range(len(rows[0]))]
    assert len(rows) == 10 and max(heights) == 1
    assert len(heights) == 48, "24 bins of 0.2, from 0.2 to 5, of two cells each"
    assert heights[:2] == pytest.approx([0.5, 0.5], abs=0.01) and heights[10:12] == [1, 1]
    assert heights[46:] == pytest.approx([10 / 60] * 2, abs=0.01) and sum(heights) == pytest.approx(
        2 * 100 / 60, abs=0.05
    )
    assert [float(tick) for tick in lines[-2].split()] == [1, 2, 3, 4]


@pytest.mark.parametrize("width", [60, 80, 97, 200])
def test_it_takes_the_room_there_is_and_marks_a_sample_in_its_bin(width: int) -> None:
    margins = np.linspace(0, 5, 500)
    sets = {name: np.full(500, name == "S11") for name in SETS}
    for margin in (0.1, 1.3, 3.9, 4.9):
        text = margins_by_set(margins, sets, width, 12, "margin", Mark(margin, "#1"), click=str)
        bars = next(line for line in text.split("\n") if line.plain[7] == "│")
        assert bars.plain.rstrip().endswith("│") and len(bars.plain.rstrip()) == width
        marked = next(
            span for span in bars.spans if isinstance(span.style, Style) and span.style.bold and span.style.meta
        )
        assert isinstance(marked.style, Style)
        low, high = marked.style.meta["@click"].split("..")
        assert float(low or "-inf") <= margin < float(high or "inf")


def test_every_bin_with_a_sample_is_seen() -> None:
    margins = np.concatenate([np.linspace(0, 0.9, 5000), [4.5] * 30])
    sets = {name: np.full(5030, name == "S11") for name in SETS}
    lines = margins_by_set(margins, sets, 80, 8, "margin").plain.split("\n")
    assert "▁" in [line for line in lines if "S11" in line][-1]


def test_few_samples_are_a_strip_of_points() -> None:
    sets = {name: np.arange(FEW) % 4 == number for number, name in enumerate(SETS)}
    plain = margins_by_set(np.linspace(0, 5, FEW), sets, 80, 20, "margin").plain
    below = plain[plain.index("┌") : plain.index("└")]
    assert {sign: below.count(sign) for sign in "●▼▲○"} == dict.fromkeys("●▼▲○", FEW // 4 + 1), "one more is the label"
    assert not set(EIGHTHS[1:]) & set(plain)


def test_the_selected_sample_is_named_and_marked_in_every_panel() -> None:
    random = np.random.default_rng(0)
    sets = {name: np.arange(300) % 4 == number for number, name in enumerate(SETS)}
    margins = random.normal(0, 2, 300)
    text = margins_by_set(margins, sets, 80, 15, "margin", Mark(0.25, "#484"))
    assert "│ #484 0.250" in text.plain
    panels = [line for line in text.plain.split("\n") if line.startswith(" ●") or "│" in line[7:9]]
    column = {line.index("│", 9) for line in panels[:-1] if line.count("│") >= 3}
    assert len(column) == 1, "one line through all"
    beyond = margins_by_set(margins, sets, 80, 15, "margin", Mark(100.0, "#1"))
    assert "#1 100.000" in beyond.plain


def test_a_click_on_a_bin_names_its_range_and_the_outermost_are_open() -> None:
    margins = np.linspace(0, 5, 500)
    sets = {name: np.full(500, name == "S11") for name in SETS}
    text = margins_by_set(margins, sets, 80, 12, "margin", click=lambda ends: f"app.filter_margin('{ends}')")
    said = {
        str(span.style.meta["@click"]) for span in text.spans if not isinstance(span.style, str) and span.style.meta
    }
    edges, _ = margin_histograms(margins, sets, 32)
    assert len(said) == len(edges) - 1
    assert {"app.filter_margin('..0.2')", "app.filter_margin('0.2..0.4')", "app.filter_margin('4.8..')"} <= said


@pytest.mark.parametrize("size", [(20, 5), (30, 8), (12, 3), (200, 60)])
def test_no_size_breaks_it(size: tuple[int, int]) -> None:
    lines = margins_chart(*size).plain.split("\n")
    assert len(lines) <= size[1] and max(map(len, lines)) <= max(size[0], 13)

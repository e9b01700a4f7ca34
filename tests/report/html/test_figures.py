"""Plots as SVG: their text, their data, and colours that follow the page."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.report.hostile import HOSTILE
from thinice_tui.plots.style import MODEL_MARKERS, SET_MARKERS
from thinice_tui.report.document.charts import Chart, Kind, Series
from thinice_tui.report.html.figures import SETS, look_of, svg

SPACE = "{http://www.w3.org/2000/svg}"


def chart(kind: Kind = "line", name: str = "dense", **options: object) -> Chart:
    x = np.arange(4.0)
    y = np.array([10.0, 20.0, 15.0, 40.0])
    bins = kind == "bars"
    series = [
        Series(name, np.arange(5.0) if bins else x, y, "S10" if bins else 0, None if bins else y - 5, y + 5),
        Series("other", np.arange(5.0) if bins else x, y / 2, "S11" if bins else 1, y / 2 - 5, y / 2 + 5),
    ]
    return Chart("Title", "x axis", "y axis, %", kind, series, **options)  # type: ignore[arg-type]


def texts(drawn: str) -> list[str]:
    return ["".join(one.itertext()).strip() for one in ElementTree.fromstring(drawn).iter(f"{SPACE}text")]


@pytest.mark.parametrize("kind", ["line", "points", "bars"])
def test_axes_and_series_are_named_and_drawn(kind: Kind) -> None:
    drawn = svg(chart(kind, mark=(2.0, "the mark")), 3, "In words.")
    assert {"x axis", "y axis, %", "dense", "other", "the mark"} <= set(texts(drawn))
    root = ElementTree.fromstring(drawn)
    assert (root.get("role"), root.get("aria-label"), root.get("width")) == ("img", "In words.", None)
    own = ("--s10", "--s11") if kind == "bars" else ("--m0", "--m1")
    assert all(f"var({variable})" in drawn for variable in (*own, "--ink", "--line"))
    assert not re.search('#[0-9a-f]{3,6}[;" ]', drawn), "every colour is the page's"


def test_the_same_chart_is_the_same_text_and_ids_are_the_figures_own() -> None:
    one, again, other = svg(chart(), 0, "a"), svg(chart(), 0, "a"), svg(chart(), 1, "a")
    assert one == again
    ids = [set(re.findall(r'\bid="([^"]+)"', drawn)) for drawn in (one, other)]
    assert ids[0] and not ids[0] & ids[1]
    for drawn, own in zip((one, other), ids, strict=True):
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', drawn)) <= own
    assert "date" not in one.lower() and "<style" not in one


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text_in_the_legend(name: str) -> None:
    """Also one that matplotlib would read as a formula or leave out."""
    drawn = svg(chart(name=name, ticks=[name, "b", "c", "d"]), 0, name)
    shown = name if len(name) <= 40 else name[:39] + "…"
    assert texts(drawn).count(shown) == 2
    tags = {element.tag.removeprefix(SPACE) for element in ElementTree.fromstring(drawn).iter()}
    assert tags <= {"svg", "g", "path", "text", "tspan", "use", "defs", "clipPath", "rect"}


def test_series_differ_by_line_and_marker_and_not_by_colour_alone() -> None:
    for looks in ([look_of(number) for number in range(7)], list(SETS.values())):
        markers = {(look.marker, look.filled) for look in looks}
        assert len(markers) == len({look.line for look in looks}) == len(looks)


def test_markers_are_those_of_the_terminals_plots() -> None:
    filled = {"●": "o", "▼": "v", "▲": "^", "■": "s", "◆": "D", "+": "P", "×": "X", "★": "*"}
    drawn = {sign: (name, True) for sign, name in filled.items()} | {
        "○": ("o", False),
        "□": ("s", False),
        "◇": ("D", False),
    }
    shown = {look_of(name): sign for name, sign in SET_MARKERS.items()}
    shown |= {look_of(number): sign for number, sign in enumerate(MODEL_MARKERS)}
    assert all((look.marker, look.filled) == drawn[sign] for look, sign in shown.items()) and len(shown) == 11
    assert look_of(7) == look_of(0)


def test_values_that_are_not_known_are_left_out() -> None:
    holes = Series("dense", np.arange(3.0), np.array([1.0, np.nan, 3.0]), 0)
    drawn = svg(Chart("T", "x", "y", "line", [holes]), 0, "")
    assert "nan" not in drawn.lower() and "dense" in texts(drawn)

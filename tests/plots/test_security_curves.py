"""Security curves."""

import numpy as np
import pytest
from rich.text import Text

from tests.plots.charts import check_size
from thinice_tui.analysis.security_curve import SecurityCurve
from thinice_tui.plots.security_curves import security_curves
from thinice_tui.plots.style import model_style
from thinice_tui.protocol.threat_model import Norm

EPS = np.linspace(0, 16 / 255, 50)


def curves(norm: Norm = "Linf", width: int = 80, height: int = 15, marked: float | None = None) -> Text:
    made = [SecurityCurve(name, EPS, np.linspace(1, 0, 50), 0.5, 40, 8 / 255) for name in ("dense", "half")]
    return security_curves(made, 8 / 255, norm, width, height, marked)


@pytest.mark.parametrize("size", [(60, 12), (80, 15), (140, 40)])
def test_it_has_the_size_asked_for_and_says_its_n(size: tuple[int, int]) -> None:
    check_size(curves(width=size[0], height=size[1]), *size)


def test_the_axis_is_in_the_norms_unit() -> None:
    assert "eps (Linf) in 1/255" in curves().plain and "15" in curves().plain
    assert "eps (L2)" in curves("L2").plain and "1/255" not in curves("L2").plain


def test_the_runs_eps_is_a_tick_and_the_values_there_are_written() -> None:
    plain = curves().plain
    assert "eps=8" in plain and plain.count("50.0") == 2
    far = [SecurityCurve("dense", EPS / 100, np.linspace(1, 0, 50), 0.5, 40, 8 / 255)]
    assert "eps=" not in security_curves(far, 8 / 255, "Linf", 80, 15).plain, "outside what is drawn"


def test_dense_lies_on_top_where_curves_coincide() -> None:
    below = curves().plain.split("┌")[1]
    assert model_style(0)[0] in below and model_style(1)[0] not in below


def test_a_distance_within_the_curve_is_marked() -> None:
    assert curves(marked=4 / 255).plain != curves().plain
    for outside in (1.0, float("inf"), float("nan")):
        assert curves(marked=outside).plain == curves().plain

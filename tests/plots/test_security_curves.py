"""Security curves."""

import numpy as np
import pytest
from rich.text import Text

from tests.plots.charts import check_size
from thinice_tui.analysis.security_curve import SecurityCurve
from thinice_tui.plots.security_curves import security_curves
from thinice_tui.protocol.threat_model import Norm

EPS = np.linspace(0, 16 / 255, 50)


def curves(norm: Norm = "Linf", width: int = 80, height: int = 15, marked: float | None = None) -> Text:
    made = [SecurityCurve(name, EPS, np.linspace(1, 0, 50), 0.5, 40, 8 / 255) for name in ("dense", "half")]
    return security_curves(made, 8 / 255, norm, width, height, marked)


@pytest.mark.parametrize("size", [(60, 12), (80, 15), (140, 40)])
def test_it_has_the_size_asked_for_and_says_its_n(size: tuple[int, int]) -> None:
    check_size(curves(width=size[0], height=size[1]), *size)


def test_the_axis_is_in_the_norms_unit() -> None:
    assert "eps (Linf) in 1/255" in curves().plain and "16" in curves().plain
    assert "eps (L2)," in curves("L2").plain and "1/255" not in curves("L2").plain


def test_a_distance_within_the_curve_is_marked() -> None:
    assert curves(marked=4 / 255).plain != curves().plain
    for outside in (1.0, float("inf"), float("nan")):
        assert curves(marked=outside).plain == curves().plain

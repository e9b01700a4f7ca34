"""Words for eps, times and models."""

import pytest

from tests.fake_runs import record
from thinice_tui.protocol.threat_model import Epsilon, Norm
from thinice_tui.report.sections.run_words import eps_words, model_words, time_words


@pytest.mark.parametrize(
    ("text", "norm", "said"),
    [
        ("8/255", "Linf", "8/255"),
        ("0.031", "Linf", "0.031 (7.905/255)"),
        ("0.03137254901960784", "Linf", "0.03137254901960784 (8/255)"),
        ("0.5", "L2", "0.5"),
    ],
)
def test_eps_is_a_fraction_where_the_norm_counts_in_pixel_values(text: str, norm: Norm, said: str) -> None:
    assert eps_words(Epsilon.parse(text), norm) == said


def test_a_time_is_in_utc() -> None:
    assert time_words(0) == "1970-01-01 00:00 UTC"


def test_a_models_role_is_told_where_its_name_does_not() -> None:
    assert [model_words(record(*pair)) for pair in (("dense", "dense"), ("half", "pruned"), ("again", "control"))] == [
        *("dense", "half", "again (control)")
    ]

"""A heartbeat's text, as the run file stores it."""

import pytest

from thinice_tui.protocol.progress import Heartbeat, split_doing


@pytest.mark.parametrize(
    ("model", "stage", "doing"),
    [
        ("dense", "APGD-T", "dense · APGD-T"),
        ("", "reading models and data", "reading models and data"),
        ("a · b", "clean", "a · b · clean"),
    ],
)
def test_the_text_of_a_heartbeat_can_be_read_back(model: str, stage: str, doing: str) -> None:
    assert Heartbeat(0.0, "running", model, stage, 0, 1, 0.0, None).doing == doing
    assert split_doing(doing) == (model, stage)

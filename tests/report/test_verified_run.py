"""When a run counts as verified."""

from pathlib import Path

import pytest

from tests.fake_runs import write_run
from thinice_tui.report.verified_run import Discrepancy, VerifiedModel, VerifiedRun


@pytest.mark.parametrize(
    ("broken", "images", "wrong", "nothing", "verified"),
    [
        (5, 5, False, False, True),
        (5, 2, False, False, True),
        (0, 0, False, False, True),
        (5, 0, False, True, False),
        (5, 5, True, False, False),
    ],
)
def test_images_must_show_what_is_claimed(broken: int, images: int, wrong: bool, nothing: bool, verified: bool) -> None:
    run = write_run(Path("a.thinice"), {"dense": "dense"}, n=20)
    discrepancies = (Discrepancy("dense", 3, "is wrong"),) if wrong else ()
    found = VerifiedRun(run, (VerifiedModel("dense", "d", 20, 20, broken, images, images),), (), discrepancies, "cpu")
    assert (found.has_nothing_to_verify, found.is_verified) == (nothing, verified)

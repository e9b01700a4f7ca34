"""Runs of another revision of the attacks."""

from pathlib import Path

import pytest

from thinice_tui.errors import RunFileError
from thinice_tui.runfile.attacks_revision import ATTACKS_REVISION, check_attacks_revision

PATH = Path("a.thinice")


@pytest.mark.parametrize(("began", "now"), [(1, 2), (2, 1), (None, 1)])
def test_an_unfinished_run_of_another_revision_is_refused(began: int | None, now: int) -> None:
    stored = {} if began is None else {ATTACKS_REVISION: began}
    with pytest.raises(RunFileError, match=rf"another revision .*\({began or 0}, this is {now}\)") as caught:
        check_attacks_revision(stored, {ATTACKS_REVISION: now}, PATH)
    assert "thinice-tui report a.thinice" in caught.value.do


@pytest.mark.parametrize("finished", [1.0, None])
def test_the_same_revision_goes_on(finished: float | None) -> None:
    check_attacks_revision({ATTACKS_REVISION: 2, "finished": finished}, {ATTACKS_REVISION: 2}, PATH)
    check_attacks_revision({"finished": finished}, {}, PATH)


def test_a_finished_run_of_another_revision_is_no_error() -> None:
    check_attacks_revision({ATTACKS_REVISION: 1, "finished": 1.0}, {ATTACKS_REVISION: 2}, PATH)

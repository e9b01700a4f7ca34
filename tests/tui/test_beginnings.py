"""Runs whose engine was ended at the very beginning: the interface says what there is, which is little."""

from pathlib import Path

import pytest

from tests.fake_runs import make_run
from tests.tui.driver import MODELS, WIDE, opened
from tests.tui.test_survival import tour


@pytest.mark.parametrize("clean", [0, 1, 3])
async def test_a_run_without_stages_is_browsed(tmp_path: Path, clean: int) -> None:
    """Nothing is computed, or the clean predictions of some models: no stage is planned before all have them."""
    made = make_run(tmp_path / "a.thinice", MODELS, n=30)
    with made.open() as writer:
        for number in range(clean):
            made.clean(writer, number)
    async with opened(tmp_path / "a.thinice", tmp_path / "settings.json", WIDE) as driver:
        await driver.shows("nothing is computed yet" if clean == 0 else "PARTIAL: clean only")
        await tour(driver)

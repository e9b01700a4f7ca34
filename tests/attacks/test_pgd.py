"""PGD's step size."""

import pytest

from thinice_tui.attacks.pgd import pgd_step_size


def test_the_weak_attacks_step_is_what_papers_use() -> None:
    assert pgd_step_size("Linf", 8 / 255, 20) == pytest.approx(2 / 255)
    assert pgd_step_size("Linf", 8 / 255, 5) == pytest.approx(4 / 255)
    assert pgd_step_size("L2", 0.5, 20) == pytest.approx(0.0625)

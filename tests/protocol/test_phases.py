"""What a run computes: an ensemble's stages or those of a list, and the distances behind them."""

from dataclasses import replace

import pytest

from thinice_tui.errors import UsageError
from thinice_tui.protocol.attacks import ATTACKS
from thinice_tui.protocol.ensembles import build_ensemble
from thinice_tui.protocol.phases import build_phases
from thinice_tui.protocol.settings import Settings
from thinice_tui.protocol.stage_list import build_stages

LIST = "pgd-3,square:queries=7"


def listed(norm: str = "Linf", stages: str = LIST, distances: bool = False) -> Settings:
    return Settings.build(norm, None, "standard", stages=stages, distances=distances)


def test_a_list_takes_the_place_of_the_ensemble() -> None:
    assert build_phases(Settings.build("Linf", None, "quick"), 10) == build_ensemble("quick", 10)
    assert build_phases(listed(), 10) == build_stages(LIST, 10, "Linf")
    *stages, last = build_phases(listed(distances=True), 10)
    assert tuple(stages) == build_stages(LIST, 10, "Linf") and last.name == "Distance"


def test_a_norm_that_an_attack_does_not_support_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ATTACKS, "square", replace(ATTACKS["square"], norms=("Linf",)))
    assert build_phases(Settings.build("Linf", None, "standard", distances=False), 10)
    with pytest.raises(UsageError, match="Square does not exist under L2, expected --norm Linf"):
        build_phases(Settings.build("L2", None, "standard", distances=False), 10)
    assert build_phases(listed(), 10)
    with pytest.raises(UsageError, match="--stages: Square does not exist under L2, expected --norm Linf"):
        build_phases(listed("L2"), 10)


@pytest.mark.parametrize("settings", [listed(), Settings.build("Linf", None, "quick")])
def test_a_model_of_one_class_is_refused(settings: Settings) -> None:
    with pytest.raises(UsageError, match="at least 2"):
        build_phases(settings, 1)

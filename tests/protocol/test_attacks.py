"""The rows of the attacks."""

import pytest

from thinice_tui.protocol.attacks import ATTACKS, attack_of


@pytest.mark.parametrize("kind", ATTACKS)
def test_a_fallback_works_where_its_attack_does_not(kind: str) -> None:
    attack = ATTACKS[kind]
    assert (attack.fallback is None) == (attack.classes == 2), "with one class there is nothing to attack"
    if attack.fallback is not None:
        assert ATTACKS[attack.fallback].classes == 2


@pytest.mark.parametrize("kind", ATTACKS)
def test_passes_grow_with_steps_and_tell_whether_gradients_are_needed(kind: str) -> None:
    attack = ATTACKS[kind]
    few, many = attack.passes(10, 10), attack.passes(20, 10)
    assert few[0] >= 10 and many[0] > few[0]
    assert (few[1] > 0) == attack.gradients


def test_fab_goes_back_once_for_each_wrong_class_where_it_has_no_target() -> None:
    assert ATTACKS["fab"].passes(100, 10) == (200, 900)
    assert ATTACKS["fab-t"].passes(100, 10) == (200, 100)


def test_a_stored_stage_names_its_attack() -> None:
    assert attack_of({"kind": "square", "steps": 5000}) is ATTACKS["square"]
    assert attack_of({"kind": "distance"}) is None and attack_of({}) is None

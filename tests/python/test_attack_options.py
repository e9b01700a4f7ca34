"""The options that `attack` and `compare` share: one list, which both show and both take."""

import inspect

import pytest

import thinice_tui as ti
from tests.python.modules import TASK, dense
from thinice_tui.python.attack_options import DEFAULTS, DESCRIBED, AttackOptions, chosen

FUNCTIONS = (ti.attack, ti.compare)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda one: one.__name__)
def test_signature_and_help_show_every_option_with_its_default(function: object) -> None:
    assert callable(function)
    parameters = inspect.signature(function).parameters
    shown = {name: parameters[name].default for name in DEFAULTS}
    assert shown == DEFAULTS and not any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    assert DESCRIBED in (function.__doc__ or "") and "{options}" not in (function.__doc__ or "")


def test_each_option_is_described_and_has_a_default() -> None:
    assert set(DEFAULTS) == set(AttackOptions.__annotations__)
    assert [line.partition(":")[0].strip() for line in DESCRIBED.split("\n\n")[0].split("\n")] == list(DEFAULTS)


def test_what_is_given_replaces_the_default() -> None:
    assert chosen({"seed": 3}) == DEFAULTS | {"seed": 3} and DEFAULTS["seed"] == 0


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda one: one.__name__)
def test_another_name_is_a_type_error_before_anything_is_computed(function: object) -> None:
    first: tuple[object, ...] = (dense(),) if function is ti.attack else (dense(), {})
    assert callable(function)
    with pytest.raises(TypeError, match="unexpected keyword argument 'epsilon', expected attack, stages, audit"):
        function(*first, TASK.images, TASK.labels, epsilon=0.1)

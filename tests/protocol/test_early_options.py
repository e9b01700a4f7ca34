"""Model options of earlier versions."""

import pytest

from thinice_tui.protocol.early_options import early_options, is_early
from thinice_tui.protocol.model_options import ModelOptions


def stored(keep: object, trust: object = False) -> dict[str, object]:
    return {"arch": "auto", "normalize": "none", "model_options": {"keep": keep, "trust_pickle": trust}}


def test_an_early_request_is_known_by_its_architecture() -> None:
    assert is_early(stored(None)) and not is_early({"model_options": ModelOptions().as_dict()})


def test_a_list_of_fractions_is_for_each_file() -> None:
    assert early_options(stored("1,0.1"), ("d", "p")).keep == ("dense=1", "p=0.1")
    assert early_options(stored("0.1"), ("d", "p")).keep == ("0.1",)
    assert early_options(stored(None, True), ("d",)) == ModelOptions(("auto",), ("none",), (), (), ("yes",))


@pytest.mark.parametrize("bad", [stored(0.1), stored("1,0.1,1"), stored(None, "yes"), {"arch": "auto"}])
def test_other_values_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises((TypeError, KeyError)):
        early_options(bad, ("d", "p"))

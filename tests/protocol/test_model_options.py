"""The fractions that scores keep, by file."""

import pytest

from thinice_tui.errors import UsageError
from thinice_tui.protocol.model_options import ModelOptions


@pytest.mark.parametrize("keep", ["", "0", "1.5", "-1", "x", "nan", "0.1,", "0.1,2", "10%"])
def test_a_fraction_that_is_none_is_refused(keep: str) -> None:
    with pytest.raises(UsageError, match="--keep is"):
        ModelOptions(keep)


def test_one_fraction_is_for_pruned_models_and_several_for_each_file() -> None:
    one, each = ModelOptions("0.1"), ModelOptions("1,0.1,0.05")
    assert one.keep_for(0, False, 3) is None and one.keep_for(1, True, 3) == 0.1
    assert [each.keep_for(i, i > 0, 3) for i in range(3)] == [1, 0.1, 0.05]
    assert ModelOptions().keep_for(1, True, 2) is None
    with pytest.raises(UsageError, match="3 fractions for 2 model files"):
        each.keep_for(0, False, 2)

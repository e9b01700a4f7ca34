"""Normalisations by name and by numbers."""

import pytest

from thinice_tui.errors import UsageError
from thinice_tui.models.normalization import parse_normalization


def test_a_normalisation_is_parsed_from_numbers() -> None:
    parsed = parse_normalization("0.1,0.2,0.3/1,2,4")
    assert parsed is not None and parsed.mean == (0.1, 0.2, 0.3) and parsed.std == (1, 2, 4)
    assert parse_normalization("none") is None
    for wrong in ("cifar11", "0.1,0.2/1,1,1", "1/0", "nan/1", "a/b", "1,1,1", ""):
        with pytest.raises(UsageError, match="--normalize"):
            parse_normalization(wrong)

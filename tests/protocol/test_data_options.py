"""Options of the data: their ranges, and how the command line names them."""

from pathlib import Path

import pytest

from thinice_tui.errors import UsageError
from thinice_tui.protocol.data_options import DataOptions, path_argument


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shuffle": -1}, "--shuffle is -1, expected a seed"),
        ({"shuffle": 2**63}, "expected a seed from 0"),
        ({"resize": 0}, "--resize is 0, expected a number of pixels"),
        ({"crop": 10_001}, "--crop is 10001, expected a number of pixels"),
    ],
)
def test_a_number_outside_its_range_is_refused(options: dict[str, int], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        DataOptions(**options)  # type: ignore[arg-type]


def test_arguments_are_those_that_are_set() -> None:
    assert DataOptions().arguments() == {}
    options = DataOptions(class_map=Path("~/map.json"), crop=32)
    assert options.arguments() == {"class-map": "./~/map.json", "crop": "32"}


def test_a_tilde_at_the_beginning_of_a_path_is_no_home() -> None:
    assert [path_argument(Path(path)) for path in ("~/a.pt", "a~.pt", "/m/a.pt")] == ["./~/a.pt", "a~.pt", "/m/a.pt"]

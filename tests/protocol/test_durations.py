"""Durations as typed and as shown, and short numbers."""

import pytest

from thinice_tui.errors import UsageError
from thinice_tui.protocol.durations import duration, parse_duration, short, time_left

SILLY = [
    "0",
    "0s",
    "0h0m",
    "-5m",
    "",
    "5",
    "5 m",
    "1e3s",
    "soon",
    "infs",
    "nan",
    "9" * 400 + "h",
    "99999h",
    "30m1h",
    "1h1h",
]


@pytest.mark.parametrize("text", SILLY)
def test_a_text_that_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("1.5h", 5400), ("1h30m", 5400), ("1h0m1s", 3601), ("0.5s", 0.5)]
)
def test_hours_minutes_and_seconds_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0s"), (59.6, "1m00s"), (130, "2m10s"), (3900, "1h05m")])
def test_a_duration_is_shown_in_two_units(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("most", "expected", "said"),
    [
        (None, None, ""),
        (240.0, None, "≤ 4m00s left"),
        (240.0, 130.0, "~2m10s (≤ 4m00s) left"),
        (60.2, 60.0, "~1m00s left"),
    ],
)
def test_the_expected_time_stands_beside_its_bound(most: float | None, expected: float | None, said: str) -> None:
    assert time_left(most, expected) == said


@pytest.mark.parametrize(("number", "said"), [(950, "950"), (3_120, "3.1k"), (1_500_000, "1.5M"), (2e9, "2.0G")])
def test_large_numbers_are_shown_with_a_unit(number: float, said: str) -> None:
    assert short(number) == said

"""Engine and findings of a run table."""

from dataclasses import asdict

import pytest

from thinice_tui.runfile.records import EngineRecord, Finding
from thinice_tui.runfile.run_records import engine_of, findings_of

ENGINE = {"pid": 12, "born": 1.5, "host": "here", "log": None}
FOUND = {"model": "p", "check": "c", "value": 2, "n": 4, "doubtful": True, "samples": [0, 3]}


def test_an_engine_is_read_as_it_was_written() -> None:
    assert engine_of({"engine": ENGINE}) == EngineRecord(12, 1.5, "here", None)
    assert engine_of({"engine": asdict(EngineRecord(12, 1.5, "here", "/log"))}) == EngineRecord(12, 1.5, "here", "/log")
    assert engine_of({}) is engine_of({"engine": None}) is engine_of({"engine": {}}) is None


@pytest.mark.parametrize(
    "wrong", [{"pid": 0}, {"pid": -1}, {"pid": 2**31}, {"pid": "1"}, {"born": "x"}, {"host": None}, {"log": 3}]
)
def test_an_impossible_engine_is_an_error(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"process|is "):
        engine_of({"engine": ENGINE | wrong})


def test_findings_are_read_as_they_were_written() -> None:
    assert findings_of({"findings": [FOUND]}, 4) == (Finding("p", "c", 2, 4, True, (0, 3)),)
    assert findings_of({}, 4) == ()


@pytest.mark.parametrize("wrong", [{"samples": [4]}, {"samples": [-1]}])
def test_a_finding_on_a_sample_that_is_not_there_is_an_error(wrong: dict[str, object]) -> None:
    with pytest.raises(IndexError, match="of 4"):
        findings_of({"findings": [FOUND | wrong]}, 4)


@pytest.mark.parametrize("wrong", [{"value": "x"}, {"doubtful": 1}, {"samples": "0"}, {"samples": [0.5]}, {"n": None}])
def test_a_finding_of_other_kinds_is_an_error(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="is "):
        findings_of({"findings": [FOUND | wrong]}, 4)

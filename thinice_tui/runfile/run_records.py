"""The engine and the findings that a run table holds, checked."""

from collections.abc import Mapping
from typing import Any

from thinice_tui.runfile.checked import NUMBER, checked, field, optional
from thinice_tui.runfile.records import EngineRecord, Finding

LARGEST_PID = 2**31


def engine_of(table: Mapping[str, Any]) -> EngineRecord | None:
    """The process that computes the run, or did last; None where none is recorded. Raises ValueError, KeyError."""
    stored = optional(table, "engine", dict)
    if not stored:
        return None
    pid = field(stored, "pid", int)
    if not 0 < pid < LARGEST_PID:
        raise ValueError(f"process {pid}")
    return EngineRecord(pid, field(stored, "born", NUMBER), field(stored, "host", str), optional(stored, "log", str))


def findings_of(table: Mapping[str, Any], count: int) -> tuple[Finding, ...]:
    """The checks of the attacks that were made on a run of `count` samples. Raises ValueError, KeyError, IndexError."""
    return tuple(_finding(checked(found, dict, "finding"), count) for found in optional(table, "findings", list) or ())


def _finding(stored: Mapping[str, Any], count: int) -> Finding:
    samples = tuple(checked(position, int, "a position") for position in field(stored, "samples", list))
    if any(not 0 <= position < count for position in samples):
        raise IndexError(f"a finding on sample {max(samples)} of {count}")
    return Finding(
        model=field(stored, "model", str),
        check=field(stored, "check", str),
        value=field(stored, "value", NUMBER),
        n=field(stored, "n", int),
        doubtful=field(stored, "doubtful", bool),
        samples=samples,
    )

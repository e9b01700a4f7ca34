"""The findings of a run: results of the checks before, during and after the attacks, kept in the run file."""

from collections.abc import Iterable
from dataclasses import asdict

from thinice_tui.runfile.records import Finding
from thinice_tui.runfile.writer import RunWriter

NOT_FINITE = "logits NaN or infinite under attack"


class StoredFindings:
    """The findings in a run file: the last one of each model and check."""

    def __init__(self, writer: RunWriter) -> None:
        stored = writer.value("findings")
        self._writer = writer
        self._kept = {
            (found["model"], found["check"]): Finding(**(found | {"samples": tuple(found["samples"])}))
            for found in (stored if isinstance(stored, list) else [])
        }

    def add(self, findings: Iterable[Finding]) -> None:
        """Store these; they replace earlier ones of the same model and check."""
        new = {(one.model, one.check): one for one in findings}
        if new:
            self._kept |= new
            self._writer.set_values(findings=[asdict(one) for one in self._kept.values()])

    def value(self, model: str, check: str) -> float:
        """The stored value; 0 where there is none."""
        found = self._kept.get((model, check))
        return 0.0 if found is None else found.value

    def has(self, model: str, check: str) -> bool:
        """Whether there is one."""
        return (model, check) in self._kept

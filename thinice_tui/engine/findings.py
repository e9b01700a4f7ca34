"""What was seen that makes a model's robust accuracy doubtful: before the attacks, in them, and after them."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from thinice_tui.runfile.records import Finding
from thinice_tui.runfile.writer import RunWriter

NOT_FINITE = "logits NaN or infinite under attack"


@dataclass(frozen=True)
class Check:
    """One look at a model before the run, on `n` images, of which `value` failed; warning: what that means, if any."""

    check: str
    value: int
    n: int
    warning: str = ""

    def finding(self, model: str) -> Finding:
        """For the report's reliability section; model: its name in the run."""
        return Finding(model, self.check, self.value, self.n, bool(self.warning))


class Findings:
    """A run's findings, kept in its file: one of each model and check, the last one made."""

    def __init__(self, writer: RunWriter) -> None:
        stored = writer.value("findings")
        self._writer = writer
        self._kept = {
            (found["model"], found["check"]): Finding(**(found | {"samples": tuple(found["samples"])}))
            for found in (stored if isinstance(stored, list) else [])
        }

    def add(self, findings: Iterable[Finding]) -> None:
        """Keep these, in place of earlier ones of the same model and check."""
        new = {(one.model, one.check): one for one in findings}
        if new:
            self._kept |= new
            self._writer.set_values(findings=[asdict(one) for one in self._kept.values()])

    def value(self, model: str, check: str) -> float:
        """What was found before; 0 where nothing was."""
        found = self._kept.get((model, check))
        return 0.0 if found is None else found.value

    def has(self, model: str, check: str) -> bool:
        return (model, check) in self._kept

"""The result of one check of one model before the attacks."""

from dataclasses import dataclass

from thinice_tui.runfile.records import Finding


@dataclass(frozen=True)
class CheckResult:
    """A check on `n` images, `failed` of which failed it."""

    name: str
    failed: int
    n: int
    warning: str = ""
    """What the failure means for the user; empty: the check passed."""

    def finding(self, model: str) -> Finding:
        """The same as a row of the report's reliability section; model: its name in the run."""
        return Finding(model, self.name, self.failed, self.n, bool(self.warning))

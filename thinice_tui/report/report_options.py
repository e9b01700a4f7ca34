"""What a report holds beside the run, and what makes it fail."""

from dataclasses import dataclass

from thinice_tui.analysis.gate import Gate
from thinice_tui.protocol.claims import Claim


@dataclass(frozen=True)
class ReportOptions:
    """The options of a report, whatever its format."""

    samples: bool = False
    """Formats that can hold every sample do."""
    full: bool = False
    """The text report leaves nothing out; the other formats never do."""
    claims: tuple[Claim, ...] = ()
    gates: tuple[Gate, ...] = ()

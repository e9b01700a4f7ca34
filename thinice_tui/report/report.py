"""What a report is of: one run, or several that are read together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.analysis.several.several_runs import SeveralRuns, analyse_several
from thinice_tui.protocol.claims import Claim
from thinice_tui.report.document.blocks import Block
from thinice_tui.report.report_document import brief_document, report_document
from thinice_tui.report.sections.several import several_document, several_sections
from thinice_tui.runfile.reader import read_run


@dataclass(frozen=True)
class Report:
    """analysis: of the run, or of the first of several; several: None for one run."""

    analysis: Analysis
    several: SeveralRuns | None = None

    @property
    def of_seeds(self) -> bool:
        """Whether it is of several training seeds, of which no single run is shown whole."""
        return self.several is not None and len(self.several.seeds) > 1

    @property
    def seeds(self) -> tuple[Analysis, ...]:
        """One analysis a training seed."""
        return (self.analysis,) if self.several is None else self.several.seeds

    @property
    def more(self) -> tuple[Block, ...]:
        """What other runs of the same models add to the report of the first."""
        return () if self.several is None else tuple(several_sections(self.several))

    def blocks(self) -> Iterator[Block]:
        """The whole report; of one training seed that of its first run, followed by what the other runs add."""
        if self.several is not None and self.of_seeds:
            return several_document(self.several)
        return report_document(self.analysis, self.more)

    def brief(self) -> Iterator[Block]:
        """The report without what is long, and a note of what is left out; of several training seeds the whole."""
        return self.blocks() if self.of_seeds else brief_document(self.analysis, self.more)


def read_report(paths: Sequence[Path], claims: Sequence[Claim] = ()) -> Report:
    """Read and analyse the run files; raises RunFileError, also where they cannot be read together, and UsageError."""
    if len(paths) == 1:
        return Report(analyse(read_run(paths[0]), claims))
    several = analyse_several([read_run(path) for path in paths], claims)
    return Report(several.seeds[0], several)

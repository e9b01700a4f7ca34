"""Several runs that belong together as Python objects, and their comparison over training seeds."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import overload

from thinice_tui.analysis.several.groups import group_runs
from thinice_tui.analysis.several.several_runs import SeveralRuns, analyse_several
from thinice_tui.errors import UsageError
from thinice_tui.python.loaded_run import LoadedRun


class LoadedRuns(Sequence[LoadedRun]):
    """Runs of the same data and threat model, in the order given: a sequence of LoadedRun."""

    def __init__(self, runs: Sequence[LoadedRun]) -> None:
        """Raises RunFileError, with what differs, where they do not belong together."""
        self._runs = tuple(runs)
        if self._runs:
            self._groups = group_runs([run._run for run in self._runs], unfinished=True)

    @property
    def seeds(self) -> int:
        """How many training seeds there are: runs of other weights."""
        return len(self._groups.groups) if self._runs else 0

    @cached_property
    def analysis(self) -> SeveralRuns:
        """What the report of several runs says. Raises RunFileError where a run is not finished, UsageError where there
        is none.

        `models` (empty for one training seed): the matched models, dense first, with `record`, `numbers`
        (by name: `clean_accuracy`, `robust_accuracy`, `nfr`, `pfr`, `auc_s10_s11`, `excess_nfr`; each with `values`,
        one a seed, `mean`, `least`, `most`), `stability` (`times_lost`, int16 [n]; `counts`; `overlap`) and, from three
        seeds on, `exemplars` (bool [n] each). `seeds`: the analysis of each seed's run; `ensembles`: the same models
        under other ensembles.
        """
        if not self._runs:
            raise UsageError("there are no runs to compare", "load several: load_runs([...])")
        return analyse_several([run._run for run in self._runs])

    @overload
    def __getitem__(self, at: int) -> LoadedRun: ...

    @overload
    def __getitem__(self, at: slice) -> "LoadedRuns": ...

    def __getitem__(self, at: int | slice) -> "LoadedRun | LoadedRuns":
        return LoadedRuns(self._runs[at]) if isinstance(at, slice) else self._runs[at]

    def __iter__(self) -> Iterator[LoadedRun]:
        return iter(self._runs)

    def __len__(self) -> int:
        return len(self._runs)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self)} runs, training seeds: {self.seeds}>"

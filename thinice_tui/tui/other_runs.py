"""The runs that are read together with the one that is browsed: other training seeds, attack seeds and ensembles."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from thinice_tui.analysis.several.fates import Fates, fates_of
from thinice_tui.errors import RunFileError
from thinice_tui.runfile.records import Run
from thinice_tui.tui.background import Background
from thinice_tui.tui.run_follower import Reading, RunFollower

if TYPE_CHECKING:
    from thinice_tui.analysis.several.several_runs import SeveralRuns


class OtherRuns:
    """Several runs, one of which is browsed. The others are read again as they grow."""

    def __init__(
        self,
        background: Background,
        runs: Sequence[Run],
        on_read: Callable[[], None],
        on_analysed: Callable[[], None],
        on_error: Callable[[RunFileError], None],
    ) -> None:
        """runs: as they were read from absolute paths, at least two that belong together, the first of them browsed.

        on_read: another run than the browsed has grown; on_analysed: there is a newer `analysis`.
        """
        self._background, self._on_read, self._on_analysed, self._on_error = background, on_read, on_analysed, on_error
        self.runs = tuple(runs)
        """All runs, as last read, in the order given."""
        self._browsed = 0
        self.fates: Fates = fates_of(runs)
        self.analysis: SeveralRuns | None = None
        """Of the runs that are compared; None: not computed yet."""
        self.problem = ""
        """Why those that are finished cannot be compared yet."""
        self._analysed: tuple[str, ...] = ()
        """The runs of the newest analysis that was begun."""
        self._followers: list[RunFollower] = []

    @property
    def compared(self) -> tuple[Run, ...]:
        """The runs whose numbers are compared: the finished ones, but for repeats of a run that is not finished."""
        groups = [group for group in self.fates.groups.groups if group.first.complete]
        ready = {run.path for group in groups for run in (group.first, *group.repeats, *group.ensembles)}
        return tuple(run for run in self.runs if run.complete and run.path in ready)

    @property
    def not_compared(self) -> tuple[str, ...]:
        """The paths of the other runs."""
        compared = {run.path for run in self.compared}
        return tuple(run.path for run in self.runs if run.path not in compared)

    @property
    def browsed(self) -> Run:
        """The run that is looked at."""
        return self.runs[self._browsed]

    @property
    def repeats(self) -> tuple[Run, ...]:
        """The finished runs of exactly the browsed run's models under other attack seeds and the same ensemble."""
        for group in self.fates.groups.groups:
            same = [run.path for run in (group.first, *group.repeats)]
            if self.browsed.path in same:
                others = [run for run in self.runs if run.path in same and run.path != self.browsed.path]
                return tuple(run for run in others if run.complete and _models(run) == _models(self.browsed))
        return ()

    def browse_next(self, other: int) -> int:
        """Browse the next run, with `follow` to come; the number there of the model that has the number `other` here.

        1: none matches it.
        """
        model = self.browsed.models[other].record.name
        self._browsed = (self._browsed + 1) % len(self.runs)
        matching = self.fates.matching(model, self.browsed.path)
        self.fates = self.fates.updated(self.runs, self._browsed)
        names = [one.record.name for one in self.browsed.models]
        return min(1, len(names) - 1) if matching is None else names.index(matching)

    def follow(self) -> None:
        """Begin to read what is going on, and compare what is finished."""
        for number, run in enumerate(self.runs):
            if number != self._browsed and not run.complete:
                self._followers.append(
                    RunFollower(
                        Path(run.path),
                        self._background,
                        is_expected=False,
                        rows_of=None,
                        on_read=partial(self._read, number),
                        on_error=self._on_error,
                    )
                )
        self._analyse_if_new()

    def stop(self) -> None:
        """Read nothing more."""
        for follower in self._followers:
            follower.stop()
        self._followers.clear()

    def with_browsed(self, run: Run) -> Fates:
        """The fates with a newer reading of the run, browsed; from any thread, also when another one is by now."""
        number = [one.path for one in self.runs].index(run.path)
        return self.fates.updated(self._with(number, run), number)

    def browse(self, run: Run) -> None:
        """Take over a newer reading of the browsed run."""
        if run is not self.browsed:
            self._take_over(self._browsed, run)

    def _read(self, number: int, reading: Reading) -> None:
        if reading.run is not self.runs[number]:
            self._take_over(number, reading.run)
            self._on_read()

    def _take_over(self, number: int, run: Run) -> None:
        self.runs = self._with(number, run)
        self.fates = self.fates.updated(self.runs, self._browsed)
        self._analyse_if_new()

    def _with(self, number: int, run: Run) -> tuple[Run, ...]:
        return (*self.runs[:number], run, *self.runs[number + 1 :])

    def _analyse_if_new(self) -> None:
        """Compare the finished runs anew where another one has ended."""
        compared = self.compared
        paths = tuple(run.path for run in compared)
        if paths and paths != self._analysed:
            self._analysed = paths
            self._background.start(self._analyse, compared)

    def _analyse(self, runs: Sequence[Run]) -> None:
        from thinice_tui.analysis.several.several_runs import analyse_several  # the first frame does not wait for it

        paths = tuple(run.path for run in runs)
        try:
            self._background.deliver(self._take_analysis, analyse_several(runs), paths)
        except RunFileError as error:  # these belong to one that is not among them, and not to one another
            self._background.deliver(self._take_analysis, error.what, paths)

    def _take_analysis(self, found: "SeveralRuns | str", of: tuple[str, ...]) -> None:
        if of == self._analysed:
            self.analysis, self.problem = (None, found) if isinstance(found, str) else (found, "")
            self._on_analysed()


def _models(run: Run) -> list[str]:
    return [model.record.sha256 for model in run.models]

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
    """Several runs, the browsed one first. Those that are going on are read again as they grow."""

    def __init__(
        self,
        background: Background,
        runs: Sequence[Run],
        on_read: Callable[[], None],
        on_analysed: Callable[[], None],
        on_error: Callable[[RunFileError], None],
    ) -> None:
        """runs: as they were read, at least two that belong together; on_read: another run than the browsed has grown;
        on_analysed: there is a newer `analysis`."""
        self._background, self._on_read, self._on_analysed, self._on_error = background, on_read, on_analysed, on_error
        self.runs = tuple(runs)
        """All runs, as last read."""
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
    def repeats(self) -> tuple[Run, ...]:
        """The finished runs of all the browsed run's models under other attack seeds."""
        models = len(self.runs[0].models)
        repeats = self.fates.groups.groups[0].repeats
        return tuple(run for run in repeats if run.complete and len(run.models) == models)

    def next_other(self, other: int) -> int:
        """The number, in the next run, of the model that matches the browsed run's number `other`; 1: none does."""
        run, following = self.runs[0], self.runs[1 % len(self.runs)]
        matched = {part.run.path: part.run.models for part in self.fates.parts}
        names = [model.record.name for model in matched[run.path]]
        if run.models[other].record.name not in names:
            return min(1, len(following.models) - 1)
        name = matched[following.path][names.index(run.models[other].record.name)].record.name
        return next(number for number, model in enumerate(following.models) if model.record.name == name)

    def rotated(self) -> "OtherRuns":
        """The same, the next run the browsed one; this one has to be stopped."""
        return OtherRuns(
            self._background, (*self.runs[1:], self.runs[0]), self._on_read, self._on_analysed, self._on_error
        )

    def follow(self) -> None:
        """Begin to read what is going on, and compare what is finished."""
        for number, run in enumerate(self.runs[1:], start=1):
            if not run.complete:
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

    def with_browsed(self, run: Run) -> Fates:
        """The fates with a newer reading of the browsed run; from any thread."""
        return self.fates.updated((run, *self.runs[1:]))

    def browse(self, run: Run) -> None:
        """Take over a newer reading of the browsed run."""
        if run is not self.runs[0]:
            self._take_over(0, run)

    def _read(self, number: int, reading: Reading) -> None:
        if reading.run is not self.runs[number]:
            self._take_over(number, reading.run)
            self._on_read()

    def _take_over(self, number: int, run: Run) -> None:
        self.runs = (*self.runs[:number], run, *self.runs[number + 1 :])
        self.fates = self.fates.updated(self.runs)
        self._analyse_if_new()

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

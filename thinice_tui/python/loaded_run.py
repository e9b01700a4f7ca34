"""A run as a Python object: arrays by name, comparisons, a pandas table."""

from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.comparison import Analysis, Comparison, analyse
from thinice_tui.analysis.diagnostics import findings
from thinice_tui.analysis.excess import Excess, excesses
from thinice_tui.analysis.flip_kinds import ClassFlips, flip_kinds
from thinice_tui.errors import RunFileError, UsageError
from thinice_tui.protocol.settings import Settings
from thinice_tui.python.model_results import ModelResults
from thinice_tui.python.sample_table import sample_table
from thinice_tui.python.wording import in_python
from thinice_tui.runfile.connection import reading
from thinice_tui.runfile.read_arrays import (
    LogitPair,
    adversarial_positions,
    read_adversarial_images,
    read_images,
    read_logit_pairs,
)
from thinice_tui.runfile.records import Finding, Floats, Integers, Run

if TYPE_CHECKING:
    from pandas import DataFrame


class AdversarialImages(NamedTuple):
    """Adversarial images that a run keeps of one model."""

    images: Floats
    """Float32 [k,C,H,W] in [0,1]."""
    indices: Integers
    """Int64 [k]: each sample's index in the original data."""

    def __repr__(self) -> str:
        channels, height, width = self.images.shape[1:]
        return f"<{type(self).__name__}: {len(self.images)} of {channels} × {height} × {width}>"


class LoadedRun:
    """A run at the moment when it was loaded: n samples, C classes, the dense model and those compared with it.

    No file stays open. Do not change the arrays: they are shared.
    """

    def __init__(self, run: Run, path: Path | None, pairs: Mapping[int, LogitPair] | None) -> None:
        """path: its file; None: it has none any more. pairs: the logits by model; None: they are read when needed."""
        self._run, self._path = run, path
        self._pairs = dict(pairs or {})
        self._adversarial: dict[int, tuple[Floats, Integers]] = {}

    @property
    def path(self) -> Path | None:
        """The run file; None: the run was computed in memory."""
        return self._path

    @property
    def complete(self) -> bool:
        """Whether everything planned is computed. If not, robust accuracies and flips are those so far."""
        return self._run.complete

    @property
    def settings(self) -> Settings:
        """norm, eps (text and value), attack, seed, precision and what else decides outcomes."""
        return self._run.info.settings

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes the numbers less reliable, in words; of modules in memory, in the words of Python."""
        warnings = self._run.warnings
        return tuple(map(in_python, warnings)) if self._run.models[0].record.is_in_memory else warnings

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Signs that attacks could not do their work; `samples` are positions in the run's order."""
        return tuple(findings(self._run))

    @property
    def labels(self) -> Integers:
        """True classes: int64 [n]."""
        return self._run.labels

    @property
    def indices(self) -> Integers:
        """Each sample's index in the original data: int64 [n]."""
        return self._run.indices

    @property
    def class_names(self) -> tuple[str, ...]:
        """By class number; empty where the data does not name its classes."""
        return self._run.class_names

    @property
    def tags(self) -> dict[int, tuple[str, ...]]:
        """A person's tags (`t` in the interface, a file beside the run), by the sample's index in the original data."""
        return dict(self._run.tags)

    @cached_property
    def images(self) -> NDArray[np.uint8] | Floats:
        """The clean images as stored: [n,C,H,W], uint8 in [0,255] or float32 in [0,1].

        All are read when this is first used, and stay in memory.
        """
        return read_images(self._file, np.arange(len(self)))

    @cached_property
    def models(self) -> tuple[ModelResults, ...]:
        """The dense model first, then the pruned ones in the order given, then the control."""

        run, summaries = self._run, self.analysis.models
        numbers = range(len(run.models))
        return tuple(ModelResults(run, n, summaries[n], partial(self._logits, n)) for n in numbers)

    def model(self, name: str) -> ModelResults:
        """The model of that name, or of the role dense or control. Raises UsageError where there is none."""
        return self.models[self._number(name)]

    @cached_property
    def analysis(self) -> Analysis:
        """What reports say about the run as a whole: accuracies, stages and every comparison."""
        return analyse(self._run)

    def compare(self, name: str) -> Comparison:
        """The dense model against the model `name`: flip sets, NFR, PFR and AUCs with 95 % intervals, McNemar's p.

        `sets.s10` and the others are bool [n]. Of a run that is not complete it is through the stages that all models
        have finished; raises RunFileError before the first, and UsageError for a name that no other model has.
        """
        number = self._number(name)
        if number == 0:
            others = ", ".join(model.name for model in self.models[1:])
            raise UsageError(f"{name} is the dense model itself", f"expected {others or 'a run of several models'}")
        if not self.analysis.comparisons:
            raise RunFileError(
                f"{self._place}: no stage is finished by every model yet: nothing can be compared",
                "load it again later",
            )
        return self.analysis.comparisons[number - 1]

    def excess(self, name: str) -> Excess:
        """What the pruned model `name` loses beyond the control: excess NFR and odds ratio with 95 % intervals, masks.

        Raises UsageError for a name that no pruned model has, and where the run has no control; else as `compare`.
        """
        comparison = self.compare(name)
        found = {one.model: one for one in excesses(self.analysis)}
        if not found:
            raise UsageError("the run has no control", "give one to compare: the dense model retrained without pruning")
        if comparison.other.record.name not in found:
            raise UsageError(f"{name} is the control itself", f"expected {', '.join(found)}")
        return found[comparison.other.record.name]

    def flips_by_class(self, name: str) -> tuple[ClassFlips, ...]:
        """Of each class that has samples, how many dense holds and the model `name` loses.

        Each has `label`, `held`, `lost`, `rate` (lost / held, Wilson's 95 % interval), `p` (Fisher's exact test against
        all other classes) and `p_holm` (corrected for all classes). Raises as `compare`.
        """
        return flip_kinds(self.analysis, self.compare(name)).classes

    def adversarial(self, name: str) -> AdversarialImages:
        """The adversarial images that broke the model `name`, as far as the run keeps them, and original indices.

        By default a run keeps those of flips alone (`keep_images`). Raises UsageError for an unknown name.
        """
        number = self._number(name)
        images, positions = self._kept(number)
        return AdversarialImages(images, self.indices[positions])

    def to_pandas(self) -> "DataFrame":
        """A table with one row a sample, whose index is the original index; raises ImportError without pandas.

        Columns: `label`, and for each model `NAME.prediction`, `NAME.margin`, `NAME.standing`, `NAME.broken_by`,
        `NAME.adversarial_prediction`, `NAME.adversarial_margin`, `NAME.distance`, `NAME.boundary_distance` (the keys
        of the JSON report); for each but the dense one `NAME.set` (S11, S10, S01, S00). What is unknown is missing
        (NA). `attrs` says of which run it is, and whether that is complete.
        """
        table = sample_table(self._run, self.models, self.analysis.comparisons)
        table.attrs = {"run": self._place, "complete": self.complete, "settings": self.settings.as_dict()}
        return table

    def keep_in_memory(self) -> None:
        """Read all images and logits now, so that the file is not needed any more."""
        assert self.images is not None
        for number, model in enumerate(self.models):
            assert model.logits is not None
            self._kept(number)
        self._path = None

    def __len__(self) -> int:
        """The number of samples."""
        return len(self._run.labels)

    def __repr__(self) -> str:
        settings, analysis = self.settings, self.analysis
        state = "complete"
        if not self.complete:
            finished = f"{analysis.through} of {len(analysis.stage_names)} stages finished by every model"
            state = f"NOT complete ({finished}; robust accuracies are upper bounds so far)"
        names = ", ".join(model.record.name for model in self._run.models)
        return (
            f"<{type(self).__name__} {self._place}: {settings.attack_shown}, {settings.norm}, eps {settings.eps.text}, "
            f"{len(self)} samples, models {names}, {state}>"
        )

    @property
    def _place(self) -> str:
        return "in memory" if self._path is None else str(self._path)

    @property
    def _file(self) -> Path:
        assert self._path is not None, "everything was read before the file was given up"
        return self._path

    def _number(self, name: str) -> int:
        records = [model.record for model in self._run.models]
        by_role = {str(one.role): number for number, one in enumerate(records) if one.role != "pruned"}
        numbers = by_role | {one.name: number for number, one in enumerate(records)}
        if name in numbers:
            return numbers[name]
        known = ", ".join(one.name for one in records)
        raise UsageError(f"there is no model {name!r} in this run", f"expected {known}, or the role dense or control")

    def _logits(self, number: int) -> LogitPair:
        if number not in self._pairs:
            shape = (len(self), self._run.info.classes)
            with reading(self._file) as connection:
                self._pairs |= read_logit_pairs(connection, range(number, number + 1), shape)
        return self._pairs[number]

    def _kept(self, number: int) -> tuple[Floats, Integers]:
        """The model's adversarial images that are kept, and their positions.

        Of a run that goes on, those of samples that were broken when it was loaded: their images stay as they are.
        """
        if number not in self._adversarial:
            positions = adversarial_positions(self._file, number)
            broken = self._run.models[number].broken_by >= 0
            positions = positions[(positions >= 0) & (positions < len(self))]
            positions = positions[broken[positions]]
            self._adversarial[number] = read_adversarial_images(self._file, number, positions), positions
        return self._adversarial[number]

"""A device with too little memory: batches are halved and the run goes on; one sample that does not fit ends it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.engine_runs import StopAfter, assert_same_outcomes, request, run_it
from tests.linear_models import Files
from thinice_tui.attacks import registry as stages
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.noise import Noise
from thinice_tui.engine.compare import execute, prepare
from thinice_tui.engine.worker import attack as worker_attack
from thinice_tui.engine.worker.attack import AttackTask
from thinice_tui.engine.worker.clean import CleanTask
from thinice_tui.engine.worker.distance import DistanceTask
from thinice_tui.engine.worker.model_host import ModelHost
from thinice_tui.engine.worker.tasks import BatchTask, Worker
from thinice_tui.errors import ModelError
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.ensembles import Stage
from thinice_tui.protocol.request import Request
from thinice_tui.protocol.settings import Settings
from thinice_tui.protocol.threat_model import Norm
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import BatchOutcome, Run

FITS = 9
"""Images at once, on the small device: the 8 that are looked at before a run, and not a batch of 16."""


@contextmanager
def small_device(fits: int = FITS) -> Iterator[None]:
    """Whatever passes more images at once through a model, to search or to judge, runs out of memory."""
    forward = Classifier.forward

    def limited(self: Classifier, images: Tensor) -> Tensor:
        if len(images) > fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, images)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Classifier, "forward", limited)
        yield


def measured(files: Files, path: Path) -> Request:
    settings = Settings.build("Linf", "4/255", "quick", 0, "16", distances=True)
    return replace(request(files, path), settings=settings)


def check_same(one: Run, other: Run) -> None:
    assert_same_outcomes(one, other)
    for a, b in zip(one.models, other.models, strict=True):
        assert np.array_equal(a.boundary, b.boundary, equal_nan=True)


def test_distances_too_are_measured_in_halves(files: Files, tmp_path: Path) -> None:
    observer = StopAfter()
    with small_device():
        run = run_it(measured(files, tmp_path / "a.thinice"), observer)
    assert run.complete
    for stage in ("PGD-20", "APGD-CE", "APGD-T", "Distance"):
        assert any(f"a batch of 16 is too large for cpu (dense, {stage})" in warning for warning in observer.warnings)
    for model in run.models:
        assert [stage.attacked for stage in model.stages] == [stage.entered for stage in model.stages]
    dense = run.models[0]
    exact, correct = files.task.distances("Linf"), dense.clean_prediction == run.labels
    assert np.array_equal(np.isfinite(dense.boundary), correct)
    assert (dense.boundary[correct] >= exact[correct] - 1e-6).all()
    assert (dense.boundary[correct] <= 1.1 * exact[correct] + 1e-3).all()


@pytest.mark.parametrize("passes", [30, 150, 400, 700])
def test_resumed_on_the_same_small_device_it_ends_the_same(files: Files, tmp_path: Path, passes: int) -> None:
    with small_device():
        whole = run_it(measured(files, tmp_path / "whole.thinice"))
        wanted = measured(files, tmp_path / "cut.thinice")
        with pytest.raises(KeyboardInterrupt):
            run_it(wanted, StopAfter(passes))
        check_same(run_it(wanted), whole)


@pytest.mark.parametrize("stage", ["APGD-CE", "Distance"])
def test_where_not_even_one_sample_fits_the_rest_is_computed_with_more_memory(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    whole = run_it(measured(files, tmp_path / "whole.thinice"))

    def fail(kind: type[BatchTask]) -> Callable[[BatchTask, Worker], BatchOutcome]:
        compute = kind.compute

        def failing(self: BatchTask, worker: Worker) -> BatchOutcome:
            if self.name == stage:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return compute(self, worker)

        return failing

    wanted = measured(files, path := tmp_path / "a.thinice")
    with monkeypatch.context() as patch:
        for kind in (AttackTask, DistanceTask):
            patch.setattr(kind, "compute", fail(kind))
        with pytest.raises(ModelError, match=f"dense, {stage}, batch of 1 on cpu: out of memory") as caught:
            run_it(wanted)
    assert "what was computed before is kept" in caught.value.what and "goes on from there" in caught.value.do
    before = [stage.batches for model in read_run(path).models for stage in model.stages]
    assert any(before)
    check_same(run_it(wanted), whole)


def test_the_clean_pass_says_that_not_even_one_image_fits(files: Files, tmp_path: Path) -> None:
    wanted = request(files, tmp_path / "a.thinice")
    prepared = prepare(wanted)
    made = ModelHost(
        ["dense"],
        [prepared.models[0].loaded.classifier()],
        wanted.settings,
        torch.device("cpu"),
        prepared.samples.floats(slice(8)),
    )
    task = CleanTask(model=0, positions=np.arange(8), images=prepared.samples.floats(slice(8)))
    with small_device(0), pytest.raises(ModelError, match="dense, the clean pass, batch of 1 on cpu: out of memory"):
        made.compute(task, lambda _: None)


def test_one_sample_that_is_too_large_is_an_error_that_names_model_stage_and_size(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("thinice_tui.engine.worker.attack.attack_batch", fail)
    with pytest.raises(ModelError, match="dense, PGD-20, batch of 1 on cpu: out of memory"):
        run_it(request(files, tmp_path / "a.thinice"))


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: not enough memory: you tried")],
    ids=["GPU", "CPU"],
)
def test_a_batch_that_is_too_large_is_halved_and_the_run_goes_on(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Three fit: batches of 8 are attacked as 2 + 2 + 2 + 2, which changes no outcome."""
    whole = run_it(request(files, tmp_path / "whole.thinice"))
    attack, forward = stages.attack_batch, Classifier.forward
    sizes: list[int] = []

    def limited(
        stage: Stage,
        model: CountingModel,
        images: Tensor,
        labels: Tensor,
        norm: Norm,
        eps: float,
        noise: Noise,
        batch_capacity: int,
    ) -> Tensor:
        if len(images) > 3:
            raise error
        sizes.extend((len(images), batch_capacity))
        return attack(stage, model, images, labels, norm, eps, noise, batch_capacity)

    def limited_forward(self: Classifier, images: Tensor) -> Tensor:
        if len(images) > 20:  # the clean pass, of up to 32
            raise error
        return forward(self, images)

    monkeypatch.setattr(worker_attack, "attack_batch", limited)
    wanted = request(files, tmp_path / "a.thinice")
    observer = StopAfter()
    prepared = prepare(wanted)
    monkeypatch.setattr(Classifier, "forward", limited_forward)
    execute(wanted, prepared, observer)
    run = read_run(prepared.path)
    assert max(sizes) <= 3
    assert any("batch of 8 is too large for cpu (dense, PGD-20)" in warning for warning in run.info.warnings)
    for one, other in zip(run.models, whole.models, strict=True):
        assert [stage.attacked for stage in one.stages] == [stage.entered for stage in one.stages]
        assert np.array_equal(one.clean_prediction, other.clean_prediction)
        assert np.array_equal(one.broken_by, other.broken_by)
        assert np.allclose(one.worst_margin, other.worst_margin, atol=1e-3)


def test_what_was_too_large_once_is_not_tried_again(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of 8 of which 3 fit: 8 and 4 fail once for each model and stage, and from then on 2 are computed."""
    compute, tried = AttackTask.compute, list[tuple[int, str, int]]()

    def limited(self: AttackTask, worker: Worker) -> BatchOutcome:
        tried.append((self.model, self.name, len(self.positions)))
        if len(self.positions) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return compute(self, worker)

    monkeypatch.setattr(AttackTask, "compute", limited)
    assert run_it(request(files, tmp_path / "a.thinice")).complete
    failed = [one for one in tried if one[2] > 3]
    assert failed and len(failed) == len(set(failed)), "each once"

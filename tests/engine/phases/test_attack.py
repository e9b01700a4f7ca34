"""One stage against all models: logits that are not finite, and models in turn."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.engine_runs import StopAfter, request, run_it
from tests.linear_models import Files
from tests.places import LINEAR_MODELS
from thinice_tui.commands.app import app
from thinice_tui.engine.findings import NOT_FINITE
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.reader import read_run


def test_nan_under_attack_is_a_finding_and_the_report_doubts(files: Files, tmp_path: Path) -> None:
    """Also after a stop: what the first engine saw is kept."""
    wanted = request(files, tmp_path / "a.thinice", arch=f"{LINEAR_MODELS}:nan_when_perturbed")
    observer = StopAfter()
    run = run_it(wanted, observer)
    found = {one.model: one for one in run.findings if one.check == NOT_FINITE}
    assert set(found) == {"dense", "pruned", "control"}
    assert all(one.doubtful and 0 < one.value <= one.n for one in found.values())
    assert any("far too high" in warning for warning in observer.warnings)
    assert len(observer.warnings) == len(set(observer.warnings)), "each once"
    told = CliRunner().invoke(app, ["report", str(tmp_path / "a.thinice")]).stdout
    assert "DOUBTFUL" in told and NOT_FINITE in " ".join(told.split())


def test_what_stands_keeps_its_worst_image_so_far(files: Files, tmp_path: Path) -> None:
    """Under pgd-20 alone, then under quick, whose first stage that is: the margin kept can only fall."""
    weak = replace(request(files, tmp_path / "a"), settings=Settings.build("Linf", "4/255", "pgd-20", batch_size="8"))
    first = run_it(replace(weak, run=tmp_path / "weak.thinice"))
    second = run_it(request(files, tmp_path / "quick.thinice"))
    fell = 0
    for one, other in zip(first.models, second.models, strict=True):
        standing = (other.broken_by < 0) & np.isfinite(other.distance)
        before, after = (m.worst_margin[standing] for m in (one, other))
        clean = one.clean_margin[standing]
        assert (after <= before).all() and (before < clean).all() and (after > 0).all()
        fell += int((after < before).sum())
    assert fell > 0


def test_only_standing_samples_are_attacked_and_counted_once(files: Files, tmp_path: Path) -> None:
    observer = StopAfter()
    run = run_it(request(files, tmp_path / "a.thinice"), observer)
    n = len(run.labels)
    for model in run.models:
        standing = int((model.clean_prediction == run.labels).sum())
        for stage in model.stages:
            assert stage.entered == standing
            standing -= int((model.broken_by == stage.ordinal).sum())
        last = [result for result in observer.stages if result.model == model.record.name][-1]
        assert last.robust_accuracy == pytest.approx(standing / n)
    dense_stages = [result for result in observer.stages if result.model == "dense"]
    assert len(dense_stages) == 3, "dense is attacked once, however many models it is compared with"


def test_models_take_turns_so_that_flips_are_known_early(files: Files, tmp_path: Path) -> None:
    path = tmp_path / "cut.thinice"
    with pytest.raises(KeyboardInterrupt):
        run_it(request(files, path), StopAfter(4 * 21))  # PGD-20 on a batch: 20 steps and what begins it
    done = [model.stages[0].batches for model in read_run(path).models]
    assert done[0] and done[1] and max(map(len, done)) - min(map(len, done)) <= 1

"""The diagnosis after the attacks: findings of every model, once."""

from pathlib import Path

from tests.engine_runs import StopAfter, request, run_it
from tests.linear_models import Files
from tests.places import LINEAR_MODELS
from thinice_tui.analysis.diagnostics import TRANSFER_CHECK
from thinice_tui.engine.findings import NOT_FINITE
from thinice_tui.engine.preflight.determinism import CHANGES
from thinice_tui.engine.worker.diagnostics import CHECKS


def test_a_run_keeps_its_findings_and_diagnoses_no_model_twice(files: Files, tmp_path: Path) -> None:
    wanted = request(files, tmp_path / "a.thinice")
    run = run_it(wanted)
    assert {one.model for one in run.findings} == {"dense", "pruned", "control"}
    checks = [
        CHANGES,
        "forward pass differentiates",
        "gradients vanish on clean images",
        NOT_FINITE,
        *CHECKS,
        TRANSFER_CHECK,
    ]
    assert {(one.model, one.check) for one in run.findings} == {
        (model, check) for model in ("dense", "pruned", "control") for check in checks
    }
    assert not any(one.doubtful for one in run.findings if one.check not in CHECKS)
    assert all(0 <= one.value <= one.n for one in run.findings)
    observer = StopAfter()
    again = run_it(wanted, observer)
    assert again.findings == run.findings and not observer.seen


def test_a_run_keeps_the_warning_of_zero_gradients(files: Files, tmp_path: Path) -> None:
    observer = StopAfter()
    run = run_it(request(files, tmp_path / "a.thinice", arch=f"{LINEAR_MODELS}:staircase"), observer)
    assert any("gradients are zero" in warning for warning in observer.warnings)
    assert any("gradients are zero" in warning for warning in run.info.warnings)
    assert any(one.check == "gradients vanish" and one.doubtful for one in run.findings)

"""Which runs can be read together, and which of their models match."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.several_runs import seed_run
from thinice_tui.analysis.audit import is_escalated
from thinice_tui.analysis.several.matching import match_runs
from thinice_tui.errors import RunFileError
from thinice_tui.runfile.records import Role, Run

MORE: dict[str, Role] = {"dense": "dense", "tenth": "pruned", "half": "pruned", "again": "control"}


def with_sparsity(run: Run, place: int, sparsity: float) -> Run:
    models = list(run.models)
    models[place] = replace(models[place], record=replace(models[place].record, sparsity_conv_linear=sparsity))
    return replace(run, models=tuple(models))


def test_models_match_by_role_and_order_whatever_their_names(tmp_path: Path) -> None:
    runs = [seed_run(tmp_path, seed) for seed in range(3)]
    renamed = [replace(model, record=replace(model.record, name=f"{model.record.name}-s2")) for model in runs[2].models]
    matched = match_runs([*runs[:2], replace(runs[2], models=tuple(renamed))])
    assert [[model.record.name for model in run.models] for run in matched.runs] == [
        ["dense", "half", "again"],
        ["dense", "half", "again"],
        ["dense-s2", "half-s2", "again-s2"],
    ]
    assert matched.left_out == ()


def test_sparsities_match_within_half_a_point(tmp_path: Path) -> None:
    one, other = seed_run(tmp_path, 0), seed_run(tmp_path, 1)
    assert match_runs([one, with_sparsity(other, 1, 0.505)]).left_out == ()
    with pytest.raises(RunFileError, match=r"its half has 50\.6 % zeros, half of the other 50\.0 %"):
        match_runs([one, with_sparsity(other, 1, 0.506)])


def test_models_that_not_every_run_has_are_left_out_and_named(tmp_path: Path) -> None:
    """The shipped runs are like this: the first has three pruned models, the other seeds one."""
    more, fewer = seed_run(tmp_path, 0, MORE), seed_run(tmp_path, 1)
    for runs in ((more, fewer), (fewer, more)):
        matched = match_runs(runs)
        assert all([model.record.name for model in run.models] == ["dense", "half", "again"] for run in matched.runs)
        assert matched.left_out == (f"{more.path}: tenth",)


def test_a_model_is_matched_once(tmp_path: Path) -> None:
    twice = with_sparsity(seed_run(tmp_path, 0, MORE), 1, 0.502)
    matched = match_runs([twice, seed_run(tmp_path, 1)])
    assert [[model.record.name for model in run.models] for run in matched.runs] == [
        ["dense", "tenth", "again"],
        ["dense", "half", "again"],
    ]


def test_a_control_that_not_every_run_has_is_left_out(tmp_path: Path) -> None:
    without = seed_run(tmp_path, 1, {"dense": "dense", "half": "pruned"})
    assert match_runs([seed_run(tmp_path, 0), without]).left_out == (f"{tmp_path / 'seed0.thinice'}: again",)


def test_what_differs_is_named(tmp_path: Path) -> None:
    one, other = seed_run(tmp_path, 0), seed_run(tmp_path, 1)
    info = other.info
    wrong = {
        "its norm is L2, not Linf": replace(info, settings=replace(info.settings, norm="L2")),
        "its eps is 0.031, not 8/255": replace(
            info, settings=replace(info.settings, eps=replace(info.settings.eps, text="0.031", value=0.031))
        ),
        "its data are made.npz (sha256 111111111111…), not made.npz (sha256 000000000000…)": replace(
            info, data=replace(info.data, sha256="1" * 64)
        ),
        "its models have 7 classes, not 5": replace(info, classes=7),
    }
    for message, place, changed_record in (
        ("its dense has 20.0 % zeros, dense of the other 0.0 % zeros", 0, {"sparsity_conv_linear": 0.2}),
        ("its again has 0.6 % zeros, again of the other 0.0 % zeros", 2, {"sparsity_conv_linear": 0.006}),
        ("its dense has 900 parameters, dense of the other 133", 0, {"parameters": 900}),
        ("its half has 50.0 % zeros and 24.8 % removed, half of the other 50.0 % zeros", 1, {"parameters": 100}),
    ):
        models = list(other.models)
        models[place] = replace(models[place], record=replace(models[place].record, **changed_record))
        with pytest.raises(RunFileError) as error:
            match_runs([one, replace(other, models=tuple(models))])
        assert message in error.value.what
    for message, changed in wrong.items():
        with pytest.raises(RunFileError) as error:
            match_runs([one, replace(other, info=changed)])
        assert message in error.value.what and other.path in error.value.what and error.value.do
        assert error.value.exit_code == 1
    for part in ("indices", "labels"):
        with pytest.raises(RunFileError, match="its samples have other indices or labels"):
            match_runs([one, replace(other, **{part: getattr(other, part)[::-1]})])
    with pytest.raises(RunFileError, match="it has 100 samples, not 300"):
        match_runs([one, other.only(np.arange(100))])


def test_a_run_that_is_not_finished_or_has_no_model_in_common_is_refused(tmp_path: Path) -> None:
    one, other = seed_run(tmp_path, 0), seed_run(tmp_path, 1)
    with pytest.raises(RunFileError, match="is not finished"):
        match_runs([one, replace(other, info=replace(other.info, finished=None))])
    with pytest.raises(RunFileError, match="no pruned model of the same sparsity"):
        bare = replace(other, models=other.models[:1])
        match_runs([replace(one, models=one.models[:2]), bare])


def test_a_run_stays_escalated_where_the_model_whose_audit_broke_is_left_out(tmp_path: Path) -> None:
    more, fewer = seed_run(tmp_path, 0, MORE), seed_run(tmp_path, 1)
    models = []
    for model in more.models:
        scopes: dict[int, dict[str, object]] = {1: {"scope": "audit"}, 2: {"scope": "escalation"}}
        stages = [replace(stage, parameters=scopes.get(stage.ordinal, {}), entered=0) for stage in model.stages]
        broken_by = np.where(model.broken_by == 1, 1 if model.record.name == "tenth" else 0, model.broken_by)
        models.append(replace(model, stages=tuple(stages), broken_by=broken_by))
    escalated = replace(more, models=tuple(models))
    assert is_escalated(escalated) is True and is_escalated(replace(escalated, models=tuple(models[:1]))) is False
    assert is_escalated(match_runs([escalated, fewer]).runs[0]) is True

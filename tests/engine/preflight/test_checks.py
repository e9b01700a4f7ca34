"""The checks before the attacks: when a view sees them, on which device and on which images they run."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

from tests.engine.cut_runs import interrupt, state
from tests.engine_runs import StopAfter, assert_same_outcomes, request, run_it
from tests.linear_models import Files, as_uint8
from thinice_tui.commands.app import app
from thinice_tui.engine import run
from thinice_tui.engine.compare import execute, prepare
from thinice_tui.engine.preflight import checks
from thinice_tui.engine.preflight.check_result import CheckResult
from thinice_tui.errors import Interrupted
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.control import read_control, write_control
from thinice_tui.runfile.liveness import this_engine
from thinice_tui.runfile.reader import read_run


@pytest.fixture
def wanted(files: Files, tmp_path: Path) -> Request:
    return request(files, tmp_path / "a.thinice")


def test_a_view_sees_which_check_runs_and_can_stop_it(wanted: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wish that is left during the checks is for the engine that starts."""
    path = interrupt(wanted)
    seen: list[tuple[str, str] | None] = []

    def looked(*_: object) -> tuple[CheckResult, ...]:
        run = read_run(path)
        assert run.engine == this_engine(None)
        seen.append(state(run))
        return ()

    def look_and_ask(*_: object) -> tuple[CheckResult, ...]:
        write_control(path, "stop")
        return looked()

    monkeypatch.setattr("thinice_tui.engine.preflight.checks.check_determinism", looked)
    monkeypatch.setattr("thinice_tui.engine.preflight.checks.check_gradients", look_and_ask)
    before = read_run(path)
    with pytest.raises(Interrupted, match="stopped as asked, before the attacks"):
        run_it(wanted)
    names = ("dense", "pruned", "control")
    assert seen == [("starting", f"{name} · determinism") for name in names] + [("starting", "dense · gradients")]
    assert_same_outcomes(read_run(path), before)
    assert read_control(path) == "run", "what was asked is forgotten once it is done"


def test_the_checks_run_on_the_runs_device(wanted: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    """`cpu:0` is the CPU under another name."""
    named, moved = torch.device("cpu:0"), list[tuple[str, torch.device]]()
    to, to_module = Tensor.to, nn.Module.to

    def tensor_to(self: Tensor, *arguments: object, **options: object) -> Tensor:
        moved.extend(("images", device) for device in arguments if isinstance(device, torch.device))
        return to(self, *arguments, **options)  # type: ignore[call-overload,no-any-return]

    def module_to(self: nn.Module, *arguments: object, **options: object) -> nn.Module:
        moved.extend(("network", device) for device in arguments if isinstance(device, torch.device))
        return to_module(self, *arguments, **options)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(Tensor, "to", tensor_to)
    monkeypatch.setattr(nn.Module, "to", module_to)
    where: dict[str, set[tuple[str, torch.device]]] = {}
    for name in ("check_determinism", "check_outputs", "check_gradients"):
        check = getattr(__import__("thinice_tui.engine.preflight.checks", fromlist=[name]), name)

        def watched(*arguments: object, check: object = check, name: str = name) -> object:
            moved.clear()
            found = check(*arguments)  # type: ignore[operator]
            where.setdefault(name, set()).update(moved)
            return found

        monkeypatch.setattr(f"thinice_tui.engine.preflight.checks.{name}", watched)
    prepared = replace(prepare(wanted), device=named)
    with pytest.raises(KeyboardInterrupt):
        execute(wanted, prepared, StopAfter(1))
    assert len(where) == 3 and all(found == {("images", named), ("network", named)} for found in where.values())


@pytest.mark.parametrize("where", ["check_determinism", "check_gradients", "LocalExecutor"])
def test_models_are_checked_on_images_of_every_class(files: Files, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """The data are sorted by class; the samples that are attacked are all of the first one."""
    seen: list[set[int]] = []
    place = run if where == "LocalExecutor" else checks
    original: Any = getattr(place, where)

    def watched(*arguments: Any) -> Any:
        images = arguments[1].floats() if where != "LocalExecutor" else arguments[4]
        seen.append(set((images[:, 0, 0, 0] * 255).round().astype(int).tolist()))
        return original(*arguments)

    monkeypatch.setattr(place, where, watched)
    labels = np.repeat(np.arange(5), 40)
    images = as_uint8((0.5 + 0.1 * files.task.weight[labels].reshape(-1, 3, 8, 8)).astype(np.float32))
    images[:, 0, 0, 0] = labels  # an image tells its class
    np.savez(files.data, images=images, labels=labels)
    options = ("--samples", "8", "--attack", "pgd-1", "--report", "--format", "json")
    result = CliRunner().invoke(app, [*files.arguments[:-1], *options])
    assert result.exit_code == 0 and json.loads(result.stdout)
    assert seen and all(found == {0, 1, 2, 3, 4} for found in seen)

"""How a run begins, and begins again: by whom, on which device, and with which attacks."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.engine.test_run import StopAfter, request
from tests.tiny import Files
from thinice_tui.engine.compare import execute, prepare
from thinice_tui.settings import Request


@pytest.fixture
def wanted(files: Files, tmp_path: Path) -> Request:
    return request(files, tmp_path / "a.thinice")


# on which device


def test_the_checks_before_a_run_are_made_on_its_device(wanted: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that computes as the CPU does, under another name."""
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
    for name in ("check_behaviour", "probe_outputs", "check_gradients"):
        check = getattr(__import__("thinice_tui.engine.run", fromlist=[name]), name)

        def watched(*arguments: object, check: object = check, name: str = name) -> object:
            moved.clear()
            found = check(*arguments)  # type: ignore[operator]
            where.setdefault(name, set()).update(moved)
            return found

        monkeypatch.setattr(f"thinice_tui.engine.run.{name}", watched)
    prepared = prepare(wanted)
    with pytest.raises(KeyboardInterrupt):
        execute(replace_device(wanted, "cpu:0"), prepared, StopAfter(1))
    assert len(where) == 3 and all(found == {("images", named), ("network", named)} for found in where.values())


def replace_device(wanted: Request, device: str) -> Request:
    return Request.from_dict(wanted.as_dict() | {"device": device})

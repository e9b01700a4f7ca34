"""The user's own code: imports and calls, and what is said where they fail."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from torch import nn

from thinice_tui.errors import CodeError, UsageError
from thinice_tui.models.user_code import call_factory, import_code, importable_from


@pytest.fixture(autouse=True)
def _own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])


def test_a_file_imports_its_neighbours_and_a_module_is_found_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "own_neighbour_a.py").write_text("VALUE = 5")
    (folder / "own_net_a.py").write_text("from own_neighbour_a import VALUE")
    assert import_code(str(folder / "own_net_a.py"), "--arch").VALUE == 5
    (tmp_path / "own_net_b.py").write_text("VALUE = 6")
    monkeypatch.chdir(tmp_path)
    assert import_code("own_net_b", "--arch").VALUE == 6


def test_a_folder_comes_last_on_the_path(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit")
    importable_from(tmp_path)
    importable_from(tmp_path)
    assert sys.path[-1] == str(tmp_path) and sys.path.count(str(tmp_path)) == 1


def test_what_is_not_there_is_wrong_usage_and_what_fails_is_not(tmp_path: Path) -> None:
    for where in ("absent_package_c", "absent_package_c.net", str(tmp_path / "absent.py")):
        with pytest.raises(UsageError, match="--arch x: there is no"):
            import_code(where, "--arch x")
    for code in ("import absent_package_c", "1 / 0", "raise SystemExit(0)", "def f("):
        (tmp_path / "broken.py").write_text(code)
        with pytest.raises(CodeError, match=r"--arch x: cannot import .*broken\.py: [A-Z]") as caught:
            import_code(str(tmp_path / "broken.py"), "--arch x")
        assert caught.value.exit_code == 1


def _returns_text() -> str:
    return "net"


def _fails() -> nn.Module:
    raise RuntimeError("no such width")


@pytest.mark.parametrize(
    ("factory", "message"),
    [(_returns_text, "returned str"), (_fails, "the factory failed: RuntimeError: no such width")],
)
def test_a_factory_that_fails(factory: Callable[..., object], message: str) -> None:
    with pytest.raises(CodeError, match=message):
        call_factory(factory, (), {}, "--arch x")


def test_a_factory_is_called_with_its_arguments() -> None:
    network = call_factory(nn.Linear, (3,), {"out_features": 2}, "--arch x")
    assert isinstance(network, nn.Linear) and network.out_features == 2
    with pytest.raises(TypeError):
        call_factory(nn.Linear, (3,), {"outs": 2}, "--arch x")

"""~ is expanded in every option and argument of the command line, also after =, where no shell does it."""

import json
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest

from tests.commands.calling import call
from tests.linear_models import Files, write_files
from tests.places import LINEAR_MODELS
from thinice_tui.commands.app import app
from thinice_tui.commands.options import expanded_path
from thinice_tui.errors import UsageError
from thinice_tui.runfile.reader import read_run
from thinice_tui.safe_io.paths import expanded, same_file


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder, here = tmp_path / "home", tmp_path / "here"
    folder.mkdir()
    here.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.chdir(here)
    return folder


@pytest.fixture
def at_home(home: Path) -> Path:
    """The files that `compare` reads, in the home folder."""
    (home / "net.py").write_bytes(LINEAR_MODELS.read_bytes())
    np.save(home / "masks.npy", np.ones((5, 192), dtype=np.float32))
    (home / "indices.txt").write_text("0\n1\n2\n3\n")
    write_files(home)
    return home


def test_every_path_parameter_expands_a_tilde() -> None:
    seen = 0
    for command in app.registered_commands:
        assert command.callback is not None
        for name, hint in get_type_hints(command.callback, include_extras=True).items():
            if "Path" in str(hint):
                (option,) = hint.__metadata__
                assert option.parser is expanded_path, f"{command.callback.__name__}: {name}"
                seen += 1
    assert seen > 8


def test_a_tilde_is_expanded_in_every_path_of_compare(at_home: Path) -> None:
    home = at_home
    files = ["~/dense.pt", "~/pruned.pt+~/masks.npy", "--control=~/control.pt", "--data=~/data.npz"]
    options = ["--arch=~/net.py:linear", "--indices=~/indices.txt", "--run=~/new/a.thinice", "--attack=pgd-2"]
    result = call("compare", *files, *options, "--report", "-o", "~/out.json", "--output=~/out.txt")
    assert result.exit_code == 0, result.stderr
    assert json.loads((home / "out.json").read_text())["run"]["complete"] and (home / "out.txt").exists()
    assert read_run(home / "new" / "a.thinice").indices.tolist() == [0, 1, 2, 3]
    assert not list(Path().iterdir()), "no folder of the name ~"
    assert call("report", "~/new/a.thinice", "--output=~/again.json").exit_code == 0
    assert (home / "again.json").read_text() == (home / "out.json").read_text()
    assert call("inspect", "~/dense.pt", "~/pruned.pt+~/masks.npy", "--arch", "~/net.py:linear").exit_code == 0


def test_a_run_file_stores_expanded_paths(at_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = at_home
    arguments = ["compare", "~/dense.pt", "~/pruned.pt", "--data=~/data.npz", "--arch=~/net.py:linear"]
    assert call(*arguments, "--run=~/a.thinice", "--attack=pgd-2", "--report").exit_code == 0
    stored = read_run(home / "a.thinice").info.request
    assert stored is not None
    assert (stored["dense"], stored["run"]) == (f"{home}/dense.pt", f"{home}/a.thinice")
    monkeypatch.chdir(home)
    (arch,) = stored["model_options"]["arch"]
    again = call("compare", stored["dense"], *stored["pruned"], "--data", stored["data"], "--arch", arch,
                 "--run", stored["run"], "--attack=pgd-2", "--report")  # fmt: skip
    assert again.exit_code == 0 and "finished already" in again.stderr


@pytest.mark.parametrize(
    "words",
    [
        "report ~nobody-0/a",
        "inspect ~nobody-0/a",
        "inspect dense.pt+~nobody-0/a.npy",
        "inspect dense.pt --arch ~nobody-0/a.py:f",
        "compare dense.pt pruned.pt --report --arch tests.linear_models:linear --data ~nobody-0/a.npz",
        "compare dense.pt pruned.pt --report --arch tests.linear_models:linear --data cifar10-c:~nobody-0/fog@1",
    ],
)
def test_an_unknown_home_folder_is_a_usage_error(files: Files, words: str) -> None:
    assert files.dense.exists()
    result = call(*words.split())
    assert result.exit_code == 2 and "write ./~nobody-0/" in " ".join(result.stderr.split()), result.stderr
    assert "Traceback" not in result.stderr


def test_a_tilde_is_a_home_folder_and_other_paths_are_unchanged(home: Path) -> None:
    assert expanded("~/a") == home / "a" and expanded("~") == home
    assert expanded("./~/a") == Path("~/a") and expanded("a~") == Path("a~")
    with pytest.raises(UsageError, match="there is no such home folder"):
        expanded("~nobody-0/a")


def test_two_paths_are_one_file_also_through_links_and_before_it_is_there(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "link").symlink_to("a")
    assert same_file(tmp_path / "link", tmp_path / "a") and not same_file(tmp_path / "a", tmp_path / "b")
    assert same_file(tmp_path / "b", tmp_path / "c" / ".." / "b")

"""A run file to look at, settings of its own, fakes of the engine, and an environment without preferences."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from tests.fake_runs import write_run
from tests.tui.driver import FIVE, MODELS, SPARSITIES
from tests.tui.fake_engine import FakeEngine, FakeProcess
from thinice_tui.protocol.request import Request
from thinice_tui.protocol.settings import Settings
from thinice_tui.tui.engine_process import Announcement


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests see no colour setting, theme, tmux or SSH of the user who runs them, and leave their settings alone."""
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TMUX", "SSH_CONNECTION", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}.items():
        monkeypatch.setenv(name, value)
    for kind in ("CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))


@pytest.fixture(autouse=True)
def _short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run file is read often and drawings begin at once, because tests wait for both."""
    monkeypatch.setattr("thinice_tui.tui.run_follower.POLL", 0.02)
    monkeypatch.setattr("thinice_tui.tui.widgets.slow_view.DELAY", 0.005)


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    return tmp_path / "settings" / "settings.json"


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "finished.thinice"
    write_run(path, MODELS)
    return path


@pytest.fixture(scope="session")
def _unfinished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "unfinished.thinice"
    write_run(path, MODELS, through=2)
    return path


@pytest.fixture
def run_file(_finished: Path, tmp_path: Path) -> Path:
    """A finished run of dense, half and the control again, 200 samples of 5 classes."""
    return Path(shutil.copy(_finished, tmp_path / "made.thinice"))


@pytest.fixture
def unfinished(_unfinished: Path, tmp_path: Path) -> Path:
    """The same run before its last stage."""
    return Path(shutil.copy(_unfinished, tmp_path / "going.thinice"))


@pytest.fixture(scope="session")
def _five(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "five.thinice"
    write_run(path, FIVE, sparsities=SPARSITIES)
    return path


@pytest.fixture
def five_models(_five: Path, tmp_path: Path) -> Path:
    """A finished run of dense, three pruned models and a control, 200 samples of 5 classes."""
    return Path(shutil.copy(_five, tmp_path / "five.thinice"))


@pytest.fixture
def computing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run that is not finished is being computed."""
    monkeypatch.setattr("thinice_tui.tui.run_follower.is_computing", lambda run: not run.complete)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    return FakeEngine(monkeypatch)


@pytest.fixture
def request_(unfinished: Path, tmp_path: Path) -> Request:
    settings = Settings.build("Linf", None, "standard")
    paths = Path("dense.pt"), (Path("[red]half[/red].pt"),)
    return Request(*paths, None, None, None, "cpu", settings, unfinished, tmp_path)


@pytest.fixture
def process(unfinished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FakeProcess]]:
    class Fake(FakeProcess):
        started: ClassVar[list[Request]] = []
        announced = Announcement(unfinished, tmp_path / "log")
        may_end = threading.Event()

    monkeypatch.setattr("thinice_tui.tui.local_engine.EngineProcess", Fake)
    yield Fake
    Fake.may_end.set()

"""The process settings of an engine, each in a process of its own."""

import os
import subprocess
import sys

import pytest

from tests.places import ROOT
from thinice_tui.engine.worker.environment import NICENESS, SPIN_COUNT

MODULE = "from thinice_tui.engine.worker.environment import prepare_process, lower_priority"


def run(code: str, **environment: str) -> str:
    """stdout of `code` in a session of its own; without settings of threads in its environment, but those given."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "GOMP_", "MALLOC_"))}
    command = [sys.executable, "-c", f"import os, sys; {MODULE}; {code}"]
    environment = kept | {"PYTHONPATH": str(ROOT)} | environment
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, start_new_session=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, SPIN_COUNT), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "active"}, "None")],
)
def test_the_users_own_thread_settings_stay(environment: dict[str, str], expected: str) -> None:
    assert run("prepare_process(); print(os.environ.get('GOMP_SPINCOUNT'))", **environment) == expected


def test_settings_are_made_before_torch_is_imported() -> None:
    assert run("prepare_process(); print('torch' in sys.modules)") == "False"


def test_the_engine_yields_to_other_processes() -> None:
    before, after = map(int, run("before = os.nice(0); lower_priority(); print(before, os.nice(0))").split())
    assert after == min(19, before + NICENESS)

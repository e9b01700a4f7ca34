"""`import thinice_tui`: what is named there exists, is typed, and is loaded only when it is used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import thinice_tui as ti
from tests.fake_runs import write_run
from tests.places import ROOT

LOADS = """
import sys
import thinice_tui as ti
assert not {"torch", "numpy", "pandas", "scipy", "textual"} & set(sys.modules)
run = ti.load_run("a.thinice")
assert run.compare("p").nfr.value >= 0 and run.to_pandas().shape[0] == 60 and run.adversarial("p").images.ndim == 4
assert run.model("p").logits.shape == run.model("p").adversarial_logits.shape == (60, 5) and run.images.any()
assert not {"torch", "torchattacks", "textual"} & set(sys.modules)
"""


def test_a_run_is_loaded_without_torch(tmp_path: Path) -> None:
    write_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"}, n=60)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", LOADS], cwd=tmp_path, env=environment, check=True)


def test_every_public_name_is_there() -> None:
    assert {"load_run", "load_runs", "attack", "compare", "ThiniceError", "__version__"} <= set(dir(ti))
    for name in dir(ti):
        assert getattr(ti, name) is getattr(ti, name)
    with pytest.raises(AttributeError, match="no attribute 'load_ran'"):
        _ = ti.load_ran  # type: ignore[attr-defined]


def test_the_package_is_typed() -> None:
    assert (Path(ti.__file__).parent / "py.typed").is_file()

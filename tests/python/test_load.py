"""Loading run files: finished, going on, several, and none."""

from pathlib import Path

import numpy as np
import pytest

import thinice_tui as ti
from tests.commands.calling import call
from tests.fake_runs import make_run, write_run
from tests.several_runs import seed_file


def test_a_run_that_goes_on_is_loaded_as_it_is_at_that_moment(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    made = make_run(path, {"dense": "dense", "p": "pruned"}, n=60)
    with made.open() as writer:
        made.begin(writer)
        made.clean(writer, 0)
        early = ti.load_run(path)
        made.clean(writer, 1)
        for number in (0, 1):
            made.attack(writer, number, 0)
        later = ti.load_run(str(path))
        made.attack(writer, 0, 1)
        assert not early.complete and not later.complete
        assert np.isnan(early.model("p").logits).all() and np.isnan(early.model("dense").adversarial_logits).all()
        assert early.model("dense").robust_accuracy is None
        with pytest.raises(ti.RunFileError, match="nothing can be compared"):
            early.compare("p")
        dense = later.model("dense")
        broken = np.flatnonzero(later._run.models[0].broken_by == 0)
        kept = later.adversarial("dense")  # read only now, when the file holds more
        assert kept.indices.tolist() == (3 * broken).tolist() and len(broken) > 0
        assert np.isfinite(dense.adversarial_logits).any() and dense.stages[1].entered is None
        assert later.compare("p").sets.counts()["S11"] > 0 and later.to_pandas().attrs["complete"] is False
    assert "NOT complete (1 of 3 stages finished by every model" in repr(later)


def test_several_runs_come_in_their_order(tmp_path: Path) -> None:
    for seed, name in enumerate("ab"):
        seed_file(tmp_path / f"{name}.thinice", seed, n=20)
    runs = ti.load_runs([tmp_path / "b.thinice", tmp_path / "a.thinice"])
    assert [run.path for run in runs] == [tmp_path / "b.thinice", tmp_path / "a.thinice"]
    with pytest.raises(ti.RunFileError, match="there is no such run file"):
        ti.load_runs([tmp_path / "absent.thinice"])


def test_runs_that_do_not_belong_together_are_refused_as_by_the_command(tmp_path: Path) -> None:
    one = seed_file(tmp_path / "a.thinice", 0)
    for name, message, options in (
        ("b", "its norm is L2, not Linf", {"norm": "L2"}),
        ("c", "it has 20 samples, not 200", {"n": 20}),
        ("d", "have the same models and differ in seed and attack", {"trained": 0, "attack": "quick", "seed": 9}),
    ):
        other = seed_file(tmp_path / f"{name}.thinice", **{"trained": 1, **options})  # type: ignore[arg-type]
        with pytest.raises(ti.RunFileError, match=message) as error:
            ti.load_runs([one, other])
        told = " ".join(call("report", one, other).stderr.split())
        assert " ".join(f"{error.value.what} {error.value.do}".split()) in told.replace("error: ", "")


def test_the_file_is_closed(tmp_path: Path) -> None:
    write_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"}, n=20)
    run = ti.load_run(tmp_path / "a.thinice")
    open_files = [entry.resolve() for entry in Path("/proc/self/fd").iterdir() if entry.exists()]
    assert tmp_path / "a.thinice" not in open_files and len(run) == 20

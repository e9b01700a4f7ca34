"""Whether a file holds the planned run, found out without writing to it."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.runfile.small_runs import open_writer, plan_stages, small_plan, store
from thinice_tui.errors import RunFileError
from thinice_tui.runfile.resume import check_continues, is_finished, run_state


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An unfinished run."""
    with open_writer(tmp_path / "a.thinice") as writer:
        plan_stages(writer)
    return tmp_path / "a.thinice"


def test_an_unfinished_run_goes_on_and_a_finished_one_is_found(path: Path) -> None:
    before = path.read_bytes()
    assert not is_finished(path, *small_plan())
    check_continues(path, *small_plan())
    assert run_state(path, *small_plan()) == "goes on with what is there"
    assert path.read_bytes() == before
    store(path, finished=1.0)
    assert is_finished(path, *small_plan())
    assert run_state(path, *small_plan()) == "finished already: nothing would run"


def test_another_run_is_refused_with_what_differs(path: Path) -> None:
    assert not is_finished(path, *small_plan(1)), "an unfinished one is left to the writer"
    for ask in (check_continues, run_state):
        with pytest.raises(RunFileError, match="holds another run: made was 0, now 1"):
            ask(path, *small_plan(1))
    store(path, finished=1.0)
    with pytest.raises(RunFileError, match="holds another run"):
        is_finished(path, *small_plan(1))


def test_a_run_whose_stages_are_not_known_yet_is_continued(path: Path) -> None:
    store(path, identity={"made": 0, "stages": ["PGD-20"]})
    plan, models = small_plan()
    check_continues(path, plan, models)
    with pytest.raises(RunFileError, match="its stages are not those of this version's ensemble"):
        run_state(path, replace(plan, identity={"made": 0, "stages": ["PGD-50"]}), models)


@pytest.mark.parametrize("content", [None, b"", b"text " * 100])
def test_a_file_that_cannot_be_read_is_left_to_the_writer(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    if content is not None:
        path.write_bytes(content)
    assert not is_finished(path, *small_plan())
    check_continues(path, *small_plan())
    if content:
        with pytest.raises(RunFileError, match="is not a run file"):
            run_state(path, *small_plan())
    else:
        assert run_state(path, *small_plan()) == "new"


def test_a_folder_is_no_place_for_a_run(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match="it is a folder, expected a file"):
        run_state(tmp_path, *small_plan())

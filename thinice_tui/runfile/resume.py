"""Whether a run file holds a planned run, finished or not: asked before anything is written."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from thinice_tui.errors import RunFileError
from thinice_tui.runfile.attacks_revision import check_attacks_revision
from thinice_tui.runfile.connection import reading
from thinice_tui.runfile.identity import check_same, identity_of
from thinice_tui.runfile.records import ModelRecord, RunPlan
from thinice_tui.runfile.run_table import RunTable, read_run_table
from thinice_tui.runfile.write_errors import check_run_path


def is_finished(path: Path, plan: RunPlan, models: Sequence[ModelRecord]) -> bool:
    """Whether `path` holds the planned run and it is finished; nothing is written and no lock is waited for.

    Raises RunFileError where it holds another finished run. A file that cannot be read is not finished: the writer
    raises the error.
    """
    stored = _read_table(path)
    if stored is None or stored.get("finished") is None:
        return False
    check_same(stored, plan, models, path)
    return True


def check_continues(path: Path, plan: RunPlan, models: Sequence[ModelRecord]) -> None:
    """Raise RunFileError where `path` holds another run than the planned one, whose stages may not be known yet.

    It is asked before an engine writes its name into the file. A file that cannot be read is left to the writer.
    """
    stored = _read_table(path)
    if stored is None:
        return
    stages = identity_of(stored).get("stages")
    check_same(stored, replace(plan, identity={**plan.identity, "stages": stages}), models, path)
    check_attacks_revision(stored, plan.table, path)


def run_state(path: Path, plan: RunPlan, models: Sequence[ModelRecord]) -> str:
    """What the planned run would find at `path`, in words; raises RunFileError where it would be refused."""
    check_run_path(path)
    if not path.exists() or not path.stat().st_size:
        return "new"
    with reading(path) as connection:
        stored = read_run_table(connection)
    check_same(stored, plan, models, path)
    check_attacks_revision(stored, plan.table, path)
    return "goes on with what is there" if stored.get("finished") is None else "finished already: nothing would run"


def _read_table(path: Path) -> RunTable | None:
    """The run table of `path`; None where it cannot be read."""
    try:
        with reading(path) as connection:
            return read_run_table(connection)
    except RunFileError:
        return None

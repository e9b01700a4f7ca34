"""Warnings of a run: told once, kept for the report."""

from pathlib import Path

from tests.engine_runs import StopAfter
from tests.fake_runs import make_run
from thinice_tui.engine.phases.warnings import Warnings


def test_a_warning_is_told_once_by_each_engine_and_kept_once(tmp_path: Path) -> None:
    made = make_run(tmp_path / "a.thinice", {"dense": "dense"}, n=4)
    for later in ([], ["second"]):
        observer = StopAfter()
        with made.open() as writer:
            warnings = Warnings(writer, observer)
            for text in ("first", "first", *later):
                warnings.add(text)
            assert writer.value("warnings") == ["first", *later]
        assert observer.warnings == ["first", *later]

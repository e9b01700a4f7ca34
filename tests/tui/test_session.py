"""The session without an interface: selection, order, columns, statistics, and what listeners are told."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fake_runs import write_run
from tests.tui.driver import MODELS
from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.analysis.live_sets import ALL_SETS
from thinice_tui.analysis.rows import Rows, View, select_rows
from thinice_tui.errors import RunFileError
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Run
from thinice_tui.tui.background import Background, Call
from thinice_tui.tui.interface import SessionListener
from thinice_tui.tui.run_follower import Reading
from thinice_tui.tui.session import NO_SAMPLES, Session


class Notes:
    """A notifier that keeps what it was told."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def notify(self, message: str, **_: object) -> None:
        self.messages.append(message)


class NoThreads(Background):
    """Does the work at once."""

    def __init__(self) -> None:
        super().__init__(lambda handler, *arguments: handler(*arguments))

    def start(self, work: Call, *arguments: object) -> None:
        work(*arguments)


class Changes(SessionListener):
    """A listener that counts."""

    def __init__(self) -> None:
        self.rows = self.selections = self.contents = self.runs = 0
        self.vanished: list[Run] = []

    def rows_changed(self) -> None:
        self.rows += 1

    def selection_changed(self) -> None:
        self.selections += 1

    def content_changed(self) -> None:
        self.contents += 1

    def run_changed(self) -> None:
        self.runs += 1

    def engine_vanished(self, before: Run) -> None:
        self.vanished.append(before)


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def empty(notes: Notes, settings_file: Path, run_file: Path) -> Session:
    """A session that has read nothing."""
    return Session(notes, NoThreads(), settings_file, path=run_file)


@pytest.fixture
def session(empty: Session, run_file: Path) -> Session:
    """A session that shows all 200 samples of a finished run."""
    empty.change_view(sets=ALL_SETS)
    empty.run_read(reading(read_run(run_file), empty.view))
    return empty


def reading(run: Run, view: View, computing: bool = False) -> Reading:
    return Reading(run, computing, select_rows(run, view))


def rows_of(session: Session) -> Rows:
    assert session.rows is not None
    return session.rows


def test_before_anything_is_read_there_is_nothing_to_select(empty: Session) -> None:
    assert empty.position is None and empty.move(1) == NO_SAMPLES and not empty.select(3)


def test_moving_ends_at_the_first_and_the_last_sample(session: Session) -> None:
    order = rows_of(session).order
    assert session.move(-1) == "this is the first sample" and session.position == order[0]
    assert session.move(3) is None and session.position == order[3]
    assert session.move(1000) is None and session.position == order[-1]
    assert session.move(1) == "this is the last sample" and session.cursor == len(order) - 1


def test_the_selected_sample_stays_selected_whatever_is_sorted_and_filtered(session: Session) -> None:
    session.select(120)
    kept = session.position
    for change in ({"descending": True}, {"sort": "sample"}, {"other": 2}, {"margin": "attacked"}):
        session.change_view(**change)
        assert session.position == kept
    session.change_view(query=f"sample!={3 * (kept or 0)}")
    assert session.position not in (kept, None), "it is not shown any more"


def test_a_filter_that_nothing_passes_leaves_no_selection_and_its_end_the_first_row(session: Session) -> None:
    session.select(50)
    session.change_view(query="margin>1000")
    assert session.position is None and session.move(1) == NO_SAMPLES
    session.change_view(query="")
    assert session.position == rows_of(session).order[0]


def test_sorting_twice_by_a_column_reverses_it_and_is_remembered(session: Session) -> None:
    for descending in (False, True, False):
        session.sort_by("sample")
        assert (session.view.sort, session.view.descending) == ("sample", descending)
        assert (session.preferences.sort, session.preferences.descending) == ("sample", descending)


def test_each_change_is_told_once(session: Session) -> None:
    changes = Changes()
    session.add_listener(changes)
    session.select(5)
    assert (changes.selections, changes.contents, changes.rows, changes.runs) == (1, 1, 0, 0)
    session.select(5)
    assert changes.selections == 1, "nothing has changed"
    session.change_view(other=2)
    assert (changes.contents, changes.rows, changes.runs) == (2, 1, 1), "the title names the model"
    session.choose_plot("flips")
    assert (changes.contents, changes.rows) == (3, 1)
    session.remove_listener(changes)
    session.select(6)
    assert changes.selections == 1


def test_statistics_are_computed_anew_when_a_stage_is_finished_only(
    session: Session, run_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[Run] = []

    def counted(run: Run, *others: Any) -> Analysis:
        computed.append(run)
        return analyse(run, *others)

    monkeypatch.setattr("thinice_tui.tui.session.analyse", counted)
    run = read_run(run_file)
    session.run_read(reading(run, session.view))
    assert computed == [] and session.analysis is not None
    stages = (replace(run.models[0].stages[0], finished=False), *run.models[0].stages[1:])
    session.run_read(reading(replace(run, models=(replace(run.models[0], stages=stages), *run.models[1:])), View()))
    assert len(computed) == 1


def test_statistics_that_are_out_of_date_are_dropped(session: Session, run_file: Path) -> None:
    before = session.analysis
    session.analysed(analyse(read_run(run_file)), "another key")
    assert session.analysis is before


def test_a_kind_of_margin_that_the_run_does_not_hold_is_not_shown(empty: Session, run_file: Path) -> None:
    empty.view = replace(empty.view, margin="distance")
    run = read_run(run_file)
    empty.run_read(Reading(run, False, select_rows(run, View())))
    assert empty.view.margin == "clean" and rows_of(empty).view == empty.view


def test_columns_of_a_dense_model_alone_are_not_remembered(empty: Session, tmp_path: Path) -> None:
    run = write_run(tmp_path / "alone.thinice", {"dense": "dense"}, n=20)
    empty.run_read(reading(run, empty.view))
    before = empty.preferences
    empty.choose_columns(["sample", "dense"])
    assert empty.columns == ("sample", "dense") and empty.preferences == before


def test_an_engine_that_is_seen_no_more_has_vanished(empty: Session, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=20, through=1)
    changes = Changes()
    empty.add_listener(changes)
    empty.run_read(reading(run, empty.view, computing=True))
    assert empty.is_computing and not changes.vanished
    empty.run_read(Reading(run, False, None))
    assert not empty.is_computing and changes.vanished == [run]


def test_warnings_are_shown_once_and_errors_keep_what_was_read(session: Session, notes: Notes, tmp_path: Path) -> None:
    warned = write_run(tmp_path / "a.thinice", MODELS, n=20, more={"warnings": ["low accuracy"]})
    for _ in range(2):
        session.run_read(reading(warned, session.view))
    assert notes.messages == ["low accuracy"]
    session.run_unreadable(RunFileError("it is gone", "look for it"))
    assert notes.messages[1] == "it is gone. look for it. What was read before stays in view."
    assert session.run is warned


def test_the_exit_message_says_how_to_open_the_run_again(session: Session, run_file: Path) -> None:
    again = f"look again: thinice-tui open {run_file}"
    assert session.exit_message() == again
    session.run_read(Reading(read_run(run_file), True, None))
    assert session.exit_message() == f"the attack goes on in the background\n{again}"
    assert session.exit_message("stopped") == f"stopped\n{again}"
    session.path = None
    assert session.exit_message("nothing was computed") == "nothing was computed"

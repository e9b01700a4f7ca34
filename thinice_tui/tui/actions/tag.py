"""Actions that mark samples, and tag them with words of the user's."""

from thinice_tui.errors import RunFileError
from thinice_tui.runfile.demo import DEMO
from thinice_tui.runfile.tags import change_tags, parse_tags, tags_file
from thinice_tui.tui.action_registry import Reason
from thinice_tui.tui.background import Background
from thinice_tui.tui.interface import Interface
from thinice_tui.tui.screens.dialogs import TextDialog
from thinice_tui.tui.session import NO_SAMPLES, Session

SHOWN_TAGS = 12
"""Tags of the run that the dialog names, at most."""


class TagActions:
    """Handlers of actions, `do_<name>`: each returns why it could do nothing, else None."""

    def __init__(self, session: Session, interface: Interface, background: Background) -> None:
        self._session, self._interface, self._background = session, interface, background
        self._typed = ""
        """What was typed the last time."""

    def do_mark(self) -> Reason:
        position = self._session.position
        if position is None:
            return NO_SAMPLES
        self._session.mark(self._session.marked ^ {position})
        self._session.move(1)
        return None

    def do_mark_down(self) -> Reason:
        return self._mark_and_move(1)

    def do_mark_up(self) -> Reason:
        return self._mark_and_move(-1)

    def _mark_and_move(self, by: int) -> Reason:
        """Mark the selected sample and its neighbour, which is selected then."""
        here = self._session.position
        if here is None:
            return NO_SAMPLES
        before = self._session.marked
        reason = self._session.move(by)
        there = self._session.position
        assert there is not None
        self._session.mark(before | {here, there})
        return None if here not in before else reason

    def do_mark_all(self) -> Reason:
        rows = self._session.rows
        if rows is None or not len(rows.lines):
            return NO_SAMPLES
        shown = frozenset(rows.lines.tolist())
        self._session.mark(() if shown <= self._session.marked else self._session.marked | shown)
        return None

    def do_tag(self) -> Reason:
        run, position, path = self._session.run, self._session.position, self._session.path
        marked = sorted(self._session.marked)
        positions = marked or ([] if position is None else [position])
        if run is None or path is None or not positions:
            return NO_SAMPLES
        if path == DEMO:
            return "the demo keeps no tags: they would lie in the package. Tag samples of a run of yours"
        if run.tags_problem:
            return run.tags_problem
        indices = [int(index) for index in run.indices[positions]]
        what = f"Tag {len(indices)} marked samples" if marked else f"Tag #{indices[0]}"
        own = "" if marked else " ".join(run.tags.get(indices[0], ()))
        known = list(dict.fromkeys(tag for tags in run.tags.values() for tag in tags))
        lines = ["Words to add, each with a - before it to remove, like: odd -dark"]
        lines += [f"It has: {own}"] if own else []
        lines += (
            [f"In this run: {' '.join(known[:SHOWN_TAGS])}{' …' if len(known) > SHOWN_TAGS else ''}"] if known else []
        )

        def answered(typed: str | None) -> None:
            if typed is None:
                return
            added, removed = parse_tags(typed)
            self._typed = typed
            self._background.start(self._write, indices, added, removed)

        self._interface.ask(TextDialog(what, "\n".join(lines), self._typed, _problem), answered)
        return None

    def _write(self, indices: list[int], added: frozenset[str], removed: frozenset[str]) -> None:
        """In a thread, as another view may hold the file; this view then reads the tags as it reads the run."""
        run, path = self._session.run, self._session.path
        assert run is not None and path is not None
        is_first = not tags_file(path).exists()
        try:
            change_tags(path, run.info.data.sha256, indices, added, removed)
        except RunFileError as error:
            self._background.deliver(self._failed, f"{error.what}; {error.do}")
        else:
            if is_first:
                self._background.deliver(self._kept_in, tags_file(path).name)

    def _failed(self, problem: str) -> None:
        self._interface.notify(problem, severity="error", timeout=10)

    def _kept_in(self, file: str) -> None:
        self._interface.notify(f"tags are kept in {file}, beside the run", timeout=6)


def _problem(typed: str) -> str | None:
    """Which of the words that were typed cannot be a tag, and why; None: all can."""
    try:
        parse_tags(typed)
    except ValueError as error:
        return str(error)
    return None

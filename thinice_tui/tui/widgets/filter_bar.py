"""The line in which the filter is typed. A valid filter is applied at once, a mistake is marked, tab completes.

The up key brings back the filters of before.
"""

from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from thinice_tui.analysis.query.complete import complete
from thinice_tui.analysis.query.fields import Fields
from thinice_tui.analysis.query.parse import matches
from thinice_tui.analysis.query.tokens import QueryError
from thinice_tui.tui.widgets.line_input import LineInput

PROMPT = "/ "


class FilterBar(Vertical):
    """An input, and beneath it the mistake or what could follow. Hidden until opened."""

    @dataclass
    class Changed(Message):
        """The query is valid, and differs from the one before."""

        query: str

    class Closed(Message):
        """Typing has ended; the last valid query applies."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._fields: Fields = {}
        self._before = ""
        self._good = ""
        self._history: list[str] = []
        """The filters that were entered, the latest last."""
        self._back = 0
        """How many filters the up key has gone back; 0: what is being typed."""
        self._typed = ""
        """What was typed before the up key."""

    def compose(self) -> ComposeResult:
        yield LineInput(placeholder="set=S10 label=cat margin<0.5 broken_by=square, or a class", compact=True)
        yield Static(markup=False)

    def open(self, query: str, fields: Fields) -> None:
        """Let the user edit `query`, a filter over `fields`."""
        self._fields, self._before, self._good = fields, query, query
        self._back = 0
        self.display = True
        typed = self.query_one(Input)
        typed.value = query
        typed.cursor_position = len(query)
        # At once: keys that arrive together with the one that opened it are meant for it.
        self.screen.set_focus(typed, scroll_visible=False)
        self._explain(query)

    def close(self) -> None:
        """End the typing, and hide: a query that is not applied is not shown."""
        if self.display:
            self._fields = {}  # they keep all of a table in memory
            self.display = False
            self.post_message(self.Closed())

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.display:
            self._explain(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not self.display:
            return  # enter was pressed twice
        try:
            matches(event.value, self._fields)
        except QueryError:
            self.app.bell()
            return
        self._remember(event.value.strip())
        self.close()

    def _remember(self, query: str) -> None:
        if query:
            self._history = [*(one for one in self._history if one != query), query]

    def on_key(self, event: events.Key) -> None:
        if not self.display:
            return  # a key that arrived with the one that closed it
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            self._apply(self._before)
            self.close()
        elif event.key == "tab":
            event.stop()
            event.prevent_default()
            self._complete()
        elif event.key in ("up", "down"):
            event.stop()
            event.prevent_default()
            self._go_back(1 if event.key == "up" else -1)

    def _go_back(self, steps: int) -> None:
        """Put the filter that was entered so many before the present one into the line."""
        typed, back = self.query_one(Input), self._back + steps
        if not 0 <= back <= len(self._history):
            self.app.bell()
            return
        if self._back == 0:
            self._typed = typed.value
        self._back = back
        typed.value = self._history[-back] if back else self._typed
        typed.cursor_position = len(typed.value)

    def _complete(self) -> None:
        typed = self.query_one(Input)
        found = complete(typed.value, typed.cursor_position, self._fields, limit=1)
        if not found:
            self.app.bell()
            return
        rest = typed.value[typed.cursor_position :]
        done = typed.value[: found[0].start] + found[0].text
        typed.value = done + rest
        typed.cursor_position = len(done)

    def _explain(self, query: str) -> None:
        typed, below = self.query_one(Input), self.query_one(Static)
        offset = 1 - round(typed.scroll_offset.x)
        try:
            matches(query, self._fields)
        except QueryError as error:
            before, wrong = query[: error.start], query[error.start : error.end]
            marks = " " * max(0, offset + cell_len(before)) + "^" * max(1, cell_len(wrong))
            text = Text(f"{marks}\n{error.message}", style="bold")
        else:
            self._apply(query)
            found = complete(query, typed.cursor_position, self._fields, limit=12)
            text = Text("\n" + "   ".join(choice.text for choice in found), "dim", no_wrap=True, overflow="ellipsis")
        below.update(text)

    def _apply(self, query: str) -> None:
        if query != self._good:
            self._good = query
            self.post_message(self.Changed(query))

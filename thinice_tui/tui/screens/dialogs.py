"""Dialogs: choose one, choose several, or type a line of text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen, ScreenResultType
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from thinice_tui.safe_io.printable import printable
from thinice_tui.tui.widgets.line_input import LineInput
from thinice_tui.tui.widgets.option_lists import GuardedList, TickList

TITLE_WIDTH = 16


@dataclass(frozen=True)
class Choice:
    """An answer; `unavailable` says why it cannot be chosen now (empty: it can)."""

    name: str
    text: str
    unavailable: str = ""
    meaning: str = ""
    """What is chosen with it; empty: its text says that."""


class Dialog(ModalScreen[ScreenResultType]):
    """Asks something, and is answered once; escape: by None."""

    BINDINGS = [("escape", "give_up", "back")]  # noqa: RUF012
    AUTO_FOCUS = "OptionList, Input"
    """By Textual itself, which does without where the interface ends before the dialog has its widgets."""

    def answer(self, result: ScreenResultType | None) -> None:
        """Leave with `result`; nothing where the dialog was left already, by a key that came just before."""
        if self.is_current:
            self.dismiss(result)

    def action_give_up(self) -> None:
        self.answer(None)


class ChoiceDialog(Dialog[str | None]):
    """Asks for one of `choices`, and returns its name; None for escape."""

    def __init__(self, title: str, text: str, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._title, self._text, self._choices = title, text, choices

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Text(self._title, style="bold"), classes="dialog-title")
            with VerticalScroll(classes="dialog-text", can_focus=False):
                yield Static(Text(self._text))
            yield GuardedList(*(Option(_line(choice), id=choice.name) for choice in self._choices), compact=True)
            yield Static(Text("↑ ↓ and enter, or click; esc: back", style="dim"))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        choice = next(choice for choice in self._choices if choice.name == event.option.id)
        if choice.unavailable:
            self.notify(choice.unavailable, severity="warning", markup=False)
        else:
            self.answer(choice.name)


def _line(choice: Choice) -> Text:
    line = Text(choice.text, style="dim" if choice.unavailable else "")
    return line.append(f" ({choice.unavailable})") if choice.unavailable else line


class TextDialog(Dialog[str | None]):
    """Asks for a line of text, and returns it; None for escape or an empty line."""

    def __init__(self, title: str, text: str, value: str, problem: Callable[[str], str | None]) -> None:
        """problem: what is wrong with a line; it is shown, and the line can be changed. None: nothing is."""
        super().__init__()
        self._title, self._text, self._value, self._problem = title, text, value, problem

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Text(self._title, style="bold"), classes="dialog-title")
            yield Static(Text(self._text))
            yield LineInput(self._value)
            yield Static(classes="dialog-problem", markup=False)
            yield Static(Text("enter: do it; esc: back", style="dim"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        typed = event.value.strip()
        if typed and (problem := self._problem(typed)):
            self.query_one(".dialog-problem", Static).update(printable(problem))
        else:
            self.answer(typed or None)


class MultipleChoiceDialog(Dialog[list[str] | None]):
    """Asks for one or more of `choices`, and returns their names; None for escape."""

    def __init__(self, title: str, choices: Sequence[Choice], chosen: Sequence[str]) -> None:
        super().__init__()
        self._title, self._choices, self._chosen = title, choices, set(chosen)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Text(self._title, style="bold"), classes="dialog-title")
            yield TickList(*(Option(self._ticked(one), id=one.name) for one in self._choices), compact=True)
            yield Static(Text("space: show or hide; enter: done; esc: back", style="dim"))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        choice = self._choices[event.option_index]
        self._chosen ^= {choice.name}
        event.option_list.replace_option_prompt_at_index(event.option_index, self._ticked(choice))

    def action_done(self) -> None:
        if not self._chosen:
            self.notify("choose at least one", severity="warning")
            return
        self.answer([choice.name for choice in self._choices if choice.name in self._chosen])

    def _ticked(self, choice: Choice) -> Table:
        """The choice after a tick or a blank, and beside it its meaning, on as many lines as that takes."""
        line = Table.grid(padding=(0, 1, 0, 0), expand=True)
        line.add_column(width=1)
        line.add_column(width=TITLE_WIDTH, no_wrap=True, overflow="ellipsis")
        line.add_column(ratio=1)
        line.add_row("✓" if choice.name in self._chosen else " ", Text(choice.text), Text(choice.meaning))
        return line

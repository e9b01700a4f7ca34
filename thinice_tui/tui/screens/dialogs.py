"""Dialogs: choose one, choose several, or type a line of text."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, SelectionList, Static
from textual.widgets.option_list import Option
from textual.widgets.selection_list import Selection


@dataclass(frozen=True)
class Choice:
    """An answer; `unavailable` says why it cannot be chosen now (empty: it can)."""

    name: str
    text: str
    unavailable: str = ""


class ChoiceDialog(ModalScreen[str | None]):
    """Asks for one of `choices`, and returns its name; None for escape."""

    BINDINGS = [("escape", "dismiss(None)", "back")]  # noqa: RUF012

    def __init__(self, title: str, text: str, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._title, self._text, self._choices = title, text, choices

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Text(self._title, style="bold"), classes="dialog-title")
            with VerticalScroll(classes="dialog-text", can_focus=False):
                yield Static(Text(self._text))
            yield OptionList(*(Option(_line(choice), id=choice.name) for choice in self._choices), compact=True)
            yield Static(Text("↑ ↓ and enter, or click; esc: back", style="dim"))

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        choice = next(choice for choice in self._choices if choice.name == event.option.id)
        if choice.unavailable:
            self.notify(choice.unavailable, severity="warning", markup=False)
        else:
            self.dismiss(choice.name)


def _line(choice: Choice) -> Text:
    line = Text(choice.text, style="dim" if choice.unavailable else "")
    return line.append(f" ({choice.unavailable})") if choice.unavailable else line


class TextDialog(ModalScreen[str | None]):
    """Asks for a line of text, and returns it; None for escape or an empty line."""

    BINDINGS = [("escape", "dismiss(None)", "back")]  # noqa: RUF012

    def __init__(self, title: str, text: str, value: str) -> None:
        super().__init__()
        self._title, self._text, self._value = title, text, value

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Text(self._title, style="bold"), classes="dialog-title")
            yield Static(Text(self._text))
            yield Input(self._value)
            yield Static(Text("enter: do it; esc: back", style="dim"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)


class MultipleChoiceDialog(ModalScreen[list[str] | None]):
    """Asks for one or more of `choices`, and returns their names; None for escape."""

    BINDINGS = [("escape", "dismiss(None)", "back"), ("enter", "done", "done")]  # noqa: RUF012

    def __init__(self, title: str, choices: Sequence[Choice], chosen: Sequence[str]) -> None:
        super().__init__()
        self._title, self._choices, self._chosen = title, choices, chosen

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Text(self._title, style="bold"), classes="dialog-title")
            yield SelectionList[str](
                *(
                    Selection(_ticked(one, one.name in self._chosen), one.name, one.name in self._chosen)
                    for one in self._choices
                ),
                compact=True,
            )
            yield Static(Text("space: show or hide; enter: done; esc: back", style="dim"))

    def on_mount(self) -> None:
        self.query_one(SelectionList).focus()

    def on_selection_list_selection_toggled(self, event: SelectionList.SelectionToggled[str]) -> None:
        choice, boxes = self._choices[event.selection_index], event.selection_list
        boxes.replace_option_prompt_at_index(event.selection_index, _ticked(choice, choice.name in boxes.selected))

    def on_key(self, event: object) -> None:
        if getattr(event, "key", "") == "enter":  # SelectionList would toggle on it
            event.stop()  # type: ignore[attr-defined]
            event.prevent_default()  # type: ignore[attr-defined]
            self.action_done()

    def action_done(self) -> None:
        chosen = set(self.query_one(SelectionList).selected)
        if not chosen:
            self.notify("choose at least one", severity="warning")
            return
        self.dismiss([choice.name for choice in self._choices if choice.name in chosen])


def _ticked(choice: Choice, chosen: bool) -> Text:
    """The choice's text after a tick or a blank: SelectionList itself shows the difference by colour alone."""
    return Text(f"{'✓' if chosen else ' '} {choice.text}")

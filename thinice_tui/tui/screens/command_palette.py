"""The command palette: Textual's, with commands that fire once and a list that can be used while it fills."""

from typing import Any

from textual.app import ComposeResult
from textual.command import CommandInput, CommandPalette, SearchIcon
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, LoadingIndicator, OptionList

from thinice_tui.tui.widgets.option_lists import GuardedCommandList


class SafeCommandPalette(CommandPalette):
    """Textual's, for commands and for themes.

    Of two enters in a row Textual's carries out both, the second when the palette is gone already (seen in 8.2).
    """

    def compose(self) -> ComposeResult:
        with Vertical(id="--container"):
            with Horizontal(id="--input"):
                yield SearchIcon()
                yield CommandInput(placeholder=self._placeholder, select_on_focus=False)
            with Vertical(id="--results"):
                yield GuardedCommandList()
                yield LoadingIndicator()

    async def _dispatch_message(self, message: Message) -> None:
        """Ignore what was typed or chosen once there was a choice."""
        if self.is_current or not isinstance(message, (Input.Changed, Input.Submitted, OptionList.OptionSelected)):
            await super()._dispatch_message(message)

    def dismiss(self, result: Any = None) -> Any:
        """Leave, once: Textual would remove whichever screen is in front."""
        return super().dismiss(result) if self.is_current else None

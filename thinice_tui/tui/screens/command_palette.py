"""The command palette: Textual's, without a defect of its paging keys."""

from contextlib import suppress

from textual.command import CommandPalette


class SafeCommandPalette(CommandPalette):
    """Textual's, with PgUp and PgDn that can be pressed while its list fills.

    Textual looks up lines of a list that is not laid out yet, and fails (seen in 8.2).
    """

    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError, IndexError):
            super()._action_command_list(action)

"""The command palette: Textual's, without its accident."""

from contextlib import suppress

from textual.command import CommandPalette


class Palette(CommandPalette):
    """Textual's. Its PgUp and PgDn look up lines of a list that is not laid out while it fills (seen in 8.2)."""

    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError, IndexError):
            super()._action_command_list(action)

"""`python -m thinice_tui` is the command `thinice-tui`."""

from thinice_tui.commands.app import entry

if __name__ == "__main__":
    entry()

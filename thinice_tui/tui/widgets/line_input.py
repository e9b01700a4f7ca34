"""An input of one line, also for text that is pasted from several."""

from textual import events
from textual.widgets import Input


class LineInput(Input):
    """Textual's takes the first line of what is pasted and drops the rest; this one joins the lines with blanks."""

    def _on_paste(self, event: events.Paste) -> None:
        """Paste all lines as one."""
        event.stop()
        event.prevent_default()
        line = " ".join(part.strip() for part in event.text.splitlines() if part.strip())
        selection = self.selection
        if selection.is_empty:
            self.insert_text_at_cursor(line)
        else:
            self.replace(line, *selection)

"""The warnings of a run: shown once to the observer, and kept in the run file for the report."""

from thinice_tui.protocol.progress import Observer
from thinice_tui.runfile.writer import RunWriter


class Warnings:
    """Tells the observer each warning once, and keeps those of earlier engines."""

    def __init__(self, writer: RunWriter, observer: Observer) -> None:
        self._writer, self._observer = writer, observer
        self._told: set[str] = set()

    def add(self, warning: str) -> None:
        """Tell the observer, and keep it in the run file; a repeated warning is ignored."""
        if warning in self._told:
            return
        self._told.add(warning)
        self._observer.warn(warning)
        stored = self._writer.value("warnings")
        kept = stored if isinstance(stored, list) else []
        if warning not in kept:
            self._writer.set_values(warnings=[*kept, warning])

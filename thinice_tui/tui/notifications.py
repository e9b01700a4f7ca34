"""Messages that disappear by themselves."""

from time import time

from textual.notifications import Notification

LEAST = 0.05
"""Seconds that a message is shown at least."""


class TimedNotification(Notification):
    """Textual's, but its time left is never zero or less, also where it expires just as it is to be shown.

    Textual would set a timer to that time, and a timer of less than no time never lets go of the program (seen in 8.2).
    """

    is_replaced = False
    """Whether another message has taken its place."""

    @property
    def time_left(self) -> float:
        """Seconds until it expires, or LEAST."""
        return max(LEAST, super().time_left)

    @property
    def has_expired(self) -> bool:
        """Whether it has been shown long enough, or was replaced."""
        return self.is_replaced or self.raised_at + self.timeout <= time()

"""The terminal interface."""

import os

# Frames a second, which Textual reads when it is imported: a key that comes just after one waits for the next.
os.environ.setdefault("TEXTUAL_FPS", "120")

"""The terminal interface."""

import os

# Frames a second; Textual reads this when it is imported. A key is drawn with the next frame.
os.environ.setdefault("TEXTUAL_FPS", "120")

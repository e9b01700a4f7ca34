"""Markers and colours of sets and models.

Series differ by marker before colour: they can be told apart without colours.
"""

SET_MARKERS = {"S11": "●", "S10": "▼", "S01": "▲", "S00": "○"}
SET_WORDS = {"S11": "held", "S10": "lost", "S01": "gained", "S00": "broken"}
"""What happens to the samples of a set when the model is pruned."""
SET_COLOURS = {"S11": "blue", "S10": "red", "S01": "green", "S00": "gray"}
MODEL_MARKERS = "■◆+×★□◇"
MODEL_COLOURS = ("cyan", "orange", "magenta", "cyan+", "orange+", "magenta+", "white")
"""Other markers and colours than the sets': none means two things."""
MARK_COLOUR = "default"
"""The colour of the selected sample."""
PERCENTS = [0, 25, 50, 75, 100]
"""Ticks of an axis in percent."""


def model_style(number: int) -> tuple[str, str]:
    """Marker and colour of the model that has this number in its run; they repeat after the last."""
    return MODEL_MARKERS[number % len(MODEL_MARKERS)], MODEL_COLOURS[number % len(MODEL_COLOURS)]

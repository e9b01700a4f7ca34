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
ON_DARK = {
    "blue": "#5ea9ff", "red": "#ff7b6b", "green": "#4fd15a", "gray": "#a2acb6",
    "cyan": "#2fd6c8", "orange": "#ffa030", "magenta": "#bb86ff",
    "cyan+": "#b4e4ff", "orange+": "#f4ea6a", "magenta+": "#ff9ad6", "white": "#e6e6e6",
}  # fmt: skip
ON_LIGHT = {
    "blue": "#0860ca", "red": "#c2321f", "green": "#1a7f37", "gray": "#606973",
    "cyan": "#0a7575", "orange": "#a05500", "magenta": "#8a3ffc",
    "cyan+": "#00436b", "orange+": "#6b6a00", "magenta+": "#b0167a", "white": "#24282e",
}  # fmt: skip
"""How these colours look on a dark and a light ground, in the interface and in the HTML report (report.css); a terminal
of 16 colours has its own.
"""
MARK_COLOUR = "default"
"""The colour of the selected sample."""
PERCENTS = [0, 25, 50, 75, 100]
"""Ticks of an axis in percent."""


def model_style(number: int) -> tuple[str, str]:
    """Marker and colour of the model that has this number in its run; they repeat after the last."""
    return MODEL_MARKERS[number % len(MODEL_MARKERS)], MODEL_COLOURS[number % len(MODEL_COLOURS)]

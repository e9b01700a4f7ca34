"""The line of keys at the bottom, from the registry: as many as fit, the most needed first."""

from rich.text import Text
from textual.widgets import Static

from thinice_tui.tui.actions import ACTIONS, Place, actions_in

GAP = 2


class KeyBar(Static):
    """Keys of one place; each can be clicked."""

    def __init__(self, place: Place) -> None:
        super().__init__(markup=False)
        self._place = place

    def on_resize(self) -> None:
        self.update(keys(self._place, self.size.width), layout=False)


def keys(place: Place, width: int) -> Text:
    """Keys and titles in `width` cells, in the registry's order; where it is narrow, the ranks decide which."""
    texts = {
        action.name: Text.assemble((action.shown, "bold"), " ", action.title)
        for action in sorted(actions_in(place), key=lambda action: action.rank)
        if action.rank
    }
    chosen, used = set(), 1
    for name, text in texts.items():
        if used + len(text) + GAP > width:
            break
        chosen.add(name)
        used += len(text) + GAP
    line = Text(" ", no_wrap=True, overflow="crop", end="")
    for action in ACTIONS:
        if action.name in chosen:
            part = texts[action.name]
            part.apply_meta({"@click": f"app.do('{action.name}')"})
            line.append_text(part).append(" " * GAP)
    return line

"""The line of keys at the bottom: as many of the registry's actions as fit, by their ranks."""

from collections.abc import Mapping
from types import MappingProxyType

from rich.text import Text
from textual.widgets import Static

from thinice_tui.tui.action_registry import ACTIONS, Place, actions_in, shown_keys

GAP = 2


class KeyBar(Static):
    """The keys of one place; each can be clicked."""

    def __init__(self, place: Place, own_keys: Mapping[str, str]) -> None:
        super().__init__(markup=False)
        self._place, self._own_keys = place, own_keys

    def on_resize(self) -> None:
        self.update(keys(self._place, self.size.width, self._own_keys), layout=False)


def keys(place: Place, width: int, own_keys: Mapping[str, str] = MappingProxyType({})) -> Text:
    """Keys and titles in `width` cells, in the registry's order; where it is narrow, the ranks decide which."""
    texts = {
        action.name: Text.assemble((shown_keys(action, own_keys), "bold"), " ", action.title)
        for action in sorted(actions_in(place), key=lambda action: action.rank)
        if action.rank
    }
    chosen, used = set(), 1
    for name, text in texts.items():
        if used + text.cell_len + GAP > width:
            break
        chosen.add(name)
        used += text.cell_len + GAP
    line = Text(" ", no_wrap=True, overflow="crop", end="")
    for action in ACTIONS:
        if action.name in chosen:
            part = texts[action.name]
            part.apply_meta({"@click": f"app.do('{action.name}')"})
            line.append_text(part).append(" " * GAP)
    return line

"""The line of keys at the bottom: as many of the registry's actions as fit, by their ranks."""

from collections.abc import Mapping
from types import MappingProxyType

from rich.text import Text
from textual.widgets import Static

from thinice_tui.tui.action_registry import ACTIONS, Place, actions_in, shown_keys

GAP = 2
MORE = "…"


class KeyBar(Static):
    """The keys of one place; each can be clicked."""

    def __init__(self, place: Place, own_keys: Mapping[str, str]) -> None:
        super().__init__(markup=False)
        self._place, self._own_keys = place, own_keys

    def on_resize(self) -> None:
        self.update(keys(self._place, self.size.width, self._own_keys), layout=False)


def keys(place: Place, width: int, own_keys: Mapping[str, str] = MappingProxyType({})) -> Text:
    """Keys and titles in `width` cells, in the registry's order; where it is narrow, the ranks decide which.

    Where some do not fit, an … at the end leads to the help.
    """
    texts = {
        action.name: Text.assemble((shown_keys(action, own_keys), "bold"), " ", action.title)
        for action in sorted(actions_in(place), key=lambda action: action.rank)
        if action.rank
    }
    everything = 1 + sum(text.cell_len + GAP for text in texts.values())
    room = width if everything <= width else width - len(MORE)
    chosen, used = set(), 1
    for name, text in texts.items():
        if used + text.cell_len + GAP > room:
            break
        chosen.add(name)
        used += text.cell_len + GAP
    line = Text(" ", no_wrap=True, overflow="crop", end="")
    for action in ACTIONS:
        if action.name in chosen:
            part = texts[action.name]
            part.apply_meta({"@click": f"app.do('{action.name}')"})
            line.append_text(part).append(" " * GAP)
    if len(chosen) < len(texts) and line.cell_len + len(MORE) <= width:
        more = Text(MORE, style="bold")
        more.apply_meta({"@click": "app.do('help')"})
        line.append_text(more)
    return line

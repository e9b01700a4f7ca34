"""Everything that can be done in the interface, once: key bindings, footer, help and palette are made from this."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding, BindingType

Reason = str | None
"""What the handler of an action returns: why it could do nothing, else None."""
Place = Literal["browse", "inspect", "plots", "text"]
"""The screens: the table, one sample, a plot, the summary."""
Group = Literal["Move", "Look", "Choose", "Engine", "Take away", "Program"]
ALL: tuple[Place, ...] = ("browse", "inspect", "plots", "text")
ROWS: tuple[Place, ...] = ("browse", "inspect", "plots")


@dataclass(frozen=True)
class Action:
    """One thing to do; `name` is that of the handler, `do_<name>`, and of the key in the settings."""

    name: str
    keys: str
    shown: str
    """The keys as people read them."""
    title: str
    meaning: str
    group: Group
    places: tuple[Place, ...] = ALL
    rank: int = 0
    """Its place in the footer, 1 the last to go where it is narrow; 0: not in it."""


ACTIONS: tuple[Action, ...] = (
    Action("down", "j,down", "j ↓", "next", "next sample", "Move", ROWS),
    Action("up", "k,up", "k ↑", "previous", "previous sample", "Move", ROWS),
    Action("page_down", "pagedown,ctrl+f", "PgDn", "page down", "a page further down", "Move"),
    Action("page_up", "pageup,ctrl+b", "PgUp", "page up", "a page further up", "Move"),
    Action("first", "g,home", "g", "first", "to the first sample", "Move", ROWS),
    Action("last", "G,end", "G", "last", "to the last sample", "Move", ROWS),
    Action("left", "h,left", "h ←", "left", "columns further left", "Move", ("browse",)),
    Action("right", "l,right", "l →", "right", "columns further right", "Move", ("browse",)),
    Action(
        "inspect",
        "enter",
        "enter",
        "inspect",
        "images and logits of this sample, large",
        "Look",
        ("browse", "plots"),
        3,
    ),
    Action(
        "plot",
        "p",
        "p",
        "plot",
        "the next plot; where there is no room for one beside the table, a screen of it",
        "Look",
        ROWS,
        4,
    ),
    Action("large_plot", "P", "P", "large plot", "the plot on the whole screen", "Look", ("browse", "inspect")),
    Action("summary", "v", "v", "summary", "the whole report: accuracies, flip sets, statistics", "Look", ROWS, 10),
    Action("zoom", "z", "z", "zoom", "images in full size, or all side by side", "Look", ("inspect",), 5),
    Action("back", "escape", "esc", "back", "back to the table", "Look", ("inspect", "plots", "text"), 3),
    Action("show_all", "escape", "esc", "show all", "show every sample, whatever the filter", "Look", ("browse",)),
    Action(
        "filter",
        "slash",
        "/",
        "filter",
        "show only the samples that match, like set=S10 margin<0.5",
        "Choose",
        ("browse",),
        5,
    ),
    Action("set_s10", "1", "1", "S10", "samples lost by pruning (S10 ▼) only, or with others", "Choose", ROWS),
    Action("set_s01", "2", "2", "S01", "samples gained by pruning (S01 ▲) only, or with others", "Choose", ROWS),
    Action("set_s11", "3", "3", "S11", "samples held by both (S11 ●) only, or with others", "Choose", ROWS),
    Action("set_s00", "4", "4", "S00", "samples broken for both (S00 ○) only, or with others", "Choose", ROWS),
    Action(
        "set_all", "0", "0", "all sets", "every set; again: those that dense holds, as at the start", "Choose", ROWS
    ),
    Action("sort", "s", "s", "sort", "sort by the next column; or click its header", "Choose", ("browse",), 6),
    Action("sort_back", "S", "S", "sort back", "sort by the column before", "Choose", ("browse",)),
    Action("reverse", "r", "r", "reverse", "turn the order round", "Choose", ("browse",)),
    Action("columns", "c", "c", "columns", "choose the table's columns", "Choose", ("browse",)),
    Action("margin", "m", "m", "margin", "the dense margin: of the clean image, or under attack", "Choose", ROWS, 8),
    Action(
        "next_pruned", "right_square_bracket", "]", "next model", "compare dense with the next model", "Choose", ROWS, 9
    ),
    Action(
        "previous_pruned",
        "left_square_bracket",
        "[",
        "previous model",
        "compare dense with the model before",
        "Choose",
        ROWS,
    ),
    Action("pause", "space", "space", "pause", "pause the attack, or go on", "Engine"),
    Action("engine", "e", "e", "engine", "what the engine does: pause, stop, kill, resume, log", "Engine", ALL, 11),
    Action("export", "x", "x", "export", "save samples, indices or images to a file", "Take away", ROWS, 7),
    Action("copy", "y", "y", "copy", "copy this sample's index", "Take away", ROWS),
    Action("copy_all", "Y", "Y", "copy all", "copy the indices of all samples shown", "Take away", ROWS),
    Action("screenshot", "ctrl+s", "^s", "screenshot", "save the screen as SVG", "Take away"),
    Action("help", "question_mark,f1", "?", "help", "this list", "Program", ALL, 1),
    Action("palette", "ctrl+p", "^p", "palette", "all commands, by name; themes", "Program"),
    Action("quit", "q,ctrl+q", "q", "quit", "quit; a running attack can go on without this view", "Program", ALL, 2),
)
BY_NAME: Mapping[str, Action] = {action.name: action for action in ACTIONS}
SET_ACTIONS = {"set_s10": "S10", "set_s01": "S01", "set_s11": "S11", "set_s00": "S00"}


def shown_keys(action: Action, other: Mapping[str, str]) -> str:
    """The action's keys as people read them; `other`: keys of the user's own, by the action's name."""
    return other[action.name].replace("ctrl+", "^") if action.name in other else action.shown


def actions_in(place: Place) -> Iterator[Action]:
    """What can be done in `place`, in the order of the help."""
    return (action for action in ACTIONS if place in action.places)


def bindings_in(place: Place) -> list[BindingType]:
    """Textual's bindings of `place`; their ids are what the settings' `keys` name.

    The filter's key goes first: what is typed with it, all at once over a slow line, is meant for the filter.
    """
    return [
        Binding(
            action.keys,
            f"app.do('{action.name}')",
            action.title,
            show=False,
            id=action.name,
            priority=action.name == "filter",
        )
        for action in actions_in(place)
    ]

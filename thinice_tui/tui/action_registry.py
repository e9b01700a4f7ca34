"""All actions of the interface as data. Key bindings, footer, help and palette are made from this list."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding, BindingType

Reason = str | None
"""What the handler of an action returns: why it could do nothing, else None."""
Place = Literal["browse", "inspect", "plots", "summary", "text"]
"""The screens: the table, one sample, a plot, the summary, the help."""
Group = Literal["Move", "View", "Filter and sort", "Mark and tag", "Engine", "Export", "Program"]
ALL: tuple[Place, ...] = ("browse", "inspect", "plots", "summary", "text")
ROWS: tuple[Place, ...] = ("browse", "inspect", "plots")
MODELS: tuple[Place, ...] = (*ROWS, "summary")
EVERY_PLACE: tuple[Place, ...] = (*MODELS, "text")


@dataclass(frozen=True)
class Action:
    """One thing to do. Its handler is the method `do_<name>`; the settings name it by `name`, too."""

    name: str
    keys: str
    shown: str
    """The keys as people read them."""
    title: str
    meaning: str
    group: Group
    places: tuple[Place, ...] = ALL
    rank: int = 0
    """Its importance in the footer: 1 is the last to go where that is narrow; 0: never in it."""


ACTIONS: tuple[Action, ...] = (
    Action("down", "j,down", "j ↓", "next", "next sample; in a text the next line", "Move"),
    Action("up", "k,up", "k ↑", "previous", "previous sample; in a text the previous line", "Move"),
    Action("page_down", "pagedown,ctrl+f", "PgDn", "page down", "one page down", "Move"),
    Action("page_up", "pageup,ctrl+b", "PgUp", "page up", "one page up", "Move"),
    Action("first", "g,home", "g", "first", "first sample, or line", "Move"),
    Action("last", "G,end", "G", "last", "last sample, or line", "Move"),
    Action("jump", "colon", ":", "go to", "go to a sample by its number, like :484", "Move", EVERY_PLACE, 12),
    Action("next_flip", "n", "n", "next flip", "next sample that is lost or gained", "Move", ROWS, 13),
    Action("previous_flip", "N", "N", "previous flip", "previous sample that is lost or gained", "Move", ROWS),
    Action("left", "h,left", "h ←", "left", "scroll the columns to the left", "Move", ("browse",)),
    Action("right", "l,right", "l →", "right", "scroll the columns to the right", "Move", ("browse",)),
    Action(
        "ladder",
        "L",
        "L",
        "ladder",
        "the ladder: where each sample falls, in all models; or one model",
        "View",
        ("browse",),
        8,
    ),
    Action(
        "inspect",
        "enter",
        "enter",
        "inspect",
        "this sample's images and logits on the whole screen",
        "View",
        ("browse", "plots"),
        3,
    ),
    Action(
        "plot",
        "p",
        "p",
        "plot",
        "the next plot; in a small terminal: the plot on the whole screen",
        "View",
        ROWS,
        4,
    ),
    Action("large_plot", "P", "P", "large plot", "the plot on the whole screen", "View", ("browse", "inspect")),
    Action(
        "summary",
        "v",
        "v",
        "summary",
        "the summary: all models; again: each class, the whole report",
        "View",
        MODELS,
        10,
    ),
    Action("zoom", "z", "z", "zoom", "images in full size, or all side by side", "View", ("inspect",), 5),
    Action("back", "escape", "esc", "back", "back to the table", "View", ("inspect", "plots", "summary", "text"), 3),
    Action(
        "show_all",
        "escape",
        "esc",
        "show all",
        "in the table: show every sample",
        "View",
        ("browse",),
    ),
    Action(
        "filter",
        "slash",
        "/",
        "filter",
        "show only the samples that match, like set=S10 margin<0.5",
        "Filter and sort",
        EVERY_PLACE,
        5,
    ),
    Action("set_s10", "1", "1", "S10", "samples lost by pruning (S10 ▼) only, or with others", "Filter and sort", ROWS),
    Action(
        "set_s01", "2", "2", "S01", "samples gained by pruning (S01 ▲) only, or with others", "Filter and sort", ROWS
    ),
    Action("set_s11", "3", "3", "S11", "samples robust for both (S11 ●) only, or with others", "Filter and sort", ROWS),
    Action("set_s00", "4", "4", "S00", "samples broken for both (S00 ○) only, or with others", "Filter and sort", ROWS),
    Action(
        "set_all",
        "0",
        "0",
        "all sets",
        "every set; again: only those robust for dense, as at the start",
        "Filter and sort",
        ROWS,
    ),
    Action(
        "lost_by_pruning",
        "f",
        "f",
        "by pruning",
        "lost by pruning, not by retraining: the control holds them",
        "Filter and sort",
        ROWS,
        14,
    ),
    Action("sort", "s", "s", "sort", "sort by the next column; or click its header", "Filter and sort", ("browse",), 6),
    Action("sort_back", "S", "S", "sort back", "sort by the previous column", "Filter and sort", ("browse",)),
    Action("reverse", "r", "r", "reverse", "reverse the order", "Filter and sort", ("browse",)),
    Action(
        "columns",
        "c",
        "c",
        "columns",
        "choose the table's columns; of the ladder: what they mean",
        "Filter and sort",
        ("browse",),
    ),
    Action(
        "margin",
        "m",
        "m",
        "margin",
        "next kind of margin: clean, under attack, distance to the boundary",
        "Filter and sort",
        ROWS,
        8,
    ),
    Action(
        "next_pruned",
        "right_square_bracket",
        "]",
        "next model",
        "compare the dense model with the next model",
        "Filter and sort",
        MODELS,
        9,
    ),
    Action(
        "previous_pruned",
        "left_square_bracket",
        "[",
        "previous model",
        "compare the dense model with the previous model",
        "Filter and sort",
        MODELS,
    ),
    Action(
        "next_run",
        "right_curly_bracket",
        "}",
        "next run",
        "of several runs, browse the next: the same sample and model",
        "Filter and sort",
        ROWS,
    ),
    Action(
        "mark", "space", "space", "mark", "mark this sample, or unmark it, and go to the next", "Mark and tag", ROWS
    ),
    Action("mark_down", "shift+down,J", "J", "mark down", "mark this sample and the next", "Mark and tag", ROWS),
    Action("mark_up", "shift+up,K", "K", "mark up", "mark this sample and the previous", "Mark and tag", ROWS),
    Action("mark_all", "A", "A", "mark all", "mark all samples shown; again: no sample", "Mark and tag", ROWS),
    Action("tag", "t", "t", "tag", "tag this sample, or those marked, with words of yours", "Mark and tag", ROWS, 15),
    Action("pause", "w", "w", "pause", "pause the attack (wait), or go on", "Engine"),
    Action("engine", "e", "e", "engine", "the engine's state and log; pause, stop, kill, resume", "Engine", ALL, 11),
    Action("export", "x", "x", "export", "save samples, indices or images to a file", "Export", ROWS, 7),
    Action("pictures", "o", "o", "pictures", "save this sample's images as PNG, and show them", "Export", ROWS),
    Action("copy", "y", "y", "copy", "copy this sample's index", "Export", ROWS),
    Action("copy_all", "Y", "Y", "copy all", "copy the indices of all samples shown", "Export", ROWS),
    Action("screenshot", "ctrl+s", "^s", "screenshot", "save the screen as SVG", "Export"),
    Action("help", "question_mark,f1", "?", "help", "this list", "Program", ALL, 1),
    Action("palette", "ctrl+p", "^p", "palette", "all commands, by name; themes", "Program"),
    Action("suspend", "ctrl+z", "^z", "suspend", "back to the shell; its command fg comes back here", "Program"),
    Action(
        "quit", "q,ctrl+q", "q", "quit", "quit; a running attack can go on without the interface", "Program", ALL, 2
    ),
    Action("ask_quit", "ctrl+c", "^c", "quit?", "ask whether to quit, also from a dialog", "Program"),
)
BY_NAME: Mapping[str, Action] = {action.name: action for action in ACTIONS}
EVERYWHERE = ("suspend", "ask_quit")
"""Actions whose keys work in dialogs, too, and where text is typed."""
TYPING = ("filter", "jump")
"""Actions that open a line to type in: over a slow connection their keys arrive together with what is typed."""
SET_ACTIONS = {"set_s10": "S10", "set_s01": "S01", "set_s11": "S11", "set_s00": "S00"}


def shown_keys(action: Action, own_keys: Mapping[str, str]) -> str:
    """The action's keys as people read them; `own_keys`: the user's keys, by the action's name."""
    return own_keys[action.name].replace("ctrl+", "^") if action.name in own_keys else action.shown


def actions_in(place: Place) -> Iterator[Action]:
    """The actions of `place`, in the order of the help."""
    return (action for action in ACTIONS if place in action.places)


def bindings_in(place: Place) -> list[BindingType]:
    """Textual's bindings of `place`; their ids are the names in the settings' `keys`."""
    return [_binding(action) for action in actions_in(place)]


def bindings_everywhere() -> list[BindingType]:
    """Textual's bindings that every screen has, dialogs too."""
    return [_binding(BY_NAME[name]) for name in EVERYWHERE]


def _binding(action: Action) -> Binding:
    return Binding(
        action.keys,
        f"app.do('{action.name}')",
        action.title,
        show=False,
        id=action.name,
        priority=action.name in (*EVERYWHERE, *TYPING),
    )


def action_elsewhere(key: str, place: Place, own_keys: Mapping[str, str]) -> Action | None:
    """The action of `key`, by Textual's name, that other places have and `place` has not; None where there is none."""
    actions = [action for action in ACTIONS if key in own_keys.get(action.name, action.keys).split(",")]
    return None if any(place in action.places for action in actions) else next(iter(actions), None)

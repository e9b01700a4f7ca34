"""The help: every key and what it does, the sets, and the filter's language."""

from collections.abc import Mapping
from types import MappingProxyType

from rich.text import Text

from thinice_tui.tui.action_registry import ACTIONS, shown_keys


def help_text(own_keys: Mapping[str, str] = MappingProxyType({})) -> Text:
    """The registry as a list, group by group; `own_keys`: the user's keys, by the action's name."""
    text = Text()
    group = ""
    for action in ACTIONS:
        if action.group != group:
            group = action.group
            text.append(f"{group}\n", style="bold underline")
        text.append(f"  {shown_keys(action, own_keys):<7}", style="bold").append(f" {action.meaning}\n")
    text.append("\nThe sets, dense first, pruned second\n", style="bold underline")
    text.append("  ▼ S10  held by dense, lost by the pruned model     ▲ S01  lost by dense, gained\n")
    text.append("  ● S11  held by both                                ○ S00  lost by both     ?  undecided\n")
    text.append("\nFilter\n", style="bold underline")
    text.append(
        "  set=S10 label=cat,dog margin<0.5 broken_by=square   conditions side by side all hold; or, not, ( )\n"
    )
    text.append("  margin=0..0.5  label~ca  broken_by!=none  sample=17  tab completes, esc takes the old filter back\n")
    return text

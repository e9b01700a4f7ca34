"""The help: every key and what it does, a glossary, and the filter's language."""

from collections.abc import Mapping
from types import MappingProxyType

from rich.text import Text

from thinice_tui.tui.action_registry import ACTIONS, shown_keys

TERM_WIDTH = 12
GLOSSARY: dict[str, dict[str, str]] = {
    "The sets: dense first, the pruned model second": {
        "▼ S10 lost": "dense holds the sample, the pruned model does not",
        "▲ S01 gained": "the pruned model holds it, dense does not",
        "● S11 held": "both hold it: right on the image, and no attack succeeds",
        "○ S00 broken": "neither holds it",
        "? undecided": "the attacks that decide it are not done",
    },
    "Words": {
        "robust %": "share of samples that no attack of the run breaks",
        "NFR": "negative flip rate: lost samples out of all (S10)",
        "PFR": "positive flip rate: gained samples out of all (S01)",
        "margin": "logit of the true class minus the largest other; < 0: wrong",
        "AUC": "chance that a lost sample's dense margin is below a held one's",
        "AUC 0.5": "margins do not tell lost from held samples",
        "[a, b]": "95 % interval of the number before it",
        "lost in": "2 of 3: training seeds whose pruned model loses the sample",
        "control": "dense trained further without pruning: what flips anyway",
        "adv": "on the adversarial image: under the worst attack found",
        "distance": "the least change of the image that makes it misclassified",
        "PARTIAL, ≤": "not all attacks are done: numbers can still fall",
    },
    "Filter (/)": {
        "set=S10 label=cat,dog margin<0.5": "all conditions hold; or, not, ( ) as usual",
        "cat": "a bare word: it is in the label or in a prediction",
        "tag=odd": "samples that you have tagged so (t)",
        "margin=0..0.5  label~ca": "a range; part of a name",
        "broken_by!=none  sample=17": "none: not known, or nothing",
        "lost_in>=2  falls_at=90": "by training seeds that lose it; by the ladder",
        "tab ↑ enter esc": "complete; earlier filters; done; take the old filter back",
    },
}


def help_text(own_keys: Mapping[str, str] = MappingProxyType({})) -> Text:
    """The registry as a list, group by group; `own_keys`: the user's keys, by the action's name."""
    text = Text()
    for group in dict.fromkeys(action.group for action in ACTIONS):
        text.append(f"{group}\n", style="bold underline")
        meanings: dict[str, list[str]] = {}  # one key may mean something else in another place
        for action in ACTIONS:
            if action.group == group:
                meanings.setdefault(shown_keys(action, own_keys), []).append(action.meaning)
        for keys, said in meanings.items():
            text.append(f"  {keys:<7}", style="bold").append(f" {'; '.join(said)}\n")
    for title, entries in GLOSSARY.items():
        text.append(f"\n{title}\n", style="bold underline")
        for term, meaning in entries.items():
            text.append(f"  {term:<{TERM_WIDTH}}", style="bold").append(f" {meaning}\n")
    return text

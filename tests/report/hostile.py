"""Names that mean something to every format, and a run whose models and classes have them."""

from pathlib import Path

from tests.fake_runs import write_run
from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.runfile.records import Role

HOSTILE = (
    "<script>alert(1)</script>",
    "a|b`c`**d**_e_[f](http://g.example)",
    r"\input{/etc/passwd}$x_1$%&#~^{}",
    "</script><img src=x onerror=alert(1)>",
    "@user #1 & &amp; ' \" -- ``",
    "$\\frac{1}{0}$",
    "_hidden",
    "![x](y) ~~z~~ www.h.example",
)
CONTROLS = "line\nbreak\x1b[31m\u202e"
"""The run file's reader replaces these, in names that come from files; blocks may hold them all the same."""


def hostile_analysis(folder: Path) -> Analysis:
    """A run of a dense and a pruned model and a control, named so, with such classes and sources."""
    models: dict[str, Role] = {HOSTILE[0]: "dense", HOSTILE[1]: "pruned", HOSTILE[2]: "pruned"}
    models |= {HOSTILE[6]: "pruned", HOSTILE[4] + CONTROLS: "control"}
    names = [*HOSTILE, CONTROLS]
    return analyse(
        write_run(
            folder / "a.thinice",
            models,
            n=90,
            classes=len(names),
            class_names=names,
            more={"warnings": [" ".join(HOSTILE)], "device": HOSTILE[3]},
        )
    )

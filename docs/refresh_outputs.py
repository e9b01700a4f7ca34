"""Brings up to date what the documents show of the sample models' finished run: outputs, the notebook, the pictures.

    python docs/refresh_outputs.py

It rewrites each part of a page between `<!-- shown: NAME -->` and `<!-- end -->`, where NAME is a key of SHOWN. A test
compares these parts with what the commands print.
"""

import functools
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUN = "sample_models/standard.thinice"
SEEDS = (RUN, "sample_models/seed-1.thinice", "sample_models/seed-2.thinice")
"""Runs of three training seeds."""
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "sample_models" / "README.md")
PART = re.compile(r"(<!-- shown: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
WIDTH = 126
"""Columns of a page."""


@functools.cache
def printed(*arguments: str) -> str:
    """What `thinice-tui` prints with these arguments, in the project's folder."""
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "thinice_tui", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


def markdown_table(caption: str, *runs: str) -> str:
    """The table of that caption in the Markdown report of `runs`."""
    below = printed("report", *runs, "--format", "md").split(f"**{caption}**\n\n")[1]
    return below.partition("\n\n")[0] + "\n"


def methods() -> str:
    """The methods paragraph of the Markdown report, as a quotation."""
    paragraph = (
        printed("report", RUN, "--format", "md").split("Methods, to paste into a paper\n\n")[1].partition("\n")[0]
    )
    lines = textwrap.wrap(paragraph, WIDTH - 2, break_on_hyphens=False, break_long_words=False)
    return "".join(f"> {line}\n" for line in lines)


def text_section(heading: str) -> str:
    """A section of the text report, without its heading."""
    below = printed("report", RUN).split(f"\n{heading}\n")[1]
    return fenced(re.split(r"\n\n(?=\S[^\n]*\n\S)", below)[0])


def fenced(text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.strip("\n").split("\n"))
    return f"```text\n{lines}\n```\n"


SHOWN: dict[str, Callable[[], str]] = {
    "models": partial(markdown_table, "Models", RUN),
    "excess": partial(markdown_table, "Each pruned model against the control (95 % intervals)", RUN),
    "ladder": partial(markdown_table, "Pruned models by rising sparsity (95 % intervals)", RUN),
    "against-dense": partial(text_section, "Each model against dense"),
    "provenance": partial(text_section, "How these numbers were made"),
    "seeds": partial(markdown_table, "Models: mean over 3 training seeds, range in brackets", *SEEDS),
    "stability": partial(markdown_table, "Samples by how many seeds lose them", *SEEDS),
    "shared": partial(markdown_table, "Losses that two seeds share, over all pairs, against chance", *SEEDS),
    "exemplars": partial(markdown_table, "Pruning-identified exemplars (Hooker et al. 2019): samples", *SEEDS),
    "methods": methods,
    "verify": lambda: fenced(printed("verify", RUN)),
}
"""What is shown, by its name in the pages."""


def refreshed(page: str) -> str:
    """The text of a page with every shown part as it is now; raises KeyError for a name that SHOWN lacks."""
    return PART.sub(lambda part: f"{part[1]}{SHOWN[part[2]]()}{part[3]}", page)


def main() -> None:
    for path in PAGES:
        path.write_text(refreshed(path.read_text(encoding="utf-8")), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for script in (("-m", "tests.notebooks", "docs/notebook.ipynb"), ("docs/screenshots.py",)):
        subprocess.run([sys.executable, *script], cwd=ROOT, env=environment, check=True)


if __name__ == "__main__":
    main()

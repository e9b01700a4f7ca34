"""Executes a notebook's code cells in order, in one namespace, without Jupyter.

`python -m tests.notebooks docs/notebook.ipynb` executes it in its folder and stores what the cells show.
"""

import ast
import contextlib
import io
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VARIES = "varies"
"""The tag of a cell whose output depends on the machine."""


@dataclass(frozen=True)
class Cell:
    """A code cell: its source, the text that it shows as stored, its tags."""

    source: str
    shown: str
    tags: tuple[str, ...]


def code_cells(notebook: dict[str, Any]) -> list[Cell]:
    return [
        Cell("".join(cell["source"]), stored_text(cell), tuple(cell["metadata"].get("tags", ())))
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


def stored_text(cell: dict[str, Any]) -> str:
    """What a cell printed, then what its last expression was."""
    parts = []
    for output in cell["outputs"]:
        parts.append("".join(output["text"] if output["output_type"] == "stream" else output["data"]["text/plain"]))
    return "".join(parts)


def execute(source: str, namespace: dict[str, Any]) -> tuple[str, str | None]:
    """Run a cell; what it printed, and the repr of its last expression (None: there is none, or it is None)."""
    tree, printed = ast.parse(source), io.StringIO()
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), namespace)
        value = None
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)
    return printed.getvalue(), None if value is None else repr(value)


def store_outputs(path: Path) -> None:
    """Execute the notebook in its folder, and store what its cells show in place of what they showed."""
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    os.chdir(path.parent)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    count = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        count += 1
        printed, value = execute("".join(cell["source"]), namespace)
        outputs: list[dict[str, Any]] = []
        if printed:
            outputs.append({"name": "stdout", "output_type": "stream", "text": printed.splitlines(keepends=True)})
        if value is not None:
            data = {"text/plain": value.splitlines(keepends=True)}
            outputs.append({"data": data, "execution_count": count, "metadata": {}, "output_type": "execute_result"})
        cell |= {"execution_count": count, "outputs": outputs}
    Path(path.name).write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    store_outputs(Path(sys.argv[1]).resolve())

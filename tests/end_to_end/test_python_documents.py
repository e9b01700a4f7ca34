"""The Python of the documents: blocks of docs/python.md in order, and the notebook's cells with what they show."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.linear_models import make_task, module, pruned_weight
from tests.notebooks import VARIES, code_cells, execute
from tests.places import ROOT, SAMPLE_MODELS

PAGE, NOTEBOOK = ROOT / "docs" / "python.md", ROOT / "docs" / "notebook.ipynb"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def namespace() -> dict[str, Any]:
    task = make_task()
    return {
        "network": module(task.weight),
        "half_pruned": module(pruned_weight(task.weight, 0.05)),
        "images_in_memory": torch.from_numpy(task.images),
        "labels_in_memory": torch.from_numpy(task.labels),
    }


@pytest.mark.filterwarnings("ignore::thinice_tui.errors.ThiniceWarning")
def test_the_blocks_of_the_page_run_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(SAMPLE_MODELS / "standard.thinice", tmp_path)
    blocks, names = BLOCK.findall(PAGE.read_text()), namespace()
    assert len(blocks) >= 8
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    shown = capsys.readouterr().out
    assert "<LoadedRun standard.thinice:" in shown and "returns probabilities" in shown and "PGD-10" in shown
    assert {path.name for path in tmp_path.iterdir()} == {"standard.thinice", "x.thinice"}


def test_the_page_names_every_argument_and_array() -> None:
    import inspect

    import thinice_tui as ti

    text = PAGE.read_text()
    arguments = [name for function in (ti.attack, ti.compare) for name in inspect.signature(function).parameters]
    options = set(arguments) - {"model", "images", "labels", "dense", "pruned", "attack", "norm"}
    assert not {name for name in options if f"{name}=" not in text}
    public = [name for kind in (ti.LoadedRun, ti.ModelResults) for name in vars(kind) if not name.startswith("_")]
    known = {"keep_in_memory", "analysis", "name", "role"}
    assert not {name for name in public if name not in text} - known
    fields = ti.AttackResult.__dataclass_fields__
    assert isinstance(fields, Mapping) and not {name for name in fields if f"`{name}`" not in text}


def test_the_notebook_shows_what_its_cells_give(monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m tests.notebooks docs/notebook.ipynb` stores what they give now."""
    monkeypatch.chdir(NOTEBOOK.parent)
    notebook = json.loads(NOTEBOOK.read_text())
    assert notebook["nbformat"] == 4 and len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    names: dict[str, Any] = {"__name__": "__main__"}
    cells = code_cells(notebook)
    assert len(cells) > 10
    for cell in cells:
        printed, value = execute(cell.source, names)
        shown = printed + (value or "")
        if VARIES in cell.tags:
            assert bool(shown) == bool(cell.shown)
        else:
            assert shown == cell.shown, cell.source

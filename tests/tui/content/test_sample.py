"""One sample as text: it fits the room it was given, and says what became of it."""

import re
from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import write_run
from tests.places import SAMPLE_MODELS
from tests.tui.content.rendering import in_room, rows_of, sample_in, widest
from tests.tui.driver import MODELS
from thinice_tui.analysis.model_sets import models_by_sparsity
from thinice_tui.plots.style import SET_MARKERS
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Run
from thinice_tui.tui.content.sample import sample_view
from thinice_tui.tui.sample_detail import load_sample_detail

SHAPES = [(1, 28, 28), (3, 32, 32), (3, 64, 64), (3, 224, 224), (3, 24, 60), (2, 60, 24)]


@pytest.fixture(scope="module", params=SHAPES, ids=str)
def pictured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A small run of images of one shape."""
    path = tmp_path_factory.mktemp("pictured") / "a.thinice"
    return write_run(path, MODELS, n=40, shape=request.param)


@pytest.mark.parametrize("name", ["S10", "S11"])
@pytest.mark.parametrize("size", [(50, 18), (58, 17), (78, 21), (200, 60)])
def test_a_sample_fits_the_room_it_has(name: str, size: tuple[int, int], pictured: Run) -> None:
    rows, position = sample_in(pictured, name)
    detail = load_sample_detail(pictured, 1, position)
    lines = in_room(sample_view(rows, detail, *size), size[0])
    assert widest(lines) <= size[0]
    assert len(lines) <= size[1]
    text = "\n".join(lines)
    for words in (f"#{3 * position}", f"class {position % 5}", name, SET_MARKERS[name], "dense", "half", "logits", "▀"):
        assert words in text, words
    assert text.count("attacked") >= 2


def test_a_sample_in_full_size_has_a_cell_for_each_column_of_pixels(pictured: Run) -> None:
    rows, position = sample_in(pictured, "S10")
    detail = load_sample_detail(pictured, 1, position)
    lines = in_room(sample_view(rows, detail, 250, 20, full_size=True), 250)
    assert detail.clean is not None
    _, height, width = detail.clean.shape
    images = [line for line in lines if "▀" in line]
    assert max(len(line.split(" ")[0]) for line in images) >= min(width, 250)
    assert len(images) >= height / 2
    assert widest(lines) <= 250


@pytest.mark.parametrize("width", [30, 60, 100])
def test_full_size_is_as_wide_as_the_room_and_as_high_as_it_needs(width: int, pictured: Run) -> None:
    rows, position = sample_in(pictured, "S10")
    lines = in_room(sample_view(rows, load_sample_detail(pictured, 1, position), width, 20, full_size=True), width)
    assert widest(lines) <= width
    assert sum("logits" in line for line in lines) == 1


def test_all_the_images_of_a_flip_are_named(run: Run) -> None:
    rows, position = sample_in(run, "S10")
    text = "\n".join(in_room(sample_view(rows, load_sample_detail(run, 1, position), 120, 40), 120))
    assert "clean" in text and "half adv" in text and "Δ×" in text and "dense adv" not in text
    rows, position = sample_in(run, "S01")
    text = "\n".join(in_room(sample_view(rows, load_sample_detail(run, 1, position), 120, 40), 120))
    assert "dense adv" in text and "half adv" not in text


def test_the_outcomes_under_both_models_are_shown(run: Run) -> None:
    rows, position = sample_in(run, "S10")
    dense, half = run.models[0], run.models[1]
    text = "\n".join(in_room(sample_view(rows, load_sample_detail(run, 1, position), 120, 40), 120))
    assert f"{dense.clean_margin[position]:.3f} → {dense.worst_margin[position]:.3f}" in text
    assert "dense: stands" in text
    stage = run.models[0].stages[half.broken_by[position]].name if half.broken_by[position] >= 0 else "without attack"
    fate = next(line for line in text.splitlines() if line.startswith("half: "))
    assert f"class {half.worst_prediction[position]}" in fate and stage in fate


def test_images_that_were_not_kept_are_marked(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=40, keep_images=False)
    half = run.models[1]
    rows = rows_of(run)
    position = int(np.flatnonzero(half.broken_by >= 0)[0])
    lines = in_room(sample_view(rows, load_sample_detail(run, 1, position), 78, 21), 78)
    assert "(image not kept)" in "\n".join(lines) and len(lines) <= 21 and widest(lines) <= 78
    assert "clean" in "\n".join(lines)


def test_without_the_run_file_the_outcomes_are_still_shown(run: Run) -> None:
    rows, position = sample_in(run, "S10")
    Path(run.path).unlink()
    lines = in_room(sample_view(rows, load_sample_detail(run, 1, position), 78, 21), 78)
    text = " ".join(lines)
    assert "there is no such run file" in text and f"#{3 * position}" in text and "S10" in text
    assert widest(lines) <= 78


@pytest.mark.parametrize("through", [0, 1])
def test_undecided_samples_are_marked(through: int, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=40, through=through)
    rows = rows_of(run)
    standing = int(np.flatnonzero(run.models[0].clean_margin > 2)[0])
    text = "\n".join(in_room(sample_view(rows, load_sample_detail(run, 1, standing), 78, 21), 78))
    assert ("not attacked yet" in text and "undecided" in text) == (through == 0)


def test_bars_have_one_zero_and_one_scale_and_the_label_is_ticked(run: Run) -> None:
    rows, position = sample_in(run, "S11")
    detail = load_sample_detail(run, 1, position)
    lines = in_room(sample_view(rows, detail, 120, 40), 120)
    shown = [line for line in lines if line[2:].startswith("class ")]
    assert len(shown) == 5 and shown[0].startswith(f"✓ class {position % 5}")
    assert sum("✓" in line for line in shown) == 1
    zeros = {tuple(i for i, sign in enumerate(line) if sign == "│") for line in shown}
    assert len(zeros) == 1 and len(zeros.pop()) == 4, "a line at zero in each of four columns"
    logits = [*detail.clean_logits, *detail.worst_logits]
    cells = {}
    for line in shown:
        number = int(line[2:].split()[1])
        cells[line.count("▇")] = sum(abs(float(one[number])) for one in logits if one is not None)
    largest = max(cells, key=lambda count: cells[count])
    for count, total in cells.items():
        assert count == pytest.approx(largest * total / cells[largest], abs=3), "each of four bars is rounded"


def test_of_many_classes_the_label_and_the_predictions_come_first(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=40, classes=1000)
    rows, position = sample_in(run, "S00")
    lines = in_room(sample_view(rows, load_sample_detail(run, 1, position), 78, 21), 78)
    shown = [line[2:].split()[1] for line in lines if line[2:].startswith("class ")]
    assert len(lines) <= 21 and shown[0] == str(position)
    said = {str(model.worst_prediction[position]) for model in run.models[:2]}
    assert said <= set(shown)


@pytest.mark.parametrize("size", [(58, 17), (78, 21), (140, 36), (200, 56)])
def test_all_models_of_a_run_side_by_side(size: tuple[int, int]) -> None:
    run = read_run(SAMPLE_MODELS / "standard.thinice")
    position = int(np.flatnonzero(run.indices == 729)[0])
    rows = rows_of(run)
    detail = load_sample_detail(run, 1, position, models_by_sparsity(run))
    lines = in_room(sample_view(rows, detail, *size), size[0])
    assert widest(lines) <= size[0] and len(lines) <= size[1]
    text = "\n".join(lines)
    captions = next(line for line in lines if line.startswith("clean"))
    assert "pruned-90" in captions and captions.count("adv") == 2 and "Δ×" in captions
    if size[1] < 30:
        for words in (
            "● dense stands",
            "▼ pruned-90 cat",
            "▼ pruned cat",
            "▼ pruned-99 horse without attack",
            "● control stands",
        ):
            assert words in text, words
    else:
        for words in ("dense: stands", "pruned-90: says cat by PGD-20", "pruned-99: says horse without attack"):
            assert words in text, words
    logits = next(line for line in lines if line.startswith("logits"))
    assert logits.split() == ["logits", "dense", "attacked", "pruned-90", "attacked"]


def test_the_perturbation_is_that_of_the_model_compared() -> None:
    run = read_run(SAMPLE_MODELS / "standard.thinice")
    position = int(np.flatnonzero(run.indices == 729)[0])
    detail = load_sample_detail(run, 3, position, models_by_sparsity(run))
    text = "\n".join(in_room(sample_view(rows_of(run, other=1), detail, 140, 36), 140))
    assert re.search(r"Δ×\d+ pruned-90", text)
    second = next(number for number, model in enumerate(run.models) if model.record.name == "pruned")
    text = "\n".join(in_room(sample_view(rows_of(run, other=second), detail, 140, 36), 140))
    assert re.search(r"Δ×\d+ pruned\s", text + " ")

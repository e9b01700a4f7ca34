"""What the interface draws, as text: it fits the room it was given, and says what it should."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.text import Text

from tests.fake_runs import write_run
from tests.tui.driver import MODELS
from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.table import ALL_SETS, HELD_SETS, SET_NAMES, Rows, View, select_rows
from thinice_tui.plots.charts import SET_MARKERS
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Heartbeat, Role, Run
from thinice_tui.tui.content.plots import PLOTS, plot
from thinice_tui.tui.content.rows import empty_reason, rows_line
from thinice_tui.tui.content.run import progress, summary, title
from thinice_tui.tui.content.sample import sample_view
from thinice_tui.tui.sample_detail import load_sample_detail

WIDTHS = (20, 40, 60, 80, 120, 200)
LONG: dict[str, Role] = {"dense": "dense", "a very long name of a model " * 4: "pruned", "again": "control"}


def in_room(content: RenderableType, width: int) -> list[str]:
    """`content` as the lines of a view `width` wide, without blanks at their ends."""
    console = Console(width=width, color_system="truecolor", force_terminal=True, highlight=False)
    return ["".join(segment.text for segment in line).rstrip() for line in console.render_lines(content, pad=False)]


def widest(lines: Sequence[str]) -> int:
    return max(map(cell_len, lines))


def rows_of(run: Run, **view: object) -> Rows:
    return select_rows(run, View(**{"sets": ALL_SETS, **view}))  # type: ignore[arg-type]


@pytest.fixture
def run(run_file: Path) -> Run:
    return read_run(run_file)


# one sample


SHAPES = [(1, 28, 28), (3, 32, 32), (3, 64, 64), (3, 224, 224), (3, 24, 60), (2, 60, 24)]


@pytest.fixture(scope="module", params=SHAPES, ids=str)
def pictured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A small run of images of one shape."""
    path = tmp_path_factory.mktemp("pictured") / "a.thinice"
    return write_run(path, MODELS, n=40, shape=request.param)


def sample_in(run: Run, name: str, other: int = 1) -> tuple[Rows, int]:
    """The rows of a run, and a sample of the set `name`."""
    rows = rows_of(run, other=other)
    found = np.flatnonzero(rows.table.sets == SET_NAMES.index(name))
    assert len(found), name
    return rows, int(found[0])


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


def test_both_models_fates_are_told(run: Run) -> None:
    rows, position = sample_in(run, "S10")
    dense, half = run.models[0], run.models[1]
    text = "\n".join(in_room(sample_view(rows, load_sample_detail(run, 1, position), 120, 40), 120))
    assert f"{dense.clean_margin[position]:.3f} → {dense.worst_margin[position]:.3f}" in text
    assert "dense: stands" in text
    stage = run.models[0].stages[half.broken_by[position]].name if half.broken_by[position] >= 0 else "without attack"
    fate = next(line for line in text.splitlines() if line.startswith("half: "))
    assert f"class {half.worst_prediction[position]}" in fate and stage in fate


def test_images_that_were_not_kept_are_said_to_be(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=40, keep_images=False)
    half = run.models[1]
    rows = rows_of(run)
    position = int(np.flatnonzero(half.broken_by >= 0)[0])
    lines = in_room(sample_view(rows, load_sample_detail(run, 1, position), 78, 21), 78)
    assert "(image not kept)" in "\n".join(lines) and len(lines) <= 21 and widest(lines) <= 78
    assert "clean" in "\n".join(lines)


def test_a_run_that_is_gone_leaves_what_is_known(run: Run) -> None:
    rows, position = sample_in(run, "S10")
    Path(run.path).unlink()
    lines = in_room(sample_view(rows, load_sample_detail(run, 1, position), 78, 21), 78)
    text = " ".join(lines)
    assert "there is no such run file" in text and f"#{3 * position}" in text and "S10" in text
    assert widest(lines) <= 78


@pytest.mark.parametrize("through", [0, 1])
def test_what_is_undecided_is_said_to_be(through: int, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=40, through=through)
    rows = rows_of(run)
    standing = int(np.flatnonzero(run.models[0].clean_margin > 2)[0])
    text = "\n".join(in_room(sample_view(rows, load_sample_detail(run, 1, standing), 78, 21), 78))
    assert ("not attacked yet" in text and "undecided" in text) == (through == 0)


def test_a_bar_is_longest_for_the_largest_logit_and_the_label_is_ticked(run: Run) -> None:
    rows, position = sample_in(run, "S11")
    lines = in_room(sample_view(rows, load_sample_detail(run, 1, position), 120, 40), 120)
    logits = [line for line in lines if line.startswith("class ")]
    assert len(logits) == 5 and logits[0].startswith(f"class {position % 5} ✓")
    bars = [[len(cell) for cell in line.split("▇")] for line in logits]
    assert logits[0].count("▇") == max(line.count("▇") for line in logits), bars


def test_of_many_classes_the_label_and_the_predictions_come_first(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=40, classes=1000)
    rows, position = sample_in(run, "S00")
    lines = in_room(sample_view(rows, load_sample_detail(run, 1, position), 78, 21), 78)
    shown = [line.split()[1] for line in lines if line.startswith("class ")]
    assert len(lines) <= 21 and shown[0] == str(position)
    said = {str(model.worst_prediction[position]) for model in run.models[:2]}
    assert said <= set(shown)


# plots


@pytest.mark.parametrize("kind", PLOTS)
@pytest.mark.parametrize("size", [(60, 15), (120, 30)])
@pytest.mark.parametrize("selected", [True, False])
def test_a_plot_fits_and_says_n_and_marks_the_selected(
    kind: str, size: tuple[int, int], selected: bool, run: Run
) -> None:
    rows, position = sample_in(run, "S10")
    content = plot(kind, rows, position if selected else None, *size)
    lines = content.plain.rstrip("\n").split("\n")
    assert widest(lines) <= size[0] and len(lines) <= size[1]
    if kind == "curve":
        assert "security curve" in content.plain and "compare --distances" in " ".join(content.plain.split())
        return
    assert len(lines) == size[1] and {cell_len(line) for line in lines} == {size[0]}
    n = 200 if kind != "flips" else int(np.isin(rows.table.sets, [SET_NAMES.index(s) for s in HELD_SETS]).sum())
    assert f"n={n}" in content.plain
    if kind != "stages":
        marked = plot(kind, rows, position, *size)
        assert (content.plain == marked.plain) == selected, "the mark is seen without colour"


@pytest.mark.parametrize("kind", ["margins", "ranks"])
def test_a_plot_by_sets_says_when_none_is_known(kind: str, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=60, through=0)
    rows = rows_of(run, query="set=?")
    assert len(rows.order) and "sets" in plot(kind, rows, None, 60, 15).plain
    assert "n=" not in plot(kind, rows, None, 60, 15).plain


@pytest.mark.parametrize("kind", PLOTS)
@pytest.mark.parametrize("query", ["sample=0", "sample<6", "margin<0", "set=S00", "set=S10"])
@pytest.mark.parametrize("through", [0, 1, 3])
def test_a_plot_of_few_samples_is_one_or_says_why_not(kind: str, query: str, through: int, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=60, through=through)
    rows = rows_of(run, query=query)
    content = plot(kind, rows, int(rows.order[0]) if len(rows.order) else None, 60, 15)
    assert widest(content.plain.split("\n")) <= 60
    assert ("n=" in content.plain) == ("┌" in content.plain) and content.plain.strip()
    if not len(rows.order):
        assert "no sample passes" in content.plain


def test_a_plot_follows_the_filter_but_a_rate_does_not_follow_the_sets(run: Run) -> None:
    few = rows_of(run, query='label="class 1"')
    assert f"n={len(few.order)}" in plot("margins", few, None, 80, 20).plain
    lost = rows_of(run, sets=frozenset({"S10"}))
    assert f"n={len(lost.order)}" in plot("margins", lost, None, 80, 20).plain
    held = plot("flips", rows_of(run), None, 80, 20).plain
    assert plot("flips", lost, None, 80, 20).plain == held
    assert plot("stages", lost, None, 80, 20).plain == plot("stages", rows_of(run), None, 80, 20).plain


@pytest.mark.parametrize("kind", [kind for kind in PLOTS if kind not in ("curve", "stages")])
def test_a_plot_of_an_unfinished_run_says_that_its_sets_are_so_far(kind: str, unfinished: Path) -> None:
    content = plot(kind, rows_of(read_run(unfinished)), None, 100, 20)
    assert "so far" in content.plain


@pytest.mark.parametrize("kind", PLOTS)
@pytest.mark.parametrize("width", [20, 33, 60])
def test_names_of_any_length_do_not_widen_a_plot(kind: str, width: int, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", LONG, n=60)
    lines = plot(kind, rows_of(run), 3, width, 12).plain.split("\n")
    assert widest(lines) <= width


@pytest.mark.parametrize("margin", ["clean", "attacked"])
def test_a_plot_is_of_the_margins_that_were_chosen(margin: str, run: Run) -> None:
    words = {"clean": "clean margin", "attacked": "margin under attack"}
    content = plot("margins", rows_of(run, margin=margin), None, 100, 20)
    assert words[margin] in content.plain


# the run


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("models", [MODELS, LONG], ids=["short", "long"])
def test_the_title_fits_and_says_what_is_compared(width: int, models: dict[str, Role], tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", models, n=20)
    for other in (1, 2):
        line = title(run, other, width)
        assert cell_len(line.plain) == width and "\n" not in line.plain
        assert line.plain.endswith(f"[{other}/2]") and "thinice" in line.plain
        if width >= 40:
            assert f"dense → {list(models)[other][:10]}"[:20] in line.plain
    if width == 200 and models is MODELS:
        assert "42.0 % sparse" in title(run, 1, width).plain
        for words in ("(control)", "Linf 8/255", "standard", "20 samples", "cpu"):
            assert words in title(run, 2, width).plain


BEAT = Heartbeat(0.0, "running", "half · APGD-T 3/9", 61, 100, 3100.0, 130.0)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("beat", [BEAT, replace(BEAT, state="paused"), replace(BEAT, state="stopping"), None])
@pytest.mark.parametrize("computing", [True, False])
def test_the_progress_is_one_line(width: int, beat: Heartbeat | None, computing: bool, unfinished: Path) -> None:
    run = replace(read_run(unfinished), heartbeat=beat)
    lines = in_room(progress(run, computing, width), width)
    assert widest(lines) <= width
    if width >= 60 and beat is not None and computing:
        assert len(lines) == 1
        assert "61%" in lines[0] and "img/s" in lines[0] and "half" in lines[0]
        assert ("left" in lines[0]) == (beat.state == "running")
        assert (beat.state in lines[0]) == (beat.state != "running")
    if not computing and width >= 80:
        assert "stopped" in lines[0] and "upper bounds" in lines[0]


@pytest.mark.parametrize("width", WIDTHS)
def test_while_an_engine_starts_the_progress_says_so(width: int, unfinished: Path) -> None:
    """What it reads or checks; nothing of what the engine before it did."""
    starting = replace(read_run(unfinished), heartbeat=replace(BEAT, state="starting", doing="half · gradients"))
    (line,) = in_room(progress(starting, True, width), width)
    assert "the engine starts: half · gradients"[: width - 4] in line and "%" not in line
    (line,) = in_room(progress(replace(starting, heartbeat=BEAT), True, width, starting=True), width)
    assert "the engine starts"[: width - 4] in line and "half" not in line


@pytest.mark.parametrize("attack", ["standard", "quick"])
def test_the_progress_of_a_finished_run_says_what_its_numbers_are(attack: str, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=20, attack=attack)
    for computing in (True, False):
        (line,) = in_room(progress(run, computing, 80), 80)
        assert "finished" in line and attack in line
        assert ("upper bounds" in line) == (attack == "quick")


def test_what_is_broken_in_this_stage_is_counted(unfinished: Path) -> None:
    run = read_run(unfinished)
    stages = tuple(replace(stage, entered=99) if stage.ordinal == 2 else stage for stage in run.models[1].stages)
    broken = run.models[1].broken_by.copy()
    broken[np.flatnonzero(broken < 0)[:7]] = 2
    half = replace(run.models[1], stages=stages, broken_by=broken)
    run = replace(run, models=(run.models[0], half, *run.models[2:]), heartbeat=BEAT)
    assert "7 broken in this stage" in in_room(progress(run, True, 120), 120)[0]
    assert "7 broken" in in_room(progress(run, True, 80), 80)[0]


@pytest.mark.parametrize("width", [30, 40, 50, 80])
@pytest.mark.parametrize("models", [MODELS, LONG], ids=["short", "long"])
@pytest.mark.parametrize("through", [0, 1, 2, 3])
def test_the_summary_fits(width: int, models: dict[str, Role], through: int, tmp_path: Path) -> None:
    analysis = analyse(write_run(tmp_path / "a.thinice", models, n=60, through=through))
    for other in (1, 2):
        assert widest(in_room(summary(analysis, other), width)) <= width


def test_the_summary_of_a_finished_run(run: Run) -> None:
    analysis = analyse(run)
    text = "\n".join(in_room(summary(analysis, 1), 80))
    robust, comparison = analysis.models[1].robust_accuracy, analysis.comparisons[0]
    assert robust is not None
    for value in (robust, comparison.nfr, comparison.pfr):
        assert f"{100 * value.value:.1f} [{100 * value.low:.1f}, {100 * value.high:.1f}]" in text
    assert f"{comparison.auc_s10_s11.value:.2f} [" in text and comparison.auc_s10_s11.verdict in text
    assert "control" in text and "PARTIAL" not in text and "≤" not in text and "≥" not in text
    assert "PGD-20 overestimates half by" in text


def test_the_summary_gives_an_auc_of_few_flips_no_interval(tmp_path: Path) -> None:
    analysis = analyse(write_run(tmp_path / "a.thinice", MODELS, n=100))
    text = "\n".join(in_room(summary(analysis, 1), 80))
    found = analysis.comparisons[0].auc_s10_s11
    assert f"{found.value:.2f} (too few)" in text and "too few flips to tell" in text and "nan" not in text


@pytest.mark.parametrize(("through", "done"), [(0, "clean only"), (1, "through PGD-20"), (2, "through APGD-CE")])
def test_the_summary_of_an_unfinished_run_says_so(through: int, done: str, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=60, through=through)
    text = "\n".join(in_room(summary(analyse(run), 1), 80))
    assert f"PARTIAL: {done}; upper bounds" in text
    assert ("≤" in text) == (through > 0)
    assert ("≥" in text) == (through > 1)


def test_the_summary_of_a_weak_ensemble_is_an_upper_bound(tmp_path: Path) -> None:
    text = "\n".join(in_room(summary(analyse(write_run(tmp_path / "a.thinice", MODELS, n=60, attack="quick")), 1), 80))
    assert "≤" in text and "PARTIAL" not in text


# the line above the table


@pytest.mark.parametrize("width", [1, *WIDTHS])
@pytest.mark.parametrize("query", ["", "margin<0.5", "label~class and margin<0.5 and not sample=3 " * 5])
def test_the_line_above_the_rows_fits(width: int, query: str, run: Run) -> None:
    line = rows_line(rows_of(run, query=query), width)
    assert cell_len(line.plain) <= width
    if width >= 80:
        counts = rows_of(run).set_counts
        for name, marker in SET_MARKERS.items():
            assert f"{marker}{name} {counts[name]}" in line.plain
        assert "of 200" in line.plain
        assert query == "" or f"/{query}"[: width - 70] in line.plain


def test_the_line_above_the_rows_says_the_order_and_the_undecided(tmp_path: Path, run: Run) -> None:
    assert "↑ dense clean margin" in rows_line(rows_of(run), 120).plain
    assert "↓ dense margin under attack" in rows_line(rows_of(run, margin="attacked", descending=True), 120).plain
    assert "↑ broken by" in rows_line(rows_of(run, sort="broken_by"), 120).plain
    early = write_run(tmp_path / "early.thinice", MODELS, n=60, through=0)
    rows = rows_of(early)
    assert f"? {rows.set_counts['?']}" in rows_line(rows, 120).plain and rows.set_counts["?"] > 0


def test_sets_that_are_not_shown_are_struck_out(run: Run) -> None:
    line = rows_line(rows_of(run, sets=frozenset({"S10", "S11"})), 120)
    struck = {line.plain[span.start : span.end].strip()[2:5] for span in line.spans if "strike" in str(span.style)}
    assert struck == {"S01", "S00"}


def test_why_there_are_no_rows(run: Run) -> None:
    assert "the filter margin>9" in empty_reason(rows_of(run, query="margin>9"))
    both = empty_reason(rows_of(run, query="margin>9", sets=frozenset({"S10", "S01"})))
    assert "the filter margin>9 and the chosen sets S01 S10" in both
    assert isinstance(rows_line(rows_of(run, query="margin>9"), 80), Text)

"""The text report as a whole: complete, of its width, harmless, and without torch."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from tests.fake_runs import write_run
from tests.places import SAMPLE_MODELS
from tests.report.rendering import MODELS
from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.report.formats import FORMATS
from thinice_tui.report.report import Report
from thinice_tui.report.report_options import ReportOptions
from thinice_tui.runfile.reader import read_run


def printed(analysis: Analysis, width: int, full: bool = True) -> str:
    stream = io.StringIO()
    FORMATS["text"].write(Report(analysis), ReportOptions(full=full), Console(file=stream, width=width))
    return stream.getvalue()


def text_of(path: Path, width: int = 80, full: bool = True, **run: object) -> str:
    return printed(analyse(write_run(path, MODELS, **run)), width, full)  # type: ignore[arg-type]


def test_the_text_says_everything_at_80_columns(tmp_path: Path) -> None:
    text = text_of(tmp_path / "a.thinice")
    for words in (
        *("Linf eps 8/255", "standard", "200 samples", "seed 3", "dense → half", "NFR", "PFR", "McNemar"),
        *("S10", "S01", "PGD-20 −", "Overestimation by PGD-20 alone", "flips go with low margins"),
        *("control", "APGD-T", "Flip rate S10/(S10+S11)", "Dense margins by set", "Accuracy in % after each stage"),
    ):
        assert words in text, words
    assert "PARTIAL" not in text and "upper bound" not in text and "≤" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text, "no colour codes in a file"


def test_a_partial_run_and_a_weak_ensemble_are_upper_bounds(tmp_path: Path) -> None:
    partial = text_of(tmp_path / "a.thinice", through=2)
    assert "PARTIAL" in partial and "left: APGD-T" in partial and "≤" in partial
    weak = text_of(tmp_path / "b.thinice", attack="quick")
    assert "upper bounds: quick is weak" in " ".join(weak.split()) and "≤" in weak
    early = text_of(tmp_path / "c.thinice", through=0)
    assert "not yet" in early and "stages finished for every model: none" in early


def test_an_auc_of_few_flips_has_no_interval(tmp_path: Path) -> None:
    """By the installed command: null in JSON, and in the text the verdict where the interval would mislead."""
    write_run(tmp_path / "a.thinice", MODELS, n=100)
    report = [sys.executable, "-m", "thinice_tui", "report", str(tmp_path / "a.thinice")]
    said = subprocess.run([*report, "--format", "json"], capture_output=True, text=True, check=True).stdout
    comparison = json.loads(said)["comparisons"][0]
    assert 0 < comparison["sets"]["S10"] < 12 <= comparison["sets"]["S11"]
    found = comparison["auc_s10_s11"]
    assert 0 < found["value"] < 1 and found["low"] is None and found["high"] is None
    assert found["verdict"] == "too few flips to tell"
    text = subprocess.run([*report, "--full"], capture_output=True, text=True, check=True).stdout
    row = next(line for line in text.splitlines() if "S10, S11 " in line)
    assert f"{found['value']:.2f} " in row and "too few flips to tell" in row and "nan" not in text
    assert f"{found['value']:.2f} [" not in row


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_it_fits_the_width(width: int, full: bool, tmp_path: Path) -> None:
    assert max(map(len, text_of(tmp_path / "a.thinice", width, full).splitlines())) <= width


def test_the_brief_text_says_what_it_leaves_out_and_how_to_get_it() -> None:
    """By the installed command, on the sample run of five models."""
    report = [sys.executable, "-m", "thinice_tui", "report", str(SAMPLE_MODELS / "standard.thinice")]
    brief, full = (
        subprocess.run([*report, *more], capture_output=True, text=True, check=True).stdout for more in ([], ["--full"])
    )
    assert len(brief.splitlines()) < 260 < 3 * len(brief.splitlines()) < len(full.splitlines())
    captions = ("Flip rate S10/(S10+S11) by class", "Kinds of losses", "Which dense margin separates", "@article{")
    for words in captions:
        assert words in full and words not in brief, words
    end = " ".join(brief.split("Left out here:")[1].split())
    assert "--full prints them; -o NAME.html, .md, .tex and .json hold them." in end and "Left out" not in full
    for one in analyse(read_run(SAMPLE_MODELS / "standard.thinice")).comparisons:
        counts = " +".join(map(str, one.sets.counts().values()))
        assert re.search(rf"^{one.other.record.name} +{counts} ", brief, re.MULTILINE)
    assert "SHA-256" in brief and "Intervals and tests" in brief


def test_names_full_of_markup_and_escapes_are_shown_literally(tmp_path: Path) -> None:
    evil = "[bold red]x[/bold red]\x1b[31m[/]"
    text = printed(analyse(write_run(tmp_path / "a.thinice", {"dense": "dense", evil: "pruned"})), 200)
    assert "[bold red]x[/bold red]" in text
    assert "\x1b" not in text, "no escape sequence reaches the terminal"


def test_a_run_is_reported_without_torch(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    write_run(path, MODELS)
    code = (
        "import sys; from thinice_tui.commands.app import app\n"
        f"try: app(['report', {str(path)!r}, '--format', 'json'])\n"
        "except SystemExit as stop: assert not stop.code\n"
        "loaded = {name.split('.')[0] for name in sys.modules}\n"
        "assert not loaded & {'torch', 'torchattacks', 'textual'}, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["run"]["complete"] is True

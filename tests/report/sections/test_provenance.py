"""How the run was made."""

import shlex
from dataclasses import replace
from pathlib import Path

from tests.report.rendering import analysis_of, words
from thinice_tui.protocol.request import Request
from thinice_tui.protocol.settings import Settings
from thinice_tui.report.document.blocks import Code
from thinice_tui.report.sections.provenance import LINE, OF_ONE_RUN, command_line, provenance


def request(folder: Path) -> Request:
    settings = Settings.build("Linf", "8/255", "standard", seed=3)
    return Request(Path("a b.pt"), (Path("half.pt"),), None, "made.npz", None, "cpu", settings, None, folder)


def test_everything_that_a_reader_needs_to_repeat_it_is_said(tmp_path: Path) -> None:
    made = request(tmp_path)
    analysis = analysis_of(tmp_path, more={"request": made.as_dict()})
    text = words(provenance(analysis), width=200)
    for said in (
        *("thinice-tui 0.1.0, python 3.11, torch 2", "Linf, eps 8/255", "seed 3", "cpu, batches of 16", "complete yes"),
        *("made.npz, 200 samples", "0" * 64, "half" + 60 * "a", "dense" + 59 * "a", "UTC"),
        *(text for pair in OF_ONE_RUN for text in pair),
    ):
        assert said in text, said
    command = command_line(analysis.run.info)
    assert command is not None and shlex.split(command) == made.command()
    (code,) = (block for block in provenance(analysis) if isinstance(block, Code))
    assert shlex.split(code.text.replace(" \\\n", " ")) == made.command()
    assert max(map(len, code.text.splitlines())) <= LINE + 2


def test_what_is_not_known_is_said_to_be(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path, through=2, more={"versions": {}, "request": {"dense": 3}})
    text = words(provenance(analysis))
    assert "versions not recorded" in text and "complete no: PARTIAL" in text and "finished not finished" in text
    assert "The run file does not say which command made it." in text
    assert command_line(replace(analysis.run.info, request=None)) is None

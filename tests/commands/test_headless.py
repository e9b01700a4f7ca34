"""A comparison without interface that is interrupted."""

import json

import pytest
from typer.testing import CliRunner, Result

from tests.linear_models import Files
from thinice_tui.commands.app import app
from thinice_tui.engine import run as engine_run
from thinice_tui.errors import EXIT_INTERRUPTED


def compare(files: Files, *options: str) -> Result:
    return CliRunner().invoke(app, [*files.arguments, "--attack", "quick", "--batch-size", "8", *options])


def said(result: Result) -> str:
    return " ".join(result.stderr.split())


@pytest.mark.parametrize("ordinal", [0, 1])
def test_interrupted_it_reports_what_there_is(files: Files, monkeypatch: pytest.MonkeyPatch, ordinal: int) -> None:
    """Ctrl-C, which is a KeyboardInterrupt, in the clean pass or in a batch; before that there is nothing."""
    keep = engine_run._Engine._keep

    def interrupt(self: engine_run._Engine, at: int, *rest: object) -> None:
        if at == ordinal:
            raise KeyboardInterrupt
        keep(self, at, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(engine_run._Engine, "_keep", interrupt)
    result = compare(files, "--run", "a.thinice", "--format", "json")
    assert result.exit_code == EXIT_INTERRUPTED
    assert "interrupted; everything up to the batch in flight is kept in a.thinice" in said(result)
    found = json.loads(result.stdout)
    assert not found["run"]["complete"] and len(found["run"]["stages_finished"]) == ordinal


def test_interrupted_before_anything_there_is_no_report(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine_run._Engine, "_clean", interrupt)
    result = compare(files, "--run", "a.thinice")
    assert result.exit_code == EXIT_INTERRUPTED and result.stdout == ""
    assert "interrupted before anything was computed" in said(result)

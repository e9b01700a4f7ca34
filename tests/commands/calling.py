"""Calls of the command line in this process, and what they said."""

import json
from typing import Any

import numpy as np
from typer.testing import CliRunner, Result

from tests.linear_models import Files, as_uint8
from tests.places import LINEAR_MODELS
from thinice_tui.commands.app import app

LINEAR_MODELS_FILE = str(LINEAR_MODELS)
QUICK = ["--attack", "quick", "--eps", "4/255"]


def call(*arguments: object) -> Result:
    """Run the program in this process."""
    return CliRunner().invoke(app, [str(a) for a in arguments])


def compare_json(*arguments: object, code: int = 0) -> dict[str, Any]:
    """The JSON report of `compare` with the weakest attack, which ends with the exit code `code`."""
    result = call("compare", *arguments, "--attack", "pgd-1", "--report", "--format", "json")
    assert result.exit_code == code, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def error_text(result: Result) -> str:
    """stderr as one line, without the line breaks of its wrapping."""
    return " ".join(result.stderr.split())


def write_data(files: Files, **changes: object) -> None:
    """Write the data file again, with these arrays in place of its own."""
    arrays = {"images": as_uint8(files.task.images), "labels": files.task.labels} | changes
    np.savez(files.data, **arrays)  # type: ignore[arg-type]


def check_refused(result: Result, what: str, do: str) -> None:
    """Check that the command failed with one message, which says what happened and what to do."""
    assert result.exit_code == 1, result.stderr
    assert what in error_text(result) and do in error_text(result), error_text(result)
    assert "Traceback" not in result.stderr and result.stdout == ""

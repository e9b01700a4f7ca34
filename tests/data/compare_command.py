"""Runs `compare` on the linear models with a test's own data, and returns its report or its error."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from tests.linear_models import ARCH, Files
from thinice_tui.commands.app import app

RUN = Path("a.thinice")


@dataclass(frozen=True)
class Done:
    """The output of a run: the report (stdout) and the notes before it (stderr)."""

    text: str
    """The report: JSON unless another format is named."""
    said: str

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text)
        return found

    @property
    def notes(self) -> list[str]:
        found: list[str] = self.report["run"]["data"]["notes"]
        return found

    @property
    def labels(self) -> list[int]:
        return [sample["label"] for sample in self.report["samples"]]

    @property
    def indices(self) -> list[int]:
        return [sample["index"] for sample in self.report["samples"]]


def compare(files: Files, data: str, *options: str) -> Done:
    """A short run on `data`, which must succeed."""
    code, stdout, stderr = _invoke(files, data, *options)
    assert code == 0, stderr
    return Done(stdout, stderr)


def refuse(files: Files, data: str, *options: str) -> str:
    """The error for `data`, in one line; nothing may be written."""
    code, stdout, stderr = _invoke(files, data, *options)
    assert code in (1, 2) and not stdout and not RUN.exists(), stderr
    return " ".join(stderr.split())


def _invoke(files: Files, data: str, *options: str) -> tuple[int, str, str]:
    RUN.unlink(missing_ok=True)
    words = ["compare", str(files.dense), str(files.pruned), "--data", data, "--arch", ARCH, "--attack", "pgd-1"]
    words += ["--run", str(RUN), "--report", *options]
    words += [] if "--format" in options else ["--format", "json", "--samples-in-report"]
    result = CliRunner().invoke(app, words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr

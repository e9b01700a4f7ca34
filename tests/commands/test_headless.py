"""`compare --report`: the report of a new run, of a finished one, to a file, and of an interrupted one."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.calling import QUICK, call, error_text
from tests.linear_models import Files
from thinice_tui.engine.phases.attack import AttackPhase
from thinice_tui.engine.worker.attack import AttackTask
from thinice_tui.errors import EXIT_INTERRUPTED
from thinice_tui.runfile.records import BatchOutcome


def test_the_same_command_again_reports_the_finished_run(files: Files) -> None:
    first = call(*files.arguments, *QUICK)
    again = call(*files.arguments, *QUICK)
    assert first.exit_code == again.exit_code == 0
    assert "PGD-20:" not in again.stderr and "finished already" in error_text(again) and first.stdout == again.stdout
    (run,) = Path("runs").glob("*.thinice")
    assert re.fullmatch(r"dense-pruned-[0-9a-f]{8}\.thinice", run.name)
    later = call("report", run)
    assert later.exit_code == 0 and later.stdout == first.stdout


def test_the_report_goes_to_a_file_where_asked(files: Files) -> None:
    result = call(*files.arguments, *QUICK, "-o", "out.txt")
    assert result.exit_code == 0 and result.stdout == ""
    assert "Samples on thin ice" in Path("out.txt").read_text()
    result = call(*files.arguments, *QUICK, "-o", "absent/out.txt")
    assert result.exit_code == 1 and "cannot be written" in error_text(result)


@pytest.mark.parametrize("ordinal", [0, 1])
def test_interrupted_it_reports_what_there_is(files: Files, monkeypatch: pytest.MonkeyPatch, ordinal: int) -> None:
    """Ctrl-C, which is a KeyboardInterrupt, in the clean pass or in a batch; before that there is nothing."""
    keep = AttackPhase.keep

    def interrupt(self: AttackPhase, task: AttackTask, outcome: BatchOutcome) -> None:
        if self.ordinal == ordinal:
            raise KeyboardInterrupt
        keep(self, task, outcome)

    monkeypatch.setattr(AttackPhase, "keep", interrupt)
    result = call(*files.arguments, "--attack", "quick", "--batch-size", "8", "--run", "a.thinice", "--format", "json")
    assert result.exit_code == EXIT_INTERRUPTED
    assert "interrupted; everything up to the batch in flight is kept in a.thinice" in error_text(result)
    found = json.loads(result.stdout)
    assert not found["run"]["complete"] and len(found["run"]["stages_finished"]) == ordinal


def test_interrupted_before_anything_there_is_no_report(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("thinice_tui.engine.phases.sequence.compute_clean", interrupt)
    result = call(*files.arguments, "--attack", "quick", "--batch-size", "8", "--run", "a.thinice")
    assert result.exit_code == EXIT_INTERRUPTED and result.stdout == ""
    assert "interrupted before anything was computed" in error_text(result)


def test_the_first_stage_begins_before_what_only_reports_and_image_files_need_is_imported(files: Files) -> None:
    """Of a model whose accuracy is good: else remedies are tried, with scipy."""
    arguments = [argument for argument in files.arguments if argument != str(files.pruned)]
    code = (
        "import sys\n"
        "from thinice_tui.commands.app import app\n"
        "from thinice_tui.engine.phases.schedule import Schedule\n"
        "def begin(*_):\n"
        "    print('loaded:', *sorted({'torch', 'scipy', 'PIL'} & set(sys.modules)), file=sys.stderr)\n"
        "    sys.exit()\n"
        "Schedule.compute = begin\n"
        f"app({[*arguments, *QUICK]!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "loaded: torch\n" in done.stderr, done.stderr

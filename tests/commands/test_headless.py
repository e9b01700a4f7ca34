"""`compare --report`: the report of a new run, of a finished one, and to a file."""

import re
from pathlib import Path

from tests.commands.calling import QUICK, call, error_text
from tests.linear_models import Files


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

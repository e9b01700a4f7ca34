"""Run files of every version from 3 on stay readable."""

import hashlib
import shutil
from pathlib import Path

import pytest

from thinice_tui.analysis.comparison import analyse
from thinice_tui.errors import RunFileError
from thinice_tui.runfile import schema
from thinice_tui.runfile.reader import check_run_file, read_adversarial, read_image, read_logits_at, read_run
from thinice_tui.runfile.schema import OLDEST, TABLES, VERSION

FIXTURES = Path(__file__).parent / "fixtures"
SCHEMAS = {3: "954832b56368205936ba9c34a0eee134e778c5f9a86016ca6d54527b4ef9a06c"}
"""sha256 of TABLES, by version. Other tables are another version: add a line, a fixture that the writer of before
made (`version-N.thinice`, a few kB), and whatever the reader needs for it."""


def test_other_tables_are_another_version() -> None:
    assert hashlib.sha256(TABLES.encode()).hexdigest() == SCHEMAS[VERSION]
    assert list(SCHEMAS) == list(range(OLDEST, VERSION + 1))


@pytest.fixture(params=range(OLDEST, VERSION + 1))
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A finished run of that version: 12 samples of 3 classes, dense and one pruned model, three stages."""
    return Path(shutil.copy(FIXTURES / f"version-{request.param}.thinice", tmp_path))


def test_a_run_file_of_each_version_is_read(old: Path) -> None:
    run = read_run(old)
    analysis = analyse(run)
    assert run.complete and analysis.through == 3 and run.indices.tolist() == list(range(0, 36, 3))
    dense, half = run.models
    assert dense.clean_prediction.tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2, 2, 1, 2]
    assert dense.broken_by.tolist() == [-1, 2, -1, -1, 1, -1, -1, -1, 0, -1, 1, -1]
    assert half.broken_by.tolist() == [-1, 1, -1, 1, 0, -1, -1, -1, 1, -1, 0, 1]
    assert half.clean_margin[:4].tolist() == pytest.approx([2.291, 0.931, 3.554, 0.865], abs=5e-4)
    assert dense.distance[9] != dense.distance[9] and dense.distance[8] == pytest.approx(8 / 255)
    assert analysis.comparisons[0].sets.s10.nonzero()[0].tolist() == [3, 11]
    assert [finding.check for finding in run.findings] == ["gradients vanish"]
    assert read_image(old, 11).shape == (1, 4, 4) and read_adversarial(old, 0, 8) is not None
    assert all(logits is not None and logits.shape == (3,) for logits in read_logits_at(old, 0, 8))


def test_a_later_version_reads_it_too(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "VERSION", VERSION + 1)
    assert read_run(old).complete


def test_what_no_release_wrote_is_refused(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "OLDEST", VERSION + 1)
    with pytest.raises(RunFileError, match="by a development version"):
        check_run_file(old)

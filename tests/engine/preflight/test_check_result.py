"""A check's result as a finding of the report."""

import pytest

from thinice_tui.engine.preflight.check_result import CheckResult
from thinice_tui.runfile.records import Finding


@pytest.mark.parametrize(("warning", "doubtful"), [("", False), ("logits change", True)])
def test_a_result_with_a_warning_makes_the_model_doubtful(warning: str, doubtful: bool) -> None:
    assert CheckResult("a check", 3, 8, warning).finding("dense") == Finding("dense", "a check", 3, 8, doubtful)

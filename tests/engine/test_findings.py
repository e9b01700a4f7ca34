"""Findings in a run file: one of each model and check."""

import json
from typing import cast

from thinice_tui.engine.findings import StoredFindings
from thinice_tui.runfile.records import Finding
from thinice_tui.runfile.writer import RunWriter


class Table:
    """A run table: values are stored as JSON, as a writer does."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}

    def value(self, key: str) -> object:
        return json.loads(self.rows[key]) if key in self.rows else None

    def set_values(self, **values: object) -> None:
        self.rows |= {key: json.dumps(value) for key, value in values.items()}


def stored(table: Table) -> StoredFindings:
    return StoredFindings(cast(RunWriter, table))


def test_the_last_finding_of_a_model_and_check_is_kept() -> None:
    table = Table()
    findings = stored(table)
    findings.add([])
    assert table.rows == {}
    findings.add([Finding("dense", "a", 1, 10, True, (3,)), Finding("dense", "b", 2, 10, False)])
    findings.add([Finding("dense", "a", 4, 10, True, (3, 5)), Finding("pruned", "a", 0, 10, False)])
    assert findings.value("dense", "a") == 4 and findings.value("dense", "c") == 0
    assert findings.has("pruned", "a") and not findings.has("pruned", "b")
    assert len(json.loads(table.rows["findings"])) == 3


def test_a_resumed_run_reads_what_is_stored() -> None:
    table = Table()
    stored(table).add([Finding("dense", "a", 1, 10, True, (3,))])
    again = stored(table)
    again.add([Finding("dense", "b", 2, 10, False)])
    assert again.value("dense", "a") == 1 and len(json.loads(table.rows["findings"])) == 2

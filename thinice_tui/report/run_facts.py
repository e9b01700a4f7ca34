"""How a run was made, as JSON values: what every format carries, for those that are data."""

from collections.abc import Mapping
from typing import Any

from thinice_tui.report.sections.provenance import OF_ONE_RUN, command_line
from thinice_tui.report.sections.run_words import eps_words, time_words
from thinice_tui.runfile.records import Run


def run_facts(run: Run) -> Mapping[str, Any]:
    """Date, versions, threat model, seed, checksums, command line, completeness, methods of intervals."""
    info = run.info
    return {
        "created": time_words(info.created),
        "finished": None if info.finished is None else time_words(info.finished),
        "complete": run.complete,
        "versions": dict(info.versions),
        "norm": info.settings.norm,
        "eps": eps_words(info.settings.eps, info.settings.norm),
        "attack": info.settings.attack_shown,
        "seed": info.settings.seed,
        "data": {"source": info.data.source, "sha256": info.data.sha256, "samples": info.data.samples},
        "models": {model.record.name: model.record.sha256 for model in run.models},
        "command": command_line(info),
        "intervals": dict(OF_ONE_RUN),
    }

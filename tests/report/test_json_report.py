"""The JSON report: the promised keys, the numbers' identities, and the schema that comes with it."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from tests.fake_runs import write_run
from tests.places import SAMPLE_MODELS
from tests.report.rendering import MODELS
from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.protocol.settings import KeepImages, Precision
from thinice_tui.protocol.threat_model import Norm
from thinice_tui.report.json_report import SCHEMA, SCHEMA_VERSION, json_report
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Finding

KEYS = {
    "": {"schema_version", "run", "models", "comparisons", "reliability", "security_curves"},
    "run": {"settings", "versions", "seed", "device", "complete", "warnings", "data"},
    "models": {"role", "path", "sha256", "arch", "sparsity", "clean_accuracy", "robust_accuracy", "stages"},
    "models.sparsity": {"conv_linear", "mean_per_layer", "all_parameters"},
    "models.stages": {"name", "entered", "broken", "robust_accuracy_after", "forwards", "backwards", "seconds"},
    "comparisons": {
        *("pruned", "sets", "clean_sets", "nfr", "pfr", "auc_s10_s11", "auc_s01_s00"),
        *("flip_rate", "mcnemar_p", "overestimation_gap"),
    },
    "comparisons.sets": {"S11", "S10", "S01", "S00"},
    "comparisons.clean_sets": {"S11", "S10", "S01", "S00"},
    "comparisons.auc_s10_s11": {"value", "low", "high", "n"},
    "comparisons.auc_s01_s00": {"value", "low", "high", "n"},
    "comparisons.flip_rate": {"margin_low", "margin_high", "n", "flips", "rate", "low", "high"},
    "comparisons.overestimation_gap": {"weak", "ensemble", "gap"},
    "samples": {"index", "label", "models"},
    "samples.models.dense": {"prediction", "margin", "standing", "broken_by", "adversarial_prediction"},
}
"""The keys that were promised to be stable. Others may be added; none of these may go."""


@pytest.mark.parametrize("where", KEYS)
def test_the_promised_keys_are_there(where: str, tmp_path: Path) -> None:
    found = json_report(analyse(write_run(tmp_path / "a.thinice", MODELS)), samples=True)
    for key in where.split("."):
        if key:
            found = found[key]
        if isinstance(found, list):
            found = found[0]
    assert set(found) >= KEYS[where]


def test_numbers_are_fractions_and_the_identities_hold(tmp_path: Path) -> None:
    found = json_report(analyse(write_run(tmp_path / "a.thinice", MODELS)), samples=True)
    dense, half = found["models"][:2]
    comparison = found["comparisons"][0]
    assert comparison["nfr"] - comparison["pfr"] == pytest.approx(dense["robust_accuracy"] - half["robust_accuracy"])
    assert comparison["auc_s10_s11"]["n"] == comparison["sets"]["S10"] + comparison["sets"]["S11"]
    assert found["run"]["complete"] is True and found["run"]["seed"] == 3
    standing = [sample["models"]["dense"]["standing"] for sample in found["samples"]]
    assert sum(standing) / len(standing) == pytest.approx(dense["robust_accuracy"])
    assert found["samples"][4]["index"] == 12, "the index is that of the original data"
    for sample in found["samples"]:
        one = sample["models"]["dense"]
        assert (one["broken_by"] is None) == one["standing"]
        assert (one["margin"] > 0) == (one["prediction"] == sample["label"])
        if one["broken_by"] not in (None, "clean"):
            assert one["adversarial_prediction"] != sample["label"]


@pytest.mark.parametrize("through", [0, 1, 2])
def test_a_partial_run_is_strict_json_and_says_so(through: int, tmp_path: Path) -> None:
    found = json_report(analyse(write_run(tmp_path / "a.thinice", MODELS, through=through)), samples=True)
    again = json.loads(json.dumps(found, allow_nan=False))
    assert again["run"]["complete"] is False
    assert len(again["run"]["stages_finished"]) == through
    assert (again["models"][0]["robust_accuracy"] is None) == (through == 0)
    assert (again["comparisons"] == []) == (through == 0)


SCHEMA_JSON = json.loads(SCHEMA.read_text())
SHIPPED = SAMPLE_MODELS / "standard.thinice"


def with_distances(path: Path) -> Analysis:
    run = write_run(path, MODELS)
    far = np.where(np.arange(200) % 3 == 0, np.nan, np.random.default_rng(0).exponential(6 / 255, 200))
    far[7] = np.inf
    return analyse(replace(run, models=tuple(replace(model, boundary=far) for model in run.models)))


def with_findings(path: Path) -> Analysis:
    found = [asdict(Finding("half", "gradients vanish", 7, 50, True, (3, 4)))]
    return analyse(
        write_run(
            path,
            MODELS,
            more={"findings": found, "search": {"dense": {"precision": "fp32", "steps": [], "refused": []}}},
        )
    )


REPORTED: dict[str, Callable[[Path], Analysis]] = {
    "shipped": lambda _: analyse(read_run(SHIPPED)),
    "finished, with a control": lambda path: analyse(write_run(path, MODELS)),
    **{
        f"{through} stages": lambda path, through=through: analyse(write_run(path, MODELS, through=through))  # type: ignore[misc]
        for through in (0, 1, 2)
    },
    "alone": lambda path: analyse(write_run(path, {"dense": "dense"})),
    "of few samples": lambda path: analyse(write_run(path, MODELS, n=5)),
    "equal models": lambda path: analyse(write_run(path, MODELS, flip=False)),
    "with distances": with_distances,
    "with findings": with_findings,
}


def errors(report: Any, schema: Any = SCHEMA_JSON) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(report)]


def closed(schema: Any) -> Any:
    """The same schema, in which no key may be added."""
    if isinstance(schema, dict):
        inner = {key: closed(value) for key, value in schema.items()}
        return inner | ({"additionalProperties": False} if inner.get("additionalProperties") is True else {})
    return [closed(item) for item in schema] if isinstance(schema, list) else schema


def test_the_schema_is_valid_and_says_its_version() -> None:
    Draft202012Validator.check_schema(SCHEMA_JSON)
    assert SCHEMA_JSON["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA_JSON["$id"].endswith(f":{SCHEMA_VERSION}") and str(SCHEMA_VERSION) in SCHEMA_JSON["title"]


@pytest.mark.parametrize(("field", "choices"), [("precision", Precision), ("keep_images", KeepImages), ("norm", Norm)])
def test_the_schema_knows_every_choice_of_a_setting(field: str, choices: Any) -> None:
    assert SCHEMA_JSON["$defs"]["settings"]["properties"][field]["enum"] == list(get_args(choices))


@pytest.mark.parametrize("case", REPORTED)
def test_a_report_validates_and_has_no_undescribed_key(case: str, tmp_path: Path) -> None:
    analysis = REPORTED[case](tmp_path / "a.thinice")
    for samples in (False, True):
        written = json.loads(json.dumps(json_report(analysis, samples), allow_nan=False))
        assert ("samples" in written) == samples
        written["samples"] = written.get("samples", [])[:20]
        assert errors(written) == [] and errors(written, closed(SCHEMA_JSON)) == []
        assert next(iter(written)) == "schema_version" and written["schema_version"] == SCHEMA_VERSION


def described(schema: Any, path: str = "$") -> None:
    """Every property has a description of one line, wherever it is."""
    for name, inner in schema.get("properties", {}).items():
        assert inner.get("description", "").strip() and "\n" not in inner["description"], f"{path}.{name}"
        described(inner, f"{path}.{name}")
    for name, inner in schema.get("$defs", {}).items():
        described(inner, name)


def test_every_key_is_described() -> None:
    described(SCHEMA_JSON)


def drop(report: Any, *keys: Any) -> None:
    *outer, last = keys
    for key in outer:
        report = report[key]
    del report[last]


def put(report: Any, value: object, *keys: Any) -> None:
    *outer, last = keys
    for key in outer:
        report = report[key]
    report[last] = value


WRONG: dict[str, Callable[[Any], None]] = {
    "another version": lambda r: put(r, 2, "schema_version"),
    "no version": lambda r: drop(r, "schema_version"),
    "no models": lambda r: put(r, [], "models"),
    "a percentage": lambda r: put(r, 87.0, "models", 0, "clean_accuracy"),
    "no sparsity": lambda r: drop(r, "models", 1, "sparsity", "conv_linear"),
    "an unknown role": lambda r: put(r, "teacher", "models", 1, "role"),
    "a set of text": lambda r: put(r, "many", "comparisons", 0, "sets", "S10"),
    "a set of less than none": lambda r: put(r, -1, "comparisons", 0, "sets", "S10"),
    "no interval": lambda r: drop(r, "comparisons", 0, "nfr_interval", "low"),
    "an AUC of text": lambda r: put(r, "0.7", "comparisons", 0, "auc_s10_s11", "value"),
    "complete is a text": lambda r: put(r, "yes", "run", "complete"),
    "no settings": lambda r: drop(r, "run", "settings"),
    "a shape of text": lambda r: put(r, "3x8x8", "run", "data", "shape"),
    "a stage of no name": lambda r: drop(r, "models", 0, "stages", 0, "name"),
    "a sample of no label": lambda r: drop(r, "samples", 0, "label"),
    "a margin of text": lambda r: put(r, "low", "samples", 0, "models", "dense", "margin"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_report_does_not_validate(wrong: str, tmp_path: Path) -> None:
    report = json.loads(json.dumps(json_report(analyse(write_run(tmp_path / "a.thinice", MODELS, n=20)), True)))
    assert errors(report) == []
    WRONG[wrong](report)
    assert errors(report)


def test_a_key_may_be_added(tmp_path: Path) -> None:
    report = json_report(analyse(write_run(tmp_path / "a.thinice", MODELS, n=20)), True)
    for inner in (report, report["run"], report["models"][0], report["comparisons"][0], report["samples"][0]):
        inner["added_later"] = 1
    assert errors(json.loads(json.dumps(report))) == []


def test_margins_that_are_not_finite_are_null(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS)
    endless = replace(run.models[0], clean_margin=np.where(run.models[0].clean_margin > 0, np.float32(np.inf), -1))
    report = json_report(analyse(replace(run, models=(endless, *run.models[1:]))), True)
    assert errors(json.loads(json.dumps(report, allow_nan=False))) == []
    assert report["comparisons"][0]["flip_rate"][0]["margin_high"] is None


def test_nan_in_what_a_file_describes_is_null(tmp_path: Path) -> None:
    run = write_run(
        tmp_path / "a.thinice", MODELS, n=20, more={"kinship": {"half": {"cosine": np.nan, "kept": [np.inf]}}}
    )
    assert json_report(analyse(run))["run"]["kinship"] == {"half": {"cosine": None, "kept": [None]}}

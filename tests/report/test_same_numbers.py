"""One run, every format, Python and the interface: the same numbers. The reference is the JSON report."""

import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from scipy.stats import mannwhitneyu
from statsmodels.stats.proportion import proportion_confint

import thinice_tui as ti
from tests.commands.calling import call
from tests.places import SAMPLE_MODELS
from tests.report.read_numbers import (
    QUANTITIES,
    Numbers,
    from_html,
    from_json,
    from_latex,
    from_markdown,
    from_text,
    of_class,
    shown,
)
from tests.tui.driver import Driver, opened
from thinice_tui.analysis.proportions import Estimate
from thinice_tui.report.formats import FORMATS

RUN = SAMPLE_MODELS / "standard.thinice"
ENDS = re.compile(r" \[.*?\]")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The report of the sample run in each format, by the command."""
    files = {name: tmp_path_factory.mktemp("report") / f"a{form.suffix}" for name, form in FORMATS.items()}
    outputs = [word for file in files.values() for word in ("-o", file)]
    assert call("report", RUN, *outputs, "--full", "--samples-in-report").exit_code == 0
    return {name: file.read_text(encoding="utf-8") for name, file in files.items()}


@pytest.fixture(scope="module")
def report(written: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(written["json"])
    return found


@pytest.fixture(scope="module")
def numbers(report: dict[str, Any]) -> Numbers:
    return from_json(report)


def in_models(numbers: Numbers) -> Numbers:
    """Those of the table of models, in its order."""
    names = dict.fromkeys(name for name, _ in numbers)
    places = [(name, quantity) for name in names for quantity in QUANTITIES.values()]
    return {place: numbers[place] for place in places if place in numbers}


def test_the_reference_has_every_number(numbers: Numbers, report: dict[str, Any]) -> None:
    others = len(report["comparisons"])
    assert len(in_models(numbers)) == 4 * (others + 1) + 4 * others + (others - 1)
    assert len(numbers) - len(in_models(numbers)) == 10 * others


@pytest.mark.parametrize(
    ("form", "read"), [("md", from_markdown), ("latex", from_latex), ("html", from_html)], ids=["md", "latex", "html"]
)
def test_documents(form: str, read: Callable[[str], Numbers], written: dict[str, str], numbers: Numbers) -> None:
    assert read(written[form]) == numbers


def test_text(written: dict[str, str], numbers: Numbers) -> None:
    assert from_text(written["text"], list(in_models(numbers))) == numbers


@dataclass(frozen=True)
class Samples:
    """A table with a row a sample, by column names of one kind."""

    table: pd.DataFrame
    names: list[str]
    column: str
    """Where a column of a model is, as `{what}@{name}`."""
    words: Mapping[str, str]

    def of(self, what: str, name: str) -> "pd.Series[Any]":
        return self.table[self.column.format(what=self.words.get(what, what), name=name)]


@pytest.mark.parametrize("source", ["csv", "pandas", "json samples"])
def test_tables_of_samples(source: str, written: dict[str, str], numbers: Numbers, report: dict[str, Any]) -> None:
    """Computed again from samples, intervals of proportions by statsmodels, AUCs by scipy's U."""
    names = [model["name"] for model in report["models"]]
    classes = report["run"]["data"]["class_names"]
    if source == "csv":
        table = pd.read_csv(io.StringIO(written["csv"]), keep_default_na=False, na_values=[""])
        for name in names:
            table[f"standing@{name}"] = table[f"lost@{name}"] == "no"
        samples = Samples(table, names, "{what}@{name}", {"adversarial_margin": "attacked_margin"})
        labels = table["class"]
    elif source == "pandas":
        table = ti.load_run(RUN).to_pandas()
        samples = Samples(table, names, "{name}.{what}", {})
        labels = table["label"].map(dict(enumerate(classes)))
    else:
        rows = [
            {"label": one["label"]}
            | {f"{n}.{key}": value for n, of in one["models"].items() for key, value in of.items()}
            for one in report["samples"]
        ]
        samples = Samples(pd.DataFrame(rows), names, "{name}.{what}", {})
        labels = samples.table["label"].map(dict(enumerate(classes)))
    found = computed(samples, labels)
    wanted = {}
    for place, said in numbers.items():
        if place[1].startswith("AUC") or place[1] == "excess":
            said = ENDS.sub("", said)  # other tests hold these intervals to other implementations
        wanted[place] = said.partition(", p ")[0]
    assert found == wanted


def computed(samples: Samples, labels: "pd.Series[Any]") -> Numbers:
    found: Numbers = {}
    n = len(labels)
    standing = {name: samples.of("standing", name).astype(bool) for name in samples.names}
    margins, attacked = samples.of("margin", "dense"), samples.of("adversarial_margin", "dense")
    attacked = attacked.fillna(margins)  # where no adversarial image was searched for, the clean one is the worst
    held = standing["dense"]
    rates = {name: float((held & ~standing[name]).sum() / n) for name in samples.names}
    for name in samples.names:
        by = samples.of("broken_by", name)
        right = by != "clean"
        found[name, "clean"] = share(right.sum(), n)
        weak = right & (by != "PGD-20")
        found[name, "weak"] = share(weak.sum(), n)
        found[name, "robust"] = share(standing[name].sum(), n)
        found[name, "gap"] = shown(float((weak.sum() - standing[name].sum()) / n))
        if name == "dense":
            continue
        lost, kept = held & ~standing[name], held & standing[name]
        found[name, "NFR"], found[name, "PFR"] = share(lost.sum(), n), share((~held & standing[name]).sum(), n)
        for quantity, score in (("AUC", margins), ("AUC attacked", attacked)):
            u = mannwhitneyu(score[kept], score[lost]).statistic
            found[name, quantity] = shown(u / (lost.sum() * kept.sum()), digits=2)
        if name != "control":
            found[name, "excess"] = shown(rates[name] - rates["control"])
        for label in labels.unique():
            of = held & (labels == label)
            few = (lost & of).sum()
            found[name, f"class {label}"] = of_class(few, of.sum(), share(few, of.sum()), "").removesuffix(", p ")
    return found


def share(count: int, n: int) -> str:
    return shown(count / n, *proportion_confint(count, n, method="wilson"))


def words_of(found: Estimate, digits: int = 1) -> str:
    return shown(found.value, found.low, found.high, digits)


def test_python(numbers: Numbers) -> None:
    run, found = ti.load_run(RUN), Numbers()
    for model in run.models:
        weak = model.stages[0].robust_accuracy_after
        assert model.clean_accuracy is not None and model.robust_accuracy is not None and weak is not None
        found[model.name, "clean"], found[model.name, "weak"] = words_of(model.clean_accuracy), words_of(weak)
        found[model.name, "robust"] = words_of(model.robust_accuracy)
        found[model.name, "gap"] = shown(weak.value - model.robust_accuracy.value)
        if model.role == "dense":
            continue
        comparison = run.compare(model.name)
        found[model.name, "NFR"], found[model.name, "PFR"] = words_of(comparison.nfr), words_of(comparison.pfr)
        found[model.name, "AUC"] = comparison.auc_s10_s11.shown
        found[model.name, "AUC attacked"] = comparison.adversarial_auc_s10_s11.shown
        if model.role == "pruned":
            found[model.name, "excess"] = words_of(run.excess(model.name).excess_nfr)
        for one in run.flips_by_class(model.name):
            said = of_class(one.lost, one.held, words_of(one.rate), f"{one.p_holm:.2g}")
            found[model.name, f"class {run.class_names[one.label]}"] = said
    assert found == numbers


async def test_interface(numbers: Numbers, tmp_path: Path) -> None:
    """Every page of the summary, and the markers of the ladder, on a terminal that is tall enough for all of them."""
    ours = in_models(numbers)
    names = list(dict.fromkeys(name for name, _ in ours))
    others = [name for name in names if name != "dense"]
    async with opened(RUN, tmp_path / "settings.json", (104, 1100)) as driver:
        held = round(float(numbers["dense", "robust"].split()[0]) * 10)
        rows = [re.sub("▌", " ", line).split() for line in driver.lines[4:]]
        marks = [row[2 : 4 + len(others)] for row in rows if row[:1] and row[0].isdigit() and "│" in row]
        assert len(marks) == held and {row.pop(0) for row in marks} == {"●"} and {row.pop(-2) for row in marks} == {"│"}
        for name, column in zip(others, zip(*marks, strict=True), strict=True):
            assert f"{column.count('▼') / 10:.1f}" == numbers[name, "NFR"].split()[0], name
        await driver.press("v")
        page = await text_of(driver)
        for name in names:
            told = re.search(
                rf"^{name} +\S+ +(\S+) +(\S+ \[.*?\])(?: +\d+ +\d+ +(\S+ \[.*?\]))? *$", page, re.MULTILINE
            )
            assert told is not None
            assert told[1] == numbers[name, "clean"].split()[0] and told[2] == numbers[name, "robust"]
            assert told[3] == numbers.get((name, "NFR"))
            if name in others:
                assert f"{name} (AUC {numbers[name, 'AUC']})" in " ".join(page.split())
        for name in (name for name, quantity in ours if quantity == "excess"):
            assert re.search(rf"^{name} +{re.escape(numbers[name, 'excess'])} ", page, re.MULTILINE)
        await driver.press("v")
        for name in others:
            await driver.shows(f"dense → {name}, class by class")
            page = (await text_of(driver)).partition("Lost by each model")[0]
            found = re.findall(r"^(\S+) +\d+ +(\d+) +(\d+) +(\S+ \[.*?\]) +(\S+) *$", page, re.MULTILINE)
            of = {f"class {label}": of_class(lost, held, rate, p) for label, held, lost, rate, p in found}
            assert of == {what: said for (one, what), said in numbers.items() if one == name and "class" in what}
            await driver.press("]")
        await driver.press("v")
        await driver.shows("How these numbers were made")
        assert from_text(await text_of(driver), list(ours)) == numbers


async def text_of(driver: Driver) -> str:
    """The page that is shown, without the blank column on its left."""
    await driver.drawn()
    return "\n".join(line[1:].rstrip() for line in driver.lines)

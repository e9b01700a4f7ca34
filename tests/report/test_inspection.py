"""What `inspect` prints: the same facts as text and as JSON."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from markdown_it import MarkdownIt

from tests.fake_runs import record
from thinice_tui.report.inspected_model import UNDECIDED, DenseComparison, FileFacts, InspectedModel
from thinice_tui.report.inspection import LONGEST, print_inspections

FACTS = FileFacts(
    size=1234,
    form="state_dict",
    container=None,
    sha256="a" * 64,
    folded=(),
    notes=(),
    classes=10,
    input_channels=3,
    normalization_source="the file's metadata",
    metadata={"arch": "resnet8", "epoch": 7, "class_names": ["cat", "dog"], "measured": {"clean": 0.9}},
    warnings=(),
)
COMPARED = DenseComparison("d.pt", "", True, "2 of 2 layers compared", 0.25, 4000, {"cosine": 0.5, "identical": None})
DENSE = InspectedModel(record("dense", "dense"), FACTS)
PRUNED = InspectedModel(record("half", "dense"), FACTS, COMPARED)


def as_json(*models: InspectedModel) -> list[dict[str, Any]]:
    stream = io.StringIO()
    print_inspections(models, "json", stream)
    found: list[dict[str, Any]] = json.loads(stream.getvalue())
    return found


def as_text(*models: InspectedModel) -> str:
    stream = io.StringIO()
    print_inspections(models, "text", stream)
    return stream.getvalue()


def test_json_holds_facts_record_and_comparison() -> None:
    dense, pruned = as_json(DENSE, PRUNED)
    assert list(dense)[:8] == [
        *("bytes", "form", "weights under", "sha256", "classes", "input channels", "normalisation from"),
        "arch in the file",
    ]
    assert (dense["bytes"], dense["weights under"], dense["arch"], dense["arch in the file"]) == (
        *(1234, None, "made", "resnet8"),
    )
    assert dense["sparsity_conv_linear"] == 0.42 and dense["layers"][0]["zeros"] == 54
    assert "comparison" not in dense and not {"role", "name", "folded", "notes", "--keep"} & set(dense)
    assert pruned["comparison"] == {
        "compared with": "d.pt",
        "a pruned version of it?": "nothing speaks against it",
        "weights related": "yes",
        "weights": "2 of 2 layers compared",
        "parameters removed": "25.00 % of 4,000",
        "kinship": {"cosine": 0.5, "identical": None},
    }


def test_lists_and_warnings_are_there_where_they_are_not_empty() -> None:
    facts = replace(FACTS, folded=("conv mask",), notes=("EMA weights",), warnings=("--keep 0.5 has no effect",))
    (found,) = as_json(replace(DENSE, facts=facts))
    assert (found["folded"], found["notes"], found["--keep"]) == (
        *(["conv mask"], ["EMA weights"], "--keep 0.5 has no effect"),
    )


def test_the_text_says_the_same() -> None:
    text = as_text(PRUNED)
    for words in (
        "1234",
        "resnet8",
        "cat, dog",
        "clean 0.9",
        "42.00 % of Conv and Linear weights",
        "4×3×3×3",
        "50.0 %",
    ):
        assert words in text, words
    assert "█████" in text and "nothing speaks against it" in text and "kinship" not in text


@pytest.mark.parametrize(
    ("doubt", "related", "verdict"),
    [
        ("other weights", False, "other weights"),
        ("", None, "too little in common to tell"),
        ("", True, "nothing speaks against it"),
    ],
)
def test_the_verdict_is_the_doubt_where_there_is_one(doubt: str, related: bool | None, verdict: str) -> None:
    (found,) = as_json(replace(PRUNED, comparison=replace(COMPARED, doubt=doubt, related=related)))
    assert found["comparison"]["a pruned version of it?"] == verdict


@pytest.mark.parametrize(("unchanged", "said"), [(1.0, False), (0.02, True)])
def test_similar_weights_may_share_their_initialisation_alone(unchanged: float, said: bool) -> None:
    compared = replace(COMPARED, similarity={"cosine": 0.9, "identical": unchanged})
    (found,) = as_json(replace(PRUNED, comparison=compared))
    verdict = found["comparison"]["a pruned version of it?"]
    assert verdict.startswith("nothing speaks against it") and ("from one initialisation" in verdict) == said


def test_an_undecided_normalisation_is_said_so_in_the_text_alone() -> None:
    undecided = replace(DENSE, facts=replace(FACTS, normalization_source=UNDECIDED))
    assert "undecided: the file does not say" in " ".join(as_text(undecided).split())
    assert as_json(undecided)[0]["normalization"] == "none"


def test_architectures_that_the_weights_fit_are_listed() -> None:
    several = replace(DENSE, facts=replace(FACTS, architectures=("made", "made_too")))
    text = " ".join(as_text(several).split())
    assert "possible architectures made, made_too" in text
    assert "undecided: made, or another of the possible ones; compare decides by clean accuracy" in text
    (found,) = as_json(several)
    assert found["possible architectures"] == ["made", "made_too"] and found["arch"] == "made"
    assert "possible architectures" not in as_json(DENSE)[0] and "undecided" not in as_text(DENSE)


def test_long_values_are_cut_on_a_terminal_and_whole_elsewhere() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    long = replace(DENSE, facts=replace(FACTS, metadata={"recipe": "x" * 2 * LONGEST}))
    shown = Terminal()
    print_inspections([long], "text", shown)
    assert shown.getvalue().count("x") < LONGEST + 10 and "…" in shown.getvalue()
    assert as_text(long).count("x") >= 2 * LONGEST and "…" not in as_text(long)
    assert as_json(long)[0]["recipe"] == "x" * 2 * LONGEST


def test_markdown_has_a_list_and_a_table_for_each_model() -> None:
    stream = io.StringIO()
    print_inspections([DENSE, PRUNED], "md", stream)
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(stream.getvalue())
    kinds = [token.type for token in tokens]
    assert kinds.count("table_open") == 2 and kinds.count("bullet_list_open") == 3 and kinds.count("tr_open") == 6
    text = " ".join(token.content for token in tokens if token.type == "inline")
    assert "nothing speaks against it" in text and "4×3×3×3" in text


def test_escape_sequences_do_not_reach_the_terminal() -> None:
    evil = replace(
        DENSE, facts=replace(FACTS, metadata={"recipe": "\x1b[31m"}), record=replace(DENSE.record, path="\x1b")
    )
    assert "\x1b" not in as_text(evil)

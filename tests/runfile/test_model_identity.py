"""A model's identity: read from its text, and its differences in words."""

from dataclasses import replace

import pytest

from thinice_tui.runfile.model_identity import ModelIdentity, code_name

MODEL = ModelIdentity("pruned", "0b" * 8, "build", "c" * 16, "0.1", False, "cifar10: [0.4914] / [0.247]")


@pytest.mark.parametrize(
    "one",
    [
        ModelIdentity("dense", "0a" * 8, "cifar_resnet18 (widths 8, 16)", "", "", False, "none"),
        MODEL,
        replace(MODEL, key="nets.0, best 1's", arch="build(depth=20, widths=[16, 32])"),
        ModelIdentity("control", "0c" * 8, "Net (torch, its own code)", "", "", True, "given: [0.5] / [0.5]"),
    ],
)
def test_an_identity_is_read_from_its_text(one: ModelIdentity) -> None:
    assert ModelIdentity.parse(one.text()) == one
    assert one.differences(one, "p") == []


@pytest.mark.parametrize("text", ["", "dense", "dense 0a as x", "dense 0a, normalisation none"])
def test_other_text_is_no_identity(text: str) -> None:
    with pytest.raises(ValueError, match="no model"):
        ModelIdentity.parse(text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"role": "control"}, "the model p was the pruned one, now the control one"),
        ({"weights": "0d" * 8, "arch": "other"}, "the model p has other weights"),
        ({"arch": "other"}, "the architecture of p was build, now other"),
        ({"code": "d" * 16}, "the code of p's architecture (build) has changed"),
        ({"arch": "build(depth=20)"}, "the architecture of p was build, now build(depth=20)"),
        ({"key": "model_ema"}, "the weights of p were under the usual place, now model_ema"),
        ({"trusted": True}, "code of p's file runs now, and did not"),
        ({"keep": ""}, "p kept the best 0.1 of its scores, now all"),
        ({"normalization": "none"}, "the normalisation of p was cifar10, now none"),
        (
            {"normalization": "cifar10: [0.5] / [0.5]"},
            "the normalisation of p was cifar10: [0.4914] / [0.247], now cifar10: [0.5] / [0.5]",
        ),
    ],
)
def test_each_difference_is_one_sentence(change: dict[str, object], words: str) -> None:
    assert MODEL.differences(replace(MODEL, **change), "p") == [words]  # type: ignore[arg-type]


def test_the_same_constants_under_another_name_are_no_difference() -> None:
    assert MODEL.differences(replace(MODEL, normalization="file: [0.4914] / [0.247]"), "p") == []


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("./a b/net.py:build", "build"),
        ("package.net:build", "build"),
        ("build", "build"),
        ("./net.py:build( depth = 20 )", "build(depth=20)"),
        ("timm:vit(img_size=32)", "timm:vit(img_size=32)"),
        ("robustbench:cifar100/Linf/A2020", "robustbench:cifar100/Linf/A2020"),
        ("Net (torch, its own code)", "Net (torch, its own code)"),
        ("timm:resnet18", "timm:resnet18"),
    ],
)
def test_code_is_named_by_its_function(spec: str, name: str) -> None:
    assert code_name(spec) == name

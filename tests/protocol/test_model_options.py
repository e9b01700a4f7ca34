"""Options for all model files, for the pruned ones, and for one file."""

from pathlib import Path

import pytest

from thinice_tui.errors import UsageError
from thinice_tui.protocol.model_files import ModelFile, model_files
from thinice_tui.protocol.model_options import FileOptions, ModelOptions

FILES = model_files(Path("dense.pt"), [Path("p-90.pt"), Path("p-95.pt")], Path("again.pt"))
ALONE = model_files(Path("net.pt"), [])


def refusal(options: ModelOptions, files: tuple[ModelFile, ...] = FILES) -> str:
    with pytest.raises(UsageError) as caught:
        options.for_files(files)
    return f"{caught.value.what}; {caught.value.do}"


@pytest.mark.parametrize("keep", ["", "0", "1.5", "-1", "x", "nan", "10%", "dense=2", "pruned=", "inf"])
def test_a_fraction_that_is_none_is_refused(keep: str) -> None:
    assert "--keep is" in refusal(ModelOptions(keep=(keep,)))


@pytest.mark.parametrize("keep", ["1,0.1", "0.1,", "1,0.1,0.1,1"])
def test_a_list_of_fractions_is_refused_with_how_to_write_it(keep: str) -> None:
    assert "--keep dense=1 --keep 0.1" in refusal(ModelOptions(keep=(keep,)))


def test_without_a_role_an_option_is_for_all_files() -> None:
    found = ModelOptions(("net",), ("half",), (), ("ema",), ("yes",)).for_files(FILES)
    assert found == (FileOptions("net", "half", None, True, "ema"),) * 4
    assert ModelOptions().for_files(FILES) == (FileOptions(),) * 4


def test_a_fraction_without_a_role_is_for_pruned_models_or_the_only_file() -> None:
    assert [own.keep for own in ModelOptions(keep=("0.1",)).for_files(FILES)] == [None, 0.1, 0.1, None]
    assert [own.keep for own in ModelOptions(keep=("0.1",)).for_files(ALONE)] == [0.1]


def test_the_more_special_one_wins_wherever_it_stands() -> None:
    given = ("all", "pruned=some", "p-95=one", "control=last")
    for arch in (given, given[::-1]):
        assert [own.arch for own in ModelOptions(arch=arch).for_files(FILES)] == ["all", "some", "one", "last"]
    keep = ModelOptions(keep=("dense=1", "0.1", "p-95=0.05"))
    assert [own.keep for own in keep.for_files(FILES)] == [1, 0.1, 0.05, None]
    trust = ModelOptions(trust_pickle=("yes", "dense=no"))
    assert [own.trust for own in trust.for_files(FILES)] == [False, True, True, True]


@pytest.mark.parametrize(
    ("texts", "named"),
    [(("a", "b"), "dense"), (("pruned=a", "pruned=a"), "p-90"), (("dense=a", "x", "dense=b"), "dense")],
)
def test_two_values_for_the_same_file_are_refused(texts: tuple[str, ...], named: str) -> None:
    assert f"--key says two things for {named}" in refusal(ModelOptions(key=texts))


def test_an_unknown_role_is_refused_with_the_known_ones() -> None:
    said = refusal(ModelOptions(normalize=("p90=half",)))
    assert "'p90' is no model here" in said and "expected dense, p-90, p-95, control or pruned (all of them)" in said
    assert "control" in refusal(ModelOptions(arch=("control=net",)), ALONE)
    assert "'maybe', expected yes or no" in refusal(ModelOptions(trust_pickle=("dense=maybe",)))


@pytest.mark.parametrize("text", ["net.py:make(depth=20)", "a=b/c:make(x=1)", "dense(1=2)"])
def test_an_equals_sign_behind_a_colon_or_bracket_is_of_the_value(text: str) -> None:
    if text.startswith("a="):
        assert "'a' is no model" in refusal(ModelOptions(arch=(text,)))
        assert ModelOptions(arch=(f"dense={text}",)).for_files(FILES)[0].arch == text
    else:
        assert ModelOptions(arch=(text,)).for_files(FILES)[0].arch == text


def test_names_of_models_may_hold_anything() -> None:
    files = model_files(Path("m.pt"), [Path("keep=0.1(2).pt"), Path("pruned.pt")])
    found = ModelOptions(arch=("keep=0.1(2)=three", "pruned=four", "dense=zero")).for_files(files)
    assert [own.arch for own in found] == ["zero", "three", "four"], "a model's own name comes before the group"
    files = model_files(Path("a/m.pt"), [Path("b/m.pt"), Path("b/m.pth")])
    assert [own.arch for own in ModelOptions(arch=("b/m=one", "b/m#2=two")).for_files(files)] == ["auto", "one", "two"]
    assert [own.arch for own in ModelOptions(arch=("a/m=own",)).for_files(files)] == ["own", "auto", "auto"]


def test_a_pruned_model_named_dense_is_not_the_dense_one() -> None:
    files = model_files(Path("m.pt"), [Path("dense.pt")])
    assert [own.key for own in ModelOptions(key=("dense=ema",)).for_files(files)] == ["ema", ""]


def test_options_are_written_as_arguments() -> None:
    options = ModelOptions(("a", "dense=b"), ("none",), ("dense=1",), (), ("yes", "dense=no"))
    assert options.arguments() == [
        *("--arch", "a", "--arch", "dense=b", "--normalize", "none", "--keep", "dense=1"),
        *("--trust-pickle=yes", "--trust-pickle=dense=no"),
    ]

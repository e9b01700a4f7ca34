"""Stages given one by one: how a list is read, its defaults, names, fallbacks, and what is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinice_tui.errors import UsageError
from thinice_tui.protocol.attacks import ATTACKS
from thinice_tui.protocol.ensembles import Stage, build_ensemble
from thinice_tui.protocol.stage_list import (
    MOST,
    build_stages,
    default_stage,
    identity_text,
    parameters_of,
    parse_stages,
    stages_text,
)


def strategy_of(kind: str) -> st.SearchStrategy[str]:
    """A stage of that kind with some of its parameters, in any order."""
    each = [st.none() | st.integers(1, MOST[name]).map(f"{name}={{}}".format) for name in parameters_of(kind)]
    some = st.tuples(*each).map(lambda found: [one for one in found if one is not None]).flatmap(st.permutations)
    return some.map(lambda parameters: ":".join((kind, *parameters)))


LISTS = st.lists(
    st.one_of(*map(strategy_of, ATTACKS), st.integers(1, 999_999).map(lambda k: f"pgd-{k}")), min_size=1, max_size=6
).map(",".join)


@given(LISTS)
def test_a_list_through_its_text_is_the_same(text: str) -> None:
    listed = parse_stages(text)
    written = stages_text(listed)
    assert stages_text(parse_stages(written)) == written
    assert build_stages(written, 10, "Linf") == build_stages(text, 10, "Linf")
    assert (
        identity_text(written, "Linf")
        == identity_text(text, "Linf")
        == identity_text(identity_text(text, "Linf"), "Linf")
    )
    names = [stage.name for stage in build_stages(text, 10, "Linf")]
    assert len(set(names)) == len(names)


def test_an_equal_stage_is_that_of_the_ensemble_with_its_name_and_so_its_noise() -> None:
    standard, plus, fast = (build_ensemble(name, 10) for name in ("standard", "plus", "fast"))
    assert build_stages("pgd-20,apgd-ce,apgd-t,fab-t,square", 10, "Linf") == standard
    assert build_stages("apgd-dlr,fab", 10, "Linf") == (plus[2], plus[-1])
    assert build_stages("pma,margin-t", 10, "Linf") == fast[1:3]
    assert build_stages("apgd-ce:restarts=5", 10, "Linf") == plus[1:2]
    assert build_stages("apgd-ce:steps=20,apgd-t:steps=20:targets=3", 10, "Linf") == build_ensemble("quick", 10)[1:]
    assert build_stages("pgd", 10, "Linf") == build_stages("pgd-20", 10, "Linf") == standard[:1]


def test_given_parameters_replace_the_defaults() -> None:
    (stage,) = build_stages("apgd-t:steps=50:targets=3:restarts=2", 10, "Linf")
    assert stage == Stage("APGD-T", "apgd-t", 50, restarts=2, targets=3) and stage.runs == 6
    (stage,) = build_stages(" Square : Queries = 1000 ", 10, "Linf")
    assert stage == Stage("Square", "square", 1000)
    assert stages_text(parse_stages(" PGD:steps=7 , Apgd-CE:restarts=2:steps=9")) == "pgd-7,apgd-ce:steps=9:restarts=2"
    assert identity_text("square,pgd", "Linf") == "square:queries=5000:restarts=1,pgd:steps=20"
    assert identity_text("apgd-ce", "Linf") != identity_text("apgd-ce:steps=99", "Linf")


def test_every_attack_can_be_listed_with_a_default() -> None:
    for kind, attack in ATTACKS.items():
        (stage,) = build_stages(kind, 10, "Linf")
        assert stage.kind == kind and stage.scope == "all" and not stage.note
        assert ("steps" in parameters_of(kind)) == attack.gradients == ("queries" not in parameters_of(kind))
    assert default_stage("apgd-margin", "Linf") == Stage("APGD-margin", "apgd-margin", 100)
    assert [kind for kind in ATTACKS if "targets" in parameters_of(kind)] == ["apgd-t", "margin-t", "fab-t"]
    assert [kind for kind in ATTACKS if "restarts" not in parameters_of(kind)] == ["pgd", "fab-t"]


def test_a_kind_that_comes_again_has_a_name_and_noise_of_its_own() -> None:
    stages = build_stages("apgd-ce,pgd-5,apgd-ce:steps=9,pgd-7,pgd-5,apgd-ce", 10, "Linf")
    names = [stage.name for stage in stages]
    assert names == ["APGD-CE", "PGD-5", "APGD-CE (2)", "PGD-7", "PGD-5 (2)", "APGD-CE (3)"]
    assert len({stage.noise_name for stage in stages}) == 6


@pytest.mark.parametrize("classes", [2, 3])
def test_few_classes_give_the_fallback_of_the_ensembles_with_its_note(classes: int) -> None:
    stages = build_stages("apgd-t,fab-t", classes, "Linf")
    assert stages == build_ensemble("standard", classes)[2:4]
    assert "the logit margin instead" in stages[0].note and not stages[1].note
    (stage,) = build_stages("apgd-t:steps=7:restarts=2:targets=5", classes, "Linf")
    assert (stage.kind, stage.steps, stage.restarts, stage.targets) == ("apgd-margin", 7, 2, 0) and stage.note


def test_fewer_targets_than_asked_for_are_noted() -> None:
    (stage,) = build_stages("margin-t:targets=12", 10, "Linf")
    assert stage.targets == 9 and stage.note == "Margin-T was to have 12 targets, the model has 10 classes, so 9"
    assert not build_stages("margin-t:targets=9", 10, "Linf")[0].note
    assert not build_stages("margin-t", 5, "Linf")[0].note, "the default adapts, as in the ensembles"
    assert build_stages("apgd-t:targets=12", 100, "Linf")[0] == replace(default_stage("apgd-t", "Linf"), targets=12)


@pytest.mark.parametrize(
    ("text", "what", "do"),
    [
        ("", "a stage is empty", ""),
        ("square,", "a stage is empty", ""),
        (",square", "a stage is empty", ""),
        (":steps=3", "a stage is empty in front of ':steps=3'", ""),
        ("sqaure", "there is no attack 'sqaure', expected pgd, apgd-ce", "did you mean square?"),
        ("apgd", "there is no attack 'apgd'", "did you mean apgd-ce or apgd-dlr or apgd-margin or apgd-t?"),
        ("fgsm,square", "or pgd-K with K from 1 to 999999 (as pgd-50)", "write it as apgd-ce,square:queries=1000"),
        ("standard", "there is no attack 'standard'", "that is an ensemble: --attack standard"),
        ("pgd-0", "or pgd-K with K from 1 to 999999", "did you mean pgd-K or pgd?"),
        ("pgd-20:steps=30", "pgd has steps twice", ""),
        ("apgd-ce:steps=3:steps=3", "apgd-ce has steps twice", ""),
        ("square:steps=10", "square has no parameter 'steps', square takes queries, restarts", ""),
        ("square:querys=10", "has no parameter 'querys'", "did you mean queries?"),
        ("apgd-ce:targets=3", "apgd-ce has no parameter 'targets', apgd-ce takes steps, restarts", ""),
        ("apgd-ce:restart=3", "has no parameter 'restart'", "did you mean restarts?"),
        ("pgd-20:restarts=3", "pgd has no parameter 'restarts', pgd takes steps", ""),
        ("fab-t:restarts=3", "fab-t takes steps, targets", ""),
        ("apgd-ce:steps", "steps of apgd-ce is '', expected a number from 1 to 999999", "apgd-ce:steps=10"),
        ("apgd-ce:steps=0", "steps of apgd-ce is '0'", ""),
        ("apgd-ce:steps=-1", "steps of apgd-ce is '-1'", ""),
        ("apgd-ce:steps=1e3", "steps of apgd-ce is '1e3'", ""),
        ("apgd-ce:steps=1=2", "steps of apgd-ce is '1=2'", ""),
        ("apgd-ce:steps=\u0663", "steps of apgd-ce is", ""),
        ("square:queries=1000000", "expected a number from 1 to 999999", ""),
        ("square:restarts=101", "restarts of square is '101', expected a number from 1 to 100", ""),
        ("apgd-t:targets=1000", "expected a number from 1 to 999", ""),
        ("apgd-ce::steps=3", "has no parameter ''", ""),
        (",".join(["pgd-1"] * 51), "has 51 stages, expected at most 50", ""),
    ],
)
def test_what_is_no_list_is_refused_with_what_is_expected(text: str, what: str, do: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_stages(text)
    assert what in caught.value.what and do in caught.value.do, (caught.value.what, caught.value.do)


@given(st.text(st.sampled_from("apgd-ce:steps=19,square qu"), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        listed = parse_stages(text)
    except UsageError:
        return
    assert len(build_stages(stages_text(listed), 10, "Linf")) == len(listed)


def test_under_l1_the_defaults_are_those_of_l1() -> None:
    (ce, targeted, square) = build_stages("apgd-ce,apgd-t,square", 10, "L1")
    assert (ce.restarts, targeted.targets, ce.large_eps, targeted.large_eps, square.large_eps) == (
        5,
        5,
        True,
        True,
        False,
    )
    assert (ce, targeted, square) == tuple(
        one for one in build_ensemble("standard", 10, norm="L1") if one in (ce, targeted, square)
    )
    assert identity_text("apgd-ce", "L1") == "apgd-ce:steps=100:restarts=5"

"""Which stages an ensemble has, for any number of classes."""

from dataclasses import replace

import pyautoattack
import pytest
import torch

from thinice_tui.errors import UsageError
from thinice_tui.protocol.ensembles import build_ensemble, is_audited, is_final, under_norm
from thinice_tui.protocol.threat_model import Norm


def names(attack: str, classes: int = 10) -> list[str]:
    return [stage.name for stage in build_ensemble(attack, classes)]


def test_standard_is_autoattack_standard_after_the_weak_attack() -> None:
    assert names("standard") == ["PGD-20", "APGD-CE", "APGD-T", "FAB-T", "Square"]
    by_name = {stage.name: stage for stage in build_ensemble("standard", 10)}
    assert by_name["APGD-CE"].steps == by_name["APGD-T"].steps == by_name["FAB-T"].steps == 100
    assert by_name["APGD-T"].targets == by_name["FAB-T"].targets == 9
    assert by_name["Square"].steps == 5000


def test_plus_is_the_papers_protocol() -> None:
    stages = {stage.name: stage for stage in build_ensemble("plus", 10)}
    assert set(stages) == {"PGD-20", "APGD-CE", "APGD-DLR", "FAB", "Square", "APGD-T", "FAB-T"}
    assert [stages[name].restarts for name in ("APGD-CE", "APGD-DLR", "FAB")] == [5, 5, 5]
    assert stages["APGD-T"].targets == stages["FAB-T"].targets == 9
    assert stages["Square"].steps == 5000


def test_quick_has_three_targets_and_twenty_steps() -> None:
    assert names("quick") == ["PGD-20", "APGD-CE", "APGD-T"]
    assert [stage.steps for stage in build_ensemble("quick", 10)] == [20, 20, 20]
    assert build_ensemble("quick", 10)[2].targets == 3


def test_pgd_k_is_that_alone() -> None:
    (stage,) = build_ensemble("PGD-50", 10)
    assert (stage.name, stage.steps, stage.kind) == ("PGD-50", 50, "pgd")


@pytest.mark.parametrize(("classes", "targets"), [(4, 3), (7, 6), (10, 9), (100, 9), (1000, 9)])
def test_targets_are_the_other_classes_at_most_nine(classes: int, targets: int) -> None:
    assert {stage.targets for stage in build_ensemble("standard", classes)} == {0, targets}


@pytest.mark.parametrize("attack", ["quick", "standard", "plus"])
def test_below_four_classes_the_margin_loss_stands_in_and_says_so(attack: str) -> None:
    for classes in (2, 3):
        kinds = [stage.kind for stage in build_ensemble(attack, classes)]
        assert "apgd-t" not in kinds and "apgd-margin" in kinds
        assert ("apgd-dlr" in kinds) == (attack == "plus" and classes == 3)
        notes = [stage.note for stage in build_ensemble(attack, classes) if stage.kind == "apgd-margin"]
        assert all(f"the model has {classes}" in note for note in notes)


@pytest.mark.parametrize("attack", ["", "autoattack", "pgd", "pgd-0", "pgd--1", "pgd-x", "standard "])
def test_an_unknown_name_is_refused_with_the_known_ones(attack: str) -> None:
    with pytest.raises(UsageError, match="expected quick, fast, standard, plus or pgd-K"):
        build_ensemble(attack, 10)


def test_an_ensembles_name_tells_whether_its_last_number_is_final() -> None:
    names = ("standard", "PLUS", "quick", "fast", "pgd-50", "of a later version")
    assert [is_final(name) for name in names] == [True, True, False, False, False, False]


def test_only_fast_is_audited_and_its_audit_attacks_as_the_escalation() -> None:
    assert [is_audited(name) for name in ("FAST", "standard", "quick", "pgd-50")] == [True, False, False, False]
    stages = build_ensemble("fast", 10)
    audit, escalation = ([s for s in stages if s.scope == scope] for scope in ("audit", "escalation"))
    for before, after in zip(audit, escalation, strict=True):
        assert before.noise_name == after.noise_name == after.name and before.name == f"{after.name} (audit)"
        assert replace(before, name="", scope="all") == replace(after, name="", scope="all")
    assert [stage.name for stage in escalation] == ["FAB-T", "Square"]
    assert build_ensemble("fast", 10, escalate=False) == stages[:5]
    assert len({stage.name for stage in stages}) == len(stages)


def test_one_class_is_refused() -> None:
    with pytest.raises(UsageError, match="at least 2"):
        build_ensemble("quick", 1)


@pytest.mark.parametrize("attack", ["quick", "standard", "plus", "pgd-7"])
@pytest.mark.parametrize("classes", [2, 3, 10])
def test_every_stage_says_what_it_costs(attack: str, classes: int) -> None:
    for stage in build_ensemble(attack, classes):
        forwards, backwards = stage.passes(classes)
        assert forwards >= stage.steps
        assert (backwards == 0) == (not stage.attack.gradients)


def test_under_l1_standard_is_as_autoattacks_authors_set_it() -> None:
    """Five restarts of APGD-CE and five targets of APGD-T, both through larger balls; FAB-T and Square as elsewhere."""
    stages = {stage.name: stage for stage in build_ensemble("Standard", 10, norm="L1")}
    reference = pyautoattack.AutoAttack(torch.nn.Identity(), norm="L1", eps=12.0, version="standard")
    assert list(stages) == names("standard")
    assert stages["APGD-CE"].restarts == reference.apgd.n_restarts == 5
    assert stages["APGD-T"].targets == reference.apgd_targeted.n_target_classes == 5
    assert stages["FAB-T"].targets == reference.fab.n_target_classes == 9
    assert stages["Square"].steps == reference.square.n_queries == 5000
    assert reference.apgd.use_largereps and reference.apgd_targeted.use_largereps
    assert [stage.large_eps for stage in stages.values()] == [False, True, True, False, False]


@pytest.mark.parametrize("attack", ["quick", "fast", "plus", "pgd-20"])
def test_other_ensembles_differ_under_l1_by_the_larger_balls_alone(attack: str) -> None:
    for here, there in zip(build_ensemble(attack, 10), build_ensemble(attack, 10, norm="L1"), strict=True):
        assert there.large_eps == here.kind.startswith("apgd") and replace(there, large_eps=False) == here


@pytest.mark.parametrize("norm", ["Linf", "L2"])
def test_elsewhere_a_stages_identity_is_what_it_was(norm: Norm) -> None:
    """So that runs of earlier versions go on."""
    for stage in build_ensemble("plus", 10, norm=norm):
        assert set(stage.as_dict()) == {"name", "kind", "steps", "restarts", "targets", "note"}
    under_l1 = under_norm(build_ensemble("plus", 10)[1], "L1").as_dict()
    assert under_l1["large_eps"] is True


def test_each_ball_costs_a_start() -> None:
    stage = build_ensemble("quick", 10)[1]
    assert stage.passes(10) == (22, 21)
    assert under_norm(stage, "L1").passes(10) == (26, 23)

"""Settings from the command line."""

import pytest

from thinice_tui.errors import UsageError
from thinice_tui.protocol.settings import Settings, stored_field


@pytest.mark.parametrize(("norm", "eps"), [("linf", "8/255"), ("L2", "0.5"), ("l2", "0.5")])
def test_each_norm_has_a_default_budget(norm: str, eps: str) -> None:
    settings = Settings.build(norm, None, "standard")
    assert settings.norm.lower() == norm.lower() and settings.eps.text == eps


@pytest.mark.parametrize("eps", ["1", "8", "255/255"])
def test_a_budget_that_allows_every_image_is_refused_where_the_norm_tells(eps: str) -> None:
    with pytest.raises(UsageError, match="allows every image under Linf"):
        Settings.build("Linf", eps, "quick")
    assert Settings.build("L2", eps, "quick").eps.text == eps


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"norm": "L0"}, "--norm is 'L0', expected Linf, L2 or L1"),
        ({"keep_images": "some"}, "expected flips, all or none"),
        ({"precision": "fp16"}, "expected fp32, tf32 or bf16"),
        ({"seed": -1}, "expected a number from 0"),
        ({"batch_size": "0"}, "expected auto or a number from 1"),
        ({"batch_size": "many"}, "expected auto or a number from 1"),
    ],
)
def test_what_an_option_does_not_take_is_refused_with_what_it_takes(options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Settings.build(**({"norm": "Linf", "eps": None, "attack": "quick"} | options))  # type: ignore[arg-type]


def test_a_stored_field_is_of_its_very_type() -> None:
    stored = {"number": 1, "flag": True, "nothing": None}
    assert stored_field(stored, "number", int) == 1 and stored_field(stored, "nothing", int, None) is None
    for name, kind in (("flag", int), ("number", bool), ("nothing", int)):
        with pytest.raises(TypeError, match=name):
            stored_field(stored, name, kind)


def test_an_attack_is_shown_with_what_its_audit_was_asked_for() -> None:
    shown = [
        Settings.build("Linf", None, attack, audit=audit, escalate=escalate).attack_shown
        for attack, audit, escalate in (
            ("standard", None, True),
            ("fast", None, True),
            ("fast", "3", True),
            ("fast", None, False),
            ("fast", "all", False),
        )
    ]
    assert shown == ["standard", "fast", "fast (audit 3)", "fast (no escalation)", "fast (audit all, no escalation)"]

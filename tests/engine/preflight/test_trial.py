"""A choice in words."""

from thinice_tui.engine.preflight.trial import Trial, describe_trial


def test_a_choice_is_a_sentence_with_the_option_that_makes_it() -> None:
    trial = Trial("b", "the other is clearly worse", 300, {"a": 0.25, "b": 0.5}, {"a": 64, "b": 300})
    assert describe_trial("dense", "architecture", trial) == (
        "dense: architecture b, by clean accuracy on up to 300 images (b 50.0 %, a 25.0 % on the first 64); the other "
        "is clearly worse; give --arch to be sure"
    )
    assert "normalisation b" in describe_trial("dense", "normalisation", trial)
    assert describe_trial("dense", "normalisation", trial).endswith("give --normalize to be sure")

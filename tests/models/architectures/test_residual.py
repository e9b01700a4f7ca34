"""The rows of the residual networks."""

from collections import Counter

from thinice_tui.models.architectures.known import KNOWN, variants
from thinice_tui.models.architectures.residual import ROWS

MOST = 4
"""Variants of one architecture, so that they can be tried in one go."""


def test_variants_have_the_names_and_shapes_of_their_architecture() -> None:
    for row in ROWS:
        if row.variant_of and not row.key.endswith("conv3.weight"):  # deeper ones are made by the same functions
            state, usual = (known.make().state_dict() for known in (row, KNOWN[row.variant_of]))
            assert {k: v.shape for k, v in state.items()} == {k: v.shape for k, v in usual.items()}, row.name


def test_an_architecture_has_few_variants() -> None:
    counts = Counter(row.variant_of for row in ROWS if row.variant_of)
    assert max(counts.values()) <= MOST and len(variants("wide_resnet_28_10")) <= MOST
    assert variants("preact_resnet8") == ()
    assert not any(KNOWN[name].variant_of for name in counts)


def test_names_are_unique() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)

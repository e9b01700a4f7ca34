"""Which samples are audited: of a size that is asked for, by a hash of seed and index."""

import numpy as np
import pytest

from thinice_tui.errors import UsageError
from thinice_tui.protocol.audit import AuditSize, audited


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        (None, {0: 0, 5: 5, 16: 16, 100: 16, 128: 16, 129: 17, 800: 100}),
        ("all", {0: 0, 7: 7, 800: 800}),
        ("20", {7: 7, 800: 20}),
        ("0", {800: 0}),
    ],
)
def test_sizes(text: str | None, sizes: dict[int, int]) -> None:
    size = AuditSize.parse(text)
    assert {standing: size.of(standing) for standing in sizes} == sizes
    assert AuditSize.parse(size.text) == size


@pytest.mark.parametrize("text", ["", "-1", "some", "1.5"])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected all or a number"):
        AuditSize.parse(text)


def test_the_choice_depends_on_seed_and_index_alone_and_favours_no_part() -> None:
    indices, size = np.arange(4000), AuditSize(500)
    chosen = audited(indices, 0, size)
    assert chosen.sum() == 500 and (audited(indices, 1, size) != chosen).any()
    turned = np.random.default_rng(0).permutation(4000)
    assert np.array_equal(audited(indices[turned], 0, size), chosen[turned])
    assert abs(np.flatnonzero(chosen).mean() - 2000) < 4 * 1155 / np.sqrt(500)
    fewer = indices[indices % 3 > 0]
    both = audited(fewer, 0, size)
    assert both[chosen[fewer]].all(), "what stands under fewer models is audited all the same"

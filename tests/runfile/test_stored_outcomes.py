"""What a continued run already holds."""

from pathlib import Path

import numpy as np

from tests.runfile.small_runs import IMAGES, N, add_batch, logits, open_writer, plan_stages
from thinice_tui.protocol.pixels import as_floats


def test_a_continued_run_finds_what_was_computed(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    with open_writer(path) as writer:
        plan_stages(writer)
        writer.add_clean(0, np.arange(10), logits()[:10])
        add_batch(writer, 0)
        add_batch(writer, 2, broken=False)
    with open_writer(path) as writer:
        assert writer.resumed and writer.value("device") == "cpu" and writer.value("absent") is None
        clean = writer.clean_logits(0, N, 3)
        assert np.array_equal(clean[:10], logits()[:10]) and np.isnan(clean[10:]).all()
        worst = writer.worst_logits(0, N, 3)
        assert np.isfinite(worst[[*range(8), *range(16, 24)]]).all() and np.isnan(worst[8:16]).all()
        assert writer.broken_by(0, N).tolist() == [0] * 8 + [-1] * 32
        assert writer.batches_done(0, 0) == {0: 8, 16: 8} and writer.batches_done(1, 0) == {}
        assert writer.forwards(0, [0, 1]) == 320 and writer.forwards(0, [1]) == writer.forwards(1, [0]) == 0
        assert writer.last_added() == 2


def test_adversarial_images_stand_in_for_clean_ones_where_they_are_kept(tmp_path: Path) -> None:
    with open_writer(tmp_path / "a.thinice") as writer:
        plan_stages(writer)
        add_batch(writer, 0)
        positions = np.array([3, 20])
        clean = as_floats(IMAGES[positions])
        elsewhere = np.zeros_like(clean)
        found = writer.adversarial(0, positions, clean)
        assert np.array_equal(found, clean)
        assert writer.adversarial_positions(0).tolist() == list(range(8)) and not len(writer.adversarial_positions(1))
        assert np.array_equal(writer.adversarial(0, positions[1:], elsewhere[1:]), elsewhere[1:])

"""Several runs of an attack at once."""

import torch

from thinice_tui.attacks.multi_run import lowest_run, runs_per_batch


def test_a_batch_is_filled_and_never_overfull() -> None:
    assert [runs_per_batch(9, standing, 100) for standing in (100, 51, 50, 33, 10, 1)] == [1, 1, 2, 3, 9, 9]
    assert runs_per_batch(2, 10, 100) == 2
    assert runs_per_batch(9, 120, 100) == 1, "a batch that is too large already is not split here"


def test_of_each_sample_the_lowest_run_is_taken_and_one_without_hides_none() -> None:
    inf = torch.inf  # a run without finite logits
    values = torch.tensor([0.5, 2.0, inf, inf, 0.1, 3.0, -1.0, inf, inf, 1.0, inf, inf])  # 3 runs on 4 samples
    images = torch.arange(12.0).view(12, 1, 1, 1)
    best, found = lowest_run(values, images, 3)
    assert torch.allclose(best, torch.tensor([0.1, 1.0, -1.0, torch.inf]))
    assert found.flatten()[:3].tolist() == [4.0, 9.0, 6.0]

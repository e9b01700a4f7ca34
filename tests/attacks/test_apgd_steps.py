"""APGD's steps under L1; that they are the authors' in each norm, tests/attacks/test_apgd.py tells."""

import torch

from thinice_tui.attacks.apgd_steps import SparseSteps

EPS = torch.full((1, 1, 1, 1), 2.0)


def sparse(changes: int) -> torch.Tensor:
    """An image of 100 grey pixels of which that many are lighter."""
    image = torch.full((1, 1, 10, 10), 0.5)
    image.view(-1)[:changes] = 0.52
    return image


def test_a_step_changes_two_thirds_as_many_pixels_as_the_best_iterate_does() -> None:
    x, gradient = sparse(0), torch.linspace(1, 2, 100).view(1, 1, 10, 10)
    steps = SparseSteps(x, EPS, 100, sparse(30))
    moved = steps.next(x, gradient) - x
    assert (moved != 0).sum() == 20 and (moved.view(-1)[-20:] > 0).all()
    assert torch.allclose(moved.sum(), torch.tensor(2.0))


def test_at_a_checkpoint_the_step_is_whole_where_iterates_became_sparser_and_shorter_elsewhere() -> None:
    x, gradient = sparse(0), torch.linspace(1, 2, 100).view(1, 1, 10, 10)
    steps, nothing = SparseSteps(x, EPS, 100, sparse(30)), torch.zeros(1)

    def length() -> float:
        return float((steps.next(x, gradient) - x).abs().sum())

    assert steps.check(1, nothing, nothing, sparse(10)) is None, "every fourth step of a hundred"
    lengths = [length()]
    for step, changes in ((4, 30), (8, 29), (12, 28)):
        back = steps.check(step, nothing, nothing, sparse(changes))
        assert back is not None and not back.any()
        lengths.append(length())
    assert torch.allclose(torch.tensor(lengths), 2 / 1.5 ** torch.arange(4.0))
    back = steps.check(16, nothing, nothing, sparse(20))
    assert back is not None and back.all() and abs(length() - 2.0) < 1e-5
    for step in range(20, 100, 4):
        steps.check(step, nothing, nothing, sparse(20))
    assert abs(length() - 0.2) < 1e-6, "a tenth of eps is the shortest"

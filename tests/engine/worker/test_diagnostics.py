"""Signs that attacks could not do their work: none for sound models, and each for a model made to hide."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.linear_models import make_task, module
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.vanishing_gradients import vanished_gradients
from thinice_tui.engine.worker.diagnostics import CHECKS, STEPS, diagnose
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.threat_model import NORMS, Norm
from thinice_tui.runfile.records import Finding

CPU = torch.device("cpu")
EPS = {"Linf": 4 / 255, "L2": 0.2, "L1": 1.5}


class _Changed(nn.Module):
    """The linear model with its logits changed."""

    def __init__(self, change: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.inner = module(make_task(30).weight)
        self.change = change

    def forward(self, x: Tensor) -> Tensor:
        return self.change(self.inner(x))


class _Jumping(_Changed):
    """Its margin depends on the last bits of the image."""

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = super().forward(x)
        return logits * (1 + 0.9 * torch.sin(1e4 * x.sum(dim=(1, 2, 3))))[:, None]


def staircase(logits: Tensor) -> Tensor:
    """The same predictions, and no gradient: rounding has none, however the graph says."""
    return (logits * 1e3).round() / 1e3 + 0 * logits


def constant(logits: Tensor) -> Tensor:
    """The prediction of whatever is right stays: only the first class is ever said."""
    return nn.functional.one_hot(torch.zeros(len(logits), dtype=torch.long), logits.shape[1]) + 0 * logits


def diagnosed(network: nn.Module, norm: Norm, form: nn.Module | None = None) -> dict[str, Finding]:
    """Findings of a model by check. form: its faster form; None: itself."""
    task, positions = make_task(30), torch.arange(30)
    images = torch.from_numpy(task.images)
    judge = Classifier(network)
    exact = judge if form is None else Classifier(form)
    with torch.no_grad():
        labels = judge(images).argmax(dim=1)
    noise = Noise(0, "checks", np.arange(30))
    return {f.check: f for f in diagnose(judge, exact, "dense", positions, images, labels, norm, EPS[norm], noise)}


@pytest.mark.parametrize("norm", NORMS)
def test_a_sound_model_gives_no_reason_to_doubt(norm: Norm) -> None:
    found = diagnosed(_Changed(lambda logits: logits), norm)
    assert tuple(found) == CHECKS
    assert not any(one.doubtful for name, one in found.items() if name != "margin jumps under random noise")


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(
    ("network", "check"),
    [
        (_Changed(staircase), "gradients vanish"),
        (_Changed(lambda logits: logits * 1e6), "none"),
        (_Changed(constant), "stands even without a limit to eps"),
        (_Jumping(lambda logits: logits), "margin jumps under random noise"),
    ],
    ids=["staircase", "large logits", "constant", "jumping"],
)
def test_a_model_that_hides_is_found_out(network: nn.Module, check: str, norm: Norm) -> None:
    found = diagnosed(network, norm)
    if check == "none":  # the margin's gradient is there, where the cross-entropy's is not
        assert not found["gradients vanish"].doubtful
        return
    assert found[check].doubtful and found[check].value > 0.1 * found[check].n
    assert found[check].value == len(found[check].samples)


def test_an_ascent_cut_short_is_called_unfinished(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thinice_tui.engine.worker.diagnostics.STEPS", 12)
    monkeypatch.setattr("thinice_tui.engine.worker.diagnostics.LAST_STEPS", 10)
    assert diagnosed(_Jumping(lambda logits: logits), "L2")["optimisation was not at rest"].doubtful


def test_what_has_no_gradient_at_all_is_an_error() -> None:
    task = make_task(4)
    judge = Classifier(_Changed(lambda logits: logits.detach()))
    with pytest.raises(RuntimeError, match="grad"):
        vanished_gradients(judge, torch.from_numpy(task.images), torch.from_numpy(task.labels))


@pytest.mark.parametrize("scale", [1e-6, 1e-2, 1e2, 1e6])
def test_the_scale_of_logits_changes_no_verdict_of_a_check(scale: float) -> None:
    plain = diagnosed(_Changed(lambda logits: logits), "Linf")
    scaled = diagnosed(_Changed(lambda logits: scale * logits), "Linf")
    assert [one.doubtful for one in scaled.values()] == [one.doubtful for one in plain.values()]


class _Rounding(_Changed):
    """Its input is rounded to a few grey levels, and the gradient passed on as if it were not."""

    levels = 15

    def forward(self, x: Tensor) -> Tensor:
        rounded = (x * self.levels).round() / self.levels
        return super().forward(x + (rounded - x).detach())


def test_a_gradient_that_is_not_the_functions_own_is_found_out() -> None:
    """On every model that rounds so, however little it gains by that."""
    rounding = diagnosed(_Rounding(lambda logits: logits), "Linf")
    assert rounding["margin does not follow its gradient"].value > 25
    assert rounding["margin does not follow its gradient"].doubtful and not rounding["gradients vanish"].doubtful


@pytest.mark.parametrize("norm", NORMS)
def test_what_the_faster_form_finds_is_classified_by_the_model(norm: Norm) -> None:
    """A form that anything fools clears no model of standing even without a limit."""
    found = diagnosed(_Changed(constant), norm, form=_Changed(lambda logits: logits))
    assert found["stands even without a limit to eps"].value == 30


def test_without_a_limit_a_sound_model_takes_few_passes() -> None:
    """Ascents of 2, then of 20 steps, from the samples that the first left robust."""
    passes = []

    class Counted(_Changed):
        def forward(self, x: Tensor) -> Tensor:
            passes.append(len(x))
            return super().forward(x)

    diagnosed(_Changed(lambda logits: logits), "Linf", form=Counted(lambda logits: logits))
    assert sum(passes[STEPS + 1 :]) < 5 * 30

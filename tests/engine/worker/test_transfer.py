"""Another model's images on one batch: broken is what the model itself misclassifies within eps."""

from dataclasses import replace

import numpy as np
import torch

from tests.linear_models import make_task, module
from thinice_tui.engine.worker.attack_model import prepare_attack_model
from thinice_tui.engine.worker.tasks import Worker
from thinice_tui.engine.worker.transfer import TransferTask, judge_transferred
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.settings import Settings

N = 30


def test_images_are_judged_within_eps_by_the_model_itself() -> None:
    """The model is linear: steps along a rival's weights cross its boundary exactly where their length says."""
    task, eps = make_task(N), 4 / 255
    model = Classifier(module(task.weight))
    seen = prepare_attack_model(model, torch.from_numpy(task.images), "fp32")
    worker = Worker("dense", model, seen, Settings.build("Linf", "4/255", "quick"), torch.device("cpu"), lambda _: None)
    own = task.weight[task.labels]
    rival = task.weight[(task.labels + 1) % len(task.weight)]
    direction = np.sign(rival - own).reshape(task.images.shape)

    def judged(length: float) -> TransferTask:
        return TransferTask(
            model=0,
            first=0,
            positions=np.arange(N),
            indices=np.arange(N),
            images=task.images,
            labels=task.labels,
            batch_capacity=N,
            transferred=(task.images + length * direction).astype(np.float32),
        )

    def misclassified(length: float) -> np.ndarray:
        moved = (task.images + length * direction).reshape(N, -1).astype(np.float64)
        return np.asarray((moved @ task.weight.T).argmax(axis=1) != task.labels)

    inside, outside = judge_transferred(judged(0.9 * eps), worker), judge_transferred(judged(3 * eps), worker)
    assert np.array_equal(inside.broken, misclassified(0.9 * eps)) and inside.broken.any() and not inside.broken.all()
    assert np.array_equal(outside.broken, misclassified(eps)), "an image from outside counts where it is projected to"
    assert (outside.distances <= eps + 1e-6).all() and (misclassified(3 * eps) & ~outside.broken).any()
    bad = judged(eps)
    bad = replace(bad, transferred=np.full_like(bad.transferred, np.nan))
    assert np.array_equal(judge_transferred(bad, worker).broken, misclassified(0.0)), "it counts as the clean image"
    assert (inside.forwards, inside.backwards) == (0, 0)

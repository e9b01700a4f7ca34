"""Whether a model is deterministic: an image's logits must depend on that image alone, in every pass and batch."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from thinice_tui.data.samples import Samples
from thinice_tui.engine.preflight.check_result import CheckResult
from thinice_tui.engine.preflight.outputs import cannot_take
from thinice_tui.engine.worker.memory import free_cached, is_out_of_memory
from thinice_tui.errors import ModelError, reason
from thinice_tui.models.load import LoadedModel

IMAGES = 8
"""Images that are checked."""
PASSES = 5
"""Passes over the same images, as in AutoAttack's check for randomised defences (Croce and Hein 2020, arXiv
2003.01690)."""
SIZES = (1, 2, 4, 16, 32, 50, 64, 100, 128, 200, 256, 500, 512)
"""Batch sizes that are tried where a model fails on a batch of IMAGES."""
PASS_TOLERANCE = 1e-4
"""Largest difference of logits between passes over the same batch, relative to the largest logit."""
CHANGES = "logits change from pass to pass"
BATCH_TOLERANCE = 1e-2
"""Largest difference of an image's logits between batches, relative to the range of all logits: rounding depends on
the batch size."""

Images = NDArray[np.float32]


def check_determinism(model: LoadedModel, samples: Samples, device: torch.device) -> tuple[CheckResult, ...]:
    """Check the model on `device`, where it stays; empty where its outputs are no logits, which check_outputs refuses.

    Warns of logits that change from pass to pass. Raises ModelError where a forward pass changes the model's mode,
    weights or statistics, where it takes one batch size only, and where logits depend on the other images of the batch.
    On fewer images where the device has too little memory for all.
    """
    images = samples.floats(slice(IMAGES))
    if len(images) < IMAGES:
        images = np.resize(np.concatenate([images, 1 - images]), (IMAGES, *images.shape[1:]))
    model.network.to(device)
    while True:
        try:
            return _check(model, images, device)
        except Exception as error:
            if len(images) == 1 or not is_out_of_memory(error):
                raise
        free_cached()
        images = images[: len(images) // 2]


def _check(model: LoadedModel, images: Images, device: torch.device) -> tuple[CheckResult, ...]:
    before = {name: value.clone() for name, value in _state(model.network)}
    whole = _first_pass(model, images, device)
    _check_mode(model)
    _check_state(model, before)
    if whole.ndim != 2 or len(whole) != len(images) or not np.isfinite(whole).all():
        return ()
    others = [_logits(model, images, device) for _ in range(PASSES - 1)]
    difference = np.stack([np.abs(other - whole).max(axis=1) for other in others]).max(axis=0)
    changed = int(np.count_nonzero(~(difference <= PASS_TOLERANCE * np.abs(whole).max())))
    if changed:
        warning = (
            f"{model.path}: is randomised: the logits of the same images change from pass to pass "
            f"(by {difference.max():.2g}). The attacks do not average over this noise (no EOT): its robust accuracy "
            "may be too high, and the same command gives other numbers"
        )
        return (CheckResult(CHANGES, changed, len(images), warning),)
    _check_batch_independence(model, images, whole, device)
    return (CheckResult(CHANGES, 0, len(images)),)


def _first_pass(model: LoadedModel, images: Images, device: torch.device) -> Images:
    """Logits; raises ModelError that names the one batch size that works, or what is returned instead."""
    found = _tried(model, images, device)
    if not isinstance(found, BaseException):
        return found
    if isinstance(found, ModelError):
        raise ModelError(f"{model.path}: {found.what}", found.do) from found
    for size in SIZES:
        other = _tried(model, np.resize(images, (size, *images.shape[1:])), device)
        if not isinstance(other, BaseException) and len(other) == size:
            raise _fixed_batch_size(
                model, f"takes batches of {size}, and fails on {len(images)} ({reason(found)})"
            ) from found
    raise cannot_take(model, images, found) from found


def _tried(model: LoadedModel, images: Images, device: torch.device) -> Images | BaseException:
    """Logits, or whatever the forward pass raised, SystemExit included; raises what means out of memory."""
    try:
        return _logits(model, images, device)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if is_out_of_memory(error):
            raise
        return error


def _fixed_batch_size(model: LoadedModel, what: str) -> ModelError:
    return ModelError(
        f"{model.path}: {what}",
        "expected a model that takes any number of images: broken samples leave the batch, and the last one is smaller",
    )


def _check_mode(model: LoadedModel) -> None:
    """Raise ModelError where a part of the network is in training mode."""
    training = [
        name or "the network" for name, part in model.network.named_modules() if getattr(part, "training", False)
    ]
    if training:
        raise ModelError(
            f"{model.path}: its forward pass switches to training mode ({_first_three(training)})",
            "expected one that keeps evaluation mode, else dropout and batch statistics decide: remove its train()",
        )


def _check_state(model: LoadedModel, before: dict[str, Tensor]) -> None:
    """Raise ModelError where parameters or buffers are not those `before` the forward pass."""
    after = dict(_state(model.network))
    changed = [name for name, value in before.items() if name not in after or not _equal(value, after[name])]
    changed += [name for name in after if name not in before]
    if changed:
        raise ModelError(
            f"{model.path}: its forward pass changes its own state ({_first_three(changed)})",
            "expected a model that stays the same: else every verdict is about another model",
        )


def _check_batch_independence(model: LoadedModel, images: Images, whole: Images, device: torch.device) -> None:
    """Raise ModelError unless images get the same logits alone, and a few together, as in the `whole` batch."""
    spread, count = float(whole.max() - whole.min()), len(images)
    quarter = count // 4
    for part in (slice(quarter, quarter + 1 + quarter), slice(0, 1), slice(count - 1, count)):
        size = len(images[part])
        found = _tried(model, images[part], device)
        if isinstance(found, BaseException):
            raise _fixed_batch_size(
                model, f"takes batches of {count}, and fails on {size} ({reason(found)})"
            ) from found
        if found.shape != whole[part].shape:
            raise _fixed_batch_size(model, f"returns an array of shape {found.shape} for {size} images, takes {count}")
        difference = float(np.abs(found - whole[part]).max())
        if not difference <= BATCH_TOLERANCE * spread:
            raise ModelError(
                f"{model.path}: an image's logits depend on the other images of its batch: of {size} together and of "
                f"{count} they differ by {difference:.2g}{_batch_statistics(model.network)}",
                "expected a model that judges each image by itself, in batches of any size: else verdicts depend on "
                "the other images",
            )


def _batch_statistics(network: nn.Module) -> str:
    """The batch norms without running statistics, as the end of a message; empty: there are none."""
    norms = [
        name
        for name, part in network.named_modules()
        if isinstance(part, nn.modules.batchnorm._BatchNorm) and part.running_mean is None
    ]
    return f" (batch norm without running statistics: {_first_three(norms)})" if norms else ""


def _state(network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from network.named_parameters()
    yield from network.named_buffers()


def _equal(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and one.dtype == other.dtype and bool(((one == other) | (one != one)).all())


def _first_three(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


@torch.no_grad()
def _logits(model: LoadedModel, images: Images, device: torch.device) -> Images:
    logits: Images = model.classifier().to(device)(torch.from_numpy(images).to(device)).cpu().numpy().copy()
    return logits

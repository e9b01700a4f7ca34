"""How a model behaves from pass to pass: what would make verdicts on single images mean nothing.

Looked at on a few clean images before any attack. Whether what it returns are logits is asked in `checks`.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from thinice_tui.data.samples import Samples
from thinice_tui.engine.findings import Check
from thinice_tui.errors import ModelError, reason
from thinice_tui.models.load import LoadedModel

IMAGES = 8
PASSES = 5
"""Over the same images, as AutoAttack's check for randomised defences (Croce and Hein 2020, arXiv 2003.01690)."""
SIZES = (1, 2, 4, 16, 32, 50, 64, 100, 128, 200, 256, 500, 512)
"""Batch sizes that are tried where the images at hand are too many, or too few, for a model."""
RANDOM = 1e-4
"""How far logits may differ between passes over the same batch, relative to the largest."""
CHANGES = "logits change from pass to pass"
ALONE = 1e-2
"""How far an image's logits may differ between batches, of the spread of all logits: other sizes round otherwise."""

Images = NDArray[np.float32]


def check_behaviour(model: LoadedModel, samples: Samples, device: torch.device) -> tuple[Check, ...]:
    """What was seen of the model on `device`, where it stays; raises ModelError for what is refused.

    Warned of: logits that change from pass to pass. Refused: a mode, weights or statistics that a forward pass
    changes, a batch size of its own, and logits that depend on the other images of the batch.
    """
    images = samples.floats(slice(IMAGES))
    if len(images) < IMAGES:
        images = np.resize(np.concatenate([images, 1 - images]), (IMAGES, *images.shape[1:]))
    model.network.to(device)
    before = {name: value.clone() for name, value in _state(model.network)}
    whole = _first_pass(model, images, device)
    _check_mode(model)
    _check_state(model, before)
    if whole.ndim != 2 or len(whole) != IMAGES or not np.isfinite(whole).all():
        return ()  # `checks` says what is wrong
    others = [_logits(model, images, device) for _ in range(PASSES - 1)]
    moved = np.stack([np.abs(other - whole).max(axis=1) for other in others]).max(axis=0)
    changed = int(np.count_nonzero(~(moved <= RANDOM * np.abs(whole).max())))
    if changed:
        warning = (
            f"{model.path}: is randomised: the logits of the same images change from pass to pass "
            f"(by {moved.max():.2g}). The attacks here take no expectation over its noise: its robust accuracy may be "
            "too high, and the same command gives other numbers"
        )
        return (Check(CHANGES, changed, IMAGES, warning),)
    _check_alone(model, images, whole, device)
    return (Check(CHANGES, 0, IMAGES),)


def _first_pass(model: LoadedModel, images: Images, device: torch.device) -> Images:
    """Logits; raises ModelError that names the batch size which a model insists on, or what it returns instead."""
    found = _tried(model, images, device)
    if not isinstance(found, BaseException):
        return found
    _check_returned(model, images, device)
    for size in SIZES:
        other = _tried(model, np.resize(images, (size, *images.shape[1:])), device)
        if not isinstance(other, BaseException) and len(other) == size:
            raise _insists(model, f"takes batches of {size}, and fails on {len(images)} ({reason(found)})") from found
    raise ModelError(
        f"{model.path}: cannot take images of shape {images.shape[1:]} ({reason(found)})",
        "check --data and --arch: channels and size must be what the model was trained on",
    ) from found


def _tried(model: LoadedModel, images: Images, device: torch.device) -> Images | BaseException:
    """Logits, or whatever a stranger's forward pass raised instead, to end the program even."""
    try:
        return _logits(model, images, device)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return error


def _check_returned(model: LoadedModel, images: Images, device: torch.device) -> None:
    """Raise ModelError where the network, which failed as a classifier, returns what cannot be unwrapped."""
    try:
        with torch.no_grad():
            found = model.classifier().to(device).network(torch.from_numpy(images).to(device))
    except KeyboardInterrupt:
        raise
    except BaseException:
        return  # it fails by itself
    first = found[0] if isinstance(found, (tuple, list)) and found else found
    if not isinstance(first, Tensor):
        raise ModelError(
            f"{model.path}: its forward pass returns {type(found).__name__}",
            "expected a tensor of logits, or a tuple that begins with one: unwrap it through --arch",
        )


def _insists(model: LoadedModel, what: str) -> ModelError:
    return ModelError(
        f"{model.path}: {what}",
        "expected a model that takes any number of images: broken samples leave the batch, and the last one is smaller",
    )


def _check_mode(model: LoadedModel) -> None:
    training = [
        name or "the network" for name, part in model.network.named_modules() if getattr(part, "training", False)
    ]
    if training:
        raise ModelError(
            f"{model.path}: its forward pass switches to training mode ({_some(training)})",
            "expected one that leaves its mode alone, else dropout and batch statistics judge: remove its train()",
        )


def _check_state(model: LoadedModel, before: dict[str, Tensor]) -> None:
    after = dict(_state(model.network))
    changed = [name for name, value in before.items() if name not in after or not _same(value, after[name])]
    changed += [name for name in after if name not in before]
    if changed:
        raise ModelError(
            f"{model.path}: its forward pass changes its own state ({_some(changed)})",
            "expected a model that is the same after each pass: every verdict would be on another one",
        )


def _check_alone(model: LoadedModel, images: Images, whole: Images, device: torch.device) -> None:
    """Raise ModelError unless images get the same logits alone and a few at a time as all together."""
    spread = float(whole.max() - whole.min())
    for part in (slice(2, 5), slice(0, 1), slice(IMAGES - 1, IMAGES)):
        size = len(images[part])
        found = _tried(model, images[part], device)
        if isinstance(found, BaseException):
            raise _insists(model, f"takes batches of {IMAGES}, and fails on {size} ({reason(found)})") from found
        if found.shape != whole[part].shape:
            raise _insists(model, f"returns an array of shape {found.shape} for {size} images, takes {IMAGES}")
        moved = float(np.abs(found - whole[part]).max())
        if not moved <= ALONE * spread:
            raise ModelError(
                f"{model.path}: an image's logits depend on the other images of its batch: of {size} together and of "
                f"{IMAGES} they differ by {moved:.2g}{_batch_statistics(model.network)}",
                "expected a model that judges each image for itself, in batches of any size: else no verdict is one "
                "image's own",
            )


def _batch_statistics(network: nn.Module) -> str:
    """Which batch norms have no running statistics, where some have none."""
    norms = [
        name
        for name, part in network.named_modules()
        if isinstance(part, nn.modules.batchnorm._BatchNorm) and part.running_mean is None
    ]
    return f" (batch norm without running statistics: {_some(norms)})" if norms else ""


def _state(network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from network.named_parameters()
    yield from network.named_buffers()


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and one.dtype == other.dtype and bool(((one == other) | (one != one)).all())


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


@torch.no_grad()
def _logits(model: LoadedModel, images: Images, device: torch.device) -> Images:
    logits: Images = model.classifier().to(device)(torch.from_numpy(images).to(device)).cpu().numpy().copy()
    return logits

"""The check of one model of a run: it gives the stored logits again, and misclassifies every adversarial image."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.attacks.losses import misclassified
from thinice_tui.attacks.norms import norm_of
from thinice_tui.data.samples import Samples
from thinice_tui.engine.verification.model_files import FoundFile
from thinice_tui.engine.worker.device import default_batch_size
from thinice_tui.engine.worker.memory import in_pieces
from thinice_tui.engine.worker.verify import inside_ball, inside_cube
from thinice_tui.errors import ModelError, RunFileError, ThiniceError, reason
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.margins import logit_margin
from thinice_tui.report.verified_run import Discrepancy, VerifiedModel
from thinice_tui.runfile.connection import reading
from thinice_tui.runfile.read_arrays import adversarial_positions, read_adversarial_images, read_logit_pairs
from thinice_tui.runfile.records import Floats, Integers, Run

TOLERANCE = 1e-3
"""How far logits may be from the stored ones, relative to the sample's largest logit where that is above 1: other
devices, batch sizes and versions of torch round otherwise."""
DISTANCE_TOLERANCE = 1e-6
"""How far an image's distance may be from the stored one: both are computed in float64 from the same pixels."""
Progress = Callable[[str, int, int], None]
"""Called with a model's name, and how many of its forward passes are done, of how many."""
Mask = NDArray[np.bool_]


def check_model(
    run: Run, samples: Samples, found: FoundFile, classifier: Classifier, device: torch.device, progress: Progress
) -> tuple[VerifiedModel, list[Discrepancy]]:
    """Check the model of the run that `found` is the file of, in full precision; raises ThiniceError."""
    check = _Check(run, samples, found, classifier.to(device), device, progress)
    return check.verify(), check.discrepancies


@dataclass(frozen=True)
class _Fault:
    """What is wrong with some samples of a batch: which, bool [b], and what of each, in words with its values [b]."""

    where: Mask
    text: str
    values: tuple[NDArray[Any], ...] = ()

    def of(self, row: int) -> str:
        return self.text.format(*(value[row] for value in self.values))


@dataclass(frozen=True)
class _Check:
    """The check of one model; its discrepancies are gathered."""

    run: Run
    samples: Samples
    found: FoundFile
    classifier: Classifier
    device: torch.device
    progress: Progress
    discrepancies: list[Discrepancy] = field(default_factory=list)

    def verify(self) -> VerifiedModel:
        outcomes, path, number = self.run.models[self.found.number], Path(self.run.path), self.found.number
        shape = (len(self.samples), self.run.info.classes)
        with reading(path) as connection:
            clean, worst = read_logit_pairs(connection, range(number, number + 1), shape)[number]
        known = np.flatnonzero(~np.isnan(clean).any(axis=1))
        kept = adversarial_positions(path, number)
        if len(kept) and not 0 <= kept[0] <= kept[-1] < len(self.samples):
            raise RunFileError(f"{path}: is damaged (an adversarial image of sample {kept[-1]})")
        name, done = outcomes.record.name, 0
        clean_verified = images_verified = too_close = 0
        for positions in self._batches(known):
            clean_verified += self._clean(positions, clean[positions])
            done += len(positions)
            self.progress(name, done, len(known) + len(kept))
        for positions in self._batches(kept):
            verified, close = self._adversarial(positions, worst[positions])
            images_verified, too_close = images_verified + verified, too_close + close
            done += len(positions)
            self.progress(name, done, len(known) + len(kept))
        return VerifiedModel(
            name=name,
            path=str(self.found.path),
            clean=len(known),
            clean_verified=clean_verified,
            broken=int((outcomes.broken_by >= 0).sum()),
            images=len(kept),
            images_verified=images_verified,
            too_close=too_close,
        )

    def _clean(self, positions: Integers, stored: Floats) -> int:
        """Check clean logits [b,C]; returns how many the model gives again."""
        logits = self._forward(self.samples.floats(positions))
        far, now, before = _far(logits, stored), logits.argmax(axis=1), stored.argmax(axis=1)
        text = "the clean image is classified as {}, the run says {}"
        faults = [
            _Fault(far & (now != before), text, (now, before)),
            _Fault(far, "logits on the clean image differ by {:.2g}", (_difference(logits, stored),)),
        ]
        return int((~self._report(positions, faults)).sum())

    def _adversarial(self, positions: Integers, stored: Floats) -> tuple[int, int]:
        """Check adversarial images and their logits [b,C]; returns how many are verified, and how many too close."""
        outcomes, settings = self.run.models[self.found.number], self.run.info.settings
        labels, clean = self.run.labels[positions], torch.from_numpy(self.samples.floats(positions))
        images = torch.from_numpy(read_adversarial_images(Path(self.run.path), self.found.number, positions))
        measured, said = norm_of(settings.norm).distances(clean, images), outcomes.distance[positions]
        distances, in_ball = measured.numpy(), inside_ball(measured, settings.norm, settings.eps.value).numpy()
        in_cube = inside_cube(images).numpy()
        logits = self._forward(np.where(in_cube[:, None, None, None], images.numpy(), np.float32(0)))
        adversarial = misclassified(torch.from_numpy(logits), torch.from_numpy(labels)).numpy()
        far = _far(logits, stored)
        too_close = ~adversarial & ~far & (np.abs(logit_margin(logits, labels)) <= TOLERANCE * _scale(stored))
        image, eps = "its adversarial image", f"eps is {settings.eps.value:.6g}"
        faults = [
            _Fault(~in_cube, f"{image} is not within [0,1]"),
            _Fault(~in_ball, f"{image} is at a distance of {{:.6g}}, {eps}", (distances,)),
            _Fault(
                outcomes.broken_by[positions] < 0,
                "it has an adversarial image, and the run says that no stage broke it",
            ),
            _Fault(~adversarial & ~too_close, f"{image} is classified correctly"),
            _Fault(far, f"logits on {image} differ by {{:.2g}}", (_difference(logits, stored),)),
            _Fault(
                ~(np.abs(distances - said) <= DISTANCE_TOLERANCE),
                f"{image} is at a distance of {{:.6g}}, the run says {{:.6g}}",
                (distances, said),
            ),
        ]
        right = ~self._report(positions, faults)
        return int((right & adversarial).sum()), int((right & ~adversarial).sum())

    def _report(self, positions: Integers, faults: list[_Fault]) -> Mask:
        """Note the first fault of each sample that has one; returns which have, bool [b]."""
        name, faulty = self.run.models[self.found.number].record.name, np.zeros(len(positions), np.bool_)
        for fault in faults:
            for row in np.flatnonzero(fault.where & ~faulty):
                index = int(self.run.indices[positions[row]])
                self.discrepancies.append(Discrepancy(name, index, fault.of(int(row))))
            faulty |= fault.where
        return faulty

    def _batches(self, positions: Integers) -> Iterator[Integers]:
        size = default_batch_size(self.device)
        for start in range(0, len(positions), size):
            yield positions[start : start + size]

    @torch.no_grad()
    def _forward(self, images: Floats) -> Floats:
        """Logits [b,C]; raises ModelError."""
        path, classes = self.found.path, self.run.info.classes

        def part(some: Floats) -> Floats:
            logits: Floats = self.classifier(torch.from_numpy(some).to(self.device)).cpu().numpy()
            return logits

        try:
            logits = in_pieces(part, images)
        except ThiniceError:
            raise
        except Exception as error:  # a network may raise anything
            raise ModelError(
                f"{path}: cannot take the run's images, of shape {images.shape[1:]} ({reason(error)})",
                "give the --arch that the run was computed with",
            ) from error
        if logits.shape != (len(images), classes):
            raise ModelError(
                f"{path}: returns an array of shape {logits.shape} for {len(images)} images",
                f"expected logits of the run's {classes} classes: give the --arch that it was computed with",
            )
        return logits


def _difference(logits: Floats, stored: Floats) -> Floats:
    """The largest difference of each sample's logits [b,C] from the stored ones: [b]; NaN where one is not finite."""
    with np.errstate(invalid="ignore"):
        found: Floats = np.abs(logits - stored).max(axis=1)
    return found


def _scale(stored: Floats) -> Floats:
    """What a sample's differences are measured against: [b]."""
    found: Floats = np.maximum(1, np.abs(stored).max(axis=1))
    return found


def _far(logits: Floats, stored: Floats) -> Mask:
    """Whether logits differ by more than rounding: bool [b]; NaN does."""
    with np.errstate(invalid="ignore"):
        far: Mask = ~(_difference(logits, stored) <= TOLERANCE * _scale(stored))
    return far

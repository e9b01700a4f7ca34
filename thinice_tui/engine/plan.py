"""The plan of a run: its identity, which decides whether a run file may be continued, and its description."""

import hashlib
import json
import platform
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import torch

from thinice_tui.data.samples import Samples
from thinice_tui.engine.run_model import RunModel
from thinice_tui.engine.worker.device import default_batch_size, describe
from thinice_tui.protocol.ensembles import REVISION, Phase, is_audited
from thinice_tui.protocol.settings import Settings
from thinice_tui.protocol.stage_list import identity_text
from thinice_tui.runfile.attacks_revision import ATTACKS_REVISION
from thinice_tui.runfile.records import RunPlan
from thinice_tui.runfile.schema import SUFFIX
from thinice_tui.runfile.writer import RunWriter
from thinice_tui.version import package_version


def identify(models: Sequence[RunModel], samples: Samples, settings: Settings) -> dict[str, object]:
    """The identity of a run: a run file is continued only by a run with the same identity."""
    return {
        "norm": settings.norm,
        "eps": settings.eps.value,
        "attack": settings.attack.lower() if settings.stages is None else identity_text(settings.stages, settings.norm),
        "seed": settings.seed,
        "precision": settings.precision,
        "distances": settings.distances,
        **({"audit": settings.audit} if is_audited(settings.attack) else {}),
        **({} if settings.escalate else {"escalate": False}),
        "data": f"{len(samples)} samples, sha256 {samples.fingerprint[:16]}",
        "models": [model.identity().text() for model in models],
    }


def default_path(models: Sequence[RunModel], samples: Samples, settings: Settings) -> Path:
    """./runs/NAME-HASH.thinice, where HASH is of the identity: the same command finds the same run file."""
    identity = json.dumps(identify(models, samples, settings), sort_keys=True)
    name = "-".join(m.name for m in models[:2]).replace("/", "_")
    return Path("runs") / f"{name}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}{SUFFIX}"


def make_plan(
    models: Sequence[RunModel],
    samples: Samples,
    settings: Settings,
    stages: Sequence[Phase],
    device: torch.device,
    classes: int,
) -> RunPlan:
    """The plan of a run: its identity, which includes the stages, and its description.

    classes: the number that check_outputs found; 0 before the check.
    """
    names = samples.class_names if len(samples.class_names) == classes else ()
    about = {
        "settings": settings.as_dict(),
        "batch_size": settings.batch_size or default_batch_size(device),
        "classes": classes,
        ATTACKS_REVISION: REVISION,
        "data": {
            "source": samples.source,
            "notes": list(samples.notes),
            "sha256": samples.fingerprint,
            "samples": len(samples),
            "shape": list(samples.images.shape[1:]),
            "dtype": str(samples.images.dtype),
            "class_names": list(names),
        },
        "versions": _versions(),
        "device": describe(device),
        "warnings": [stage.note for stage in stages if stage.note],
    }
    identity = identify(models, samples, settings) | {"stages": [stage.as_dict() for stage in stages]}
    return RunPlan(identity, about)


def resumption_warnings(writer: RunWriter, settings: Settings, where: str) -> list[str]:
    """Warnings for a resumed run: computed elsewhere than begun, with other versions, or with another --keep-images.

    Another number of threads or workers, or another GPU of the same name, is not told: it changes no outcome, up to
    rounding.
    where: it is computed now, in words.
    """
    warnings = []
    began = writer.value("device")
    if not isinstance(began, str) or _kinds(began) != _kinds(where):
        warnings.append(f"begun on {began}, resumed on {where}")
    before = writer.value("versions")
    if isinstance(before, dict) and before != _versions():
        changed = [f"{name} {before.get(name)} → {now}" for name, now in _versions().items() if before.get(name) != now]
        warnings.append(f"resumed with other versions: {', '.join(changed)}")
    return [*warnings, *other_images(writer.value("settings"), settings)]


def other_images(stored: object, settings: Settings) -> list[str]:
    """A warning where a run was begun with another --keep-images; stored: the settings of its run table."""
    if not isinstance(stored, Mapping) or stored.get("keep_images") == settings.keep_images:
        return []
    return [f"--keep-images stays {stored.get('keep_images')}, as the run was begun with"]


def _kinds(where: str) -> set[str]:
    """The kinds of devices in words as an executor says them, without how many and which of a kind."""
    words = re.sub(r"(\d+ workers, each on|a worker on) | \(\d+ threads?\)|(?<=cuda):\d+", "", where)
    return set(words.split(", "))


def _versions() -> dict[str, str]:
    packages = {name: version(name) for name in ("torch", "torchattacks", "numpy")}
    return {"thinice-tui": package_version(), "python": platform.python_version(), **packages}

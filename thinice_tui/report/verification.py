"""The output of `thinice-tui verify`: a table and what is wrong, or JSON."""

import json
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from thinice_tui.report.verified_run import Discrepancy, VerifiedModel, VerifiedRun
from thinice_tui.safe_io.printable import printable

MOST_SHOWN = 20
"""Discrepancies that a terminal lists; a pipe, a file and JSON have all."""


def print_verification(found: VerifiedRun, form: str, stdout: TextIO) -> None:
    """Write it to `stdout`, as `text` or `json`."""
    if form == "json":
        json.dump(_as_json(found), stdout, indent=2, allow_nan=False)
        stdout.write("\n")
        return
    console = Console(file=stdout)
    most = MOST_SHOWN if stdout.isatty() else len(found.discrepancies)
    with console.capture() as captured:  # rich itself would end the program on a closed pipe
        console.print(_render(found, most), highlight=False, soft_wrap=True)
    stdout.write(captured.get())


def conclusion(found: VerifiedRun) -> str:
    """The result in one sentence."""
    images, verified = (sum(getattr(model, name) for model in found.models) for name in ("images", "images_verified"))
    said = f"{verified} of {images} adversarial images verified"
    if found.discrepancies:
        return f"NOT verified: {_counted(len(found.discrepancies), 'discrepancy', 'discrepancies')}; {said}"
    if found.has_nothing_to_verify:
        return (
            "no verdict can be verified: the run keeps no adversarial image. Weights and clean predictions are as it "
            "says"
        )
    return said


def _as_json(found: VerifiedRun) -> dict[str, object]:
    settings = found.run.info.settings
    return {
        "run": found.run.path,
        "complete": found.run.complete,
        "norm": settings.norm,
        "eps": {"text": settings.eps.text, "value": settings.eps.value},
        "attack": settings.attack_shown,
        "keep_images": settings.keep_images,
        "samples": len(found.run.labels),
        "device": found.device,
        "verified": found.is_verified,
        "conclusion": conclusion(found),
        "models": [
            {
                "name": model.name,
                "path": model.path,
                "clean": model.clean,
                "clean_verified": model.clean_verified,
                "broken": model.broken,
                "adversarial": model.images,
                "adversarial_verified": model.images_verified,
                "too_close": model.too_close,
            }
            for model in found.models
        ],
        "not_checked": list(found.unchecked),
        "discrepancies": [
            {"model": one.model or None, "index": one.index, "problem": one.problem} for one in found.discrepancies
        ],
    }


def _render(found: VerifiedRun, most: int) -> RenderableType:
    run, settings = found.run, found.run.info.settings
    state = "" if run.complete else ", not complete"
    head = (
        f"{run.path}: {settings.attack_shown}, {settings.norm}, eps {settings.eps.text}, "
        f"{_counted(len(run.labels), 'sample', 'samples')}{state}"
    )
    parts: list[RenderableType] = [Text(printable(head), style="bold"), _table(found.models)]
    parts += [Text(printable(note)) for note in _notes(found)]
    parts += [Text(printable(_described(one))) for one in found.discrepancies[:most]]
    if (more := len(found.discrepancies) - most) > 0:
        parts.append(Text(f"… and {more} more: --format json lists all"))
    parts.append(Text(conclusion(found), style="bold" if found.is_verified else "bold red"))
    return Group(*parts)


def _table(models: tuple[VerifiedModel, ...]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("model", overflow="fold")
    for title in ("clean predictions", "adversarial images", "broken samples"):
        table.add_column(title, justify="right")
    for model in models:
        table.add_row(
            printable(model.name),
            f"{model.clean_verified} of {model.clean}",
            f"{model.images_verified} of {model.images}",
            str(model.broken),
        )
    return table


def _notes(found: VerifiedRun) -> list[str]:
    notes = []
    if found.unchecked:
        notes.append(f"not checked, as no file of theirs was given: {', '.join(found.unchecked)}")
    without = sum(model.broken - model.images for model in found.models)
    if without > 0 and any(model.images for model in found.models):
        notes.append(
            f"{_counted(without, 'broken sample has', 'broken samples have')} no image in the file (--keep-images "
            f"{found.run.info.settings.keep_images}): not checked"
        )
    notes += [
        f"{model.name}: {_counted(model.too_close, 'image is', 'images are')} so close to the decision boundary that "
        "rounding decides; the model classifies them correctly here"
        for model in found.models
        if model.too_close
    ]
    return notes


def _described(one: Discrepancy) -> str:
    where = ", ".join([one.model or "the data", *([] if one.index is None else [f"index {one.index}"])])
    return f"{where}: {one.problem}"


def _counted(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"

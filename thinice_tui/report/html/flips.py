"""The most telling flips as pictures: the clean image, the adversarial one, and their difference, amplified."""

import base64
import io
from collections.abc import Iterator
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.comparison import Analysis, Comparison
from thinice_tui.errors import RunFileError
from thinice_tui.plots.pixels import Pixels, fitted, perturbation, to_pixels
from thinice_tui.protocol.pixels import as_floats
from thinice_tui.report.renderers.html import escaped
from thinice_tui.runfile.read_sample import read_adversarial, read_image
from thinice_tui.runfile.records import Run

EACH = 3
"""Flips of the lowest dense margins for each model, and as many of the highest."""
SIDE = 96
"""Pixels of the longer side: a larger image is shrunk to it; the page enlarges a smaller one."""
MOST_MODELS = 4


def flips_section(analysis: Analysis, control: Comparison | None) -> Iterator[str]:
    """Samples that a pruned model loses, and dense and the control hold; nothing where no pruned model is compared."""
    pruned = [one for one in analysis.comparisons if one.other.record.role == "pruned"]
    if not pruned:
        return
    yield '<h2 id="flips">The most telling flips</h2>'
    held = "dense and the control hold" if control is not None else "dense holds"
    yield (
        f"<p>Samples that a pruned model loses under attack and {held}: those of the lowest dense margin, on thin ice, "
        "and those of the highest, which margins do not explain.</p>"
    )
    for comparison in pruned[:MOST_MODELS]:
        yield from _of_model(analysis.run, comparison, control)
    if len(pruned) > MOST_MODELS:
        yield f"<p class=quiet>The first {MOST_MODELS} of {len(pruned)} pruned models.</p>"


def _of_model(run: Run, comparison: Comparison, control: Comparison | None) -> Iterator[str]:
    name = escaped(comparison.other.record.name)
    yield f"<h3>{name}</h3>"
    lost = comparison.sets.s10 if control is None else comparison.sets.s10 & control.sets.s11
    positions = np.flatnonzero(lost)
    if not len(positions):
        yield "<p>No such sample.</p>"
        return
    order = positions[np.argsort(run.models[0].clean_margin[positions], kind="stable")]
    chosen = order if len(order) <= 2 * EACH else np.concatenate([order[:EACH], order[-EACH:]])
    model = next(number for number, one in enumerate(run.models) if one is comparison.other)
    cards = [card for position in chosen.tolist() if (card := _card(run, model, position))]
    if cards:
        yield f'<div class="flips">{"".join(cards)}</div>'
    else:
        yield "<p>The run file keeps no adversarial images of them (--keep-images).</p>"


def _card(run: Run, number: int, position: int) -> str:
    """One sample with its three pictures; empty where the run file does not have them."""
    try:
        clean = read_image(Path(run.path), position)
        adversarial = read_adversarial(Path(run.path), number, position)
    except RunFileError:
        return ""
    if adversarial is None:
        return ""
    model, index = run.models[number], int(run.indices[position])
    label, said = (_class_name(run, int(code)) for code in (run.labels[position], model.worst_prediction[position]))
    difference, factor = perturbation(as_floats(clean), adversarial)
    pictures = [
        (to_pixels(clean), "clean", f"sample {index}, clean: {label}"),
        (to_pixels(adversarial), f"read as {said}", f"sample {index}, adversarial for {model.record.name}: {said}"),
        (difference, f"change × {factor:g}", f"sample {index}, the change, amplified {factor:g} times"),
    ]
    figures = "".join(
        f'<figure><img alt="{escaped(alt)}" src="{_png(pixels)}"><figcaption>{escaped(words)}</figcaption></figure>'
        for pixels, words, alt in pictures
    )
    margin = f"{float(run.models[0].clean_margin[position]):.2f}"
    title = f"#{index} {escaped(label)} <small>dense margin {margin}</small>"
    return f'<article class="flip"><h4>{title}</h4><div class="triple">{figures}</div></article>'


def _class_name(run: Run, code: int) -> str:
    return run.class_names[code] if 0 <= code < len(run.class_names) else str(code)


def _png(pixels: Pixels) -> str:
    """The pixels [H,W,3] as a data URI, escaped for an attribute."""
    from PIL import Image

    shown: NDArray[np.uint8] = fitted(pixels, SIDE, SIDE // 2) if max(pixels.shape[:2]) > SIDE else pixels
    stream = io.BytesIO()
    Image.fromarray(shown).save(stream, format="PNG", optimize=True)
    return escape(f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}")

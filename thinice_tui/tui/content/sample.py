"""One sample as rich text: what became of it under each model, its images, its logits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from thinice_tui.analysis.correctness import clean_correct, clean_known
from thinice_tui.analysis.distances import missed
from thinice_tui.analysis.live_sets import ALONE_SETS, SET_NAMES, UNDECIDED
from thinice_tui.analysis.rows import Rows
from thinice_tui.plots.dither import dithered
from thinice_tui.plots.half_blocks import half_blocks, side_by_side
from thinice_tui.plots.pixels import Pixels, fitted, perturbation, to_pixels
from thinice_tui.plots.style import SET_MARKERS
from thinice_tui.runfile.records import Floats
from thinice_tui.tui.content.fates import fates_words
from thinice_tui.tui.content.rows import flip_words
from thinice_tui.tui.sample_detail import SampleDetail

MEANINGS = {
    "S11": "held by both",
    "S10": "held by dense, lost by {name}",
    "S01": "not held by dense, gained by {name}",
    "S00": "held by neither",
    "?": "undecided yet",
}
HIGH = 30
"""Lines from which several models have one each above the images."""
LOGIT_ROWS = 5
"""Classes whose logits are shown at least, where there are so many."""
CLASS_WIDTH = 12
LABEL_STYLE = "green"
NUMBER_WIDTH = 6
GAP = 1
GAP_OF_PARTS = "   "


@dataclass(frozen=True)
class _Image:
    caption: str
    pixels: Pixels


def sample_view(
    rows: Rows,
    detail: SampleDetail,
    width: int,
    height: int,
    full_size: bool = False,
    colours: str | None = "truecolor",
) -> RenderableType:
    """One sample in `width` × `height` cells; `full_size`: as many lines as its images need.

    colours: of the terminal, by rich's name.
    """
    table = rows.table
    names = tuple(table.run.models[number].record.name if number else "dense" for number in detail.models)
    lines = _head(rows, detail, names, width, height)
    head = Text("\n").join(lines)
    head.no_wrap, head.overflow = True, "ellipsis"
    if detail.problem:
        return Group(head, Text(f"\n{detail.problem}", style="bold"))
    images = _images(detail, names, rows.view.other)
    classes = len(table.class_names)
    least = min(classes, LOGIT_ROWS)
    room = max(3, height - len(lines) - 2 - least - (1 if images else 0))
    if not images:
        strips, used = [], 0
    elif full_size:
        strips = _strips(images, max(1, (width + GAP) // (images[0].pixels.shape[1] + GAP)), width, 10_000, colours)
        used = height
    else:
        across = max(range(len(images), 0, -1), key=lambda across: _scale(images, across, width, room))
        strips = _strips(images, across, width, room, colours)
        used = -(-len(images) // across) * (1 + _cell_rows(images, across, width, room))
    shown = min(classes, max(least, height - len(lines) - 3 - used))
    return Group(head, *strips, Text(), _logits(rows, detail, names, width, shown))


def _head(rows: Rows, detail: SampleDetail, names: tuple[str, ...], width: int, height: int) -> list[Text]:
    """The sample and its set, then a line a model; of several models in little room, what each says at a glance."""
    table, position = rows.table, detail.position
    name = SET_NAMES[table.sets[position]]
    label = table.class_names[table.run.labels[position]]
    is_short = len(detail.models) > 2 and height < HIGH
    first = Text(f"#{table.run.indices[position]}  {label}", style="bold", end="")
    first.append(f" · margin {table.margins[position]:.3f}" if is_short else "", style="not bold")
    outcome = ALONE_SETS[name] if table.run.alone else f"{name}  {MEANINGS[name].format(name=table.other.record.name)}"
    outcome += "   (filtered out)" if position == rows.kept else ""
    parts = [first, Text(f"{SET_MARKERS.get(name, '')} {outcome}", style="bold")]
    if flip := flip_words(rows, rows.line_of(position) or 0):
        parts.append(Text(flip))
    if tags := table.run.tags.get(int(table.run.indices[position]), ()):
        parts.append(Text(f"tags: {' '.join(tags)}"))
    models = [(name, number) for name, number in zip(names, detail.models, strict=True)]
    fates = fates_words(rows, position, detailed=height >= HIGH)
    if height < HIGH:
        fates = _wrapped(fates, width)
    if is_short:
        glances = [_glance(rows, position, *model) for model in models]
        return [*_wrapped(parts, width), *_wrapped(glances, width), *fates]
    first = Text(GAP_OF_PARTS).join(parts)
    outcomes = zip(models, detail.adversarial, strict=True)
    return [first, *(_outcome(rows, position, *model, image) for model, image in outcomes), *fates]


def _glance(rows: Rows, position: int, name: str, number: int) -> Text:
    """`▼ pruned-90 cat`: what a model says under attack, bold where dense is compared with it."""
    table = rows.table
    marker = SET_MARKERS.get(SET_NAMES[table.model_sets.codes(number)[position]], UNDECIDED)
    model = table.run.models[number]
    said = model.worst_prediction[position]
    stands = model.broken_by[position] < 0 and clean_correct(table.run, model)[position]
    word = "stands" if stands else table.class_names[said] if said >= 0 else ""
    word += "" if clean_correct(table.run, model)[position] or said < 0 else " without attack"
    return Text(f"{marker} {name} {word}", style="bold" if number == rows.view.other else "not bold")


def _wrapped(parts: Sequence[Text], width: int) -> list[Text]:
    """`parts` one after another, in as many lines as they need."""
    lines = [Text(end="")] if parts else []
    for part in parts:
        if not lines[-1]:
            lines[-1].append_text(part)
        elif lines[-1].cell_len + len(GAP_OF_PARTS) + part.cell_len <= width:
            lines[-1].append(GAP_OF_PARTS).append_text(part)
        else:
            lines.append(part)
    return lines


def _outcome(rows: Rows, position: int, name: str, number: int, image: Floats | None) -> Text:
    """What became of the sample under one model; and whether its adversarial image was not kept."""
    table = rows.table
    model = table.run.models[number]
    text = Text(f"{name}: ", style="not bold")
    margin, worst = model.clean_margin[position], model.worst_margin[position]
    said = table.class_names[model.worst_prediction[position]] if model.worst_prediction[position] >= 0 else "?"
    if not clean_known(model)[position]:
        return text.append("not looked at yet")
    if not clean_correct(table.run, model)[position]:
        return text.append(f"says {said} without attack · {margin:.3f}")
    if model.broken_by[position] < 0:
        if not np.isfinite(model.distance[position]):
            return text.append(f"right, not attacked yet · {margin:.3f}")
        text.append(f"stands · margin {margin:.3f} → {worst:.3f}")
        found = " · the distance search has an image within eps"
        return text.append(found) if missed(table.run, model)[position] else text
    stage = table.stage_names[model.broken_by[position]]
    text.append(f"says {said} by {stage} · {margin:.3f} → {worst:.3f}")
    return text if image is not None else text.append(" (image not kept)")


def _images(detail: SampleDetail, names: tuple[str, ...], other: int) -> list[_Image]:
    """The clean image, each adversarial one, and the perturbation for the model compared, or else for the last one."""
    if detail.clean is None:
        return []
    images = [_Image("clean", to_pixels(detail.clean))]
    found = [
        (number == other, name, adversarial)
        for number, name, adversarial in zip(detail.models, names, detail.adversarial, strict=True)
        if adversarial is not None
    ]
    images += [_Image(f"{name} adv", to_pixels(adversarial)) for _, name, adversarial in found]
    for _, name, adversarial in sorted(found, key=lambda one: one[0])[-1:]:
        pixels, factor = perturbation(detail.clean, adversarial)
        images.append(_Image(f"Δ×{factor:g} {name}", pixels))
    return images


def _cells(across: int, count: int, width: int, room: int) -> tuple[int, int]:
    """Columns and rows for each of `count` images, `across` side by side, below a caption each."""
    down = -(-count // across)
    return max(1, (width - GAP * (across - 1)) // across), max(1, room // down - 1)


def _scale(images: Sequence[_Image], across: int, width: int, room: int) -> int:
    return int(fitted(images[0].pixels, *_cells(across, len(images), width, room)).shape[1])


def _cell_rows(images: Sequence[_Image], across: int, width: int, room: int) -> int:
    return -(-int(fitted(images[0].pixels, *_cells(across, len(images), width, room)).shape[0]) // 2)


def _strips(images: Sequence[_Image], across: int, width: int, room: int, colours: str | None) -> list[RenderableType]:
    columns, rows = _cells(across, len(images), width, room)
    strips: list[RenderableType] = []
    for start in range(0, len(images), across):
        part = images[start : start + across]
        blocks = [half_blocks(dithered(fitted(image.pixels, columns, rows), colours)) for image in part]
        widths = [max(block.width, min(columns, 18)) for block in blocks]
        captions = Table.grid(padding=(0, GAP, 0, 0))
        for column in widths:
            captions.add_column(width=column, no_wrap=True, overflow="ellipsis")
        captions.add_row(*(Text(image.caption, style="dim") for image in part))
        strips += [captions, side_by_side(blocks, widths, GAP)]
    return strips


def _logits(rows: Rows, detail: SampleDetail, names: tuple[str, ...], width: int, count: int) -> Table:
    """Bars of the logits of dense and the model compared, on the clean and the adversarial image, all on one scale."""
    table = rows.table
    columns: list[tuple[str, NDArray[np.float32] | None]] = []
    by_model = zip(detail.models, names, detail.clean_logits, detail.worst_logits, strict=True)
    for _, name, clean, worst in (one for one in by_model if one[0] in (0, rows.view.other)):
        columns += [(name, clean), ("attacked", worst)]
    known = [logits for _, logits in columns if logits is not None]
    label = int(table.run.labels[detail.position])
    cell = max(NUMBER_WIDTH + 1, (width - CLASS_WIDTH) // len(columns) - GAP)
    grid = Table.grid(padding=(0, GAP, 0, 0))
    grid.add_column(width=CLASS_WIDTH, no_wrap=True, overflow="ellipsis")
    for _ in columns:
        grid.add_column(width=cell, no_wrap=True, overflow="ellipsis")
    grid.add_row(Text("logits", style="bold"), *(Text(name, style="bold") for name, _ in columns))
    numbers = _classes(known, label, count)
    scale = _Scale.of([logits[numbers] for logits in known], cell - NUMBER_WIDTH)
    for number in numbers:
        cells = [Text("") if logits is None else _bar(logits, number, label, scale) for _, logits in columns]
        grid.add_row(_class_title(table.class_names[number], number == label), *cells)
    return grid


def _class_title(name: str, is_label: bool) -> Text:
    """The name of a class; that of the true one after a tick, which no cut can take away."""
    return Text(f"✓ {name}", style=LABEL_STYLE) if is_label else Text(f"  {name}")


def _classes(known: Sequence[NDArray[np.float32]], label: int, count: int) -> list[int]:
    """`count` classes: the label, then all predicted classes, then those with the largest logits."""
    order = [label, *(int(logits.argmax()) for logits in known)]
    if known:
        order += [int(number) for number in np.argsort(-np.max(known, axis=0), kind="stable")]
    return list(dict.fromkeys(order))[:count]


@dataclass(frozen=True)
class _Scale:
    """Where bars begin and how long they are: `below` cells left of zero, `cells` a unit."""

    below: int
    cells: float

    @classmethod
    def of(cls, logits: Sequence[NDArray[np.float32]], width: int) -> "_Scale":
        """The scale on which all of `logits` fit into `width` cells."""
        finite = np.concatenate([np.zeros(1), *(one[np.isfinite(one)] for one in logits)])
        low, high = float(finite.min()), float(finite.max())
        width -= low < 0  # for the line at zero
        if high == low or width < 1:
            return cls(0, 0.0)
        below = min(width - (high > 0), int(np.ceil(width * -low / (high - low))))
        rooms = [(width - below) / high] if high > 0 else []
        rooms += [below / -low] if low < 0 and below else []
        return cls(below, min(rooms, default=0.0))


def _bar(logits: NDArray[np.float32], number: int, label: int, scale: _Scale) -> Text:
    """A logit as a number, and a bar to the left or right of zero; bold where predicted, coloured the true class."""
    value = float(logits[number])
    style = ("bold " if number == logits.argmax() else "") + (LABEL_STYLE if number == label else "")
    text = Text(f"{value:>{NUMBER_WIDTH - 1}.1f} ", style=style)
    length = round(abs(value) * scale.cells) if np.isfinite(value) else 0
    left = min(length, scale.below) if value < 0 else 0
    text.append(" " * (scale.below - left) + "▇" * left)
    text.append("│" if scale.below else "", style="dim")
    return text.append("▇" * (0 if value < 0 else length))

"""Samples' images as files: PNG to look at, npz to compute with."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from thinice_tui.errors import ThiniceError
from thinice_tui.plots.pixels import Image, enlarged, to_pixels
from thinice_tui.safe_io.atomic_write import write_whole

LONGEST_NAME = 100
UNNAMED = "unnamed"
RESERVED_NAMES = ("file", "allow_pickle")
"""Parameters of numpy.savez_compressed, which takes the names of arrays as keywords."""


@dataclass(frozen=True)
class NamedImage:
    """An image [C,H,W], uint8 in [0,255] or float32 in [0,1], and its name ("clean", "pruned-95").

    The name may come from a stranger's file: it is made harmless before a file is named after it.
    """

    name: str
    image: Image


def save_png(folder: Path, sample: int, images: Sequence[NamedImage], scale: int = 1) -> list[Path]:
    """Write each image to `folder`/sample-<sample>-<name>.png, and return the paths in the same order.

    PNG has 8 bits a channel: rounding changes an adversarial image by up to half of 1/255, and it may fool a model no
    more; `save_npz` is exact. One channel is written as grey, any other number as RGB (see `to_pixels`). Every pixel
    becomes `scale` × `scale` pixels. The folder is made; a file of the same name is replaced. Characters other than
    A-Z a-z 0-9 . _ - in a name become _, and equal names are numbered.

    Raises ThiniceError if the disk refuses, ValueError for a scale below 1 or an image that is none.
    """
    from PIL import Image as Pil

    if scale < 1:
        raise ValueError(f"scale {scale}, expected 1 or more")
    paths = []
    for name, image in zip(file_names([one.name for one in images]), (one.image for one in images), strict=True):
        pixels = enlarged(to_pixels(image), scale)
        drawn = Pil.fromarray(pixels[..., 0] if len(image) == 1 else pixels)
        path = folder / f"sample-{sample}-{name}.png"
        _write(path, partial(drawn.save, format="PNG"))
        paths.append(path)
    return paths


def save_npz(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> Path:
    """Write `arrays`, exactly as they are, to a compressed npz, and return its path: `path`, with .npz if missing.

    The file is written whole: a full disk or an interruption leaves what was there before. Its folder is made. Raises
    ThiniceError if the disk refuses, ValueError for an array of Python objects, which could only be pickled, and for
    the names "file" and "allow_pickle", which numpy keeps for itself.
    """
    for name, array in arrays.items():
        if name in RESERVED_NAMES:
            raise ValueError(f"an array named {name!r}, a name numpy keeps for itself")
        if array.dtype.hasobject:
            raise ValueError(f"array {name!r} of {array.dtype}, expected numbers")
    if path.suffix != ".npz":
        path = path.parent / f"{path.name}.npz"
    _write(path, lambda stream: np.savez_compressed(stream, **arrays))  # type: ignore[arg-type]
    return path


def file_names(names: Sequence[str]) -> list[str]:
    """A name of [A-Za-z0-9._-] for each, all different even where a disk ignores case."""
    taken: set[str] = set()
    result = []
    for name in names:
        base = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")[:LONGEST_NAME] or UNNAMED
        unique, number = base, 1
        while unique.lower() in taken:
            number += 1
            unique = f"{base}-{number}"
        taken.add(unique.lower())
        result.append(unique)
    return result


def _write(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Write the file whole, its folder made. A link in its place is replaced: a run file may have named it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"{path.parent}: cannot be made a folder ({error.strerror or error})"
        raise ThiniceError(what, "choose another folder") from error
    try:
        write_whole(path, write, follow=False)
    except OSError as error:
        what = f"{path}: cannot be written ({error.strerror or error})"
        raise ThiniceError(what, "make room on the disk, or choose another folder") from error

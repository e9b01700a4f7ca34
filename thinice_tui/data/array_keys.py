"""Which array of a file holds the images and which the labels: by usual names, or as named after `#` in the spec."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from thinice_tui.errors import DataError

IMAGES = ("images", "x_test", "x", "X", "data", "test_images", "X_test", "image", "img", "inputs", "test_x", "x_adv")
CIFAR100 = ("fine_label", "fine_labels", "coarse_label", "coarse_labels")
"""CIFAR-100's two kinds of labels, the usual one first."""
LABELS = ("labels", "y_test", "y", "Y", "targets", "test_labels", "Y_test", "label", "target", "test_y", *CIFAR100)
SHOWN = 12
"""The most keys that a message names."""


def find_key(keys: Iterable[str], what: str, named: Mapping[str, str], path: Path) -> str:
    """The key of what="images" or what="labels": the one in `named`, else the first usual one that is there.

    named: keys by what they are, as typed after `#`. Raises DataError.
    """
    there = list(keys)
    shown = ", ".join(there[:SHOWN]) + (", …" if len(there) > SHOWN else "") or "nothing"
    if what in named:
        if named[what] in there:
            return named[what]
        raise DataError(f"{path}: has no {named[what]!r} (it holds: {shown})", f"give another #{what}=KEY after it")
    usual = IMAGES if what == "images" else LABELS
    for name in usual:
        if name in there:
            return name
    raise DataError(
        f"{path}: no {what} in it (it holds: {shown})",
        f"expected one of {', '.join(usual)}, or name them: {path.name}#images=KEY,labels=KEY",
    )


def other_labels(keys: Iterable[str], key: str, named: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
    """Notes on other arrays that may be labels, and the remedy: how to read those instead; empty: there are none.

    key: the array that was chosen as labels; where `named` chose it, no note is needed.
    """
    others = [name for name in LABELS if name in keys and name != key]
    if not others:
        return (), ""
    remedy = f"other labels there are read with #labels={others[0]} after the file's name"
    return (() if "labels" in named else (f"labels are {key}; {remedy}",)), remedy

"""Numbers for class names, from what determines them; the user is told how, and nothing is guessed."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from thinice_tui.errors import DataError

WNID = re.compile(r"n\d{8}")
IMAGENET_CLASSES = 1000
SHOWN, LETTERS = 6, 60
"""The most class names in a message, and the most letters of each."""


@dataclass(frozen=True)
class Numbering:
    """Label numbers by class name."""

    numbers: Mapping[str, int]
    class_names: tuple[str, ...]
    """By number; empty: the names are numbers themselves."""
    how: str
    """What determined the numbers, with the first of them: `by the order of their names: cat → 0, dog → 1`."""
    by_order: bool = False
    """Whether the numbers are the names' alphabetical order: right only where the model has as many outputs."""


def number_classes(names: Iterable[str], known: Sequence[str], source: str, remedy: str) -> Numbering:
    """Numbers for `names`: their places in `known`, the numbers that they spell, or their alphabetical order.

    known: class names in the order of the model's outputs, from the data or the model file. They are used where all
    names are among them; where some are not, this raises DataError. The order of WordNet ids (n01440764) is used only
    where all 1000 of ImageNet are there. source: the data, for messages; remedy: how to give the numbers. Raises
    DataError where nothing determines them.
    """
    ordered = sorted(set(names))
    if len(set(known)) == len(known) and set(ordered) <= set(known):
        return described_numbering(
            {name: number for number, name in enumerate(known)}, tuple(known), ordered, "by their place in class_names"
        )
    if all(name.isascii() and name.isdecimal() for name in ordered):
        return _from_digits(ordered, source, remedy)
    wordnet = all(WNID.fullmatch(name) for name in ordered)
    if wordnet and len(ordered) != IMAGENET_CLASSES:
        raise DataError(
            f"{source}: has {len(ordered)} WordNet ids as classes ({_first(ordered)}), not all {IMAGENET_CLASSES} of "
            "ImageNet, so their order does not give the model's outputs",
            f"{remedy}; for a model of ImageNet's classes give ImageNet's own list, "
            '{"0": ["n01440764", "tench"], …}, and for a model of these classes alone their names in order, '
            f'["{ordered[0]}", …]',
        )
    if known and not wordnet:
        others = [name for name in ordered if name not in known] or ordered
        raise DataError(
            f"{source}: has classes ({_first(others)}) that are not among class_names ({_first(known)})", remedy
        )
    numbers = {name: number for number, name in enumerate(ordered)}
    found = described_numbering(numbers, tuple(ordered), ordered, "by the order of their names")
    return Numbering(found.numbers, found.class_names, found.how, by_order=True)


def described_numbering(
    numbers: Mapping[str, int], class_names: tuple[str, ...], used: Sequence[str], how: str
) -> Numbering:
    """A numbering whose description shows the classes that are `used`."""
    shown = sorted(used, key=lambda name: numbers[name])
    pairs = ", ".join(f"{name[:LETTERS]} → {numbers[name]}" for name in shown[:SHOWN])
    if len(shown) > SHOWN:
        pairs += f", …, {shown[-1][:LETTERS]} → {numbers[shown[-1]]} ({len(shown)} in all)"
    return Numbering(numbers, class_names, f"{how}: {pairs}")


def _from_digits(names: Sequence[str], source: str, remedy: str) -> Numbering:
    if max(len(name.lstrip("0")) for name in names) > 9:
        raise DataError(f"{source}: has classes named by numbers of ten digits and more ({_first(names)})", remedy)
    numbers = {name: int(name.lstrip("0") or "0") for name in names}
    if len(set(numbers.values())) < len(numbers):
        raise DataError(f"{source}: has several classes of one number ({_first(names)})", "rename or merge them")
    if max(numbers.values()) > 100 * len(numbers) + 1000:
        raise DataError(
            f"{source}: has {len(numbers)} classes named by numbers up to {max(numbers.values())}, which are no labels",
            remedy,
        )
    return described_numbering(numbers, (), names, "by the numbers that they are")


def _first(names: Sequence[str]) -> str:
    return ", ".join(name[:LETTERS] for name in names[:SHOWN]) + (", …" if len(names) > SHOWN else "")

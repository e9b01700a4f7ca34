"""Whether samples come from a training or a test set, as far as the name of their source tells."""

import re
from pathlib import Path
from typing import Literal

Split = Literal["train", "test", "unknown"]
TEST_BY_DEFAULT = ("cifar10", "cifar100", "svhn", "mnist", "fashion-mnist", "cifar10-c")
"""Kinds of data whose test split is read where none is named (data/sources/registry.py)."""
TRAINING_SPLITS = ("the train split", "the extra split")
TRAIN_WORDS = frozenset({"train", "training", "trainset"})
TEST_WORDS = frozenset({"test", "testing", "testset", "val", "valid", "validation", "eval", "dev"})


def split_of(source: str) -> Split:
    """The split of a source as a run names it: `cifar10:DIR, the train split`, `/x/cifar10-test-1000.npz, the first 9`.

    A file or folder is judged by the words in its own name; unknown: they say nothing, or both.
    """
    place, *done = source.split(", ")
    if any(part in TRAINING_SPLITS for part in done):
        return "train"
    kind, colon, path = place.partition(":")
    words = set(re.split(r"[^a-z]+", Path(path if colon else place).name.lower()))
    train, test = bool(words & TRAIN_WORDS), bool(words & TEST_WORDS)
    if train != test:
        return "train" if train else "test"
    return "test" if colon and kind in TEST_BY_DEFAULT else "unknown"


def leakage_warning(source: str) -> str:
    """Why weights from margins on these samples may leak a test set into a training; empty: they are training images.

    source: as a run names it; empty: not known.
    """
    split = split_of(source)
    if split == "test":
        return (
            f"{source} are test images: a training that is weighted by them has seen its test set, and its accuracy "
            "there says nothing. Measure the margins of the training images, as with --data cifar10:DIR#train"
        )
    if split == "unknown":
        return (
            f"whether {source or 'these'} are training images is not known from their name. Weights from test images "
            "would leak the test set into the training"
        )
    return ""
